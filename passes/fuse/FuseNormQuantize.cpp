//===- FuseNormQuantize.cpp - norms that round what they write ------------===//

#include "passes/fuse/Forward.h"
#include "passes/fuse/Passes.h"
#include "passes/fuse/Regions.h"
#include "passes/fuse/Remarks.h"

namespace ingot::kernel {
#define GEN_PASS_DEF_FUSENORMQUANTIZE
#include "passes/fuse/Passes.h.inc"
} // namespace ingot::kernel

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

static constexpr llvm::StringLiteral name = "norm-quantize";

static void fuse(NormQuantizeOp norm) {
  if (encoding::isQuantizedActivation(norm.getResult().getType()))
    return;
  SmallVector<Operation *> users(norm->getUsers());
  Operation **first = llvm::find_if(users, isPureQuantize);
  if (first == users.end())
    return;
  Type type = (*first)->getResult(0).getType();
  Operation *reader = nullptr;
  for (Operation *user : users) {
    if (!isPureQuantize(user)) {
      reader = user;
    } else if (user->getResult(0).getType() != type) {
      remarkMissed(norm, name) << remark::reason("the norm is rounded to several formats");
      return;
    }
  }
  if (norm.getGroups() != 1) {
    remarkMissed(norm, name) << remark::reason("the norm is one of several groups");
    return;
  }
  NormQuantizeOp rounding = norm;
  if (reader) {
    // To compute it again costs what reading it to round it would, and nobody waits for it.
    rounding = cast<NormQuantizeOp>(OpBuilder(norm).clone(*norm));
    remarkFused(norm, name) << remark::add("a copy of the norm rounds what it writes; {0} reads it unrounded",
                                           reader->getName().getStringRef());
  } else {
    remarkFused(norm, name) << remark::add("the norm rounds what it writes");
  }
  rounding.getResult().setType(cast<RankedTensorType>(type));
  for (Operation *user : llvm::make_filter_range(users, isPureQuantize)) {
    user->getResult(0).replaceAllUsesWith(rounding.getResult());
    user->erase();
  }
}

namespace {
struct FuseNormQuantize : kernel::impl::FuseNormQuantizeBase<FuseNormQuantize> {
  void runOnOperation() override {
    for (func::FuncOp function : getForwardFunctions(getOperation())) {
      SmallVector<NormQuantizeOp> norms;
      // Fusing erases what only rounds, never a norm.
      for (auto norm : function.getOps<NormQuantizeOp>())
        if (norm.isNorm())
          norms.push_back(norm);
      for (NormQuantizeOp norm : norms)
        fuse(norm);
    }
  }
};
} // namespace
