//===- RandomParameters.h - a model's shape without its weights -*- C++ -*-===//

#ifndef INGOT_COMPILER_IMPORT_RANDOMPARAMETERS_H
#define INGOT_COMPILER_IMPORT_RANDOMPARAMETERS_H

#include "mlir/IR/BuiltinOps.h"

#include <cstdint>

namespace ingot::compiler {

/// Makes every parameter of `module` independent of files. Vectors (norms) are 1. A matrix that is parameter number i
/// has random numbers of the seed `seed` + i, scaled by its inputs, so that activations keep their size from layer to
/// layer.
void makeParametersRandom(mlir::ModuleOp module, int64_t seed);

} // namespace ingot::compiler

#endif // INGOT_COMPILER_IMPORT_RANDOMPARAMETERS_H
