//===- KernelParts.cpp - what several kernels share -----------------------===//

#include "codegen/cpu/Kernels.h"

#include "runtime/abi.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// Element `index` of an int32 array that IngotStep points to, as i64.
static Value loadStepElement(Emitter &emit, Value step, int64_t field, Value index) {
  Value array = emit.load(emit.pointerType(), emit.pointer(step, field), 8);
  Value value = emit.load(emit.i32(), emit.pointer(array, emit.mul(index, 4)), 4);
  return arith::ExtSIOp::create(emit.builder, emit.i64(), value);
}

Value codegen::loadPosition(Emitter &emit, Value step, Value row) {
  return loadStepElement(emit, step, offsetof(IngotStep, positions), row);
}
Value codegen::loadToken(Emitter &emit, Value step, Value row) {
  return loadStepElement(emit, step, offsetof(IngotStep, tokens), row);
}
Value codegen::loadWantedRow(Emitter &emit, Value step, Value index) {
  return loadStepElement(emit, step, offsetof(IngotStep, wanted), index);
}

Value codegen::loadPage(Emitter &emit, model::StepType type, Value step, Value row, Value page) {
  if (type.getSequences() == 1)
    return page;
  Value sequence = loadStepElement(emit, step, offsetof(IngotStep, row_sequences), row);
  Value stride = arith::ExtUIOp::create(
      emit.builder, emit.i64(), emit.load(emit.i32(), emit.pointer(step, offsetof(IngotStep, pages_per_sequence)), 4));
  return loadStepElement(emit, step, offsetof(IngotStep, page_tables), emit.add(emit.mul(sequence, stride), page));
}

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

SmallVector<Value> codegen::inlineRegion(Emitter &emit, Region &region, ValueRange arguments) {
  Block &block = region.front();
  IRMapping mapping;
  mapping.map(block.getArguments(), arguments);
  auto widen = [](Type type) -> Type { return VectorType::get({lanes}, type); };
  for (Operation &op : block.without_terminator()) {
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      auto type = cast<VectorType>(widen(constant.getType()));
      Value splat = arith::ConstantOp::create(emit.builder, DenseElementsAttr::get(type, constant.getValue()));
      mapping.map(constant.getResult(), splat);
      continue;
    }
    Operation *clone = emit.builder.clone(op, mapping);
    for (auto [before, after] : llvm::zip(op.getResults(), clone->getResults())) {
      after.setType(widen(before.getType()));
      mapping.map(before, after);
    }
  }
  SmallVector<Value> results;
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(mapping.lookup(value));
  return results;
}

SmallVector<Value> codegen::loadRegionOperands(Emitter &emit, ValueRange operands, ValueRange pointers, Value row,
                                               Value column) {
  SmallVector<Value> values;
  for (auto [operand, address] : llvm::zip(operands, pointers)) {
    auto type = cast<RankedTensorType>(operand.getType());
    Value offset = emit.mul(column, 4);
    if (type.getRank() == 2)
      offset = emit.add(offset, emit.mul(row, encoding::getActivationRowBytes(type)));
    values.push_back(emit.load(emit.vector(emit.f32()), emit.pointer(address, offset), 64));
  }
  auto toIndex = [&](Value value) {
    return emit.splat(arith::IndexCastOp::create(emit.builder, emit.builder.getIndexType(), value));
  };
  values.push_back(toIndex(row));
  Value indices =
      arith::IndexCastOp::create(emit.builder, emit.vector(emit.builder.getIndexType()), emit.laneIndices());
  values.push_back(emit.add(toIndex(column), indices));
  return values;
}

//===----------------------------------------------------------------------===//
// 8-bit rows
//===----------------------------------------------------------------------===//

void codegen::storeQuantizedGroup(Emitter &emit, Value first, Value second, Value row, Value group,
                                  RankedTensorType type) {
  encoding::ActivationRow layout(type);
  auto magnitude = [&](Value value) -> Value { return math::AbsFOp::create(emit.builder, value); };
  Value largest = emit.reduceMax(emit.maxf(magnitude(first), magnitude(second)));
  Value scale = emit.mulf(largest, emit.real(1.0 / 127.0));
  Value isZero = arith::CmpFOp::create(emit.builder, arith::CmpFPredicate::OEQ, largest, emit.real(0.0));
  Value inverse = arith::SelectOp::create(emit.builder, isZero, emit.real(0.0), emit.divf(emit.real(127.0), largest));
  Value codesAddress = emit.pointer(row, emit.mul(group, encoding::groupColumns));
  SmallVector<Value> sums;
  int64_t offset = 0;
  for (Value value : {first, second}) {
    Value rounded = math::RoundEvenOp::create(emit.builder, emit.mulf(value, emit.splat(inverse)));
    Value codes = arith::FPToSIOp::create(emit.builder, emit.vector(emit.i32()), rounded);
    Value bytes = arith::TruncIOp::create(emit.builder, emit.vector(emit.i8()), codes);
    emit.store(bytes, emit.pointer(codesAddress, offset), 16);
    sums.push_back(codes);
    offset += lanes;
  }
  if (layout.sumColumns == encoding::groupColumns)
    sums = {emit.add(sums[0], sums[1])};
  emit.store(scale, emit.pointer(row, emit.add(emit.mul(group, 4), layout.scalesOffset)), 4);
  int64_t count = static_cast<int64_t>(sums.size());
  Value sumsAddress = emit.pointer(row, emit.add(emit.mul(group, 4 * count), layout.sumsOffset));
  for (auto [index, sum] : llvm::enumerate(sums)) {
    Value scaledSum = emit.mulf(scale, emit.toFloat(emit.reduceAdd(sum)));
    emit.store(scaledSum, emit.pointer(sumsAddress, static_cast<int64_t>(index) * 4), 4);
  }
}

//===----------------------------------------------------------------------===//
// Caches
//===----------------------------------------------------------------------===//

CacheLayout::CacheLayout(model::KeyValueType type, CacheGeometry geometry)
    : element(type.getElement()), heads(type.getHeads()),
      keyDimension(kernel::paddedRotatedDimension(type.getDimension())),
      valueDimension(encoding::paddedToPanels(type.getDimension())),
      elementBytes(type.getElement().getIntOrFloatBitWidth() / 8), pageRows(geometry.pageRows) {}

static Value addressInPage(Emitter &emit, Value base, Value page, Value head, int64_t heads, int64_t headBytes) {
  return emit.pointer(base, emit.mul(emit.add(emit.mul(page, heads), head), headBytes));
}

Value CacheLayout::keys(Emitter &emit, Value base, Value page, Value head) const {
  return addressInPage(emit, base, page, head, heads, pageRows * keyDimension * elementBytes);
}

Value CacheLayout::values(Emitter &emit, Value base, Value page, Value head) const {
  return addressInPage(emit, base, page, head, heads, pageRows * valueDimension * elementBytes);
}

void CacheLayout::storeKey(Emitter &emit, Value keysOfHead, Value positionInPage, Value firstDimension,
                           Value values) const {
  Value block = emit.divide(positionInPage, lanes), lane = emit.remainder(positionInPage, lanes);
  Value offset = emit.add(emit.mul(block, getKeyBlockBytes()),
                          emit.mul(emit.add(emit.mul(firstDimension, lanes), lane), elementBytes));
  Value address = emit.pointer(keysOfHead, offset), rounded = emit.round(values, element);
  for (int64_t index = 0; index < lanes; ++index)
    emit.store(emit.extract(rounded, index), emit.pointer(address, index * lanes * elementBytes), elementBytes);
}
