//===- Recipes.cpp - parameters made of parameters ------------------------===//

#include "passes/fuse/Recipes.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

static bool isBoundary(char character) { return character == '.' || character == '_'; }

std::string kernel::joinParameterNames(ArrayRef<StringRef> names) {
  StringRef first = names.front();
  size_t prefix = first.size(), suffix = first.size();
  for (StringRef name : names) {
    size_t length = std::min(first.size(), name.size());
    size_t same = 0;
    while (same < length && first[same] == name[same])
      ++same;
    prefix = std::min(prefix, same);
    same = 0;
    while (same < length && first[first.size() - 1 - same] == name[name.size() - 1 - same])
      ++same;
    suffix = std::min(suffix, same);
  }
  // Only whole words are common: `gate` and `late` share none.
  while (prefix && !isBoundary(first[prefix - 1]))
    --prefix;
  while (suffix && !isBoundary(first[first.size() - suffix]))
    --suffix;
  size_t shortest = first.size();
  for (StringRef name : names)
    shortest = std::min(shortest, name.size());
  if (prefix + suffix > shortest)
    suffix = 0;

  std::string joined = first.take_front(prefix).str();
  bool letters = llvm::all_of(names, [&](StringRef name) { return name.size() == prefix + suffix + 1; });
  for (auto [index, name] : llvm::enumerate(names)) {
    if (index && !letters)
      joined += '_';
    joined += name.drop_front(prefix).drop_back(suffix);
  }
  return joined + first.take_back(suffix).str();
}

static RankedTensorType withRows(Value like, int64_t rows) {
  auto type = cast<RankedTensorType>(like.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[0] = rows;
  return type.clone(shape);
}

static int64_t rowsOf(Value value) { return cast<RankedTensorType>(value.getType()).getDimSize(0); }

RecipeBuilder::RecipeBuilder(SymbolTable &symbols, Operation *position, Location location, StringRef name)
    : symbols(symbols), location(location), recipe(position) {
  // The type is that of the result, known when the recipe ends.
  assemble = encoding::AssembleOp::create(recipe, location, recipe.getStringAttr(name),
                                          TypeAttr::get(RankedTensorType::get({}, recipe.getF32Type())),
                                          /*home=*/StringAttr());
  symbols.insert(assemble, Block::iterator(position));
  recipe.createBlock(&assemble.getRecipe());
}

Value RecipeBuilder::load(model::LoadParameterOp load) {
  Operation *source = symbols.lookup(load.getParameter());
  if (auto made = dyn_cast_or_null<encoding::AssembleOp>(source)) {
    IRMapping mapping;
    Block &block = made.getRecipe().front();
    for (Operation &op : block.without_terminator())
      recipe.clone(op, mapping);
    return mapping.lookup(cast<encoding::YieldOp>(block.getTerminator()).getValue());
  }
  return encoding::LoadOp::create(recipe, location, load.getResult().getType(), load.getParameterAttr());
}

Value RecipeBuilder::headRows(Value input, int64_t dimension, encoding::HeadOrder order,
                              std::optional<int64_t> rotated) {
  int64_t padded = order == encoding::HeadOrder::Natural ? encoding::paddedToPanels(dimension)
                                                         : 2 * encoding::paddedToPanels(dimension / 2);
  return encoding::HeadRowsOp::create(
      recipe, location, withRows(input, rowsOf(input) / dimension * padded), input, recipe.getI64IntegerAttr(dimension),
      encoding::HeadOrderAttr::get(recipe.getContext(), order), recipe.getI64IntegerAttr(encoding::panelRows),
      rotated ? recipe.getI64IntegerAttr(*rotated) : IntegerAttr());
}

Value RecipeBuilder::concatenate(ValueRange inputs) {
  int64_t rows = 0;
  for (Value input : inputs)
    rows += rowsOf(input);
  return encoding::ConcatenateOp::create(recipe, location, withRows(inputs.front(), rows), inputs);
}

Value RecipeBuilder::interleave(Value first, Value second) {
  return encoding::InterleaveOp::create(recipe, location, withRows(first, 2 * encoding::paddedToPanels(rowsOf(first))),
                                        first, second, encoding::panelRows);
}

model::LoadParameterOp RecipeBuilder::finish(Value result, OpBuilder &builder) {
  encoding::YieldOp::create(recipe, location, result);
  assemble.setType(cast<RankedTensorType>(result.getType()));
  return model::LoadParameterOp::create(builder, location, result.getType(),
                                        FlatSymbolRefAttr::get(assemble.getSymNameAttr()));
}
