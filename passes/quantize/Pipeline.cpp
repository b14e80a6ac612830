//===- Pipeline.cpp - the quantize phase, read top-down
//--------------------===//

#include "passes/quantize/Passes.h"

using namespace mlir;

void ingot::quantize::addQuantizePhasePasses(OpPassManager &manager) {
  manager.addPass(createQuantizeActivations());
  manager.addPass(createQuantizeVerifyPhase());
}
