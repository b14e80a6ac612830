//===- VerifyPlan.cpp --------------------------------------------------------===//

#include "passes/schedule/Passes.h"
#include "target/TargetDescription.h"

namespace ingot::schedule {
#define GEN_PASS_DEF_SCHEDULEVERIFYPLAN
#include "passes/schedule/Passes.h.inc"
} // namespace ingot::schedule

using namespace mlir;
using namespace ingot;

namespace {
struct VerifyPlan : schedule::impl::ScheduleVerifyPlanBase<VerifyPlan> {
  void runOnOperation() override {}
};
} // namespace
