//===- Pipeline.cpp - the schedule and plan phases, read top-down ---------===//

#include "passes/schedule/Passes.h"

using namespace mlir;

void ingot::schedule::addSchedulePhasePasses(OpPassManager &manager) {
  // Calls become launches over buffers, and order becomes data.
  manager.addPass(createScheduleFormLaunches());
  manager.addPass(createScheduleVerifyOrder());
}

void ingot::schedule::addPlanPhasePasses(OpPassManager &manager) {
  // Buffers get addresses first: sharing bytes follows from awaits alone, and
  // adds no order of its own.
  manager.addPass(createSchedulePlanMemory());
  // Awaits of the compute lane become barriers, all of them at first, then
  // those that are needed.
  manager.addPass(createScheduleInsertBarriers());
  manager.addPass(createScheduleElideBarriers());
  manager.addPass(createScheduleVerifyPlan());
}
