//===- Passes.h - passes of the codegen phase for GPUs ----------*- C++ -*-===//

#ifndef INGOT_CODEGEN_CUDA_PASSES_H
#define INGOT_CODEGEN_CUDA_PASSES_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace ingot::cuda {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "codegen/cuda/Passes.h.inc"

/// The module attribute that holds the CUDA C++ of a module after the codegen phase.
constexpr llvm::StringLiteral sourceName = "ingot.source";
/// The constant with the tables of its launches, in the text and in the module.
constexpr llvm::StringLiteral tablesSymbol = "ingot_cuda_descriptor";
/// The IngotBlobs of an executable with the device code, as nvcc made it, and with that of the token loop; and the
/// macro with which the text is the latter.
constexpr llvm::StringLiteral imageSymbol = "ingot_cuda_image", loopImageSymbol = "ingot_cuda_loop_image",
                              loopMacro = "INGOT_CUDA_LOOP";

/// The codegen phase, its verifier last.
void addCodegenPhasePasses(mlir::OpPassManager &manager);

} // namespace ingot::cuda

#endif // INGOT_CODEGEN_CUDA_PASSES_H
