//===- WeightPanels.cpp - reading packed weights in registers -------------===//

#include "codegen/cpu/WeightPanels.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;
using encoding::groupColumns;

/// Bytes of a line, which holds a 32-bit word for each row.
static constexpr int64_t lineBytes = 64;

WeightPanels::WeightPanels(RankedTensorType type)
    : format(encoding::getStorage(type).getFormat().getWeightFormat()), layout(format), columns(type.getShape().back()),
      panelBytes(static_cast<int64_t>(encoding::getPanelBytes(format, columns))) {}

/// Element type of a plain format.
static Type plainElement(Emitter &emit, encoding::ElementKind element) {
  if (element == encoding::ElementKind::F16)
    return emit.f16();
  return element == encoding::ElementKind::BF16 ? emit.builder.getBF16Type() : emit.f32();
}

//===----------------------------------------------------------------------===//
// Quantised formats
//===----------------------------------------------------------------------===//

struct WeightPanels::RowChoice {
  Emitter &emit;
  /// Null: the rows of `part`; otherwise one (i64).
  Value row;
  PanelLanes part;

  Type type(Type element) const { return row ? element : emit.vector(element, part.count); }
  /// Loads one number of `bytes` bytes for each row from `address`, where the numbers of all rows stand side by side.
  Value load(Type element, Value address, int64_t bytes) const {
    if (row)
      return emit.load(element, emit.pointer(address, emit.mul(row, bytes)), static_cast<unsigned>(bytes));
    // Lines follow 32 bytes of scales: a line may lie in two cache lines.
    return emit.load(type(element), emit.pointer(address, part.first * bytes),
                     static_cast<unsigned>(std::min<int64_t>(bytes * part.count, 32)));
  }
  Value loadHalf(Value address) const { return emit.extend(load(emit.f16(), address, 2)); }
};

Value WeightPanels::loadFactor(Emitter &emit, const RowChoice &rows, Value block, bool minimum) const {
  if (!minimum)
    return rows.loadHalf(block);
  Value factor = rows.loadHalf(emit.pointer(block, layout.minimumOffset));
  return format.subScales == encoding::SubScales::None ? factor : arith::NegFOp::create(emit.builder, factor);
}

Value WeightPanels::loadSubScale(Emitter &emit, const RowChoice &rows, Value block, Value part, bool minimum,
                                 Value factor) const {
  if (format.subScales == encoding::SubScales::None)
    return factor;
  bool inOneByte = format.subScales == encoding::SubScales::Nibbles;
  int64_t offset = layout.subScaleOffset + (minimum && !inOneByte ? encoding::panelRows : 0);
  Value bytes = rows.load(emit.i8(), emit.pointer(block, emit.add(emit.mul(part, layout.subScaleBytes), offset)), 1);
  Value integers;
  if (inOneByte) {
    integers = arith::ExtUIOp::create(emit.builder, rows.type(emit.i32()), bytes);
    integers = minimum ? emit.shiftRight(integers, 4) : emit.bitAnd(integers, 15);
  } else {
    integers = arith::ExtSIOp::create(emit.builder, rows.type(emit.i32()), bytes);
  }
  return emit.mulf(factor, emit.toFloat(integers));
}

SmallVector<Value, 8> WeightPanels::loadCodes(Emitter &emit, const RowChoice &rows, Value codes) const {
  auto loadLines = [&](int64_t offset, int64_t count) {
    SmallVector<Value, 8> lines;
    for (int64_t line = 0; line < count; ++line)
      lines.push_back(rows.load(emit.i32(), emit.pointer(codes, offset + line * lineBytes), 4));
    return lines;
  };
  /// The bits of four columns, from bit `place` of every byte on.
  auto pick = [&](ArrayRef<Value> lines, int64_t bits, int64_t quad, int64_t place) {
    if (bits == 8)
      return lines[quad];
    int64_t perByte = 8 / bits, shift = quad % perByte * bits - place;
    Value word = lines[quad / perByte];
    word = shift < 0 ? emit.shiftLeft(word, -shift) : emit.shiftRight(word, shift);
    return emit.bitAnd(word, 0x01010101 * ((int64_t(1) << bits) - 1) << place);
  };
  SmallVector<Value, 8> high = loadLines(0, format.high.bits), low = loadLines(layout.lowOffset, format.low.bits),
                        result;
  for (int64_t quad = 0; quad < groupColumns / 4; ++quad) {
    Value code = pick(low, format.low.bits, quad, 0);
    if (format.high.bits)
      code = arith::OrIOp::create(emit.builder, code, pick(high, format.high.bits, quad, format.low.bits));
    result.push_back(code);
  }
  return result;
}

WeightPanels::Group WeightPanels::loadGroup(Emitter &emit, const RowChoice &rows, Value block, Value group, Value scale,
                                            Value minimum) const {
  int64_t parts = groupColumns / format.getSumColumns();
  Value address = emit.pointer(block, emit.add(emit.mul(group, layout.groupBytes), layout.codesOffset));
  SmallVector<Value, 8> codes = loadCodes(emit, rows, address);
  ArrayRef<Value> rest = codes;
  Group result;
  for (int64_t index = 0; index < parts; ++index) {
    Value part = emit.add(emit.mul(group, parts), index);
    Part next;
    next.scale = loadSubScale(emit, rows, block, part, false, scale);
    if (minimum)
      next.minimum = loadSubScale(emit, rows, block, part, true, minimum);
    next.codes.assign(rest.begin(), rest.begin() + codes.size() / parts);
    rest = rest.drop_front(codes.size() / parts);
    result.push_back(std::move(next));
  }
  return result;
}

SmallVector<Value> WeightPanels::forEachGroup(Emitter &emit, Value panel, ValueRange carried,
                                              function_ref<SmallVector<Value>(Value, const Group &, ValueRange)> body,
                                              PanelLanes rows) const {
  int64_t groupsPerBlock = format.blockColumns / groupColumns;
  RowChoice all{emit, Value(), rows};
  return emit.loop(emit.integer(0), emit.integer(columns / format.blockColumns), 1, carried,
                   [&](Value index, ValueRange values) {
                     Value block = emit.pointer(panel, emit.mul(index, layout.blockBytes));
                     Value scale = loadFactor(emit, all, block, false);
                     Value minimum = format.hasMinimum() ? loadFactor(emit, all, block, true) : Value();
                     auto addGroup = [&](Value group, ValueRange sums) {
                       return body(emit.add(emit.mul(index, groupsPerBlock), group),
                                   loadGroup(emit, all, block, group, scale, minimum), sums);
                     };
                     if (groupsPerBlock == 1)
                       return addGroup(emit.integer(0), values);
                     // Unrolled, the wide tiles of the exact path take LLVM half a minute.
                     return emit.loop(emit.integer(0), emit.integer(groupsPerBlock), 1, values, addGroup);
                   });
}

//===----------------------------------------------------------------------===//
// Columns and rows
//===----------------------------------------------------------------------===//

Value WeightPanels::loadColumn(Emitter &emit, Value panel, Value column, PanelLanes rows) const {
  Value all = emit.pointer(panel, emit.mul(column, layout.blockBytes));
  RowChoice some{emit, Value(), rows};
  return emit.extend(some.load(plainElement(emit, format.element), all, layout.elementBytes));
}

void WeightPanels::storeRow(Emitter &emit, Value panel, Value row, Value destination) const {
  if (!format.isQuantized()) {
    Type element = plainElement(emit, format.element);
    Value source = emit.pointer(panel, emit.mul(row, layout.elementBytes));
    emit.loop(emit.integer(0), emit.integer(columns), [&](Value column) {
      Value address = emit.pointer(source, emit.mul(column, layout.blockBytes));
      Value value = emit.extend(emit.load(element, address, static_cast<unsigned>(layout.elementBytes)));
      emit.store(value, emit.pointer(destination, emit.mul(column, 4)), 4);
    });
    return;
  }
  RowChoice one{emit, row, {}};
  emit.loop(emit.integer(0), emit.integer(columns / format.blockColumns), [&](Value index) {
    Value block = emit.pointer(panel, emit.mul(index, layout.blockBytes));
    Value scale = loadFactor(emit, one, block, false);
    Value minimum = format.hasMinimum() ? loadFactor(emit, one, block, true) : Value();
    emit.loop(emit.integer(0), emit.integer(format.blockColumns / groupColumns), [&](Value group) {
      Value column = emit.add(emit.mul(index, format.blockColumns), emit.mul(group, groupColumns));
      Value output = emit.pointer(destination, emit.mul(column, 4));
      int64_t position = 0;
      for (const Part &part : loadGroup(emit, one, block, group, scale, minimum)) {
        Value factor = emit.splat(part.scale, 4), low = part.minimum ? emit.splat(part.minimum, 4) : Value();
        for (Value word : part.codes) {
          Value bytes = emit.bitcast(emit.splat(word, 1), emit.vector(emit.i8(), 4));
          Value codes = arith::ExtUIOp::create(emit.builder, emit.vector(emit.i32(), 4), bytes);
          Value centred = emit.toFloat(emit.sub(codes, emit.integer(format.zeroPoint, codes.getType())));
          Value value = low ? emit.fma(centred, factor, low) : emit.mulf(centred, factor);
          emit.store(value, emit.pointer(output, position * 4), 4);
          position += 4;
        }
      }
    });
  });
}
