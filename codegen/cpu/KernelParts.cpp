//===- KernelParts.cpp - what several kernels share -----------------------===//

#include "codegen/cpu/Kernels.h"

#include "runtime/abi.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"

#include <array>

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
Value codegen::loadRowSequence(Emitter &emit, Value step, Value row) {
  return loadStepElement(emit, step, offsetof(IngotStep, row_sequences), row);
}
Value codegen::loadWantedRow(Emitter &emit, Value step, Value index) {
  return loadStepElement(emit, step, offsetof(IngotStep, wanted), index);
}

Value codegen::findLastRow(Emitter &emit, model::StepType type, Value step, Value rows, Value row) {
  Value lastRow = emit.sub(rows, emit.integer(1));
  if (type.getSequences() == 1)
    return lastRow;
  Value own = loadRowSequence(emit, step, row), last = emit.stack(8);
  emit.store(row, last, 8);
  emit.repeatWhile([&] {
    Value row = emit.load(emit.i64(), last, 8), next = emit.minimum(emit.add(row, 1), lastRow);
    Value isOwn = arith::CmpIOp::create(emit.builder, arith::CmpIPredicate::eq, loadRowSequence(emit, step, next), own);
    emit.store(arith::SelectOp::create(emit.builder, isOwn, next, row), last, 8);
    return arith::AndIOp::create(emit.builder, isOwn, emit.less(row, lastRow)).getResult();
  });
  return emit.load(emit.i64(), last, 8);
}

Value codegen::firstVisible(Emitter &emit, Value position, int64_t window) {
  Value first = emit.integer(0);
  return window ? emit.maximum(emit.add(position, 1 - window), first) : first;
}
Value codegen::firstVisibleChunk(Emitter &emit, Value position, int64_t chunk, int64_t window) {
  Value first = firstVisible(emit, position, window);
  return window ? emit.divide(first, chunk) : first;
}
Value codegen::countVisibleChunks(Emitter &emit, Value position, int64_t chunk, int64_t window) {
  Value last = emit.add(emit.divide(position, chunk), 1);
  return window ? emit.sub(last, firstVisibleChunk(emit, position, chunk, window)) : last;
}

Value codegen::countGrains(Emitter &emit, schedule::PartitionAttr partition, Value step, Value rows) {
  int64_t grain = partition.getGrain(), grains = partition.getGrains();
  auto countRows = [&] { return emit.divide(emit.add(rows, grain - 1), grain); };
  switch (partition.getAxis()) {
  case schedule::Axis::Rows:
    return countRows();
  case schedule::Axis::Columns: {
    // A prompt chunk that is not the last wants no logits: its head has nothing to do.
    Value none = arith::CmpIOp::create(emit.builder, arith::CmpIPredicate::eq, rows, emit.integer(0));
    return arith::SelectOp::create(emit.builder, none, emit.integer(0), emit.integer(grains));
  }
  case schedule::Axis::Heads:
    return emit.mul(countRows(), grains);
  case schedule::Axis::HeadKeys: {
    Value position = loadPosition(emit, step, emit.integer(0));
    return emit.mul(countVisibleChunks(emit, position, grain, partition.getWindow()), grains);
  }
  }
  llvm_unreachable("unknown axis");
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
    if (type.getRank() == 2) {
      Value rowOffset = emit.mul(row, encoding::getActivationRowBytes(type));
      if (type.getShape().back() == 1) {
        // One number for all columns.
        values.push_back(emit.splat(emit.load(emit.f32(), emit.pointer(address, rowOffset), 4)));
        continue;
      }
      offset = emit.add(offset, rowOffset);
    }
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

Value codegen::largestMagnitude(Emitter &emit, Value first, Value second) {
  auto magnitude = [&](Value value) -> Value { return math::AbsFOp::create(emit.builder, value); };
  return emit.reduceMax(emit.maxf(magnitude(first), magnitude(second)));
}

Value codegen::divideOrZero(Emitter &emit, double numerator, Value denominator) {
  Value isZero = arith::CmpFOp::create(emit.builder, arith::CmpFPredicate::OEQ, denominator, emit.real(0.0));
  return arith::SelectOp::create(emit.builder, isZero, emit.real(0.0), emit.divf(emit.real(numerator), denominator));
}

/// `scale` rounded up to the significant bits that scales have, and its exponent as rows keep it.
static std::pair<Value, Value> roundScaleUp(Emitter &emit, Value scale) {
  using Row = encoding::ActivationRow;
  constexpr int64_t dropped = 24 - Row::significandBits, exponentMask = 0x7f800000;
  Value bits = emit.add(arith::BitcastOp::create(emit.builder, emit.i32(), scale), (int64_t(1) << dropped) - 1);
  bits = emit.bitAnd(bits, -(int64_t(1) << dropped));
  // What is less than any exponent that can be stored is 0.
  Value exponent = emit.sub(emit.bitAnd(bits, exponentMask), emit.integer((127 - Row::exponentBias) << 23, emit.i32()));
  Value zero = emit.integer(0, emit.i32());
  Value isStored = arith::CmpIOp::create(emit.builder, arith::CmpIPredicate::sge, exponent, zero);
  bits = arith::SelectOp::create(emit.builder, isStored, bits, zero);
  return {arith::BitcastOp::create(emit.builder, emit.f32(), bits), emit.maximum(exponent, zero)};
}

void codegen::storeQuantizedGroup(Emitter &emit, Value first, Value second, Value row, Value group,
                                  RankedTensorType type) {
  encoding::ActivationRow layout(type);
  Value largest = largestMagnitude(emit, first, second);
  auto [scale, exponent] = roundScaleUp(emit, emit.mulf(largest, emit.real(1.0 / 127.0)));
  Value inverse = divideOrZero(emit, 1.0, scale);
  Value codesAddress = emit.pointer(row, emit.mul(group, encoding::groupColumns));
  SmallVector<Value> sums;
  int64_t offset = 0;
  // Adding 1.5 · 2^23 leaves the nearest integer, ties to even, in the low bits of the number: no instruction set needs
  // more than an addition for that.
  constexpr int64_t unitBits = 0x4b400000;
  VectorType integers = emit.vector(emit.i32());
  Value unit = emit.real(0x1.8p23, first.getType());
  for (Value value : {first, second}) {
    Value rounded = emit.addf(emit.mulf(value, emit.splat(inverse)), unit);
    Value codes = emit.sub(emit.bitcast(rounded, integers), emit.integer(unitBits, integers));
    Value bytes = arith::TruncIOp::create(emit.builder, emit.vector(emit.i8()), codes);
    emit.store(bytes, emit.pointer(codesAddress, offset), 16);
    sums.push_back(codes);
    offset += lanes;
  }
  if (layout.sumColumns == encoding::groupColumns)
    sums = {emit.add(sums[0], sums[1])};
  emit.store(scale, emit.pointer(row, emit.add(emit.mul(group, 4), layout.scalesOffset)), 4);
  emit.store(exponent, emit.pointer(row, emit.add(emit.mul(group, 4), layout.exponentsOffset)), 4);
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
    : element(type.getElement()), keyDimension(kernel::pairedHeadColumns(type.getDimension())),
      valueDimension(encoding::paddedToPanels(type.getDimension())),
      elementBytes(type.getElement().getIntOrFloatBitWidth() / 8), geometry(geometry) {}

Value CacheLayout::loadPage(Emitter &emit, model::StepType type, Value step, Value row, Value page) const {
  if (geometry.ringPages)
    page = emit.remainder(page, geometry.ringPages);
  if (type.getSequences() == 1)
    return page;
  auto loadCount = [&](int64_t field) -> Value {
    return arith::ExtUIOp::create(emit.builder, emit.i64(), emit.load(emit.i32(), emit.pointer(step, field), 4));
  };
  Value table = loadRowSequence(emit, step, row);
  if (geometry.group)
    table = emit.add(table, emit.mul(loadCount(offsetof(IngotStep, sequences)), geometry.group));
  Value index = emit.add(emit.mul(table, loadCount(offsetof(IngotStep, pages_per_sequence))), page);
  return loadStepElement(emit, step, offsetof(IngotStep, page_tables), index);
}

/// `bytes`: of a head in a page.
static Value addressOfPage(Emitter &emit, Value base, Value page, Value head, int64_t pages, int64_t bytes) {
  return emit.pointer(base, emit.mul(emit.add(emit.mul(head, pages), page), bytes));
}

/// Bytes of the scales of 16 positions.
static constexpr int64_t scaleBytes = lanes * 2;

int64_t CacheLayout::getKeyBlockBytes() const {
  return keyDimension * lanes * elementBytes + (isQuantized() ? getKeyGroups() * scaleBytes : 0);
}

Value CacheLayout::keys(Emitter &emit, Value base, Value page, Value head) const {
  return addressOfPage(emit, base, page, head, geometry.pages, getPageRows() / lanes * getKeyBlockBytes());
}

Value CacheLayout::values(Emitter &emit, Value base, Value page, Value head) const {
  int64_t scales = isQuantized() ? valueDimension / encoding::groupColumns * getPageRows() / lanes * scaleBytes : 0;
  return addressOfPage(emit, base, page, head, geometry.pages, getPageRows() * getValueRowBytes() + scales);
}

Value CacheLayout::loadKeyScales(Emitter &emit, Value keyBlock, Value group) const {
  Value address = emit.pointer(keyBlock, emit.add(emit.mul(group, scaleBytes), keyDimension * lanes));
  return emit.loadExtended(emit.f16(), address, scaleBytes);
}

/// The scale of group `group` at `position` of a page.
static Value valueScale(Emitter &emit, const CacheLayout &cache, Value valuesOfHead, Value group, Value position) {
  Value index = emit.add(emit.mul(group, cache.getPageRows()), position);
  return emit.pointer(valuesOfHead, emit.add(emit.mul(index, 2), cache.getPageRows() * cache.getValueRowBytes()));
}

Value CacheLayout::loadValueScales(Emitter &emit, Value valuesOfHead, int64_t group, Value position) const {
  return emit.loadExtended(emit.f16(), valueScale(emit, *this, valuesOfHead, emit.integer(group), position),
                           scaleBytes);
}

/// 32 values as 8-bit codes (two vectors of i8) and their f16 scale. The codes are those of the scale that is stored.
static std::array<Value, 3> roundGroup(Emitter &emit, Value first, Value second) {
  Value largest = largestMagnitude(emit, first, second);
  Value scale = emit.round(emit.mulf(largest, emit.real(1.0 / 127.0)), emit.f16());
  Value inverse = divideOrZero(emit, 1.0, emit.extend(scale));
  auto code = [&](Value value) {
    Value scaled = math::RoundEvenOp::create(emit.builder, emit.mulf(value, emit.splat(inverse)));
    Type vector = value.getType();
    // A scale rounded down leaves the largest value beyond the last code.
    scaled = arith::MinNumFOp::create(emit.builder, scaled, emit.real(127.0, vector));
    scaled = arith::MaxNumFOp::create(emit.builder, scaled, emit.real(-127.0, vector));
    Value integers = arith::FPToSIOp::create(emit.builder, emit.vector(emit.i32()), scaled);
    return arith::TruncIOp::create(emit.builder, emit.vector(emit.i8()), integers).getResult();
  };
  return {code(first), code(second), scale};
}

/// Stores elements of a key that stand together in 32-bit lanes, the first ones `offset` bytes into their block.
static void storeKeyWords(Emitter &emit, Value elements, Value block, Value offset) {
  auto type = cast<VectorType>(elements.getType());
  int64_t count = type.getNumElements() * type.getElementTypeBitWidth() / 32;
  Value words = emit.bitcast(elements, emit.vector(emit.i32(), count));
  for (int64_t word = 0; word < count; ++word)
    emit.store(emit.extract(words, word), emit.pointer(block, emit.add(offset, word * 4 * lanes)), 4);
}

void CacheLayout::storeKey(Emitter &emit, Value keysOfHead, Value positionInPage, Value pairs, Value first,
                           Value second) const {
  Value block = emit.pointer(keysOfHead, emit.mul(emit.divide(positionInPage, lanes), getKeyBlockBytes()));
  Value lane = emit.remainder(positionInPage, lanes), dimension = emit.mul(pairs, lanes);
  if (isQuantized()) {
    auto [firstCodes, secondCodes, scale] = roundGroup(emit, first, second);
    Value offset = emit.add(emit.mul(pairs, encoding::groupColumns * lanes), emit.mul(lane, 4));
    for (Value codes : {firstCodes, secondCodes}) {
      Value shifted = emit.add(codes, emit.integer(-128, codes.getType()));
      storeKeyWords(emit, shifted, block, offset);
      offset = emit.add(offset, lanes * lanes);
    }
    Value scaleOffset = emit.add(emit.mul(pairs, scaleBytes), emit.mul(lane, 2));
    emit.store(scale, emit.pointer(block, emit.add(scaleOffset, keyDimension * lanes)), 2);
    return;
  }
  if (isPaired()) {
    Value offset = emit.add(emit.mul(pairs, lanes * lanes * 2), emit.mul(lane, 4));
    for (Value values : {first, second}) {
      storeKeyWords(emit, emit.round(values, element), block, offset);
      offset = emit.add(offset, keyDimension / 2 * lanes * 2);
    }
    return;
  }
  for (Value values : {first, second}) {
    Value address = emit.pointer(block, emit.mul(emit.add(emit.mul(dimension, lanes), lane), elementBytes));
    Value rounded = emit.round(values, element);
    for (int64_t index = 0; index < lanes; ++index)
      emit.store(emit.extract(rounded, index), emit.pointer(address, index * lanes * elementBytes), elementBytes);
    dimension = emit.add(dimension, keyDimension / 2);
  }
}

Value CacheLayout::valueAddress(Emitter &emit, Value valuesOfHead, Value positionInPage, Value column) const {
  Value inRow = emit.mul(column, getValueStride()), row = positionInPage;
  if (isPaired()) {
    Value member = emit.bitAnd(positionInPage, 1);
    row = emit.sub(positionInPage, member);
    inRow = emit.add(inRow, emit.mul(member, elementBytes));
  }
  return emit.pointer(valuesOfHead, emit.add(emit.mul(row, getValueRowBytes()), inRow));
}

void CacheLayout::storeValue(Emitter &emit, Value valuesOfHead, Value positionInPage, Value panel,
                             ValueRange columns) const {
  Value address = valueAddress(emit, valuesOfHead, positionInPage, emit.mul(panel, lanes));
  if (isPaired()) {
    for (auto [index, values] : llvm::enumerate(columns)) {
      Value rounded = emit.round(values, element);
      for (int64_t lane = 0; lane < lanes; ++lane)
        emit.store(emit.extract(rounded, lane),
                   emit.pointer(address, (static_cast<int64_t>(index) * lanes + lane) * getValueStride()),
                   elementBytes);
    }
    return;
  }
  if (!isQuantized()) {
    for (auto [index, values] : llvm::enumerate(columns))
      emit.store(emit.round(values, element), emit.pointer(address, index * lanes * elementBytes),
                 lanes * elementBytes);
    return;
  }
  assert(columns.size() == 2 && "a group of codes is two panels");
  auto [first, second, scale] = roundGroup(emit, columns[0], columns[1]);
  emit.store(first, address, lanes);
  emit.store(second, emit.pointer(address, lanes), lanes);
  emit.store(scale, valueScale(emit, *this, valuesOfHead, emit.divide(panel, 2), positionInPage), 2);
}
