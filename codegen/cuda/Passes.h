//===- Passes.h - passes of the codegen phase for GPUs ----------*- C++ -*-===//

#ifndef INGOT_CODEGEN_CUDA_PASSES_H
#define INGOT_CODEGEN_CUDA_PASSES_H

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace ingot::cuda {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "codegen/cuda/Passes.h.inc"

/// The module attribute that holds the CUDA C++ of a module after the codegen phase.
constexpr llvm::StringLiteral sourceName = "ingot.source";

/// The codegen phase, its verifier last.
void addCodegenPhasePasses(mlir::OpPassManager &manager);

} // namespace ingot::cuda

#endif // INGOT_CODEGEN_CUDA_PASSES_H
