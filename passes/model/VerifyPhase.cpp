//===- VerifyPhase.cpp - what the model phase promises ---------------------===//

#include "passes/model/Passes.h"
#include "target/TargetDescription.h"

namespace ingot::model {
#define GEN_PASS_DEF_MODELVERIFYPHASE
#include "passes/model/Passes.h.inc"
} // namespace ingot::model

using namespace mlir;
using namespace ingot;

namespace {
struct VerifyPhase : model::impl::ModelVerifyPhaseBase<VerifyPhase> {
  void runOnOperation() override {}
};
} // namespace
