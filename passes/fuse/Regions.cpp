//===- Regions.cpp - scalar regions of kernels ----------------------------===//

#include "passes/fuse/Regions.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

MatmulOp kernel::createMatmul(OpBuilder &builder, Location location, Type result, Value input, Value weight) {
  auto matmul = MatmulOp::create(builder, location, result, input, weight, ValueRange());
  OpBuilder::InsertionGuard guard(builder);
  Block *block = addElementwiseBlock(builder, location, matmul.getEpilogue(),
                                     /*accumulators=*/1, /*operands=*/0);
  YieldOp::create(builder, location, block->getArgument(0));
  return matmul;
}

bool kernel::isPlainProduct(MatmulOp matmul) {
  Block &block = matmul.getEpilogue().front();
  auto yield = dyn_cast<YieldOp>(block.front());
  return yield && yield.getValues().front() == block.getArgument(0);
}

bool kernel::isPureQuantize(Operation *op) {
  auto quantize = dyn_cast<NormQuantizeOp>(op);
  return quantize && !quantize.getWeight() && encoding::isQuantizedActivation(quantize.getResult().getType());
}

Value kernel::inlineElementwise(OpBuilder &builder, Block &source, ValueRange inputs) {
  assert(inputs.size() + 2 == source.getNumArguments());
  Block *target = builder.getInsertionBlock();
  IRMapping mapping;
  mapping.map(source.getArguments().drop_back(2), inputs);
  mapping.map(source.getArguments().take_back(2), target->getArguments().take_back(2));
  for (Operation &op : source.without_terminator())
    builder.clone(op, mapping);
  auto yield = cast<YieldOp>(source.getTerminator());
  return mapping.lookupOrDefault(yield.getValues().front());
}
