//===- FuseGatedMatmul.cpp - gate and up in one product -------------------===//
//
// Two products on one input that only meet in elementwise arithmetic become one
// product with two accumulators.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Forward.h"
#include "passes/fuse/Passes.h"
#include "passes/fuse/Recipes.h"
#include "passes/fuse/Regions.h"
#include "passes/fuse/Remarks.h"

namespace ingot::kernel {
#define GEN_PASS_DEF_FUSEGATEDMATMUL
#include "passes/fuse/Passes.h.inc"
} // namespace ingot::kernel

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

static constexpr llvm::StringLiteral name = "gated-matmul";

/// Why `first` and `second` cannot share a loop; empty where they can.
static std::string explainMismatch(GenericOp generic, MatmulOp first, MatmulOp second) {
  for (MatmulOp matmul : {first, second}) {
    if (llvm::any_of(matmul->getUsers(), [&](Operation *user) { return user != generic.getOperation(); }))
      return "a product has other users";
    if (!matmul.getWeight().getDefiningOp<model::LoadParameterOp>())
      return "a weight is not a parameter";
  }
  if (first.getInput() != second.getInput())
    return "the products have different inputs";
  if (first.getWeight().getType() != second.getWeight().getType())
    return "the weights have different types";
  return {};
}

static void fuse(GenericOp generic, SymbolTable &symbols) {
  SmallVector<MatmulOp> matmuls;
  for (Value operand : generic.getOperands_())
    if (auto matmul = operand.getDefiningOp<MatmulOp>())
      if (!llvm::is_contained(matmuls, matmul))
        matmuls.push_back(matmul);
  if (matmuls.size() < 2)
    return;
  MatmulOp first = matmuls[0], second = matmuls[1];
  std::string reason = explainMismatch(generic, first, second);
  if (!reason.empty()) {
    remarkMissed(generic, name) << remark::reason("{0}", reason);
    return;
  }

  Location location = generic.getLoc();
  OpBuilder builder(generic);
  auto firstLoad = first.getWeight().getDefiningOp<model::LoadParameterOp>();
  auto secondLoad = second.getWeight().getDefiningOp<model::LoadParameterOp>();
  RecipeBuilder recipe(symbols, generic->getParentOfType<func::FuncOp>(), firstLoad.getLoc(),
                       joinParameterNames({firstLoad.getParameter(), secondLoad.getParameter()}));
  Value firstRows = recipe.load(firstLoad);
  Value secondRows = recipe.load(secondLoad);
  model::LoadParameterOp weight = recipe.finish(recipe.interleave(firstRows, secondRows), builder);

  // What the products add (biases), then what joins them.
  llvm::SmallSetVector<Value, 4> others;
  for (MatmulOp matmul : {first, second})
    others.insert_range(matmul.getOperands_());
  for (Value operand : generic.getOperands_())
    if (operand != first.getResult() && operand != second.getResult())
      others.insert(operand);
  auto gated = GatedMatmulOp::create(builder, location, generic.getResult().getType(), first.getInput(),
                                     weight.getResult(), others.getArrayRef());
  Block *block = addElementwiseBlock(builder, location, gated.getEpilogue(),
                                     /*accumulators=*/2, others.size());
  auto argumentOf = [&](Value operand) -> Value {
    return block->getArgument(2 + (llvm::find(others, operand) - others.begin()));
  };
  auto createProduct = [&](MatmulOp matmul, Value accumulator) {
    SmallVector<Value> inputs = {accumulator};
    llvm::append_range(inputs, llvm::map_range(matmul.getOperands_(), argumentOf));
    return inlineElementwise(builder, matmul.getEpilogue().front(), inputs);
  };
  Value gate = createProduct(first, block->getArgument(0)), up = createProduct(second, block->getArgument(1));
  SmallVector<Value> inputs;
  for (Value operand : generic.getOperands_())
    inputs.push_back(operand == first.getResult() ? gate : operand == second.getResult() ? up : argumentOf(operand));
  YieldOp::create(builder, location, inlineElementwise(builder, generic.getBody().front(), inputs));
  remarkFused(generic, name) << remark::add("two products and what joins them are one product with {0}",
                                            weight.getParameter().str());
  generic.getResult().replaceAllUsesWith(gated.getResult());
  generic.erase();
  first.erase();
  second.erase();
  if (firstLoad->use_empty())
    firstLoad.erase();
  if (secondLoad != firstLoad && secondLoad->use_empty())
    secondLoad.erase();
}

namespace {
struct FuseGatedMatmul : kernel::impl::FuseGatedMatmulBase<FuseGatedMatmul> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (func::FuncOp function : getForwardFunctions(getOperation())) {
      SmallVector<GenericOp> generics(function.getOps<GenericOp>());
      for (GenericOp generic : generics)
        fuse(generic, symbols);
    }
  }
};
} // namespace
