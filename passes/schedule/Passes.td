//===- Passes.td - passes of the schedule and plan phases --*- tablegen -*-===//

#ifndef INGOT_PASSES_SCHEDULE_PASSES
#define INGOT_PASSES_SCHEDULE_PASSES

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// The schedule phase
//===----------------------------------------------------------------------===//

def ScheduleFormLaunches : Pass<"ingot-schedule-form-launches", "::mlir::ModuleOp"> {
  let summary = "Turns the forward functions into programs of launches over buffers";
  let description = [{
    Every function with a `kernel.row_range` becomes a `schedule.program` of the same name. Parameters become
    constants, the cache arguments become one state for the keys and one for the values of each layer, a call becomes a
    launch whose results are allocated right before it. A launch awaits the launches that produce its inputs and the cache
    versions it takes, and, where it writes a cache, the readers of the version before.
  }];
  let dependentDialects = ["::ingot::schedule::ScheduleDialect"];
}

def ScheduleVerifyOrder : Pass<"ingot-schedule-verify-order", "::mlir::ModuleOp"> {
  let summary = "Checks that every read follows its write along timepoints";
  let description = [{
    For every program: a buffer has one writer, and all readers await it, directly or through others; launches that touch
    one state are ordered where one of them writes it; the returned timepoint follows every launch; lanes exist on the
    target, partitions are those of the target, and buffers hold what their kernel reads and writes.
  }];
}

//===----------------------------------------------------------------------===//
// The plan phase
//===----------------------------------------------------------------------===//

def SchedulePlanMemory : Pass<"ingot-schedule-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Gives every buffer a range of an arena";
  let description = [{
    Constants lie in `@weights` in the order in which a step first reads them, states in `@key_value` layer by layer. The
    allocations of all programs share `@transient`, since two programs never run at the same time: within a program,
    two of them may share bytes when every use of one happens before the write of the other. The outputs of all programs
    start at offset 0, where the host finds them.
    An analysis remark gives the bytes of each program and the most bytes that are live at once.
  }];
  let dependentDialects = ["::ingot::schedule::ScheduleDialect"];
}

def ScheduleInsertBarriers : Pass<"ingot-schedule-insert-barriers", "::mlir::ModuleOp"> {
  let summary = "Puts a barrier before every launch of the compute lane but a program's first";
  let description = [{ The correctness half: all that a launch awaits stands before a barrier then. }];
  let dependentDialects = ["::ingot::schedule::ScheduleDialect"];
}

def ScheduleElideBarriers : Pass<"ingot-schedule-elide-barriers", "::mlir::ModuleOp"> {
  let summary = "Removes the barriers that no launch needs";
  let description = [{
    The speed half: in the order of the text, a barrier stays exactly where the next launch awaits one that
    started after the last barrier that stayed. A remark gives the counts of each program.
  }];
}

def ScheduleVerifyPlan : Pass<"ingot-schedule-verify-plan", "::mlir::ModuleOp"> {
  let summary = "Checks that no two concurrently live views overlap";
  let description = [{
    Recomputes, without asking the planner: order as in the schedule phase; no two views of a program overlap unless all uses
    of one happen before the write of the other; layers and parts of the cache lie apart and at the same place in every
    program; parameters lie apart and views of constants match them; outputs lie at one place; every await of the compute
    lane has a barrier between the two launches.
  }];
}

def SchedulePrintReport : Pass<"ingot-schedule-print-report", "::mlir::ModuleOp"> {
  let summary = "Prints what a planned module holds, moves and is made of";
  let description = [{ As `ingotc --report` prints it, to standard output; the module stays as it is. }];
  let options = [Option<"json", "json", "bool", "false", "print the JSON that goes into the executable">];
}

#endif // INGOT_PASSES_SCHEDULE_PASSES
