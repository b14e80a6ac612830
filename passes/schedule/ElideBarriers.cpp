//===- ElideBarriers.cpp - barriers that no launch needs go away ----------===//

#include "passes/schedule/Passes.h"
#include "target/TargetDescription.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace ingot::schedule {
#define GEN_PASS_DEF_SCHEDULEELIDEBARRIERS
#include "passes/schedule/Passes.h.inc"
} // namespace ingot::schedule

using namespace mlir;
using namespace ingot;
using namespace ingot::schedule;

namespace {
struct ElideBarriers : schedule::impl::ScheduleElideBarriersBase<ElideBarriers> {
  void runOnOperation() override {
    for (auto program : getOperation().getOps<ProgramOp>())
      elide(program);
  }

  static void elide(ProgramOp program) {
    int64_t kept = 0, removed = 0;
    // Compute launches since the last barrier that stays: workers may still be
    // in any of them.
    llvm::SmallPtrSet<Operation *, 8> running;
    BarrierOp pending;
    auto drop = [&] {
      if (!pending)
        return;
      pending.erase();
      pending = {};
      ++removed;
    };
    for (Operation &op : llvm::make_early_inc_range(program.getBody().front())) {
      if (auto barrier = dyn_cast<BarrierOp>(op)) {
        // One barrier is as good as two.
        drop();
        pending = barrier;
        continue;
      }
      auto launch = dyn_cast<LaunchOp>(op);
      if (!launch || launch.getLane() != Lane::Compute)
        continue;
      bool needed = llvm::any_of(launch.getAwaits(),
                                 [&](Value timepoint) { return running.contains(timepoint.getDefiningOp()); });
      if (needed && pending) {
        ++kept;
        pending = {};
        running.clear();
      } else {
        drop();
      }
      running.insert(launch);
    }
    // Who runs a step waits for all workers at its end.
    drop();
    remark::passed(program.getLoc(),
                   remark::RemarkOpts::name("elide-barriers").category("plan").function(program.getSymName()))
        << remark::metric("kept", kept) << remark::metric("removed", removed);
  }
};
} // namespace
