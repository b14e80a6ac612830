//===- BoundRows.cpp - how many rows a step takes at once -----------------===//

#include "passes/fuse/Forward.h"
#include "passes/fuse/Passes.h"
#include "passes/fuse/Remarks.h"
#include "target/TargetDescription.h"

#include "mlir/Analysis/Liveness.h"

namespace ingot::kernel {
#define GEN_PASS_DEF_BOUNDROWS
#include "passes/fuse/Passes.h.inc"
} // namespace ingot::kernel

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

static constexpr llvm::StringLiteral name = "bound-rows";

/// Activations that are live at once at most, in bytes for each row of a step. Rows whose logits are wanted are few and
/// do not count.
static uint64_t getLiveBytesPerRow(func::FuncOp forward) {
  DenseMap<Value, uint64_t> rowBytes;
  DenseSet<Value> wanted;
  Liveness liveness(forward);
  Block *block = &forward.getBody().front();
  uint64_t most = 0;
  for (Operation &op : *block) {
    if (op.hasTrait<model::GathersWanted>() ||
        llvm::any_of(op.getOperands(), [&](Value operand) { return wanted.contains(operand); }))
      wanted.insert_range(op.getResults());
    for (Value result : op.getResults())
      if (auto type = dyn_cast<RankedTensorType>(result.getType()); type && type.getRank() == 2 && type.isDynamicDim(0))
        rowBytes[result] = wanted.contains(result) ? 0 : encoding::getActivationRowBytes(type);
    uint64_t live = 0;
    for (Value value : liveness.getLiveness(block)->currentlyLiveValues(&op))
      live += rowBytes.lookup(value);
    most = std::max(most, live);
  }
  return most;
}

static void setRows(func::FuncOp forward, int64_t rows) {
  auto bound = [&](Type type) -> Type {
    auto step = dyn_cast<model::StepType>(type);
    return step ? model::StepType::get(type.getContext(), rows, step.getSequences(), std::min(step.getWanted(), rows))
                : type;
  };
  forward.setFunctionType(FunctionType::get(
      forward.getContext(), llvm::map_to_vector(forward.getArgumentTypes(), bound), forward.getResultTypes()));
  for (BlockArgument argument : forward.getArguments())
    argument.setType(bound(argument.getType()));
}

namespace {
struct BoundRows : kernel::impl::BoundRowsBase<BoundRows> {
  void runOnOperation() override {
    auto forward = getOperation().lookupSymbol<func::FuncOp>(model::forwardName);
    model::StepType step = forward && !forward.isDeclaration() ? getStepType(forward) : model::StepType();
    if (!step)
      return;
    FailureOr<const target::TargetDescription *> target = target::TargetDescription::of(getOperation());
    if (failed(target))
      return signalPassFailure();
    uint64_t bytes = getLiveBytesPerRow(forward);
    int64_t rows = (*target)->getStepRows(step.getRows(), step.getSequences(), bytes);
    // A row that sees what comes after it needs it in the same step.
    if (llvm::any_of(forward.getOps<AttentionOp>(), [](AttentionOp op) { return op.getBidirectional(); }))
      for (auto group : getOperation().getOps<model::CacheGroupOp>())
        rows = std::max(rows, std::min<int64_t>(group.getContext(), step.getRows()));
    if (rows == step.getRows()) {
      remark::analysis(forward.getLoc(), describeRemark(forward, name))
          << remark::add("{0} rows hold {1} bytes of activations at once, of {2}", rows, rows * bytes,
                         (*target)->getActivationBudget());
      return;
    }
    remarkFused(forward, name) << remark::add("{0} rows would hold {1} bytes of activations at once, of {2}",
                                              step.getRows(), step.getRows() * bytes, (*target)->getActivationBudget())
                               << remark::metric("Rows", rows);
    setRows(forward, rows);
  }
};
} // namespace
