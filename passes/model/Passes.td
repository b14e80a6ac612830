//===- Passes.td - passes of the model phase ------------------*- tablegen -*-===//

#ifndef INGOT_PASSES_MODEL_PASSES
#define INGOT_PASSES_MODEL_PASSES

include "mlir/Pass/PassBase.td"

def ModelVerifyPhase : Pass<"ingot-model-verify-phase", "::mlir::ModuleOp"> {
  let summary = "Checks what the model phase promises";
}

#endif // INGOT_PASSES_MODEL_PASSES
