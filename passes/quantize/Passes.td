//===- Passes.td - passes of the quantize phase ------------------*- tablegen -*-===//

#ifndef INGOT_PASSES_QUANTIZE_PASSES
#define INGOT_PASSES_QUANTIZE_PASSES

include "mlir/Pass/PassBase.td"

def QuantizeVerifyPhase : Pass<"ingot-quantize-verify-phase", "::mlir::ModuleOp"> {
  let summary = "Checks what the quantize phase promises";
}

#endif // INGOT_PASSES_QUANTIZE_PASSES
