//===- VerifyOrder.cpp - what the schedule phase promises -----------------===//

#include "passes/fuse/Forward.h"
#include "passes/schedule/Order.h"
#include "passes/schedule/Passes.h"

namespace ingot::schedule {
#define GEN_PASS_DEF_SCHEDULEVERIFYORDER
#include "passes/schedule/Passes.h.inc"
} // namespace ingot::schedule

using namespace mlir;
using namespace ingot;
using namespace ingot::schedule;

namespace {
struct VerifyOrder : schedule::impl::ScheduleVerifyOrderBase<VerifyOrder> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto function : module.getOps<func::FuncOp>())
      if (function->hasAttr(kernel::rowRangeName)) {
        function.emitOpError() << "expected a schedule.program after the "
                                  "schedule phase, found a function";
        return signalPassFailure();
      }
    if (module.getOps<ProgramOp>().empty())
      return;
    FailureOr<const target::TargetDescription *> target = target::TargetDescription::of(module);
    if (failed(target))
      return signalPassFailure();
    SymbolTable symbols(module);
    CacheGroups groups = getCacheGroups(module);
    for (auto program : module.getOps<ProgramOp>())
      if (failed(verifyOrder(program, ProgramOrder(program), {**target, symbols, groups})))
        return signalPassFailure();
  }
};
} // namespace
