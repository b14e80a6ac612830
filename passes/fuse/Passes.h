//===- Passes.h - passes of the fuse phase -------------------*- C++ -*-===//

#ifndef INGOT_PASSES_FUSE_PASSES_H
#define INGOT_PASSES_FUSE_PASSES_H

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace ingot::kernel {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/fuse/Passes.h.inc"

/// The fuse phase, its verifier last.
void addFusePhasePasses(mlir::OpPassManager &manager);

} // namespace ingot::kernel

#endif // INGOT_PASSES_FUSE_PASSES_H
