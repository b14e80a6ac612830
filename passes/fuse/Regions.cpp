//===- Regions.cpp - scalar regions of kernels ----------------------------===//

#include "passes/fuse/Regions.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

MatmulOp kernel::createMatmul(OpBuilder &builder, Location location, Type result, Value input, Value weight,
                              Value bias) {
  SmallVector<Value, 1> operands;
  if (bias)
    operands.push_back(bias);
  auto matmul = MatmulOp::create(builder, location, result, input, weight, operands);
  OpBuilder::InsertionGuard guard(builder);
  Block *block = addElementwiseBlock(builder, location, matmul.getEpilogue(), /*accumulators=*/1, operands.size());
  Value value = block->getArgument(0);
  if (bias)
    value = arith::AddFOp::create(builder, location, value, block->getArgument(1));
  YieldOp::create(builder, location, value);
  return matmul;
}

bool kernel::isPlainProduct(MatmulOp matmul) {
  Block &block = matmul.getEpilogue().front();
  auto yield = dyn_cast<YieldOp>(block.front());
  return yield && yield.getValues().front() == block.getArgument(0);
}

Value kernel::getOnlyAddend(MatmulOp matmul) {
  Block &block = matmul.getEpilogue().front();
  if (matmul.getOperands_().size() != 1 || !llvm::hasSingleElement(block.without_terminator()))
    return {};
  auto sum = dyn_cast<arith::AddFOp>(block.front());
  auto takes = [&](Value a, Value b) { return sum.getLhs() == a && sum.getRhs() == b; };
  Value accumulator = block.getArgument(0), operand = block.getArgument(1);
  if (!sum || block.getTerminator()->getOperand(0) != sum.getResult() ||
      (!takes(accumulator, operand) && !takes(operand, accumulator)))
    return {};
  return matmul.getOperands_().front();
}

Value kernel::getOnlyBias(MatmulOp matmul) {
  Value addend = getOnlyAddend(matmul);
  return addend && cast<RankedTensorType>(addend.getType()).getRank() == 1 ? addend : Value();
}

bool kernel::isPureQuantize(Operation *op) {
  auto quantize = dyn_cast<NormQuantizeOp>(op);
  return quantize && !quantize.isNorm() && encoding::isQuantizedActivation(quantize.getResult().getType());
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
