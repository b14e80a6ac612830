//===- PanelProduct.cpp - the register tile of all products ---------------===//

#include "codegen/cpu/PanelProduct.h"

#include <cmath>

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;

PanelProduct::PanelProduct(Emitter &emit, Value input, Value weight, Value inputPointer, Value weightPointer,
                           kernel::RowRangeAttr rows)
    : emit(emit), inputType(cast<RankedTensorType>(input.getType())), activation(inputType),
      panels(cast<RankedTensorType>(weight.getType())), inputPointer(inputPointer), weightPointer(weightPointer),
      integerInput(encoding::isQuantizedActivation(inputType)), mostRows(rows.getLast()),
      tileRows(mostRows == 1   ? 1
               : mostRows <= 8 ? emit.cpu.tiles.fewRows
                               : emit.cpu.tiles.manyRows) {}

void PanelProduct::forEachRowBlock(Value rows, function_ref<void(RowBlock)> body) {
  int64_t rowBytes = activation.bytes, tiles = emit.cpu.tiles.rowBlockBytes / (rowBytes * tileRows);
  int64_t blockRows = std::max<int64_t>(tiles, 1) * tileRows;
  if (blockRows >= mostRows)
    return body({emit.integer(0), rows});
  emit.loop(emit.integer(0), rows, blockRows,
            [&](Value first) { body({first, emit.minimum(emit.add(first, blockRows), rows)}); });
}

void PanelProduct::forEachTile(RowBlock block, Value firstPanel, int64_t panelCount, function_ref<void(Value)> body,
                               bool mayTabulate) {
  weightsPointer = emit.pointer(weightPointer, emit.mul(firstPanel, panels.getPanelBytes()));
  int64_t whole = tileRows;
  Value rows = emit.sub(block.end, block.first);
  Value tiles = whole == 1 ? rows : emit.divide(emit.add(rows, whole - 2), whole);
  Value wholeEnd = emit.add(block.first, emit.mul(tiles, whole));
  tabulates = whole > 1 && mayTabulate && canTabulate(panelCount);
  if (tabulates) {
    if (tablePanels < panelCount)
      tables = emit.stack(panelCount * tableBytes());
    tablePanels = std::max(tablePanels, panelCount);
    emit.when(emit.less(block.first, wholeEnd), [&] { tabulateScales(panelCount); });
  }
  emit.loop(block.first, wholeEnd, whole, body);
  if (whole == 1)
    return;
  tabulates = false;
  tileRows = 1;
  emit.when(emit.less(wholeEnd, block.end), [&] { body(wholeEnd); });
  tileRows = whole;
}

PanelProduct::RowPointers PanelProduct::getRow(Value row, Value piece) {
  Value begin = emit.pointer(inputPointer, emit.mul(row, static_cast<int64_t>(activation.bytes)));
  if (!piece)
    return {begin, begin, begin};
  int64_t columns = panels.getColumns();
  auto after = [&](int64_t bytes) { return emit.pointer(begin, emit.mul(piece, bytes)); };
  if (!integerInput)
    return {after(columns * 4), {}, {}};
  Value scales = after(columns / encoding::groupColumns * 4);
  return {after(columns), scales,
          activation.sumColumns == encoding::groupColumns ? scales : after(columns / activation.sumColumns * 4)};
}

SmallVector<Value> PanelProduct::compute(int64_t panel, Value firstRow) {
  Value tile = emit.pointer(inputPointer, emit.mul(firstRow, static_cast<int64_t>(activation.bytes)));
  SmallVector<RowPointers> rows;
  for (int64_t row = 0; row < tileRows; ++row) {
    Value pointer = emit.pointer(tile, row * static_cast<int64_t>(activation.bytes));
    rows.push_back({pointer, pointer, pointer});
  }
  return compute(panel, rows);
}

SmallVector<Value> PanelProduct::compute(int64_t panel, ArrayRef<RowPointers> rows) {
  Value weights = emit.pointer(weightsPointer, panel * panels.getPanelBytes());
  if (tabulates)
    table = emit.pointer(tables, panel * tableBytes());
  // Several rows share unpacked codes: as many as registers hold, in as many passes over the panel as that takes. One
  // row takes what it reads once, in one stream.
  PanelLanes part = {0, tileRows == 1 ? lanes : emit.cpu.registerLanes};
  if (part.count == lanes)
    return compute(weights, rows, part);
  VectorType outputs = emit.vector(emit.f32());
  SmallVector<Value> results(tileRows, emit.real(0.0, outputs));
  for (; part.first < lanes; part.first += part.count)
    for (auto [result, sum] : llvm::zip(results, compute(weights, rows, part)))
      result = emit.insert(sum, result, part.first);
  return results;
}

bool PanelProduct::canTabulate(int64_t panelCount) const {
  const encoding::WeightFormat &format = panels.getFormat();
  return mostRows > 8 && emit.cpu.registerLanes == lanes && integerInput && format.isQuantized() &&
         format.hasMinimum() && format.getSumColumns() == encoding::groupColumns &&
         panelCount * tableBytes() <= mostTableBytes;
}

void PanelProduct::tabulateScales(int64_t panelCount) {
  for (int64_t panel = 0; panel < panelCount; ++panel) {
    Value weights = emit.pointer(weightsPointer, panel * panels.getPanelBytes());
    Value output = emit.pointer(tables, panel * tableBytes());
    panels.forEachGroup(emit, weights, {}, [&](Value group, const WeightPanels::Group &weight, ValueRange) {
      for (int64_t index = 0; index < Row::significands; ++index) {
        double significand = 1 + static_cast<double>(index) / Row::significands;
        Value factor = emit.real(std::ldexp(significand, -Row::exponentBias), emit.vector(emit.f32()));
        emit.store(emit.mulf(weight.front().scale, factor),
                   emit.pointer(output, emit.add(emit.mul(group, tableGroupBytes), index * lanes * 4)), 64);
      }
      return SmallVector<Value>();
    });
  }
}

Value PanelProduct::addTabulated(Value scales, Value group, const PanelLanes &part, Value dot, Value sum) {
  int64_t width = part.count;
  auto field = [&](int64_t offset) {
    return emit.load(emit.i32(), emit.pointer(scales, emit.add(emit.mul(group, 4), offset)), 4);
  };
  // The bits after the leading one select the vector.
  constexpr int64_t vectorBytes = lanes * 4, place = 24 - Row::significandBits;
  Value significand = emit.bitAnd(emit.shiftRight(field(activation.scalesOffset), place), Row::significands - 1);
  Value offset = emit.mul(arith::ExtUIOp::create(emit.builder, emit.i64(), significand), vectorBytes);
  Value products =
      emit.pointer(emit.pointer(table, emit.add(emit.mul(group, tableGroupBytes), part.first * 4)), offset);
  VectorType reals = emit.vector(emit.f32(), width), words = emit.vector(emit.i32(), width);
  Value exponent = emit.splat(field(activation.exponentsOffset), width);
  Value shifted = emit.add(emit.bitcast(emit.toFloat(dot), words), exponent);
  return emit.fma(emit.bitcast(shifted, reals), emit.load(reals, products, static_cast<unsigned>(width * 4)), sum);
}

SmallVector<Value> PanelProduct::compute(Value weights, ArrayRef<RowPointers> rows, PanelLanes part) {
  SmallVector<Value> zeros(tileRows, emit.real(0.0, emit.vector(emit.f32(), part.count)));
  if (!panels.getFormat().isQuantized())
    return computePlain(weights, rows, zeros, part);
  return panels.forEachGroup(
      emit, weights, zeros,
      [&](Value group, const WeightPanels::Group &weight, ValueRange sums) {
        prefetchWeights(weights, group);
        return integerInput ? accumulateCodes(rows, group, weight, sums, part)
                            : accumulateFloats(rows, group, weight, sums);
      },
      part);
}

void PanelProduct::prefetchWeights(Value weights, Value group) {
  int64_t distance = emit.cpu.tiles.prefetchBytes, cacheLine = 64;
  if (tileRows != 1 || !distance)
    return;
  int64_t groupBytes = panels.getPanelBytes() * encoding::groupColumns / panels.getColumns();
  Value first = emit.pointer(weights, emit.add(emit.mul(group, groupBytes), distance));
  for (int64_t offset = 0; offset < groupBytes; offset += cacheLine)
    emit.prefetch(emit.pointer(first, offset));
}

SmallVector<Value> PanelProduct::computePlain(Value weights, ArrayRef<RowPointers> rows, ValueRange zeros,
                                              PanelLanes part) {
  auto accumulate = [&](Value column, ValueRange sums) {
    Value weight = panels.loadColumn(emit, weights, column, part);
    SmallVector<Value> next;
    for (auto [row, sum] : llvm::zip(rows, sums)) {
      Value activation = emit.load(emit.f32(), emit.pointer(row.numbers, emit.mul(column, 4)), 4);
      next.push_back(emit.fma(emit.splat(activation, part.count), weight, sum));
    }
    return next;
  };
  constexpr int64_t unroll = 4;
  int64_t whole = panels.getColumns() / unroll * unroll;
  SmallVector<Value> sums =
      emit.loop(emit.integer(0), emit.integer(whole), unroll, zeros, [&](Value column, ValueRange carried) {
        SmallVector<Value> values(carried);
        for (int64_t offset = 0; offset < unroll; ++offset)
          values = accumulate(emit.add(column, offset), values);
        return values;
      });
  for (int64_t column = whole; column < panels.getColumns(); ++column)
    sums = accumulate(emit.integer(column), sums);
  return sums;
}

Value PanelProduct::loadScaledSum(Value scaledSums, Value group, int64_t part) {
  int64_t columns = panels.getFormat().getSumColumns(), sums = encoding::groupColumns / activation.sumColumns;
  Value address = emit.pointer(scaledSums, emit.add(emit.mul(group, 4 * sums), activation.sumsOffset));
  auto load = [&](int64_t index) { return emit.load(emit.f32(), emit.pointer(address, index * 4), 4); };
  if (columns == activation.sumColumns)
    return load(part);
  // Another consumer of the activation wanted halves.
  return emit.addf(load(0), load(1));
}

SmallVector<Value> PanelProduct::accumulateCodes(ArrayRef<RowPointers> rows, Value group,
                                                 const WeightPanels::Group &weight, ValueRange sums,
                                                 PanelLanes lanesOfPart) {
  auto words = cast<VectorType>(weight.front().codes.front().getType());
  int64_t width = words.getNumElements();
  VectorType bytes = emit.vector(emit.i8(), 4 * width);
  SmallVector<SmallVector<Value>> weightBytes;
  for (const WeightPanels::Part &part : weight) {
    weightBytes.emplace_back();
    for (Value codes : part.codes)
      weightBytes.back().push_back(emit.bitcast(codes, bytes));
  }
  int64_t zeroPoint = panels.getFormat().zeroPoint;
  auto realSplat = [&](double value) { return emit.real(value, emit.vector(emit.f32(), width)); };
  SmallVector<Value> offsets;
  for (const WeightPanels::Part &part : weight)
    offsets.push_back(part.minimum || weight.size() == 1
                          ? part.minimum
                          : emit.mulf(part.scale, realSplat(-static_cast<double>(zeroPoint))));
  // With enough registers, the dots of all rows come before the arithmetic that follows: LowerDotProducts lets
  // neighbours take turns.
  size_t together = emit.cpu.registerLanes == lanes ? rows.size() : 1;
  SmallVector<Value> next;
  for (size_t first = 0; first < rows.size(); first += together) {
    // Of each row, one for each part.
    SmallVector<SmallVector<Value, 2>> dots;
    for (const RowPointers &row : rows.slice(first, together)) {
      Value codes = emit.pointer(row.numbers, emit.mul(group, encoding::groupColumns));
      dots.emplace_back();
      int64_t line = 0;
      for (auto [index, part] : llvm::enumerate(weight)) {
        SmallVector<Value> activationBytes;
        for (size_t quad = 0; quad < part.codes.size(); ++quad, ++line) {
          Value four = emit.load(emit.i32(), emit.pointer(codes, line * 4), 4);
          activationBytes.push_back(emit.bitcast(emit.splat(four, width), bytes));
        }
        dots.back().push_back(kernel::Dot4Op::create(emit.builder, words, emit.integer(0, words), weightBytes[index],
                                                     activationBytes, panels.getFormat().getLargestCode()));
      }
    }
    for (auto [row, sum, rowDots] : llvm::zip(rows.slice(first), sums.drop_front(first), dots))
      next.push_back(addDots(row, group, weight, offsets, rowDots, sum, lanesOfPart));
  }
  return next;
}

Value PanelProduct::addDots(const RowPointers &row, Value group, const WeightPanels::Group &weight, ValueRange offsets,
                            ValueRange dots, Value sum, PanelLanes part) {
  int64_t width = part.count, zeroPoint = panels.getFormat().zeroPoint;
  SmallVector<Value, 2> scaledSums;
  for (size_t index = 0; index < weight.size(); ++index)
    scaledSums.push_back(emit.splat(loadScaledSum(row.sums, group, static_cast<int64_t>(index)), width));
  Value total;
  if (tabulates) {
    total = addTabulated(row.scales, group, part, dots.front(), sum);
  } else {
    Value scaleAddress = emit.pointer(row.scales, emit.add(emit.mul(group, 4), activation.scalesOffset));
    Value scale = emit.splat(emit.load(emit.f32(), scaleAddress, 4), width);
    if (weight.size() == 1) {
      Value product = emit.mulf(emit.toFloat(dots[0]), scale);
      if (zeroPoint)
        product = emit.fma(scaledSums[0], emit.real(-static_cast<double>(zeroPoint), product.getType()), product);
      total = emit.fma(product, weight[0].scale, sum);
    } else {
      Value product = emit.mulf(emit.toFloat(dots[0]), weight[0].scale);
      for (size_t index = 1; index < weight.size(); ++index)
        product = emit.fma(emit.toFloat(dots[index]), weight[index].scale, product);
      total = emit.fma(product, scale, sum);
    }
  }
  for (auto [offset, scaledSum] : llvm::zip(offsets, scaledSums))
    if (offset)
      total = emit.fma(offset, scaledSum, total);
  return total;
}

SmallVector<Value> PanelProduct::accumulateFloats(ArrayRef<RowPointers> rows, Value group,
                                                  const WeightPanels::Group &weight, ValueRange sums) {
  SmallVector<Value> totals(sums);
  int64_t zeroPoint = panels.getFormat().zeroPoint, column = 0;
  auto words = cast<VectorType>(weight.front().codes.front().getType());
  Value zero = emit.integer(zeroPoint, words);
  for (const WeightPanels::Part &part : weight) {
    for (Value codes : part.codes) {
      for (int64_t byte = 0; byte < 4; ++byte, ++column) {
        Value code = emit.bitAnd(emit.shiftRight(codes, 8 * byte), 0xff);
        if (zeroPoint)
          code = emit.sub(code, zero);
        Value restored = part.minimum ? emit.fma(emit.toFloat(code), part.scale, part.minimum)
                                      : emit.mulf(emit.toFloat(code), part.scale);
        for (auto [row, total] : llvm::zip(rows, totals)) {
          Value address = emit.pointer(row.numbers, emit.add(emit.mul(group, encoding::groupColumns * 4), column * 4));
          Value activation = emit.splat(emit.load(emit.f32(), address, 4), words.getNumElements());
          total = emit.fma(activation, restored, total);
        }
      }
    }
  }
  return totals;
}
