//===- MatrixKernels.cpp - matmul, gated_matmul, qkv_rope_append ----------===//
//
// All three are the same register tile, one panel of 16 weight rows times a few
// activation rows over all columns, with different ends.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Kernels.h"
#include "codegen/cpu/PanelProduct.h"
#include "target/CpuTarget.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;

/// Asks for what loadRegionOperands will read once a tile's sums are there: rows of many columns, of which each tile
/// takes one cache line, so that the CPU cannot foresee the next.
static void prefetchRegionOperands(Emitter &emit, ValueRange operands, ValueRange pointers, Value firstRow,
                                   int64_t rows, Value column) {
  for (auto [operand, address] : llvm::zip(operands, pointers)) {
    auto type = cast<RankedTensorType>(operand.getType());
    if (type.getRank() != 2 || type.getShape().back() == 1)
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
