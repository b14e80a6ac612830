//===- Pipeline.cpp - the codegen phase for GPUs --------------------------===//

#include "codegen/cuda/Passes.h"

void ingot::cuda::addCodegenPhasePasses(mlir::OpPassManager &manager) {
  manager.addPass(createCudaEmitSource());
  manager.addPass(createCudaEmitDescriptor());
  manager.addPass(createCudaVerifyPhase());
}
