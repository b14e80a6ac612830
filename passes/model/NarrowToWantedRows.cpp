//===- NarrowToWantedRows.cpp - no work on rows that nobody asks for ------===//
//
// The end of the last layer runs on the rows whose logits are wanted only.
//
//===----------------------------------------------------------------------===//

#include "dialects/Model/Model.h"
#include "passes/model/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

namespace ingot::model {
#define GEN_PASS_DEF_MODELNARROWTOWANTEDROWS
#include "passes/model/Passes.h.inc"
} // namespace ingot::model

using namespace mlir;
using namespace ingot;

/// Whether `value` has one row for each of the step's, as many as there are at run time, that are not all the same.
static bool hasRows(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 0 && type.isDynamicDim(0) &&
         !isa_and_nonnull<tensor::SplatOp, model::RepeatRowOp>(value.getDefiningOp());
}

/// The operands whose row i is all that row i of `op`'s result needs of any row; nothing where `op` does not treat each
/// row by itself.
static std::optional<SmallVector<Value>> findRowOperands(Operation *op) {
  if (!op || op->getNumResults() != 1 || !hasRows(op->getResult(0)))
    return std::nullopt;
  if (op->hasTrait<model::RowWise>()) {
    SmallVector<Value> operands = {op->getOperand(0)};
    llvm::copy_if(op->getOperands().drop_front(), std::back_inserter(operands), hasRows);
    return operands;
  }
  if (!OpTrait::hasElementwiseMappableTraits(op))
    return std::nullopt;
  return llvm::filter_to_vector(op->getOperands(), hasRows);
}

namespace {
/// A value that all of the wanted rows come from, and what computes them from it.
struct Cut {
  Value value;
  /// Users before what they use.
  SmallVector<Operation *> operations;
  /// Why there is no higher cut.
  std::string reason;
};

struct NarrowToWantedRows : model::impl::ModelNarrowToWantedRowsBase<NarrowToWantedRows> {
  void runOnOperation() override;
};
} // namespace

/// Walks up from `wanted` over a frontier of values from which all of its input comes.
static Cut findHighestCut(model::WantedRowsOp wanted) {
  Cut cut{wanted.getInput(), {}, {}};
  llvm::SmallSetVector<Value, 4> frontier;
  frontier.insert(wanted.getInput());
  SmallVector<Operation *> crossed;
  auto isBefore = [](Value left, Value right) {
    Operation *first = left.getDefiningOp(), *second = right.getDefiningOp();
    return second && (!first || first->isBeforeInBlock(second));
  };
  while (!frontier.empty()) {
    // Of what is defined last, nothing else of the frontier is computed.
    Value last = *llvm::max_element(frontier, isBefore);
    Operation *op = last.getDefiningOp();
    std::optional<SmallVector<Value>> operands = findRowOperands(op);
    if (!operands) {
      cut.reason = op ? op->getName().getStringRef().str() : std::string("an argument");
      if (frontier.size() > 1)
        cut.reason += ", one of " + std::to_string(frontier.size()) + " values that meet here,";
      cut.reason += op ? " does not treat each row by itself" : " has nothing above it";
      return cut;
    }
    frontier.remove(last);
    frontier.insert_range(*operands);
    crossed.push_back(op);
    if (frontier.size() == 1) {
      cut.value = frontier.front();
      cut.operations = crossed;
    }
  }
  cut.reason = "all above is the same in every row";
  return cut;
}

/// Computes `wanted` from the wanted rows of `cut`, next to `wanted`, and erases what nothing needs any more.
static void narrow(model::WantedRowsOp wanted, const Cut &cut) {
  OpBuilder builder(wanted);
  Value input = model::WantedRowsOp::create(builder, wanted.getLoc(), cut.value.getType(), cut.value, wanted.getStep());
  IRMapping mapping;
  mapping.map(cut.value, input);
  llvm::SetVector<Operation *> originals;
  Value rows;
  for (Operation *op : llvm::reverse(cut.operations)) {
    for (Value operand : op->getOperands()) {
      auto splat = operand.getDefiningOp<tensor::SplatOp>();
      if (!splat || splat.getDynamicSizes().empty() || mapping.contains(splat))
        continue;
      // A constant has as many rows as what it meets.
      if (!rows)
        rows = tensor::DimOp::create(builder, splat.getLoc(), input, 0);
      SmallVector<Value> sizes(splat.getDynamicSizes());
      if (Operation *size = sizes.front().getDefiningOp())
        originals.insert(size);
      originals.insert(splat);
      sizes.front() = rows;
      auto copy = tensor::SplatOp::create(builder, splat.getLoc(), splat.getType(), splat.getInput(), sizes);
      mapping.map(splat.getResult(), copy.getResult());
    }
    builder.clone(*op, mapping);
    originals.insert(op);
  }
  wanted.getResult().replaceAllUsesWith(mapping.lookup(wanted.getInput()));
  wanted.erase();
  for (Operation *op : llvm::reverse(originals))
    if (isOpTriviallyDead(op))
      op->erase();
}

void NarrowToWantedRows::runOnOperation() {
  for (auto function : getOperation().getOps<func::FuncOp>()) {
    // Others are an error of the phase's verifier.
    if (!function.getBody().hasOneBlock())
      continue;
    SmallVector<model::WantedRowsOp> all(function.getOps<model::WantedRowsOp>());
    for (model::WantedRowsOp wanted : all) {
      auto options =
          remark::RemarkOpts::name("narrow-to-wanted-rows").category("model").function(function.getSymName());
      Cut cut = findHighestCut(wanted);
      if (cut.operations.empty()) {
        remark::missed(wanted.getLoc(), options) << remark::reason("{0}", cut.reason);
        continue;
      }
      remark::passed(wanted.getLoc(), options) << remark::add("operations moved onto the wanted rows; {0}", cut.reason)
                                               << remark::metric("Operations", cut.operations.size());
      narrow(wanted, cut);
    }
  }
}
