//===- Passes.td - passes of the schedule and plan phases --*- tablegen -*-===//

#ifndef INGOT_PASSES_SCHEDULE_PASSES
#define INGOT_PASSES_SCHEDULE_PASSES

include "mlir/Pass/PassBase.td"

def ScheduleVerifyOrder : Pass<"ingot-schedule-verify-order", "::mlir::ModuleOp"> {
  let summary = "Checks that every read follows its write along timepoints";
}

def ScheduleVerifyPlan : Pass<"ingot-schedule-verify-plan", "::mlir::ModuleOp"> {
  let summary = "Checks that no two concurrently live views overlap";
}

#endif // INGOT_PASSES_SCHEDULE_PASSES
