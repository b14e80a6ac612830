//===- Passes.h - passes of the schedule and plan phases --------*- C++ -*-===//

#ifndef INGOT_PASSES_SCHEDULE_PASSES_H
#define INGOT_PASSES_SCHEDULE_PASSES_H

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace ingot::schedule {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "passes/schedule/Passes.h.inc"

/// The schedule phase, its verifier last.
void addSchedulePhasePasses(mlir::OpPassManager &manager);
/// The plan phase, its verifier last.
void addPlanPhasePasses(mlir::OpPassManager &manager);

} // namespace ingot::schedule

#endif // INGOT_PASSES_SCHEDULE_PASSES_H
