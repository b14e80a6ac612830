//===- RowKernels.cpp - kernels whose grains are rows ---------------------===//

#include "codegen/cpu/Kernels.h"
#include "codegen/cpu/WeightPanels.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// The address of a row of an activation.
static Value rowAddress(Emitter &emit, Value tensor, Value base, Value row) {
  return emit.pointer(base, emit.mul(row, encoding::getActivationRowBytes(tensorOf(tensor))));
}

void codegen::emitEmbedding(Emitter &emit, kernel::EmbeddingOp op, const KernelArguments &arguments) {
  WeightPanels panels(tensorOf(op.getTable()));
  emit.loop(arguments.begin, arguments.end, [&](Value row) {
    Value token = loadToken(emit, arguments.step, row);
    Value panel = emit.pointer(arguments.inputs[0], emit.mul(emit.divide(token, lanes), panels.getPanelBytes()));
    panels.storeRow(emit, panel, emit.remainder(token, lanes),
                    rowAddress(emit, op.getResult(), arguments.outputs[0], row));
  });
}

void codegen::emitWantedRows(Emitter &emit, kernel::WantedRowsOp op, const KernelArguments &arguments) {
  int64_t columns = tensorOf(op.getResult()).getShape().back();
  emit.loop(arguments.begin, arguments.end, [&](Value index) {
    Value source = rowAddress(emit, op.getInput(), arguments.inputs[0], loadWantedRow(emit, arguments.step, index));
    Value destination = rowAddress(emit, op.getResult(), arguments.outputs[0], index);
    emit.loop(emit.integer(0), emit.integer(columns), lanes, [&](Value column) {
      Value offset = emit.mul(column, 4);
      emit.store(emit.load(emit.vector(emit.f32()), emit.pointer(source, offset), 64),
                 emit.pointer(destination, offset), 64);
    });
  });
}

void codegen::emitRopeTable(Emitter &emit, kernel::RopeTableOp op, const KernelArguments &arguments) {
  ArrayRef<float> frequencies = op.getFrequencies();
  int64_t pairs = frequencies.size(), padded = encoding::paddedToPanels(pairs);
  // Padding pairs turn by nothing, and vanish with a magnitude of 0.
  emit.loop(arguments.begin, arguments.end, [&](Value row) {
    Value position = loadPosition(emit, arguments.step, row);
    Value angleUnit = emit.toFloat(arith::TruncIOp::create(emit.builder, emit.i32(), position));
    Value table = rowAddress(emit, op.getResult(), arguments.outputs[0], row);
    for (int64_t pair = 0; pair < padded; ++pair) {
      Value cosine = emit.real(0.0), sine = emit.real(0.0);
      if (pair < pairs) {
        Value frequency = emit.real(frequencies[pair]);
        if (op.getFactors())
          frequency = emit.divf(frequency, emit.load(emit.f32(), emit.pointer(arguments.inputs[0], pair * 4), 4));
        Value angle = emit.mulf(angleUnit, frequency), magnitude = emit.real(op.getMagnitude().convertToFloat());
        cosine = emit.mulf(math::CosOp::create(emit.builder, angle), magnitude);
        sine = emit.mulf(math::SinOp::create(emit.builder, angle), magnitude);
      }
      emit.store(cosine, emit.pointer(table, pair * 4), 4);
      emit.store(sine, emit.pointer(table, (padded + pair) * 4), 4);
    }
  });
}

void codegen::emitNormQuantize(Emitter &emit, kernel::NormQuantizeOp op, const KernelArguments &arguments) {
  int64_t columns = tensorOf(op.getInput()).getShape().back();
  bool quantize = encoding::isQuantizedActivation(op.getResult().getType());
  Type vector = emit.vector(emit.f32());
  emit.loop(arguments.begin, arguments.end, [&](Value row) {
    Value input = rowAddress(emit, op.getInput(), arguments.inputs[0], row);
    Value output = rowAddress(emit, op.getResult(), arguments.outputs[0], row);
    auto load = [&](Value base, Value column) {
      return emit.load(vector, emit.pointer(base, emit.mul(column, 4)), 64);
    };
    Value inverse;
    if (op.getWeight()) {
      int64_t whole = columns / lanes * lanes;
      Value squares = emit.loop(emit.integer(0), emit.integer(whole), lanes, ValueRange{emit.real(0.0, vector)},
                                [&](Value column, ValueRange carried) {
                                  Value value = load(input, column);
                                  return SmallVector<Value>{emit.fma(value, value, carried[0])};
                                })[0];
      if (whole < columns) {
        // Lanes past the last column hold whatever the buffer held before.
        Value inside = arith::CmpIOp::create(emit.builder, arith::CmpIPredicate::slt, emit.laneIndices(),
                                             emit.integer(columns - whole, emit.vector(emit.i32())));
        Value value =
            arith::SelectOp::create(emit.builder, inside, load(input, emit.integer(whole)), emit.real(0.0, vector));
        squares = emit.fma(value, value, squares);
      }
      Value mean = emit.mulf(emit.reduceAdd(squares), emit.real(1.0 / static_cast<double>(columns)));
      Value variance = emit.addf(mean, emit.real(op.getEpsilon()->convertToFloat()));
      inverse = emit.splat(emit.divf(emit.real(1.0), math::SqrtOp::create(emit.builder, variance)));
    }
    auto normalized = [&](Value column) {
      Value value = load(input, column);
      return inverse ? emit.mulf(emit.mulf(value, inverse), load(arguments.inputs[1], column)) : value;
    };
    if (quantize) {
      emit.loop(emit.integer(0), emit.integer(columns / encoding::groupColumns), [&](Value group) {
        Value column = emit.mul(group, encoding::groupColumns);
        storeQuantizedGroup(emit, normalized(column), normalized(emit.add(column, lanes)), output, group,
                            tensorOf(op.getResult()));
      });
      return;
    }
    emit.loop(emit.integer(0), emit.integer(columns), lanes,
              [&](Value column) { emit.store(normalized(column), emit.pointer(output, emit.mul(column, 4)), 64); });
  });
}

void codegen::emitGeneric(Emitter &emit, kernel::GenericOp op, const KernelArguments &arguments) {
  int64_t columns = tensorOf(op.getResult()).getShape().back();
  emit.loop(arguments.begin, arguments.end, [&](Value row) {
    Value output = rowAddress(emit, op.getResult(), arguments.outputs[0], row);
    emit.loop(emit.integer(0), emit.integer(columns), lanes, [&](Value column) {
      SmallVector<Value> values = loadRegionOperands(emit, op.getOperands_(), arguments.inputs, row, column);
      emit.store(inlineRegion(emit, op.getBody(), values).front(), emit.pointer(output, emit.mul(column, 4)), 64);
    });
  });
}

void codegen::emitRope(Emitter &emit, kernel::RopeOp op, const KernelArguments &arguments) {
  int64_t dimension = op.getDimension(), pairs = dimension / 2, half = encoding::paddedToPanels(pairs);
  int64_t heads = tensorOf(op.getInput()).getShape().back() / dimension;
  bool interleaved = op.getStyle() == model::RopeStyle::Interleaved;
  auto loadAt = [&](Value base, Value index) {
    return emit.load(emit.f32(), emit.pointer(base, emit.mul(index, 4)), 4);
  };
  emit.loop(arguments.begin, arguments.end, [&](Value row) {
    Value input = rowAddress(emit, op.getInput(), arguments.inputs[0], row);
    Value table = rowAddress(emit, op.getTable(), arguments.inputs[1], row);
    Value output = rowAddress(emit, op.getResult(), arguments.outputs[0], row);
    emit.loop(emit.integer(0), emit.integer(heads), [&](Value head) {
      Value source = emit.pointer(input, emit.mul(head, dimension * 4));
      Value destination = emit.pointer(output, emit.mul(head, 2 * half * 4));
      auto storeAt = [&](Value value, Value index) {
        emit.store(value, emit.pointer(destination, emit.mul(index, 4)), 4);
      };
      emit.loop(emit.integer(0), emit.integer(pairs), [&](Value pair) {
        Value first = loadAt(source, interleaved ? emit.mul(pair, 2) : pair);
        Value second = loadAt(source, interleaved ? emit.add(emit.mul(pair, 2), 1) : emit.add(pair, pairs));
        Value cosine = loadAt(table, pair), sine = loadAt(table, emit.add(pair, half));
        storeAt(emit.subf(emit.mulf(first, cosine), emit.mulf(second, sine)), pair);
        storeAt(emit.addf(emit.mulf(first, sine), emit.mulf(second, cosine)), emit.add(pair, half));
      });
      emit.loop(emit.integer(pairs), emit.integer(half), [&](Value pair) {
        storeAt(emit.real(0.0), pair);
        storeAt(emit.real(0.0), emit.add(pair, half));
      });
    });
  });
}

void codegen::emitAppend(Emitter &emit, kernel::AppendOp op, const KernelArguments &arguments, CacheGeometry geometry) {
  model::KeyValueType type = op.getCache().getType();
  CacheLayout cache(type, geometry);
  Type vector = emit.vector(emit.f32());
  emit.loop(arguments.begin, arguments.end, [&](Value row) {
    Value key = rowAddress(emit, op.getKey(), arguments.inputs[0], row);
    Value value = rowAddress(emit, op.getValue(), arguments.inputs[1], row);
    Value position = loadPosition(emit, arguments.step, row);
    Value page =
        cache.loadPage(emit, op.getStep().getType(), arguments.step, row, emit.divide(position, cache.getPageRows()));
    Value inPage = emit.remainder(position, cache.getPageRows());
    emit.loop(emit.integer(0), emit.integer(type.getHeads()), [&](Value head) {
      Value keys = cache.keys(emit, arguments.states[0], page, head);
      Value source = emit.pointer(key, emit.mul(head, cache.getKeyDimension() * 4));
      emit.loop(emit.integer(0), emit.integer(cache.getKeyDimension() / 2 / lanes), [&](Value pairs) {
        Value first = emit.pointer(source, emit.mul(pairs, lanes * 4));
        Value second = emit.pointer(first, cache.getKeyDimension() / 2 * 4);
        cache.storeKey(emit, keys, inPage, pairs, emit.load(vector, first, 64), emit.load(vector, second, 64));
      });
      Value values = cache.values(emit, arguments.states[1], page, head);
      Value plain = emit.pointer(value, emit.mul(head, type.getDimension() * 4));
      if (cache.isQuantized()) {
        emit.loop(emit.integer(0), emit.integer(type.getDimension() / lanes), 2, [&](Value panel) {
          Value columns = emit.pointer(plain, emit.mul(panel, lanes * 4));
          cache.storeValue(emit, values, inPage, panel,
                           {emit.load(vector, columns, 64), emit.load(vector, emit.pointer(columns, lanes * 4), 64)});
        });
        return;
      }
      Value row = cache.valueAddress(emit, values, inPage, emit.integer(0));
      emit.loop(emit.integer(0), emit.integer(type.getDimension()), [&](Value index) {
        Value element = emit.load(emit.f32(), emit.pointer(plain, emit.mul(index, 4)), 4);
        emit.store(emit.round(element, cache.getElement()), emit.pointer(row, emit.mul(index, cache.getValueStride())),
                   cache.getElementBytes());
      });
    });
  });
}
