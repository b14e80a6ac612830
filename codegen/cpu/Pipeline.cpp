//===- Pipeline.cpp - the codegen phase, read top-down --------------------===//

#include "codegen/cpu/Passes.h"

using namespace mlir;

void ingot::codegen::addCodegenPhasePasses(OpPassManager &manager) { manager.addPass(createCodegenVerifyPhase()); }
