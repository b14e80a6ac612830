//===- Passes.td - passes of the fuse phase ------------------*- tablegen -*-===//

#ifndef INGOT_PASSES_FUSE_PASSES
#define INGOT_PASSES_FUSE_PASSES

include "mlir/Pass/PassBase.td"

def FuseVerifyPhase : Pass<"ingot-kernel-verify-phase", "::mlir::ModuleOp"> {
  let summary = "Checks what the fuse phase promises";
}

#endif // INGOT_PASSES_FUSE_PASSES
