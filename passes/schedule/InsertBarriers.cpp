//===- InsertBarriers.cpp - every launch waits for all before it ----------===//

#include "passes/schedule/Passes.h"
#include "target/TargetDescription.h"

namespace ingot::schedule {
#define GEN_PASS_DEF_SCHEDULEINSERTBARRIERS
#include "passes/schedule/Passes.h.inc"
} // namespace ingot::schedule

using namespace mlir;
using namespace ingot;
using namespace ingot::schedule;

namespace {
struct InsertBarriers : schedule::impl::ScheduleInsertBarriersBase<InsertBarriers> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<ProgramOp>()) {
      bool first = true;
      for (auto launch : program.getBody().front().getOps<LaunchOp>()) {
        if (launch.getLane() != Lane::Compute)
          continue;
        if (!first) {
          OpBuilder builder(launch);
          BarrierOp::create(builder, launch.getLoc());
        }
        first = false;
      }
    }
  }
};
} // namespace
