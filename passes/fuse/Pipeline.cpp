//===- Pipeline.cpp - the fuse phase, read top-down -----------------------===//

#include "passes/fuse/Passes.h"

using namespace mlir;

void ingot::kernel::addFusePhasePasses(OpPassManager &manager) {
  manager.addPass(createFuseVerifyPhase());
}
