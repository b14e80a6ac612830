//===- Types.td - buffers, timepoints, partitions ----------*- tablegen -*-===//

#ifndef INGOT_DIALECTS_SCHEDULE_TYPES
#define INGOT_DIALECTS_SCHEDULE_TYPES

include "dialects/Schedule/Dialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Schedule_Tier : I32EnumAttr<"Tier", "where bytes lie", [
    I32EnumAttrCase<"Disk", 0, "disk">, I32EnumAttrCase<"Host", 1, "host">, I32EnumAttrCase<"Pinned", 2, "pinned">,
    I32EnumAttrCase<"Device", 3, "device">]> {
  let cppNamespace = "::ingot::schedule";
}

def Schedule_Lifetime : I32EnumAttr<"Lifetime", "how long bytes live", [
    I32EnumAttrCase<"Constant", 0, "constant">, I32EnumAttrCase<"State", 1, "state">,
    I32EnumAttrCase<"Transient", 2, "transient">, I32EnumAttrCase<"Staging", 3, "staging">]> {
  let cppNamespace = "::ingot::schedule";
}

def Schedule_Lane : I32EnumAttr<"Lane", "who executes", [
    I32EnumAttrCase<"Compute", 0, "compute">, I32EnumAttrCase<"Cpu", 1, "cpu">,
    I32EnumAttrCase<"HostToDevice", 2, "h2d">, I32EnumAttrCase<"DeviceToHost", 3, "d2h">, I32EnumAttrCase<"Disk", 4, "disk">,
    I32EnumAttrCase<"Network", 5, "network">]> {
  let cppNamespace = "::ingot::schedule";
}

def Schedule_Axis : I32EnumAttr<"Axis", "what the workers share out", [
    I32EnumAttrCase<"Rows", 0, "rows">, I32EnumAttrCase<"Columns", 1, "columns">, I32EnumAttrCase<"Heads", 2, "heads">,
    I32EnumAttrCase<"HeadKeys", 3, "head_keys">]> {
  let cppNamespace = "::ingot::schedule";
}

def Schedule_PartitionAttr : AttrDef<Schedule_Dialect, "Partition"> {
  let mnemonic = "partition";
  let summary = "How a launch is cut into grains";
  let description = [{
    `rows`: grains of `grain` rows, as many as the step has. `columns`: `grains` grains, each for all rows. `heads`: `grains`
    groups of heads, times one for every `grain` rows. `head_keys`: `grains` groups of heads, times one for every
    `grain` keys that the step's only row sees, all chunks of a group in a row; with a `window` it sees the last so many,
    and chunks begin at multiples of `grain` all the same. Grains are fixed when compiling: a result's bits depend on
    them, never on the number of workers.
  }];
  let parameters = (ins EnumParameter<Schedule_Axis>:$axis, "int64_t":$grain, "int64_t":$grains,
                    DefaultValuedParameter<"int64_t", "0">:$window);
  let assemblyFormat = "`<` $axis `,` $grain `x` $grains (`,` `window` $window^)? `>`";
  let genVerifyDecl = 1;
}

def Schedule_BufferType : TypeDef<Schedule_Dialect, "Buffer"> {
  let mnemonic = "buffer";
  let summary = "Bytes in a place";
  let parameters = (ins EnumParameter<Schedule_Tier>:$tier, "int64_t":$ordinal, EnumParameter<Schedule_Lifetime>:$lifetime,
                    "uint64_t":$bytes);
  let assemblyFormat = "`<` $tier `[` $ordinal `]` `,` $lifetime `,` $bytes `>`";
  let genVerifyDecl = 1;
}

def Schedule_TimepointType : TypeDef<Schedule_Dialect, "Timepoint"> {
  let mnemonic = "timepoint";
  let summary = "The moment at which a launch is done";
}

#endif // INGOT_DIALECTS_SCHEDULE_TYPES
