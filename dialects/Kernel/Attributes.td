//===- Attributes.td - attributes of the kernel dialect ----*- tablegen -*-===//

#ifndef INGOT_DIALECTS_KERNEL_ATTRIBUTES
#define INGOT_DIALECTS_KERNEL_ATTRIBUTES

include "dialects/Kernel/Dialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Kernel_RowRangeAttr : AttrDef<Kernel_Dialect, "RowRange"> {
  let mnemonic = "rows";
  let summary = "The numbers of rows that a function serves";
  let parameters = (ins "int64_t":$first, "int64_t":$last);
  let assemblyFormat = "`<` $first `to` $last `>`";
  let genVerifyDecl = 1;
}

#endif // INGOT_DIALECTS_KERNEL_ATTRIBUTES
