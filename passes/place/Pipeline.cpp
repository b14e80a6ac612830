//===- Pipeline.cpp - the place phase, read top-down -----------------------===//

#include "passes/place/Passes.h"

using namespace mlir;

void ingot::place::addPlacePhasePasses(OpPassManager &manager) {
  manager.addPass(createPlaceVerifyPhase());
}
