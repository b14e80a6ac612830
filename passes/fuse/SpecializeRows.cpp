//===- SpecializeRows.cpp - one forward function per range of rows --------===//

#include "passes/fuse/Forward.h"
#include "passes/fuse/Passes.h"
#include "target/TargetDescription.h"

namespace ingot::kernel {
#define GEN_PASS_DEF_SPECIALIZEROWS
#include "passes/fuse/Passes.h.inc"
} // namespace ingot::kernel

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

/// `type` in a function for the rows of `range`.
static Type specialize(Type type, RowRangeAttr range) {
  int64_t last = range.getLast();
  if (auto step = dyn_cast<model::StepType>(type))
    return model::StepType::get(type.getContext(), last, step.getSequences(), std::min(step.getWanted(), last));
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.hasStaticShape() || last != 1)
    return type;
  SmallVector<int64_t> shape(tensor.getShape());
  llvm::replace(shape, ShapedType::kDynamic, int64_t(1));
  return tensor.clone(shape);
}

static void specialize(func::FuncOp function, RowRangeAttr range) {
  auto convert = [&](Type type) { return specialize(type, range); };
  function->setAttr(rowRangeName, range);
  function.setFunctionType(FunctionType::get(function.getContext(),
                                             llvm::map_to_vector(function.getArgumentTypes(), convert),
                                             llvm::map_to_vector(function.getResultTypes(), convert)));
  for (Block &block : function.getBody()) {
    for (BlockArgument argument : block.getArguments())
      argument.setType(convert(argument.getType()));
    for (Operation &op : block)
      for (Value result : op.getResults())
        result.setType(convert(result.getType()));
  }
}

namespace {
struct SpecializeRows : kernel::impl::SpecializeRowsBase<SpecializeRows> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    auto forward = symbols.lookup<func::FuncOp>(model::forwardName);
    if (!forward || forward.isDeclaration())
      return;
    model::StepType step = getStepType(forward);
    if (!step) {
      forward.emitError() << "expected @" << forward.getName() << " to take a model.step, found "
                          << forward.getFunctionType();
      return signalPassFailure();
    }
    FailureOr<const target::TargetDescription *> target = target::TargetDescription::of(getOperation());
    if (failed(target))
      return signalPassFailure();
    for (target::RowRange rows : (*target)->getRowRanges(step.getRows())) {
      auto range = RowRangeAttr::get(&getContext(), rows.first, rows.last);
      func::FuncOp clone = forward.clone();
      clone.setName(forward.getName().str() + getRowRangeSuffix(range));
      specialize(clone, range);
      symbols.insert(clone, Block::iterator(forward));
    }
    symbols.erase(forward);
  }
};
} // namespace
