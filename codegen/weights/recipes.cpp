//===- recipes.cpp - rows of parameters that make a constant --------------===//

#include "codegen/weights/recipes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::weights;
using encoding::panelRows;

SmallVector<RowReference> RecipeEvaluator::evaluate(encoding::AssembleOp assemble) {
  auto yield = cast<encoding::YieldOp>(assemble.getRecipe().front().getTerminator());
  return evaluate(yield.getValue());
}

SmallVector<RowReference> RecipeEvaluator::evaluate(Value value) {
  return llvm::TypeSwitch<Operation *, SmallVector<RowReference>>(value.getDefiningOp())
      .Case([&](encoding::LoadOp op) {
        auto parameter = symbols.lookup<model::ParameterOp>(op.getParameter());
        auto type = cast<RankedTensorType>(op.getType());
        int64_t rows = type.getDimSize(0);
        SmallVector<RowReference> result;
        for (int64_t row = 0; row < rows; ++row)
          result.push_back({parameter, row});
        return result;
      })
      .Case([&](encoding::ConcatenateOp op) {
        SmallVector<RowReference> result;
        for (Value input : op.getInputs())
          result.append(evaluate(input));
        return result;
      })
      .Case([&](encoding::InterleaveOp op) {
        SmallVector<RowReference> first = evaluate(op.getFirst()), second = evaluate(op.getSecond()), result;
        int64_t padded = encoding::paddedToPanels(first.size());
        first.resize(padded);
        second.resize(padded);
        for (int64_t panel = 0; panel < padded; panel += panelRows)
          for (SmallVector<RowReference> *source : {&first, &second})
            result.append(source->begin() + panel, source->begin() + panel + panelRows);
        return result;
      })
      .Case([&](encoding::HeadRowsOp op) { return evaluateHeadRows(op); });
}

SmallVector<RowReference> RecipeEvaluator::evaluateHeadRows(encoding::HeadRowsOp op) {
  SmallVector<RowReference> input = evaluate(op.getInput()), result;
  int64_t dimension = op.getDimension(), half = dimension / 2, paddedHalf = encoding::paddedToPanels(half);
  for (size_t head = 0; head < input.size(); head += dimension) {
    if (op.getOrder() == encoding::HeadOrder::Natural) {
      result.append(input.begin() + head, input.begin() + head + dimension);
      result.resize(result.size() + encoding::paddedToPanels(dimension) - dimension);
      continue;
    }
    // Rotary pairs, then what is left as halves.
    auto member = [&](int64_t pair, int64_t which) {
      if (pair >= half)
        return RowReference();
      int64_t turning = op.getRotated().value_or(dimension) / 2;
      if (pair >= turning)
        return input[head + turning + pair + which * (half - turning)];
      bool interleaved = op.getOrder() == encoding::HeadOrder::Interleaved;
      return input[head + (interleaved ? 2 * pair + which : pair + which * turning)];
    };
    for (int64_t panel = 0; panel < paddedHalf; panel += panelRows)
      for (int64_t which = 0; which < 2; ++which)
        for (int64_t row = 0; row < panelRows; ++row)
          result.push_back(member(panel + row, which));
  }
  return result;
}
