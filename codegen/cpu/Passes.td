//===- Passes.td - passes of the codegen phase for CPUs ----*- tablegen -*-===//

#ifndef INGOT_CODEGEN_CPU_PASSES
#define INGOT_CODEGEN_CPU_PASSES

include "mlir/Pass/PassBase.td"

def CodegenVerifyPhase : Pass<"ingot-codegen-verify-phase", "::mlir::ModuleOp"> {
  let summary = "Checks that every symbol resolves and that the descriptor is there";
}

#endif // INGOT_CODEGEN_CPU_PASSES
