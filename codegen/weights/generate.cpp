//===- generate.cpp - parameters without a file ---------------------------===//

#include "codegen/weights/generate.h"

#include "llvm/ADT/APFloat.h"

#include <cstring>

using namespace ingot::weights;

static uint16_t toSixteenBits(float value, const llvm::fltSemantics &semantics) {
  llvm::APFloat number(value);
  bool lossy;
  number.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &lossy);
  return static_cast<uint16_t>(number.bitcastToAPInt().getZExtValue());
}

static uint16_t toHalf(float value) { return toSixteenBits(value, llvm::APFloat::IEEEhalf()); }

/// SplitMix64: a bijection of 64 bits whose output passes statistical tests.
static uint64_t mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

template <typename T> static void append(uint8_t *&out, T value) {
  std::memcpy(out, &value, sizeof(T));
  out += sizeof(T);
}

namespace {
/// What a block format stores in front of its codes, and how wide they are.
struct BlockShape {
  bool minimum, highBits;
  int bits, zero;
};
} // namespace

static BlockShape shapeOf(FormatKind kind) {
  switch (kind) {
  case FormatKind::Q4_1:
    return {true, false, 4, 0};
  case FormatKind::Q5_0:
    return {false, true, 5, 16};
  case FormatKind::Q5_1:
    return {true, true, 5, 0};
  case FormatKind::Q8_0:
    return {false, false, 8, 0};
  default:
    return {false, false, 4, 8};
  }
}

static bool isPlain(FormatKind kind) {
  return kind == FormatKind::F32 || kind == FormatKind::F16 || kind == FormatKind::BF16;
}

static void appendPlain(FormatKind kind, float value, uint8_t *&out) {
  if (kind == FormatKind::F32)
    append(out, value);
  else
    append(out, kind == FormatKind::F16 ? toHalf(value) : toSixteenBits(value, llvm::APFloat::BFloat()));
}

/// One group: header, then codes of 4, 5 or 8 bits given by `code(index in group)`.
template <typename Code> static void appendGroup(Format format, float scale, float minimum, uint8_t *&out, Code code) {
  BlockShape shape = shapeOf(format.kind);
  uint32_t group = groupColumns(format);
  append(out, toHalf(scale));
  if (shape.minimum)
    append(out, toHalf(minimum));
  if (shape.highBits) {
    uint32_t high = 0;
    for (uint32_t index = 0; index < group; ++index)
      high |= static_cast<uint32_t>((code(index) >> 4) & 1) << index;
    append(out, high);
  }
  if (shape.bits == 8) {
    for (uint32_t index = 0; index < group; ++index)
      append(out, static_cast<int8_t>(code(index)));
    return;
  }
  for (uint32_t index = 0; index < group / 2; ++index)
    append(out, static_cast<uint8_t>((code(index) & 15) | (code(index + group / 2) & 15) << 4));
}

void ingot::weights::generateSplatRow(Format format, int64_t columns, float value, uint8_t *row) {
  if (isPlain(format.kind)) {
    for (int64_t column = 0; column < columns; ++column)
      appendPlain(format.kind, value, row);
    return;
  }
  BlockShape shape = shapeOf(format.kind);
  int unit = shape.minimum ? 0 : shape.zero + 1;
  for (int64_t column = 0; column < columns; column += groupColumns(format))
    appendGroup(format, shape.minimum ? 0.0f : value, value, row, [&](uint32_t) { return unit; });
}

void ingot::weights::generateRandomRow(Format format, int64_t columns, uint64_t seed, float scale, int64_t rowIndex,
                                       uint8_t *row) {
  uint64_t first = static_cast<uint64_t>(rowIndex) * static_cast<uint64_t>(columns);
  auto bits = [&](int64_t column) { return mix(mix(seed) ^ (first + static_cast<uint64_t>(column))) >> 40; };
  if (isPlain(format.kind)) {
    for (int64_t column = 0; column < columns; ++column)
      appendPlain(format.kind, scale * (static_cast<float>(bits(column)) * 0x1p-23f - 1.0f), row);
    return;
  }
  BlockShape shape = shapeOf(format.kind);
  int levels = 1 << shape.bits;
  float step = 2.0f * scale / static_cast<float>(levels);
  for (int64_t column = 0; column < columns; column += groupColumns(format))
    appendGroup(format, step, -scale, row, [&](uint32_t index) {
      int code = static_cast<int>(bits(column + index) >> (24 - shape.bits));
      // Codes of q8_0 are signed and symmetric.
      return shape.bits == 8 ? std::max(code - 128, -127) : code;
    });
}
