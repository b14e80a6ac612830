//===- Pipeline.cpp - the place phase, read top-down ----------------------===//

#include "passes/place/Passes.h"

using namespace mlir;

void ingot::place::addPlacePhasePasses(OpPassManager &manager) {
  // Homes first: a layout depends on who reads it.
  manager.addPass(createAssignHomes());
  manager.addPass(createAssignLayouts());
  manager.addPass(createPlaceVerifyPhase());
}
