//===- MatrixKernels.cpp - matmul, gated_matmul, qkv_rope_append ----------===//
//
// All three are the same register tile, one panel of 16 weight rows times a few
// activation rows over all columns, with different ends.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Kernels.h"
#include "codegen/cpu/WeightPanels.h"
#include "target/CpuTarget.h"

#include <cmath>

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;

namespace {
/// One weight matrix times the activation rows of one step.
class PanelProduct {
public:
  PanelProduct(Emitter &emit, Value input, Value weight, Value inputPointer, Value weightPointer,
               kernel::RowRangeAttr rows)
      : emit(emit), inputType(cast<RankedTensorType>(input.getType())), activation(inputType),
        panels(cast<RankedTensorType>(weight.getType())), inputPointer(inputPointer), weightPointer(weightPointer),
        integerInput(encoding::isQuantizedActivation(inputType)), mostRows(rows.getLast()),
        tileRows(mostRows == 1   ? 1
                 : mostRows <= 8 ? emit.cpu.tiles.fewRows
                                 : emit.cpu.tiles.manyRows) {}

  /// Rows of the tile that is being written.
  int64_t getTileRows() const { return tileRows; }

  /// Rows from `first` to before `end`.
  struct RowBlock {
    Value first, end;
  };
  /// Calls `body` for blocks of the `rows` rows whose activations stay in the second cache while weights pass by.
  void forEachRowBlock(Value rows, function_ref<void(RowBlock)> body) {
    int64_t rowBytes = activation.bytes, tiles = emit.cpu.tiles.rowBlockBytes / (rowBytes * tileRows);
    int64_t blockRows = std::max<int64_t>(tiles, 1) * tileRows;
    if (blockRows >= mostRows)
      return body({emit.integer(0), rows});
    emit.loop(emit.integer(0), rows, blockRows,
              [&](Value first) { body({first, emit.minimum(emit.add(first, blockRows), rows)}); });
  }

  /// Calls `body(firstRow)` for all tiles of a block, after which compute() takes the panels from `firstPanel` on;
  /// buffers hold whole tiles. A row that is left over, such as the only one whose logits are wanted, is a tile of its
  /// own: `body` is called once more, to write that.
  void forEachTile(RowBlock block, Value firstPanel, int64_t panelCount, function_ref<void(Value)> body) {
    weightsPointer = emit.pointer(weightPointer, emit.mul(firstPanel, panels.getPanelBytes()));
    int64_t whole = tileRows;
    Value rows = emit.sub(block.end, block.first);
    Value tiles = whole == 1 ? rows : emit.divide(emit.add(rows, whole - 2), whole);
    Value wholeEnd = emit.add(block.first, emit.mul(tiles, whole));
    tabulates = whole > 1 && canTabulate(panelCount);
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

  /// Panel `panel` of forEachTile() times rows firstRow .. firstRow + tile - 1: a vector of 16 outputs per row.
  SmallVector<Value> compute(int64_t panel, Value firstRow) {
    Value weights = emit.pointer(weightsPointer, panel * panels.getPanelBytes());
    if (tabulates)
      table = emit.pointer(tables, panel * tableBytes());
    Value tile = emit.pointer(inputPointer, emit.mul(firstRow, activation.bytes));
    SmallVector<Value> rows;
    for (int64_t row = 0; row < tileRows; ++row)
      rows.push_back(emit.pointer(tile, row * activation.bytes));
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

private:
  using Row = encoding::ActivationRow;

  /// Scales of activations have few significands. So the products of a weight's scale with each of them are made once
  /// for all tiles, and the exponent is added as an integer: of three floating-point multiplications for each group and
  /// row, which wait for the unit that the dot products need, one is saved. All products are exact: bits are those that
  /// the sum without tables has.
  ///
  /// Formats with a zero point need the scale itself, those with two parts in a group share it between them. With
  /// registers of eight lanes, the products of bytes bind and there is nothing to gain
  /// (test/codegen/cpu/loop_cycles.mlir).
  bool canTabulate(int64_t panelCount) const {
    const encoding::WeightFormat &format = panels.getFormat();
    return mostRows > 8 && emit.cpu.registerLanes == lanes && integerInput && format.isQuantized() &&
           format.hasMinimum() && format.getSumColumns() == encoding::groupColumns &&
           panelCount * tableBytes() <= mostTableBytes;
  }
  /// Beyond it, tables would displace what they are used with.
  static constexpr int64_t mostTableBytes = 256 << 10;

  /// A panel's table: [group][significand][16 rows] f32.
  int64_t tableBytes() const { return panels.getColumns() / encoding::groupColumns * tableGroupBytes; }
  static constexpr int64_t tableGroupBytes = Row::significands * lanes * 4;

  void tabulateScales(int64_t panelCount) {
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

  /// sum + activation scale · weight scale · dot, by the table.
  Value addTabulated(Value row, Value group, const PanelLanes &part, Value dot, Value sum) {
    int64_t width = part.count;
    auto field = [&](int64_t offset) {
      return emit.load(emit.i32(), emit.pointer(row, emit.add(emit.mul(group, 4), offset)), 4);
    };
    // The bits after the leading one select the vector.
    constexpr int64_t vectorBytes = lanes * 4, place = 24 - Row::significandBits;
    Value significand = emit.bitAnd(emit.shiftRight(field(activation.scalesOffset), place), Row::significands - 1);
    Value offset = emit.mul(arith::ExtUIOp::create(emit.builder, emit.i64(), significand), vectorBytes);
    Value scales =
        emit.pointer(emit.pointer(table, emit.add(emit.mul(group, tableGroupBytes), part.first * 4)), offset);
    VectorType reals = emit.vector(emit.f32(), width), words = emit.vector(emit.i32(), width);
    Value exponent = emit.splat(field(activation.exponentsOffset), width);
    Value shifted = emit.add(emit.bitcast(emit.toFloat(dot), words), exponent);
    return emit.fma(emit.bitcast(shifted, reals), emit.load(reals, scales, static_cast<unsigned>(width * 4)), sum);
  }

  SmallVector<Value> compute(Value weights, ArrayRef<Value> rows, PanelLanes part) {
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

  /// A product of one row reads weights from memory: with the lines of this group, prefetches those `prefetchBytes`
  /// after them, be they in the next panel or matrix.
  void prefetchWeights(Value weights, Value group) {
    int64_t distance = emit.cpu.tiles.prefetchBytes, cacheLine = 64;
    if (tileRows != 1 || !distance)
      return;
    int64_t groupBytes = panels.getPanelBytes() * encoding::groupColumns / panels.getColumns();
    Value first = emit.pointer(weights, emit.add(emit.mul(group, groupBytes), distance));
    for (int64_t offset = 0; offset < groupBytes; offset += cacheLine)
      emit.prefetch(emit.pointer(first, offset));
  }

  /// Plain weights: one column at a time.
  SmallVector<Value> computePlain(Value weights, ArrayRef<Value> rows, ValueRange zeros, PanelLanes part) {
    auto accumulate = [&](Value column, ValueRange sums) {
      Value weight = panels.loadColumn(emit, weights, column, part);
      SmallVector<Value> next;
      for (auto [row, sum] : llvm::zip(rows, sums)) {
        Value activation = emit.load(emit.f32(), emit.pointer(row, emit.mul(column, 4)), 4);
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

  /// The f32 sum that zero points and minima of part `part` of a group are multiplied with: scale · Σ code.
  Value loadScaledSum(Value row, Value group, int64_t part) {
    int64_t columns = panels.getFormat().getSumColumns(), sums = encoding::groupColumns / activation.sumColumns;
    Value address = emit.pointer(row, emit.add(emit.mul(group, 4 * sums), activation.sumsOffset));
    auto load = [&](int64_t index) { return emit.load(emit.f32(), emit.pointer(address, index * 4), 4); };
    if (columns == activation.sumColumns)
      return load(part);
    // Another consumer of the activation wanted halves.
    return emit.addf(load(0), load(1));
  }

  /// Integer weights and integer activations: eight byte dot products per group, then one scaling per part. One part:
  ///   Σ w x = scale · (activationScale · dot - zeroPoint · scaledSum) + minimum · scaledSum
  /// Several share the activation's scale, so that it comes after their sum:
  ///   Σ w x = activationScale · Σ_part scale · dot + Σ_part (minimum or -zeroPoint · scale) · scaledSum
  SmallVector<Value> accumulateCodes(ArrayRef<Value> rows, Value group, const WeightPanels::Group &weight,
                                     ValueRange sums, PanelLanes lanesOfPart) {
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
      for (Value row : rows.slice(first, together)) {
        Value codes = emit.pointer(row, emit.mul(group, encoding::groupColumns));
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

  /// sum + what the dots of a row's group stand for. `offsets`: what its scaled sums are multiplied with, or null.
  Value addDots(Value row, Value group, const WeightPanels::Group &weight, ValueRange offsets, ValueRange dots,
                Value sum, PanelLanes part) {
    int64_t width = part.count, zeroPoint = panels.getFormat().zeroPoint;
    SmallVector<Value, 2> scaledSums;
    for (size_t index = 0; index < weight.size(); ++index)
      scaledSums.push_back(emit.splat(loadScaledSum(row, group, static_cast<int64_t>(index)), width));
    Value total;
    if (tabulates) {
      total = addTabulated(row, group, part, dots.front(), sum);
    } else {
      Value scaleAddress = emit.pointer(row, emit.add(emit.mul(group, 4), activation.scalesOffset));
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

  /// Integer weights and exact activations: weights are restored in registers.
  SmallVector<Value> accumulateFloats(ArrayRef<Value> rows, Value group, const WeightPanels::Group &weight,
                                      ValueRange sums) {
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
            Value address = emit.pointer(row, emit.add(emit.mul(group, encoding::groupColumns * 4), column * 4));
            Value activation = emit.splat(emit.load(emit.f32(), address, 4), words.getNumElements());
            total = emit.fma(activation, restored, total);
          }
        }
      }
    }
    return totals;
  }

  Emitter &emit;
  RankedTensorType inputType;
  encoding::ActivationRow activation;
  WeightPanels panels;
  Value inputPointer, weightPointer;
  bool integerInput, tabulates = false;
  /// The panels of forEachTile(), the tables of all of them, that of the panel that is computed.
  Value weightsPointer, tables, table;
  int64_t tablePanels = 0; ///< that `tables` has room for
  int64_t mostRows, tileRows;
};
} // namespace

/// Asks for what loadRegionOperands will read once a tile's sums are there: rows of many columns, of which each tile
/// takes one cache line, so that the CPU cannot foresee the next.
static void prefetchRegionOperands(Emitter &emit, ValueRange operands, ValueRange pointers, Value firstRow,
                                   int64_t rows, Value column) {
  for (auto [operand, address] : llvm::zip(operands, pointers)) {
    auto type = cast<RankedTensorType>(operand.getType());
    if (type.getRank() != 2)
      continue;
    for (int64_t offset = 0; offset < rows; ++offset) {
      Value row = emit.mul(emit.add(firstRow, offset), encoding::getActivationRowBytes(type));
      emit.prefetch(emit.pointer(emit.pointer(address, row), emit.mul(column, 4)));
    }
  }
}

/// matmul and gated_matmul: `accumulators` panels of weights per panel of outputs, an elementwise epilogue, and a store
/// that rounds where the result's type says so.
template <typename Op>
static void emitElementwiseMatmul(Emitter &emit, Op op, const KernelArguments &arguments, kernel::RowRangeAttr rows,
                                  int64_t accumulators) {
  auto resultType = cast<RankedTensorType>(op.getResult().getType());
  bool quantize = encoding::isQuantizedActivation(resultType);
  uint64_t stride = encoding::getActivationRowBytes(resultType);
  PanelProduct product(emit, op.getInput(), op.getWeight(), arguments.inputs[0], arguments.inputs[1], rows);
  ArrayRef<Value> operandPointers = ArrayRef(arguments.inputs).drop_front(2);
  Value scratch = quantize ? emit.stack(product.getTileRows() * encoding::groupColumns * 4) : Value();
  int64_t panelsPerGrain = quantize ? 2 : 1;

  auto emitGrain = [&](Value grain, PanelProduct::RowBlock block) {
    int64_t grainPanels = panelsPerGrain * accumulators;
    product.forEachTile(block, emit.mul(grain, grainPanels), grainPanels, [&](Value firstRow) {
      int64_t tileRows = product.getTileRows();
      for (int64_t part = 0; part < panelsPerGrain; ++part) {
        Value panel = emit.add(emit.mul(grain, panelsPerGrain), part), column = emit.mul(panel, lanes);
        if (rows.getLast() > 8)
          prefetchRegionOperands(emit, op.getOperands_(), operandPointers, firstRow, tileRows, column);
        SmallVector<SmallVector<Value>> sums;
        for (int64_t index = 0; index < accumulators; ++index)
          sums.push_back(product.compute(part * accumulators + index, firstRow));
        for (int64_t offset = 0; offset < tileRows; ++offset) {
          Value row = emit.add(firstRow, offset);
          SmallVector<Value> inputs;
          for (SmallVector<Value> &sum : sums)
            inputs.push_back(sum[offset]);
          inputs.append(loadRegionOperands(emit, op.getOperands_(), operandPointers, row, column));
          Value value = inlineRegion(emit, op.getEpilogue(), inputs).front();
          Value address =
              quantize ? emit.pointer(scratch, (offset * encoding::groupColumns + part * lanes) * 4)
                       : emit.pointer(arguments.outputs[0], emit.add(emit.mul(row, stride), emit.mul(column, 4)));
          emit.store(value, address, 64);
        }
      }
      if (!quantize)
        return;
      for (int64_t offset = 0; offset < tileRows; ++offset) {
        Value values = emit.pointer(scratch, offset * encoding::groupColumns * 4);
        Value first = emit.load(emit.vector(emit.f32()), values, 64);
        Value second = emit.load(emit.vector(emit.f32()), emit.pointer(values, lanes * 4), 64);
        Value row = emit.pointer(arguments.outputs[0], emit.mul(emit.add(firstRow, offset), stride));
        storeQuantizedGroup(emit, first, second, row, grain, resultType);
      }
    });
  };
  product.forEachRowBlock(arguments.rows, [&](PanelProduct::RowBlock block) {
    emit.loop(arguments.begin, arguments.end, [&](Value grain) { emitGrain(grain, block); });
  });
}

void codegen::emitMatmul(Emitter &emit, kernel::MatmulOp op, const KernelArguments &arguments,
                         kernel::RowRangeAttr rows) {
  emitElementwiseMatmul(emit, op, arguments, rows, 1);
}

void codegen::emitGatedMatmul(Emitter &emit, kernel::GatedMatmulOp op, const KernelArguments &arguments,
                              kernel::RowRangeAttr rows) {
  emitElementwiseMatmul(emit, op, arguments, rows, 2);
}

void codegen::emitQkvRopeAppend(Emitter &emit, kernel::QkvRopeAppendOp op, const KernelArguments &arguments,
                                kernel::RowRangeAttr rows, CacheGeometry geometry) {
  model::KeyValueType cacheType = op.getCache().getType();
  CacheLayout cache(cacheType, geometry);
  PanelProduct product(emit, op.getInput(), op.getWeight(), arguments.inputs[0], arguments.inputs[1], rows);
  uint64_t queryStride = encoding::getActivationRowBytes(cast<RankedTensorType>(op.getQuery().getType()));
  ArrayRef<Value> operandPointers = ArrayRef(arguments.inputs).slice(2, op.getOperands_().size());
  int64_t half = cache.getKeyDimension() / 2, pairsPerHead = half / lanes;
  int64_t panelsPerHead = cache.getValueDimension() / lanes;
  int64_t queryPairs = op.getHeads() * pairsPerHead, keyPairs = cacheType.getHeads() * pairsPerHead;

  auto clamp = [&](Value grain, int64_t first, int64_t last) {
    return emit.minimum(emit.maximum(grain, emit.integer(first)), emit.integer(last));
  };
  // Calls `body` for the grains of this worker that lie in [first, last).
  auto section = [&](int64_t first, int64_t last, function_ref<void(Value)> body) {
    emit.loop(clamp(arguments.begin, first, last), clamp(arguments.end, first, last), body);
  };
  // What becomes of the sums of `panel` before they are rotated or stored.
  auto finish = [&](Value sums, Value row, Value panel) {
    if (op.getEpilogue().empty())
      return sums;
    SmallVector<Value> inputs = {sums};
    inputs.append(loadRegionOperands(emit, op.getOperands_(), operandPointers, row, emit.mul(panel, lanes)));
    return inlineRegion(emit, op.getEpilogue(), inputs).front();
  };
  auto rotate = [&](SmallVector<Value> members, Value row, Value pair) {
    if (!op.getTable())
      return members;
    uint64_t stride = encoding::getActivationRowBytes(cast<RankedTensorType>(op.getTable().getType()));
    Value table = emit.pointer(arguments.inputs.back(), emit.add(emit.mul(row, stride), emit.mul(pair, lanes * 4)));
    members.push_back(emit.load(emit.vector(emit.f32()), table, 64));
    members.push_back(emit.load(emit.vector(emit.f32()), emit.pointer(table, half * 4), 64));
    return inlineRegion(emit, op.getRotation(), members);
  };
  auto emitPairs = [&](Value grain, PanelProduct::RowBlock block,
                       function_ref<void(Value row, Value pair, Value first, Value second)> store) {
    Value pair = emit.remainder(grain, pairsPerHead), panel = emit.mul(grain, 2);
    product.forEachTile(block, panel, 2, [&](Value firstRow) {
      SmallVector<Value> firsts = product.compute(0, firstRow);
      SmallVector<Value> seconds = product.compute(1, firstRow);
      for (int64_t offset = 0; offset < product.getTileRows(); ++offset) {
        Value row = emit.add(firstRow, offset);
        SmallVector<Value> members = {finish(firsts[offset], row, panel),
                                      finish(seconds[offset], row, emit.add(panel, 1))};
        members = rotate(std::move(members), row, pair);
        store(row, pair, members[0], members[1]);
      }
    });
  };
  // Rows past the last one exist in buffers, but not in the cache.
  auto inPage = [&](Value row, function_ref<void(Value page, Value positionInPage)> body) {
    emit.when(emit.less(row, arguments.rows), [&] {
      Value position = loadPosition(emit, arguments.step, row);
      Value page =
          cache.loadPage(emit, op.getStep().getType(), arguments.step, row, emit.divide(position, cache.getPageRows()));
      body(page, emit.remainder(position, cache.getPageRows()));
    });
  };

  int64_t valuesBegin = queryPairs + keyPairs;
  int64_t panelsPerGrain = target::getValuePanelsPerGrain(cacheType);
  int64_t valuesEnd = valuesBegin + cacheType.getHeads() * panelsPerHead / panelsPerGrain;
  product.forEachRowBlock(arguments.rows, [&](PanelProduct::RowBlock block) {
    section(0, queryPairs, [&](Value grain) {
      emitPairs(grain, block, [&](Value row, Value pair, Value first, Value second) {
        Value head = emit.divide(grain, pairsPerHead);
        Value offset = emit.add(emit.mul(row, queryStride), emit.mul(head, cache.getKeyDimension() * 4));
        Value address = emit.pointer(arguments.outputs[0], emit.add(offset, emit.mul(pair, lanes * 4)));
        emit.store(first, address, 64);
        emit.store(second, emit.pointer(address, half * 4), 64);
      });
    });
    section(queryPairs, queryPairs + keyPairs, [&](Value grain) {
      emitPairs(grain, block, [&](Value row, Value pair, Value first, Value second) {
        inPage(row, [&](Value page, Value positionInPage) {
          Value head = emit.divide(emit.sub(grain, emit.integer(queryPairs)), pairsPerHead);
          Value keys = cache.keys(emit, arguments.states[0], page, head);
          cache.storeKey(emit, keys, positionInPage, pair, first, second);
        });
      });
    });
    section(valuesBegin, valuesEnd, [&](Value grain) {
      Value first = emit.mul(emit.sub(grain, emit.integer(valuesBegin)), panelsPerGrain);
      Value head = emit.divide(first, panelsPerHead);
      Value part = emit.remainder(first, panelsPerHead);
      Value firstPanel = emit.add(first, 2 * valuesBegin);
      product.forEachTile(block, firstPanel, panelsPerGrain, [&](Value firstRow) {
        SmallVector<SmallVector<Value>> panels;
        for (int64_t panel = 0; panel < panelsPerGrain; ++panel)
          panels.push_back(product.compute(panel, firstRow));
        for (int64_t offset = 0; offset < product.getTileRows(); ++offset) {
          Value row = emit.add(firstRow, offset);
          inPage(row, [&](Value page, Value positionInPage) {
            SmallVector<Value> columns;
            for (auto [index, values] : llvm::enumerate(panels))
              columns.push_back(finish(values[offset], row, emit.add(firstPanel, static_cast<int64_t>(index))));
            cache.storeValue(emit, cache.values(emit, arguments.states[1], page, head), positionInPage, part, columns);
          });
        }
      });
    });
  });
}
