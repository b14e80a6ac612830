//===- RowKernels.cpp - kernels whose grains are rows ---------------------===//

#include "codegen/cpu/Kernels.h"
#include "codegen/cpu/WeightPanels.h"
#include "runtime/abi.h"

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
    std::optional<uint64_t> offset = op.getPositionOffset();
    Value index = offset ? emit.add(loadPosition(emit, arguments.step, row), static_cast<int64_t>(*offset))
                         : loadToken(emit, arguments.step, row);
    Value panel = emit.pointer(arguments.inputs[0], emit.mul(emit.divide(index, lanes), panels.getPanelBytes()));
    Value inPanel = emit.remainder(index, lanes);
    Value output = rowAddress(emit, op.getResult(), arguments.outputs[0], row);
    panels.storeRow(emit, panel, inPanel, output);
    if (op.getEpilogue().empty())
      return;
    emit.loop(emit.integer(0), emit.integer(panels.getColumns()), lanes, [&](Value column) {
      Value address = emit.pointer(output, emit.mul(column, 4));
      SmallVector<Value> values = {emit.load(emit.vector(emit.f32()), address, 64)};
      values.append(loadRegionOperands(emit, op.getOperands_(), ArrayRef(arguments.inputs).drop_front(), row, column));
      emit.store(inlineRegion(emit, op.getEpilogue(), values).front(), address, 64);
    });
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

void codegen::emitSequenceMean(Emitter &emit, kernel::SequenceMeanOp op, const KernelArguments &arguments) {
  int64_t columns = tensorOf(op.getResult()).getShape().back(),
          bytes = encoding::getActivationRowBytes(tensorOf(op.getInput()));
  Value count = emit.load(emit.i32(), emit.pointer(arguments.step, offsetof(IngotStep, rows)), 4);
  Value rows = arith::ExtUIOp::create(emit.builder, emit.i64(), count);
  emit.loop(arguments.begin, arguments.end, [&](Value index) {
    Value first = loadWantedRow(emit, arguments.step, index);
    Value end = emit.add(findLastRow(emit, op.getStep().getType(), arguments.step, rows, first), 1);
    Value number = arith::TruncIOp::create(emit.builder, emit.i32(), emit.sub(end, first));
    Value share = emit.splat(emit.divf(emit.real(1.0), emit.toFloat(number)));
    Value output = rowAddress(emit, op.getResult(), arguments.outputs[0], index);
    emit.loop(emit.integer(0), emit.integer(columns), lanes, [&](Value column) {
      Value offset = emit.mul(column, 4);
      Value sum = emit.loop(
          first, end, 1, ValueRange{emit.real(0.0, emit.vector(emit.f32()))}, [&](Value row, ValueRange carried) {
            Value address = emit.pointer(emit.pointer(arguments.inputs[0], emit.mul(row, bytes)), offset);
            return SmallVector<Value>{emit.addf(carried[0], emit.load(emit.vector(emit.f32()), address, 64))};
          })[0];
      emit.store(emit.mulf(sum, share), emit.pointer(output, offset), 64);
    });
  });
}

void codegen::emitSoftmax(Emitter &emit, kernel::SoftmaxOp op, const KernelArguments &arguments) {
  int64_t columns = tensorOf(op.getResult()).getShape().back();
  Type vector = emit.vector(emit.f32());
  emit.loop(arguments.begin, arguments.end, [&](Value row) {
    Value input = rowAddress(emit, op.getInput(), arguments.inputs[0], row);
    Value output = rowAddress(emit, op.getResult(), arguments.outputs[0], row);
    // What stands beyond the last column may be anything.
    auto select = [&](Value column, Value value, double otherwise) {
      Value left = arith::TruncIOp::create(emit.builder, emit.i32(), emit.sub(emit.integer(columns), column));
      Value inside =
          arith::CmpIOp::create(emit.builder, arith::CmpIPredicate::slt, emit.laneIndices(), emit.splat(left));
      return arith::SelectOp::create(emit.builder, inside, value, emit.real(otherwise, vector)).getResult();
    };
    auto fold = [&](Value base, double start, function_ref<Value(Value column, Value value, Value folded)> body) {
      return emit.loop(emit.integer(0), emit.integer(columns), lanes, ValueRange{emit.real(start, vector)},
                       [&](Value column, ValueRange carried) {
                         Value address = emit.pointer(base, emit.mul(column, 4));
                         return SmallVector<Value>{body(column, emit.load(vector, address, 64), carried[0])};
                       })[0];
    };
    constexpr double lowest = -std::numeric_limits<float>::infinity();
    Value largest = emit.splat(emit.reduceMax(fold(input, lowest, [&](Value column, Value value, Value folded) {
      return emit.maxf(folded, select(column, value, lowest));
    })));
    Value sum = emit.reduceAdd(fold(input, 0, [&](Value column, Value value, Value folded) {
      Value power = select(column, math::ExpOp::create(emit.builder, emit.subf(value, largest)), 0);
      emit.store(power, emit.pointer(output, emit.mul(column, 4)), 64);
      return emit.addf(folded, power);
    }));
    Value all = emit.splat(sum);
    emit.loop(emit.integer(0), emit.integer(columns), lanes, [&](Value column) {
      Value address = emit.pointer(output, emit.mul(column, 4));
      emit.store(emit.divf(emit.load(vector, address, 64), all), address, 64);
    });
  });
}

void codegen::emitRopeTable(Emitter &emit, kernel::RopeTableOp op, const KernelArguments &arguments) {
  ArrayRef<float> frequencies = op.getFrequencies();
  int64_t pairs = frequencies.size(), all = pairs + static_cast<int64_t>(op.getUnrotated());
  int64_t padded = encoding::paddedToPanels(all);
  // Padding pairs turn by nothing, and vanish with a magnitude of 0.
  emit.loop(arguments.begin, arguments.end, [&](Value row) {
    Value position = loadPosition(emit, arguments.step, row);
    Value angleUnit = emit.toFloat(arith::TruncIOp::create(emit.builder, emit.i32(), position));
    Value table = rowAddress(emit, op.getResult(), arguments.outputs[0], row);
    for (int64_t pair = 0; pair < padded; ++pair) {
      Value cosine = emit.real(pair < all ? 1.0 : 0.0), sine = emit.real(0.0);
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

namespace {
/// Norms of pieces of rows, `columns` numbers each, which need not begin where whole vectors do.
class PieceNorm {
public:
  PieceNorm(Emitter &emit, kernel::NormQuantizeOp op, const KernelArguments &arguments)
      : emit(emit), op(op), columns(tensorOf(op.getInput()).getShape().back() / static_cast<int64_t>(op.getGroups())),
        alignment(op.getGroups() == 1 || columns % lanes == 0 ? lanes * 4 : 4) {
    if (op.getWeight())
      weight = arguments.inputs[1];
    if (op.getBias())
      bias = arguments.inputs[op.getWeight() ? 2 : 1];
  }

  /// Takes the piece at `address`, number `index` of its row.
  void begin(Value address, Value index) {
    input = address;
    piece = index;
    mean = {};
    if (op.getCentered())
      mean = emit.splat(average([](Value value, Value sum, auto add) { return add(value, sum); }));
    Value squares = average([&](Value value, Value sum, auto) { return emit.fma(value, value, sum); });
    Value variance = emit.addf(squares, emit.real(op.getEpsilon()->convertToFloat()));
    inverse = emit.splat(emit.divf(emit.real(1.0), math::SqrtOp::create(emit.builder, variance)));
  }

  /// Numbers column .. column + 15 of the result; those beyond the piece, of which the first `count` are not, mean
  /// nothing.
  Value normalize(Value column, int64_t count = lanes) {
    Value value = emit.mulf(center(load(input, column, count)), inverse);
    if (weight)
      value = emit.mulf(value, loadParameter(op.getWeight(), weight, column, count));
    return bias ? emit.addf(value, loadParameter(op.getBias(), bias, column, count)) : value;
  }

  int64_t getColumns() const { return columns; }
  unsigned getAlignment() const { return alignment; }

private:
  /// What stands beyond a row, or a vector of parameters, is there up to whole vectors from its beginning.
  Value load(Value base, Value column, int64_t count = lanes) {
    Value address = emit.pointer(base, emit.mul(column, 4));
    return count < lanes && alignment < lanes * 4 ? emit.loadLanes(address, count)
                                                  : emit.load(emit.vector(emit.f32()), address, alignment);
  }

  /// Of a vector as long as a piece, or as the row.
  Value loadParameter(Value operand, Value base, Value column, int64_t count) {
    bool isOfRow = op.getGroups() > 1 && tensorOf(operand).getShape().back() != columns;
    return load(isOfRow ? emit.pointer(base, emit.mul(piece, columns * 4)) : base, column, count);
  }

  Value center(Value value) { return mean ? emit.subf(value, mean) : value; }

  /// The mean of what `accumulate` adds up, of the piece's numbers less their mean where that is known.
  template <typename Accumulate> Value average(Accumulate accumulate) {
    Type vector = emit.vector(emit.f32());
    auto add = [&](Value a, Value b) { return emit.addf(a, b); };
    int64_t whole = columns / lanes * lanes;
    Value sums = emit.loop(emit.integer(0), emit.integer(whole), lanes, ValueRange{emit.real(0.0, vector)},
                           [&](Value column, ValueRange carried) {
                             return SmallVector<Value>{accumulate(center(load(input, column)), carried[0], add)};
                           })[0];
    if (whole < columns) {
      // Lanes past the last column hold whatever the buffer held before.
      Value inside = arith::CmpIOp::create(emit.builder, arith::CmpIPredicate::slt, emit.laneIndices(),
                                           emit.integer(columns - whole, emit.vector(emit.i32())));
      Value last = center(load(input, emit.integer(whole), columns - whole));
      Value value = arith::SelectOp::create(emit.builder, inside, last, emit.real(0.0, vector));
      sums = accumulate(value, sums, add);
    }
    return emit.mulf(emit.reduceAdd(sums), emit.real(1.0 / static_cast<double>(columns)));
  }

  Emitter &emit;
  kernel::NormQuantizeOp op;
  int64_t columns;
  unsigned alignment;
  Value weight, bias, input, piece, mean, inverse;
};
} // namespace

void codegen::emitNormQuantize(Emitter &emit, kernel::NormQuantizeOp op, const KernelArguments &arguments) {
  int64_t columns = tensorOf(op.getInput()).getShape().back(), groups = op.getGroups();
  bool quantize = encoding::isQuantizedActivation(op.getResult().getType());
  PieceNorm norm(emit, op, arguments);
  emit.loop(arguments.begin, arguments.end, [&](Value row) {
    Value input = rowAddress(emit, op.getInput(), arguments.inputs[0], row);
    Value output = rowAddress(emit, op.getResult(), arguments.outputs[0], row);
    auto store = [&](Value value, Value base, Value column) {
      emit.store(value, emit.pointer(base, emit.mul(column, 4)), norm.getAlignment());
    };
    if (groups > 1) {
      emit.loop(emit.integer(0), emit.integer(groups), [&](Value piece) {
        Value offset = emit.mul(piece, norm.getColumns() * 4), destination = emit.pointer(output, offset);
        norm.begin(emit.pointer(input, offset), piece);
        int64_t whole = norm.getColumns() / lanes * lanes, rest = norm.getColumns() - whole;
        emit.loop(emit.integer(0), emit.integer(whole), lanes,
                  [&](Value column) { store(norm.normalize(column), destination, column); });
        if (rest)
          emit.storeLanes(norm.normalize(emit.integer(whole), rest), emit.pointer(destination, whole * 4), rest);
      });
      return;
    }
    if (op.isNorm())
      norm.begin(input, emit.integer(0));
    auto result = [&](Value column) {
      return op.isNorm() ? norm.normalize(column)
                         : emit.load(emit.vector(emit.f32()), emit.pointer(input, emit.mul(column, 4)), 64);
    };
    if (quantize) {
      emit.loop(emit.integer(0), emit.integer(columns / encoding::groupColumns), [&](Value group) {
        Value column = emit.mul(group, encoding::groupColumns);
        storeQuantizedGroup(emit, result(column), result(emit.add(column, lanes)), output, group,
                            tensorOf(op.getResult()));
      });
      return;
    }
    emit.loop(emit.integer(0), emit.integer(columns), lanes,
              [&](Value column) { store(result(column), output, column); });
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

void codegen::emitPairHeads(Emitter &emit, kernel::PairHeadsOp op, const KernelArguments &arguments) {
  int64_t dimension = op.getDimension(), pairs = dimension / 2, half = encoding::paddedToPanels(pairs);
  int64_t heads = tensorOf(op.getInput()).getShape().back() / dimension;
  int64_t rotatedPairs = op.countRotated() / 2, stillPairs = pairs - rotatedPairs;
  bool interleaved = op.getStyle() == model::RopeStyle::Interleaved;
  auto loadAt = [&](Value base, Value index) {
    return emit.load(emit.f32(), emit.pointer(base, emit.mul(index, 4)), 4);
  };
  emit.loop(arguments.begin, arguments.end, [&](Value row) {
    Value input = rowAddress(emit, op.getInput(), arguments.inputs[0], row);
    Value table = op.getTable() ? rowAddress(emit, op.getTable(), arguments.inputs[1], row) : Value();
    Value output = rowAddress(emit, op.getResult(), arguments.outputs[0], row);
    emit.loop(emit.integer(0), emit.integer(heads), [&](Value head) {
      Value source = emit.pointer(input, emit.mul(head, dimension * 4));
      Value destination = emit.pointer(output, emit.mul(head, 2 * half * 4));
      auto storeAt = [&](Value value, Value index) {
        emit.store(value, emit.pointer(destination, emit.mul(index, 4)), 4);
      };
      emit.loop(emit.integer(0), emit.integer(rotatedPairs), [&](Value pair) {
        Value first = loadAt(source, interleaved ? emit.mul(pair, 2) : pair);
        Value second = loadAt(source, interleaved ? emit.add(emit.mul(pair, 2), 1) : emit.add(pair, rotatedPairs));
        Value cosine = loadAt(table, pair), sine = loadAt(table, emit.add(pair, half));
        storeAt(emit.subf(emit.mulf(first, cosine), emit.mulf(second, sine)), pair);
        storeAt(emit.addf(emit.mulf(first, sine), emit.mulf(second, cosine)), emit.add(pair, half));
      });
      emit.loop(emit.integer(rotatedPairs), emit.integer(pairs), [&](Value pair) {
        Value first = emit.add(pair, rotatedPairs);
        storeAt(loadAt(source, first), pair);
        storeAt(loadAt(source, emit.add(first, stillPairs)), emit.add(pair, half));
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
