//===- generate.cpp - parameters without a file ---------------------------===//

#include "codegen/weights/generate.h"

#include "codegen/weights/sixteen_bits.h"
#include "dialects/Encoding/Blocks.h"

#include <algorithm>
#include <cstring>

using namespace ingot::encoding;
using namespace ingot::weights;

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

static void appendPlain(ElementKind element, float value, uint8_t *&out) {
  if (element == ElementKind::F32)
    append(out, value);
  else
    append(out, element == ElementKind::F16 ? toHalf(value) : toBrainFloat(value));
}

/// A row of blocks with one scale and minimum; `code(column)` is a code as panels hold it.
template <typename Code>
static void generateBlocks(const WeightFormat &format, int64_t columns, float scale, float minimum, uint8_t *row,
                           Code code) {
  Blocks blocks(format);
  std::memset(row, 0, format.getRowBytes(columns));
  // Formats with sub-scales subtract their minima.
  float stored = format.subScales == SubScales::None ? minimum : -minimum;
  BlockScales scales = {toHalf(scale), toHalf(stored)};
  scales.scales.fill(1);
  scales.minima.fill(1);
  for (int64_t first = 0; first < columns; first += format.blockColumns, row += format.blockBytes) {
    blocks.storeScales(row, scales);
    for (int64_t quad = 0; quad < format.blockColumns / 4; ++quad) {
      uint32_t codes = 0;
      for (int64_t j = 0; j < 4; ++j)
        codes |= static_cast<uint32_t>(code(first + 4 * quad + j)) << (8 * j);
      blocks.storeCodes(row, quad, codes);
    }
  }
}

void ingot::weights::generateSplatRow(const WeightFormat &format, int64_t columns, float value, uint8_t *row) {
  if (!format.isQuantized()) {
    for (int64_t column = 0; column < columns; ++column)
      appendPlain(format.element, value, row);
    return;
  }
  generateBlocks(format, columns, value, 0.0f, row, [&](int64_t) { return format.zeroPoint + 1; });
}

void ingot::weights::generateRandomRow(const WeightFormat &format, int64_t columns, uint64_t seed, float scale,
                                       int64_t rowIndex, uint8_t *row) {
  uint64_t first = static_cast<uint64_t>(rowIndex) * static_cast<uint64_t>(columns);
  auto bits = [&](int64_t column) { return mix(mix(seed) ^ (first + static_cast<uint64_t>(column))) >> 40; };
  if (!format.isQuantized()) {
    for (int64_t column = 0; column < columns; ++column)
      appendPlain(format.element, scale * (static_cast<float>(bits(column)) * 0x1p-23f - 1.0f), row);
    return;
  }
  int64_t codeBits = format.getCodeBits();
  float step = 2.0f * scale / static_cast<float>(1 << codeBits);
  generateBlocks(format, columns, step, format.hasMinimum() ? -scale : 0.0f, row, [&](int64_t column) {
    auto code = static_cast<int64_t>(bits(column) >> (24 - codeBits));
    // Signed bytes are symmetric.
    return format.signedBytes ? std::max<int64_t>(code, 1) : code;
  });
}
