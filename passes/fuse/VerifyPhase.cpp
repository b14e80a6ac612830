//===- VerifyPhase.cpp - what the fuse phase promises ---------------------===//

#include "passes/fuse/Passes.h"
#include "target/TargetDescription.h"

namespace ingot::kernel {
#define GEN_PASS_DEF_FUSEVERIFYPHASE
#include "passes/fuse/Passes.h.inc"
} // namespace ingot::kernel

using namespace mlir;
using namespace ingot;

namespace {
struct VerifyPhase : kernel::impl::FuseVerifyPhaseBase<VerifyPhase> {
  void runOnOperation() override {}
};
} // namespace
