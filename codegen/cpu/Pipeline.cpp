//===- Pipeline.cpp - the codegen phase, read top-down --------------------===//

#include "codegen/cpu/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

void ingot::codegen::addCodegenPhasePasses(OpPassManager &manager) {
  manager.addPass(createCodegenEmitKernels());
  // Programs call the kernels, so kernels come first; only then may the kernel functions go.
  manager.addPass(createCodegenLowerPrograms());
  manager.addPass(createCodegenLowerDotProducts());
  manager.addPass(createCodegenExpandMath());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  // Everything that is left is upstream's.
  manager.addPass(createConvertVectorToLLVMPass());
  manager.addPass(createSCFToControlFlowPass());
  manager.addPass(createConvertMathToLLVMPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createConvertIndexToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
  manager.addPass(createCodegenVerifyPhase());
}
