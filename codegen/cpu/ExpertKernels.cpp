//===- ExpertKernels.cpp - mixtures of experts ----------------------------===//
//
// Which experts a row has, which rows an expert has, and the products of those rows with
// that expert's matrices. Only the matrices of experts that have rows are read.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Kernels.h"
#include "codegen/cpu/PanelProduct.h"
#include "target/CpuTarget.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;

static RankedTensorType tensorOf(Value value) { return cast<RankedTensorType>(value.getType()); }

namespace {
/// Numbers of 32 bits one after the other.
class Words {
public:
  Words(Emitter &emit, Value base) : emit(emit), base(base) {}

  Value address(Value index) const { return emit.pointer(base, emit.mul(index, 4)); }
  /// Word `index`, as an i64 that is not negative.
  Value load(Value index) const {
    return arith::ExtUIOp::create(emit.builder, emit.i64(), emit.load(emit.i32(), address(index), 4));
  }
  Value loadReal(Value index) const { return emit.load(emit.f32(), address(index), 4); }
  void store(Value value, Value index) const {
    if (value.getType().isInteger(64))
      value = arith::TruncIOp::create(emit.builder, emit.i32(), value);
    emit.store(value, address(index), 4);
  }
  /// Sets the first `count` words to 0; there is room for whole vectors.
  void clear(int64_t count) const {
    emit.loop(emit.integer(0), emit.integer(count), lanes,
              [&](Value index) { emit.store(emit.integer(0, emit.vector(emit.i32())), address(index), 64); });
  }

private:
  Emitter &emit;
  Value base;
};

/// The table of kernel.group_rows.
class Groups {
public:
  Groups(Emitter &emit, Value base, int64_t experts, int64_t count)
      : emit(emit), words(emit, base), table(experts), count(count) {}

  Value countGroups() const { return words.load(emit.integer(0)); }
  Value loadExpert(Value group) const { return words.load(emit.add(group, table.expertsBegin)); }
  /// The group's entries.
  PanelProduct::RowBlock loadEntries(Value group) const {
    Value first = emit.add(group, table.firstEntries);
    return {words.load(first), words.load(emit.add(first, 1))};
  }
  struct Entry {
    Value row, place, weight;
  };
  Entry loadEntry(Value index) const {
    Value address = emit.add(emit.mul(index, table.entryWords), table.entries);
    Value slot = words.load(address), row = emit.divide(slot, count);
    return {row, emit.sub(slot, emit.mul(row, count)), words.loadReal(emit.add(address, 1))};
  }

  void storeGroup(Value group, Value expert, Value firstEntry) const {
    words.store(expert, emit.add(group, table.expertsBegin));
    storeFirstEntry(group, firstEntry);
  }
  void storeFirstEntry(Value group, Value entry) const { words.store(entry, emit.add(group, table.firstEntries)); }
  void storeCount(Value groups) const { words.store(groups, emit.integer(0)); }
  void storeEntry(Value index, Value row, Value place, Value weight) const {
    Value address = emit.add(emit.mul(index, table.entryWords), table.entries);
    words.store(emit.add(emit.mul(row, count), place), address);
    words.store(weight, emit.add(address, 1));
  }

private:
  Emitter &emit;
  Words words;
  kernel::GroupTable table;
  int64_t count;
};
} // namespace

static Value isEqual(Emitter &emit, Value a, int64_t b) {
  return arith::CmpIOp::create(emit.builder, arith::CmpIPredicate::eq, a, emit.integer(b, a.getType()));
}
static Value choose(Emitter &emit, Value condition, Value a, Value b) {
  return arith::SelectOp::create(emit.builder, condition, a, b);
}

void codegen::emitChooseExperts(Emitter &emit, kernel::ChooseExpertsOp op, const KernelArguments &arguments) {
  RankedTensorType inputType = tensorOf(op.getInput()), resultType = tensorOf(op.getResult());
  int64_t experts = inputType.getShape().back(), count = op.getCount();
  int64_t scratchBytes = encoding::paddedToPanels(experts) * 4;
  Words isChosen(emit, emit.stack(scratchBytes)), powers(emit, emit.stack(scratchBytes));
  Value none = emit.integer(0), all = emit.integer(experts);
  emit.loop(arguments.begin, arguments.end, [&](Value row) {
    Words logits(emit, emit.pointer(arguments.inputs[0], emit.mul(row, encoding::getActivationRowBytes(inputType))));
    Words choice(emit, emit.pointer(arguments.outputs[0], emit.mul(row, encoding::getActivationRowBytes(resultType))));
    isChosen.clear(experts);
    // Whatever the logits are, NaN for instance, experts that exist are chosen, each once.
    auto takeLargest = [&] {
      SmallVector<Value> best =
          emit.loop(none, all, 1, ValueRange{emit.integer(-1), emit.real(0.0)}, [&](Value expert, ValueRange carried) {
            Value logit = logits.loadReal(expert), isFree = isEqual(emit, isChosen.load(expert), 0);
            Value isFirst = emit.less(carried[0], none);
            Value isLarger = arith::CmpFOp::create(emit.builder, arith::CmpFPredicate::OGT, logit, carried[1]);
            Value isBetter = arith::AndIOp::create(emit.builder, isFree,
                                                   arith::OrIOp::create(emit.builder, isFirst, isLarger).getResult());
            return SmallVector<Value>{choose(emit, isBetter, expert, carried[0]),
                                      choose(emit, isBetter, logit, carried[1])};
          });
      isChosen.store(emit.integer(1), best[0]);
      return best[1];
    };
    Value largest = takeLargest();
    emit.loop(emit.integer(1), emit.integer(count), [&](Value) { takeLargest(); });

    emit.loop(none, all, lanes, [&](Value expert) {
      Value vector = emit.load(emit.vector(emit.f32()), logits.address(expert), 64);
      Value power = math::ExpOp::create(emit.builder, emit.subf(vector, emit.splat(largest)));
      emit.store(power, powers.address(expert), 64);
    });
    bool ofAll = op.getWeighting() == model::ExpertWeighting::SoftmaxOfAll;
    Value sum = emit.loop(none, all, 1, ValueRange{emit.real(0.0)}, [&](Value expert, ValueRange carried) {
      Value power = powers.loadReal(expert);
      if (!ofAll)
        power = choose(emit, isEqual(emit, isChosen.load(expert), 0), emit.real(0.0), power);
      return SmallVector<Value>{emit.addf(carried[0], power)};
    })[0];
    emit.loop(none, all, 1, ValueRange{none}, [&](Value expert, ValueRange carried) {
      Value place = carried[0], chosen = isChosen.load(expert);
      emit.when(isEqual(emit, chosen, 1), [&] {
        choice.store(emit.toFloat(arith::TruncIOp::create(emit.builder, emit.i32(), expert)), place);
        choice.store(emit.divf(powers.loadReal(expert), sum), emit.add(place, count));
      });
      return SmallVector<Value>{emit.add(place, chosen)};
    });
  });
}

void codegen::emitGroupRows(Emitter &emit, kernel::GroupRowsOp op, const KernelArguments &arguments) {
  RankedTensorType choiceType = tensorOf(op.getChoice());
  int64_t experts = op.getExperts(), count = choiceType.getShape().back() / 2;
  Groups groups(emit, arguments.outputs[0], experts, count);
  // Of each expert: first its rows, then where its next entry goes.
  Words places(emit, emit.stack(encoding::paddedToPanels(experts) * 4));
  Value none = emit.integer(0);
  auto forEachChoice = [&](function_ref<void(Value row, Value place, Value expert, Value weight)> body) {
    emit.loop(none, arguments.rows, [&](Value row) {
      Words choice(emit, emit.pointer(arguments.inputs[0], emit.mul(row, encoding::getActivationRowBytes(choiceType))));
      emit.loop(none, emit.integer(count), [&](Value place) {
        Value expert = arith::FPToSIOp::create(emit.builder, emit.i64(), choice.loadReal(place));
        body(row, place, expert, choice.loadReal(emit.add(place, count)));
      });
    });
  };
  emit.loop(arguments.begin, arguments.end, [&](Value) {
    places.clear(experts);
    forEachChoice([&](Value, Value, Value expert, Value) { places.store(emit.add(places.load(expert), 1), expert); });
    SmallVector<Value> ends =
        emit.loop(none, emit.integer(experts), 1, ValueRange{none, none}, [&](Value expert, ValueRange carried) {
          Value group = carried[0], entry = carried[1], rows = places.load(expert);
          Value hasRows = emit.less(none, rows);
          emit.when(hasRows, [&] {
            groups.storeGroup(group, expert, entry);
            places.store(entry, expert);
          });
          return SmallVector<Value>{choose(emit, hasRows, emit.add(group, 1), group), emit.add(entry, rows)};
        });
    groups.storeCount(ends[0]);
    groups.storeFirstEntry(ends[0], ends[1]);
    forEachChoice([&](Value row, Value place, Value expert, Value weight) {
      Value entry = places.load(expert);
      groups.storeEntry(entry, row, place, weight);
      places.store(emit.add(entry, 1), expert);
    });
  });
}

/// Panels of weights that each expert has.
static int64_t countExpertPanels(Value weight, int64_t experts) {
  return tensorOf(weight).getDimSize(0) / experts / encoding::panelRows;
}

/// The entries of the tile at `first`: rows past the last entry of the group are computed as that one.
static SmallVector<Groups::Entry> loadTile(Emitter &emit, const Groups &groups, PanelProduct::RowBlock block,
                                           Value first, int64_t rows) {
  SmallVector<Groups::Entry> entries;
  for (int64_t offset = 0; offset < rows; ++offset)
    entries.push_back(groups.loadEntry(
        rows == 1 ? first : emit.minimum(emit.add(first, offset), emit.sub(block.end, emit.integer(1)))));
  return entries;
}

/// Tables of scales pay for a group of about so many rows, which it has where rows choose evenly.
static bool paysToTabulate(kernel::RowRangeAttr rows, int64_t experts, int64_t count) {
  constexpr int64_t fewestRows = 32;
  return rows.getLast() * count >= fewestRows * experts;
}

void codegen::emitExpertGatedMatmul(Emitter &emit, kernel::ExpertGatedMatmulOp op, const KernelArguments &arguments,
                                    kernel::RowRangeAttr rows) {
  int64_t experts = op.getExperts(), count = op.getCount();
  RankedTensorType resultType = tensorOf(op.getResult());
  bool quantize = encoding::isQuantizedActivation(resultType);
  int64_t hidden = resultType.getShape().back() / count, rest = hidden % lanes;
  int64_t stride = encoding::getActivationRowBytes(resultType);
  PanelProduct product(emit, op.getInput(), op.getWeight(), arguments.inputs[0], arguments.inputs[2], rows);
  Groups groups(emit, arguments.inputs[1], experts, count);
  int64_t expertPanels = countExpertPanels(op.getWeight(), experts);
  int64_t panelsPerGrain = target::getExpertGrainColumns(op) / lanes, grainPanels = 2 * panelsPerGrain;
  int64_t grainsPerGroup = expertPanels / grainPanels;
  Value scratch = quantize ? emit.stack(product.getTileRows() * encoding::groupColumns * 4) : Value();

  auto emitTile = [&](PanelProduct::RowBlock block, Value part, Value firstEntry) {
    int64_t tileRows = product.getTileRows();
    SmallVector<Groups::Entry> entries = loadTile(emit, groups, block, firstEntry, tileRows);
    SmallVector<PanelProduct::RowPointers> inputs;
    for (Groups::Entry &entry : entries)
      inputs.push_back(product.getRow(entry.row));
    for (int64_t index = 0; index < panelsPerGrain; ++index) {
      SmallVector<Value> gates = product.compute(2 * index, inputs), ups = product.compute(2 * index + 1, inputs);
      Value panel = emit.add(emit.mul(part, panelsPerGrain), index), column = emit.mul(panel, lanes);
      for (auto [offset, entry] : llvm::enumerate(entries)) {
        SmallVector<Value> values = {gates[offset], ups[offset]};
        values.append(loadRegionOperands(emit, {}, {}, entry.row, column));
        Value value = inlineRegion(emit, op.getEpilogue(), values).front();
        if (quantize) {
          int64_t place = (static_cast<int64_t>(offset) * encoding::groupColumns + index * lanes) * 4;
          emit.store(value, emit.pointer(scratch, place), 64);
          continue;
        }
        Value piece = emit.pointer(emit.pointer(arguments.outputs[0], emit.mul(entry.row, stride)),
                                   emit.mul(emit.add(emit.mul(entry.place, hidden), column), 4));
        if (!rest) {
          emit.store(value, piece, 64);
          continue;
        }
        // What comes after the last column is the next expert's.
        Value isWhole = emit.less(column, emit.integer(hidden - rest));
        emit.when(isWhole, [&] { emit.store(value, piece, 4); });
        emit.when(emit.less(emit.integer(hidden - lanes), column), [&] { emit.storeLanes(value, piece, rest); });
      }
    }
    if (!quantize)
      return;
    for (auto [offset, entry] : llvm::enumerate(entries)) {
      Value values = emit.pointer(scratch, static_cast<int64_t>(offset) * encoding::groupColumns * 4);
      Value first = emit.load(emit.vector(emit.f32()), values, 64);
      Value second = emit.load(emit.vector(emit.f32()), emit.pointer(values, lanes * 4), 64);
      Value group = emit.add(emit.mul(entry.place, hidden / encoding::groupColumns), part);
      storeQuantizedGroup(emit, first, second, emit.pointer(arguments.outputs[0], emit.mul(entry.row, stride)), group,
                          resultType);
    }
  };
  emit.loop(arguments.begin, arguments.end, [&](Value grain) {
    Value group = emit.divide(grain, grainsPerGroup), part = emit.remainder(grain, grainsPerGroup);
    emit.when(emit.less(group, groups.countGroups()), [&] {
      PanelProduct::RowBlock block = groups.loadEntries(group);
      Value panel = emit.add(emit.mul(groups.loadExpert(group), expertPanels), emit.mul(part, grainPanels));
      product.forEachTile(
          block, panel, grainPanels, [&](Value firstEntry) { emitTile(block, part, firstEntry); },
          paysToTabulate(rows, experts, count));
    });
  });
}

void codegen::emitExpertSum(Emitter &emit, kernel::ExpertSumOp op, const KernelArguments &arguments,
                            kernel::RowRangeAttr rows) {
  int64_t experts = op.getExperts(), count = op.getCount();
  int64_t stride = encoding::getActivationRowBytes(tensorOf(op.getResult()));
  PanelProduct product(emit, op.getInput(), op.getWeight(), arguments.inputs[0], arguments.inputs[2], rows);
  Groups groups(emit, arguments.inputs[1], experts, count);
  int64_t expertPanels = countExpertPanels(op.getWeight(), experts);
  ArrayRef<Value> operandPointers = ArrayRef(arguments.inputs).drop_front(3);
  Type vector = emit.vector(emit.f32());
  auto outputAddress = [&](Value row, Value panel) {
    return emit.pointer(arguments.outputs[0], emit.add(emit.mul(row, stride), emit.mul(panel, lanes * 4)));
  };
  auto forEachOutput = [&](function_ref<void(Value row, Value panel)> body) {
    emit.loop(emit.integer(0), arguments.rows,
              [&](Value row) { emit.loop(arguments.begin, arguments.end, [&](Value panel) { body(row, panel); }); });
  };
  // Sums stand in the result until all experts are added: a row's are added in the order of the groups, however many
  // rows there are beside it.
  forEachOutput([&](Value row, Value panel) { emit.store(emit.real(0.0, vector), outputAddress(row, panel), 64); });
  emit.loop(emit.integer(0), groups.countGroups(), [&](Value group) {
    PanelProduct::RowBlock block = groups.loadEntries(group);
    Value firstPanel = emit.mul(groups.loadExpert(group), expertPanels);
    // The group's rows stay in a cache while its panels pass by.
    emit.loop(arguments.begin, arguments.end, [&](Value panel) {
      product.forEachTile(
          block, emit.add(firstPanel, panel), /*panelCount=*/1,
          [&](Value firstEntry) {
            SmallVector<Groups::Entry> entries = loadTile(emit, groups, block, firstEntry, product.getTileRows());
            SmallVector<PanelProduct::RowPointers> inputs;
            for (Groups::Entry &entry : entries)
              inputs.push_back(product.getRow(entry.row, entry.place));
            SmallVector<Value> products = product.compute(0, inputs);
            for (auto [offset, entry] : llvm::enumerate(entries)) {
              auto accumulate = [&, &entry = entry, offset = offset] {
                Value address = outputAddress(entry.row, panel);
                Value sum = emit.fma(emit.splat(entry.weight), products[offset], emit.load(vector, address, 64));
                emit.store(sum, address, 64);
              };
              if (offset == 0)
                accumulate();
              else
                emit.when(emit.less(emit.add(firstEntry, static_cast<int64_t>(offset)), block.end), accumulate);
            }
          },
          paysToTabulate(rows, experts, count));
    });
  });
  Block &epilogue = op.getEpilogue().front();
  if (epilogue.getTerminator()->getOperand(0) == epilogue.getArgument(0))
    return;
  forEachOutput([&](Value row, Value panel) {
    Value address = outputAddress(row, panel);
    SmallVector<Value> inputs = {emit.load(vector, address, 64)};
    inputs.append(loadRegionOperands(emit, op.getOperands_(), operandPointers, row, emit.mul(panel, lanes)));
    emit.store(inlineRegion(emit, op.getEpilogue(), inputs).front(), address, 64);
  });
}
