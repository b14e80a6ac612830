//===- VerifyPhase.cpp - what the quantize phase promises ---------------------===//

#include "passes/quantize/Passes.h"
#include "target/TargetDescription.h"

namespace ingot::quantize {
#define GEN_PASS_DEF_QUANTIZEVERIFYPHASE
#include "passes/quantize/Passes.h.inc"
} // namespace ingot::quantize

using namespace mlir;
using namespace ingot;

namespace {
struct VerifyPhase : quantize::impl::QuantizeVerifyPhaseBase<VerifyPhase> {
  void runOnOperation() override {}
};
} // namespace
