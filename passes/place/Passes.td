//===- Passes.td - passes of the place phase ------------------*- tablegen -*-===//

#ifndef INGOT_PASSES_PLACE_PASSES
#define INGOT_PASSES_PLACE_PASSES

include "mlir/Pass/PassBase.td"

def PlaceVerifyPhase : Pass<"ingot-place-verify-phase", "::mlir::ModuleOp"> {
  let summary = "Checks what the place phase promises";
}

#endif // INGOT_PASSES_PLACE_PASSES
