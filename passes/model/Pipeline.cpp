//===- Pipeline.cpp - the model phase, read top-down ----------------------===//

#include "passes/model/Passes.h"

using namespace mlir;

void ingot::model::addModelPhasePasses(OpPassManager &manager) {
  manager.addPass(createModelQuantizeParameters());
  manager.addPass(createModelRaiseGatedMlp());
  manager.addPass(createModelMakeCacheExplicit());
  manager.addPass(createModelNarrowToWantedRows());
  manager.addPass(createModelVerifyPhase());
}
