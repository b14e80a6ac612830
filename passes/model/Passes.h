//===- Passes.h - passes of the model phase -------------------*- C++ -*-===//

#ifndef INGOT_PASSES_MODEL_PASSES_H
#define INGOT_PASSES_MODEL_PASSES_H

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace ingot::model {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/model/Passes.h.inc"

/// The model phase, its verifier last.
void addModelPhasePasses(mlir::OpPassManager &manager);

} // namespace ingot::model

#endif // INGOT_PASSES_MODEL_PASSES_H
