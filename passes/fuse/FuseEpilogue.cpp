//===- FuseEpilogue.cpp - elementwise arithmetic into what it reads -------===//
//
// Arithmetic on a product's result, or on rows of a table, moves into the epilogue of
// what computes it, whatever it is: a residual, a bias, a scale.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Forward.h"
#include "passes/fuse/Passes.h"
#include "passes/fuse/Regions.h"
#include "passes/fuse/Remarks.h"

#include "llvm/ADT/TypeSwitch.h"

namespace ingot::kernel {
#define GEN_PASS_DEF_FUSEEPILOGUE
#include "passes/fuse/Passes.h.inc"
} // namespace ingot::kernel

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

static constexpr llvm::StringLiteral name = "epilogue";

/// What `op` computes, with other operands and a region that is still to be written.
static MatmulOp createLike(MatmulOp op, OpBuilder &builder, Location location, Type type, ValueRange operands) {
  return MatmulOp::create(builder, location, type, op.getInput(), op.getWeight(), operands);
}
static GatedMatmulOp createLike(GatedMatmulOp op, OpBuilder &builder, Location location, Type type,
                                ValueRange operands) {
  return GatedMatmulOp::create(builder, location, type, op.getInput(), op.getWeight(), operands);
}
static ExpertSumOp createLike(ExpertSumOp op, OpBuilder &builder, Location location, Type type, ValueRange operands) {
  return ExpertSumOp::create(builder, location, type, op.getInput(), op.getGroups(), op.getWeight(), operands,
                             op.getExperts(), op.getCount());
}
static EmbeddingOp createLike(EmbeddingOp op, OpBuilder &builder, Location location, Type type, ValueRange operands) {
  return EmbeddingOp::create(builder, location, type, op.getTable(), op.getStep(), operands,
                             op.getPositionOffsetAttr());
}

/// Appends the body of `generic` to the epilogue of `product`, one of its
/// operands.
template <typename Product> static void fuse(GenericOp generic, Product product) {
  constexpr unsigned accumulators = std::is_same_v<Product, GatedMatmulOp> ? 2 : 1;
  Location location = generic.getLoc();
  // All other operands stand before the generic, not all before the product.
  OpBuilder builder(generic);
  llvm::SmallSetVector<Value, 4> operands;
  operands.insert_range(product.getOperands_());
  for (Value operand : generic.getOperands_())
    if (operand != product.getResult())
      operands.insert(operand);
  Product fused = createLike(product, builder, location, generic.getResult().getType(), operands.getArrayRef());
  Block *block = addElementwiseBlock(builder, location, fused.getEpilogue(), accumulators, operands.size());
  auto argumentOf = [&](Value operand) {
    return block->getArgument(accumulators + (llvm::find(operands, operand) - operands.begin()));
  };
  SmallVector<Value> inputs(block->getArguments().take_front(accumulators));
  Value value = inputs.front();
  for (Value operand : product.getOperands_())
    inputs.push_back(argumentOf(operand));
  if (!product.getEpilogue().empty())
    value = inlineElementwise(builder, product.getEpilogue().front(), inputs);
  inputs.clear();
  for (Value operand : generic.getOperands_())
    inputs.push_back(operand == product.getResult() ? value : argumentOf(operand));
  YieldOp::create(builder, location, inlineElementwise(builder, generic.getBody().front(), inputs));
  remarkFused(generic, name) << remark::add("elementwise arithmetic stands in the epilogue of {0}",
                                            product->getName().getStringRef());
  generic.getResult().replaceAllUsesWith(fused.getResult());
  generic.erase();
  product.erase();
}

static void fuse(GenericOp generic) {
  Operation *product = nullptr;
  bool shared = false;
  for (Value operand : generic.getOperands_()) {
    Operation *source = operand.getDefiningOp();
    if (!isa_and_nonnull<MatmulOp, GatedMatmulOp, ExpertSumOp, EmbeddingOp>(source) ||
        operand.getType() != generic.getResult().getType())
      continue;
    if (llvm::any_of(source->getUsers(), [&](Operation *user) { return user != generic.getOperation(); })) {
      shared = true;
      continue;
    }
    // The last of several: the others are done when it runs.
    if (!product || product->isBeforeInBlock(source))
      product = source;
  }
  if (!product) {
    remarkMissed(generic, name) << remark::reason(shared ? "the product it reads has other users"
                                                         : "none of its operands is a product");
    return;
  }
  llvm::TypeSwitch<Operation *>(product).Case<MatmulOp, GatedMatmulOp, ExpertSumOp, EmbeddingOp>(
      [&](auto op) { fuse(generic, op); });
}

namespace {
struct FuseEpilogue : kernel::impl::FuseEpilogueBase<FuseEpilogue> {
  void runOnOperation() override {
    for (func::FuncOp function : getForwardFunctions(getOperation())) {
      // In order, so that a chain of them ends in one product.
      SmallVector<GenericOp> generics(function.getOps<GenericOp>());
      for (GenericOp generic : generics)
        fuse(generic);
    }
  }
};
} // namespace
