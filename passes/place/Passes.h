//===- Passes.h - passes of the place phase -------------------*- C++ -*-===//

#ifndef INGOT_PASSES_PLACE_PASSES_H
#define INGOT_PASSES_PLACE_PASSES_H

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace ingot::place {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/place/Passes.h.inc"

/// The place phase, its verifier last.
void addPlacePhasePasses(mlir::OpPassManager &manager);

} // namespace ingot::place

#endif // INGOT_PASSES_PLACE_PASSES_H
