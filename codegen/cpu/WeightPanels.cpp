//===- WeightPanels.cpp - reading packed weights in registers -------------===//

#include "codegen/cpu/WeightPanels.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;

namespace {
/// Integer codes of a format; 0 bits: a plain one.
struct Codes {
  int64_t bits, zeroPoint;
  bool minimum;
};
} // namespace

static Codes describeCodes(encoding::FormatInterface format) {
  if (isa<encoding::BlockAttr>(format))
    return {4, 8, false};
  switch (cast<encoding::GgmlAttr>(format).getType()) {
  case encoding::GgmlType::F32:
  case encoding::GgmlType::F16:
  case encoding::GgmlType::BF16:
    return {0, 0, false};
  case encoding::GgmlType::Q4_0:
    return {4, 8, false};
  case encoding::GgmlType::Q4_1:
    return {4, 0, true};
  case encoding::GgmlType::Q5_0:
    return {5, 16, false};
  case encoding::GgmlType::Q5_1:
    return {5, 0, true};
  case encoding::GgmlType::Q8_0:
    return {8, 128, false};
  }
  llvm_unreachable("unknown ggml type");
}

/// Element type of a plain format.
static Type plainElement(encoding::FormatInterface format) {
  auto ggml = dyn_cast<encoding::GgmlAttr>(format);
  if (ggml && ggml.getType() == encoding::GgmlType::F16)
    return Float16Type::get(format.getContext());
  if (ggml && ggml.getType() == encoding::GgmlType::BF16)
    return BFloat16Type::get(format.getContext());
  return Float32Type::get(format.getContext());
}

WeightPanels::WeightPanels(RankedTensorType type) : columns(type.getShape().back()) {
  encoding::FormatInterface format = encoding::getStorage(type).getFormat();
  Codes codes = describeCodes(format);
  quantized = format.isQuantized();
  bits = codes.bits;
  zeroPoint = codes.zeroPoint;
  minimum = codes.minimum;
  largestCode = (int64_t(1) << bits) - 1;
  scaleGroup = format.getGroupSize();
  panelBytes = encoding::panelRows * (columns / scaleGroup) * format.getGroupBytes();
  element = plainElement(format);
}

/// Scales and minima of 16 rows, in f16.
int64_t WeightPanels::headerBytes() const { return minimum ? 64 : 32; }

int64_t WeightPanels::scaleGroupBytes() const {
  int64_t perGroup = lineBytes() + (bits == 5 ? 64 : 0);
  return headerBytes() + scaleGroup / encoding::groupColumns * perGroup;
}

SmallVector<Value>
WeightPanels::forEachGroup(Emitter &emit, Value panel, ValueRange carried,
                           function_ref<SmallVector<Value>(Value, const Group &, ValueRange)> body) const {
  int64_t groupsPerScale = scaleGroup / encoding::groupColumns;
  return emit.loop(
      emit.integer(0), emit.integer(columns / scaleGroup), 1, carried, [&](Value index, ValueRange loopCarried) {
        Value base = emit.pointer(panel, emit.mul(index, scaleGroupBytes()));
        Group group;
        group.scale = emit.loadExtended(emit.f16(), base, 32);
        if (minimum)
          group.minimum = emit.loadExtended(emit.f16(), emit.pointer(base, 32), 32);
        auto addPart = [&](Value part, Value codes, ValueRange values) {
          group.codes.clear();
          int64_t offset = 0;
          Value plane;
          if (bits == 5) {
            plane = emit.load(emit.vector(emit.i32()), codes, 32);
            offset += 64;
          }
          for (int64_t line = 0; line < lineBytes() / 64; ++line, offset += 64) {
            Value word = emit.load(emit.vector(emit.i32()), emit.pointer(codes, offset), 32);
            if (bits == 8) {
              group.codes.push_back(word);
              continue;
            }
            for (int64_t half = 0; half < 2; ++half) {
              Value code = emit.bitAnd(emit.shiftRight(word, 4 * half), 0x0f0f0f0f);
              if (plane) {
                Value high = emit.bitAnd(emit.shiftRight(plane, 2 * line + half), 0x01010101);
                code = arith::OrIOp::create(emit.builder, code, emit.shiftLeft(high, 4));
              }
              group.codes.push_back(code);
            }
          }
          return body(part, group, values);
        };
        Value codes = emit.pointer(base, headerBytes());
        if (groupsPerScale == 1)
          return addPart(index, codes, loopCarried);
        // Unrolled, the wide tiles of the exact path take LLVM half a minute.
        Value first = emit.mul(index, groupsPerScale);
        int64_t partBytes = (scaleGroupBytes() - headerBytes()) / groupsPerScale;
        return emit.loop(
            emit.integer(0), emit.integer(groupsPerScale), 1, loopCarried, [&](Value part, ValueRange values) {
              return addPart(emit.add(first, part), emit.pointer(codes, emit.mul(part, partBytes)), values);
            });
      });
}

Value WeightPanels::loadColumn(Emitter &emit, Value panel, Value column) const {
  int64_t bytes = element.getIntOrFloatBitWidth() / 8 * lanes;
  return emit.loadExtended(element, emit.pointer(panel, emit.mul(column, bytes)), 32);
}

void WeightPanels::storeRow(Emitter &emit, Value panel, Value row, Value destination) const {
  if (!quantized) {
    int64_t bytes = element.getIntOrFloatBitWidth() / 8;
    Value source = emit.pointer(panel, emit.mul(row, bytes));
    emit.loop(emit.integer(0), emit.integer(columns), [&](Value column) {
      Value value = emit.extend(emit.load(element, emit.pointer(source, emit.mul(column, bytes * lanes)), bytes));
      emit.store(value, emit.pointer(destination, emit.mul(column, 4)), 4);
    });
    return;
  }
  int64_t groupsPerScale = scaleGroup / encoding::groupColumns;
  emit.loop(emit.integer(0), emit.integer(columns / scaleGroup), [&](Value index) {
    Value base = emit.pointer(panel, emit.mul(index, scaleGroupBytes()));
    Value rowHalf = emit.pointer(base, emit.mul(row, 2)), rowWord = emit.pointer(base, emit.mul(row, 4));
    Value scale = emit.splat(emit.extend(emit.load(emit.f16(), rowHalf, 2)), 4);
    Value low = minimum ? emit.splat(emit.extend(emit.load(emit.f16(), emit.pointer(rowHalf, 32), 2)), 4) : Value();
    Value output = emit.pointer(destination, emit.mul(index, scaleGroup * 4));
    int64_t offset = headerBytes(), position = 0;
    for (int64_t part = 0; part < groupsPerScale; ++part) {
      Value plane;
      if (bits == 5) {
        plane = emit.load(emit.i32(), emit.pointer(rowWord, offset), 4);
        offset += 64;
      }
      for (int64_t line = 0; line < lineBytes() / 64; ++line, offset += 64) {
        Value word = emit.load(emit.i32(), emit.pointer(rowWord, offset), 4);
        for (int64_t half = 0; half < (bits == 8 ? 1 : 2); ++half, position += 4) {
          Value code = bits == 8 ? word : emit.bitAnd(emit.shiftRight(word, 4 * half), 0x0f0f0f0f);
          if (plane) {
            Value high = emit.bitAnd(emit.shiftRight(plane, 2 * line + half), 0x01010101);
            code = arith::OrIOp::create(emit.builder, code, emit.shiftLeft(high, 4));
          }
          Value bytes = emit.bitcast(emit.splat(code, 1), emit.vector(emit.i8(), 4));
          Value codes = arith::ExtUIOp::create(emit.builder, emit.vector(emit.i32(), 4), bytes);
          Value centred = emit.sub(codes, emit.integer(zeroPoint, codes.getType()));
          Value product = low ? emit.fma(emit.toFloat(centred), scale, low) : emit.mulf(emit.toFloat(centred), scale);
          emit.store(product, emit.pointer(output, position * 4), 4);
        }
      }
    }
  });
}
