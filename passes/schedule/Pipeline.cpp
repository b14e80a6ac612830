//===- Pipeline.cpp - the schedule and plan phases, read top-down ---------===//

#include "passes/schedule/Passes.h"

using namespace mlir;

void ingot::schedule::addSchedulePhasePasses(OpPassManager &manager) { manager.addPass(createScheduleVerifyOrder()); }

void ingot::schedule::addPlanPhasePasses(OpPassManager &manager) { manager.addPass(createScheduleVerifyPlan()); }
