//===- Passes.h - passes of the quantize phase -------------------*- C++ -*-===//

#ifndef INGOT_PASSES_QUANTIZE_PASSES_H
#define INGOT_PASSES_QUANTIZE_PASSES_H

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace ingot::quantize {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/quantize/Passes.h.inc"

/// The quantize phase, its verifier last.
void addQuantizePhasePasses(mlir::OpPassManager &manager);

} // namespace ingot::quantize

#endif // INGOT_PASSES_QUANTIZE_PASSES_H
