//===- VerifyOrder.cpp --------------------------------------------------------===//

#include "passes/schedule/Passes.h"
#include "target/TargetDescription.h"

namespace ingot::schedule {
#define GEN_PASS_DEF_SCHEDULEVERIFYORDER
#include "passes/schedule/Passes.h.inc"
} // namespace ingot::schedule

using namespace mlir;
using namespace ingot;

namespace {
struct VerifyOrder : schedule::impl::ScheduleVerifyOrderBase<VerifyOrder> {
  void runOnOperation() override {}
};
} // namespace
