//===- VerifyPhase.cpp - what the place phase promises ---------------------===//

#include "passes/place/Passes.h"
#include "target/TargetDescription.h"

namespace ingot::place {
#define GEN_PASS_DEF_PLACEVERIFYPHASE
#include "passes/place/Passes.h.inc"
} // namespace ingot::place

using namespace mlir;
using namespace ingot;

namespace {
struct VerifyPhase : place::impl::PlaceVerifyPhaseBase<VerifyPhase> {
  void runOnOperation() override {}
};
} // namespace
