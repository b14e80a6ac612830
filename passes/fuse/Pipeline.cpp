//===- Pipeline.cpp - the fuse phase, read top-down -----------------------===//

#include "passes/fuse/Passes.h"

#include "mlir/Transforms/Passes.h"

using namespace mlir;

void ingot::kernel::addFusePhasePasses(OpPassManager &manager) {
  // One rounding per tensor and one load per parameter: fusions ask who else
  // reads a value.
  manager.addPass(createCSEPass());
  manager.addPass(createLowerModel());

  // Norms first: products then have one input where they had one norm.
  manager.addPass(createFuseNormQuantize());
  // Paired products before epilogues: an epilogue in one of the two would keep
  // them apart.
  manager.addPass(createFuseGatedMatmul());
  manager.addPass(createFuseEpilogue());
  // Behind epilogues: what is done to queries, keys and values alike stays with their product.
  manager.addPass(createFuseQueryKeyValue());
  // Roundings last: they are taken by what finally produces the tensor.
  manager.addPass(createFuseOutputQuantize());
  // Loads of what recipes read now are dead, and scalar arithmetic may fold.
  manager.addPass(createCanonicalizerPass());

  // What a step holds at once is known when no tensor goes away any more.
  manager.addPass(createBoundRows());
  // Cloning follows all fusions, so that they are done once, and outlining
  // follows cloning, because functions belong to a range of rows.
  manager.addPass(createSpecializeRows());
  manager.addPass(createSplitKeys());
  manager.addPass(createUseLibraryProducts());
  manager.addPass(createOutlineFunctions());
  // Functions have to exist before one can be put in front of another.
  manager.addPass(createRepeatPrologues());
  manager.addPass(createFuseVerifyPhase());
}
