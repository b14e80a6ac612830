//===- Passes.td - passes of the codegen phase for CPUs ----*- tablegen -*-===//

#ifndef INGOT_CODEGEN_CPU_PASSES
#define INGOT_CODEGEN_CPU_PASSES

include "mlir/Pass/PassBase.td"

def CodegenEmitKernels : Pass<"ingot-codegen-emit-kernels", "::mlir::ModuleOp"> {
  let summary = "Writes every kernel function as register tiles, once per instruction set";
  let description = [{
    `kernel.function @f` gets a companion `llvm.func @f.<cpu>(step, rows, begin, end, inputs…, states…, outputs…)` whose body
    computes the grains [begin, end) in `scf`, `vector`, `arith` and `math`.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def CodegenLowerPrograms : Pass<"ingot-codegen-lower-programs", "::mlir::ModuleOp"> {
  let summary = "Turns step programs into straight-line calls that every worker runs, and writes the descriptor";
  let description = [{
    Each `schedule.program` becomes a step function (runtime/abi.h): addresses of views, the worker's share of each
    launch, calls and barriers. Programs and kernel functions are gone afterwards.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def CodegenLowerDotProducts : Pass<"ingot-codegen-lower-dot-products", "::mlir::ModuleOp"> {
  let summary = "Lowers kernel.dot4 to the instructions named by `ingot.dot` on its function";
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::vector::VectorDialect"];
}

def CodegenExpandMath : Pass<"ingot-codegen-expand-math", "::mlir::ModuleOp"> {
  let summary = "Replaces math functions on vectors by polynomials, and fused multiply-adds by what the CPU has";
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect", "::mlir::vector::VectorDialect"];
}

def CodegenVerifyPhase : Pass<"ingot-codegen-verify-phase", "::mlir::ModuleOp"> {
  let summary = "Checks that every symbol resolves and that the descriptor is there";
}

#endif // INGOT_CODEGEN_CPU_PASSES
