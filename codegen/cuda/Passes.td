//===- Passes.td - passes of the codegen phase for GPUs ----*- tablegen -*-===//

#ifndef INGOT_CODEGEN_CUDA_PASSES
#define INGOT_CODEGEN_CUDA_PASSES

include "mlir/Pass/PassBase.td"

def CudaEmitSource : Pass<"ingot-cuda-emit-source", "::mlir::ModuleOp"> {
  let summary = "Writes all kernel functions and programs as one text of CUDA C++";
  let description = [{
    The text becomes the module's attribute `ingot.source`; the module stays, since it says what the weights are. A kernel
    for every `kernel.function`, regions printed for one thread, launches of programs as constant tables
    (`runtime/cuda/tables.h`). What has no code yet is an error that names it.
  }];
}

def CudaEmitDescriptor : Pass<"ingot-cuda-emit-descriptor", "::mlir::ModuleOp"> {
  let summary = "Adds what an executable's host part reads: the descriptor and the launch tables, as constants";
  let description = [{
    The constants `ingot_descriptor` (`runtime/abi.h`), whose steps have no functions, and `ingot_cuda_descriptor`
    (`runtime/cuda/tables.h`): the numbers of the tables that the text of the module ends with.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def CudaVerifyPhase : Pass<"ingot-cuda-verify-phase", "::mlir::ModuleOp"> {
  let summary = "Checks that the text of the module is there, with the tables of its programs, and the constants of the host";
}

#endif // INGOT_CODEGEN_CUDA_PASSES
