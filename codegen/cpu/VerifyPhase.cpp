//===- VerifyPhase.cpp - what the codegen phase promises ------------------===//

#include "codegen/cpu/Passes.h"
#include "target/TargetDescription.h"

namespace ingot::codegen {
#define GEN_PASS_DEF_CODEGENVERIFYPHASE
#include "codegen/cpu/Passes.h.inc"
} // namespace ingot::codegen

using namespace mlir;
using namespace ingot;

namespace {
struct VerifyPhase : codegen::impl::CodegenVerifyPhaseBase<VerifyPhase> {
  void runOnOperation() override {}
};
} // namespace
