//===- Ops.td - operations of the schedule dialect ---------*- tablegen -*-===//

#ifndef INGOT_DIALECTS_SCHEDULE_OPS
#define INGOT_DIALECTS_SCHEDULE_OPS

include "dialects/Schedule/Types.td"
include "dialects/Kernel/Attributes.td"
include "dialects/Model/Types.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Schedule_Op<string mnemonic, list<Trait> traits = []> : Op<Schedule_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

def Schedule_ProgramOp : Schedule_Op<"program", [Symbol, IsolatedFromAbove, SingleBlock]> {
  let summary = "All launches of one step, for a range of row counts";
  let description = [{
    Launches run in the order of the text within a lane; what has to be complete before what is said by awaits alone. The
    programs of a module serve steps of different row counts and never run at the same time.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Model_StepType>:$step, Kernel_RowRangeAttr:$row_range);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `(` $step `)` $row_range attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

def Schedule_ReturnOp : Schedule_Op<"return", [Terminator, HasParent<"ProgramOp">]> {
  let summary = "The output of a step: rows of `columns` f32, and the timepoint at which the step is complete";
  let description = [{ The host reads the output after the step, so its buffer lives until the end of the program. }];
  let arguments = (ins Schedule_BufferType:$output, I64Attr:$columns, Schedule_TimepointType:$timepoint);
  let assemblyFormat = "$output `columns` $columns `after` $timepoint attr-dict `:` type($output)";
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

def Schedule_ConstantOp : Schedule_Op<"constant", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The bytes of a parameter";
  let arguments = (ins FlatSymbolRefAttr:$parameter);
  let results = (outs Schedule_BufferType:$buffer);
  let assemblyFormat = "$parameter attr-dict `:` type($buffer)";
}

def Schedule_StateOp : Schedule_Op<"state", [Pure]> {
  let summary = "The keys or the values of one layer";
  let description = [{ `part` is "key" or "value". The same layer and part are the same bytes in every program. }];
  let arguments = (ins I64Attr:$layer, StrAttr:$part);
  let results = (outs Schedule_BufferType:$buffer);
  let assemblyFormat = "$part $layer attr-dict `:` type($buffer)";
  let hasVerifier = 1;
}

def Schedule_AllocateOp : Schedule_Op<"allocate", []> {
  let summary = "Bytes that one launch writes and later ones read";
  let results = (outs Schedule_BufferType:$buffer);
  let assemblyFormat = "attr-dict `:` type($buffer)";
  let hasVerifier = 1;
}

def Schedule_ArenaOp : Schedule_Op<"arena", [Symbol]> {
  let summary = "One stretch of memory that is asked for once";
  let arguments = (ins SymbolNameAttr:$sym_name, Schedule_Tier:$tier, I64Attr:$ordinal, Schedule_Lifetime:$lifetime,
                   I64Attr:$bytes, I64Attr:$alignment);
  let assemblyFormat = "$sym_name `:` $tier `[` $ordinal `]` `,` $lifetime `,` $bytes `align` $alignment attr-dict";
  let hasVerifier = 1;
}

def Schedule_ParameterSliceOp : Schedule_Op<"parameter_slice", []> {
  let summary = "Where a parameter's bytes lie in the arena of constants";
  let arguments = (ins FlatSymbolRefAttr:$parameter, I64Attr:$offset, I64Attr:$bytes);
  let assemblyFormat = "$parameter `at` $offset `bytes` $bytes attr-dict";
}

def Schedule_ViewOp : Schedule_Op<"view", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A range of an arena";
  let description = [{
    What a range of constants or of state holds is named, so that a plan can be checked on its own: the `parameter`, or
    the `part` ("key" or "value") and the `layer`.

    ```mlir
    %w = schedule.view @weights[0] of @layer.0.query_key_value : !schedule.buffer<host[0], constant, 345600>
    %k = schedule.view @key_value[0] holding "key" 0 : !schedule.buffer<host[0], state, 786432>
    %x = schedule.view @transient[2304] : !schedule.buffer<host[0], transient, 2304>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$arena, I64Attr:$offset, OptionalAttr<FlatSymbolRefAttr>:$parameter,
                   OptionalAttr<StrAttr>:$part, OptionalAttr<I64Attr>:$layer);
  let results = (outs Schedule_BufferType:$buffer);
  let assemblyFormat = [{
    $arena `[` $offset `]` (`of` $parameter^)? (`holding` $part^ $layer)? attr-dict `:` type($buffer)
  }];
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

def Schedule_LaunchOp : Schedule_Op<"launch", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Runs a kernel function on a lane";
  let description = [{
    Reads `inputs`, writes `outputs`, reads `states` and writes them where the kernel appends; starts when all `awaits`
    have passed. `states` are the key and then the value buffer of each cache that the kernel takes.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<Schedule_BufferType>:$inputs, Variadic<Schedule_BufferType>:$states,
                   Variadic<Schedule_BufferType>:$outputs, Variadic<Schedule_TimepointType>:$awaits,
                   Schedule_Lane:$lane, Schedule_PartitionAttr:$partition, UnitAttr:$wanted);
  let results = (outs Schedule_TimepointType:$timepoint);
  let assemblyFormat = [{
    $callee `(` ($inputs^ `:` type($inputs))? `)` (`updates` `(` $states^ `:` type($states) `)`)?
    `to` `(` ($outputs^ `:` type($outputs))? `)` (`after` $awaits^)? (`wanted` $wanted^)? `on` $lane $partition attr-dict
  }];
  let hasVerifier = 1;
}

def Schedule_BarrierOp : Schedule_Op<"barrier", []> {
  let summary = "All workers of the compute lane wait for each other";
  let description = [{
    What an await means on the compute lane once the plan phase is through: a barrier stands between the two launches.
  }];
  let assemblyFormat = "attr-dict";
}

#endif // INGOT_DIALECTS_SCHEDULE_OPS
