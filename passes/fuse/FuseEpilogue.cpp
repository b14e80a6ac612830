//===- FuseEpilogue.cpp - elementwise arithmetic into products ------------===//
//
// Arithmetic on a product's result moves into the product's epilogue, whatever
// it is: a residual, a bias, a scale.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Forward.h"
#include "passes/fuse/Passes.h"
#include "passes/fuse/Regions.h"
#include "passes/fuse/Remarks.h"

namespace ingot::kernel {
#define GEN_PASS_DEF_FUSEEPILOGUE
#include "passes/fuse/Passes.h.inc"
} // namespace ingot::kernel

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

static constexpr llvm::StringLiteral name = "epilogue";

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
  auto fused = Product::create(builder, location, generic.getResult().getType(), product.getInput(),
                               product.getWeight(), operands.getArrayRef());
  Block *block = addElementwiseBlock(builder, location, fused.getEpilogue(), accumulators, operands.size());
  auto argumentOf = [&](Value operand) {
    return block->getArgument(accumulators + (llvm::find(operands, operand) - operands.begin()));
  };
  SmallVector<Value> inputs(block->getArguments().take_front(accumulators));
  for (Value operand : product.getOperands_())
    inputs.push_back(argumentOf(operand));
  Value value = inlineElementwise(builder, product.getEpilogue().front(), inputs);
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
    if (!isa_and_nonnull<MatmulOp, GatedMatmulOp>(source) || operand.getType() != generic.getResult().getType())
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
  if (auto matmul = dyn_cast<MatmulOp>(product))
    fuse(generic, matmul);
  else
    fuse(generic, cast<GatedMatmulOp>(product));
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
