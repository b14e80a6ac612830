//===- Blocks.cpp - the numbers in the blocks of a weight format ----------===//

#include "dialects/Encoding/Blocks.h"

#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>

using namespace ingot::encoding;

static_assert(std::endian::native == std::endian::little, "words are copied as they are");

static uint16_t load16(const uint8_t *from) {
  uint16_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

Blocks::Blocks(const WeightFormat &format) : format(format), signs(format.signedBytes ? 0x80808080 : 0), places{} {
  assert(format.isQuantized() && format.blockColumns <= mostBlockColumns && format.getScales() <= mostScales);
  auto find = [](const BitPlane &plane, int64_t column, uint16_t &byte, uint8_t &shift) {
    if (!plane.bits)
      return;
    int64_t perByte = 8 / plane.bits;
    byte = static_cast<uint16_t>(plane.offset + column / (plane.run * perByte) * plane.run + column % plane.run);
    shift = static_cast<uint8_t>(column / plane.run % perByte * plane.bits);
  };
  for (int64_t quad = 0; quad < format.blockColumns / 4; ++quad) {
    find(format.low, 4 * quad, places[quad].low, places[quad].lowShift);
    find(format.high, 4 * quad, places[quad].high, places[quad].highShift);
  }
}

void Blocks::storePlane(uint8_t *to, const BitPlane &plane, uint8_t shift, uint32_t bits) {
  bits &= 0x01010101u * ((1u << plane.bits) - 1);
  if (plane.run == 1) {
    for (int j = 0; j < 4; ++j)
      *to |= static_cast<uint8_t>((bits >> (8 * j) & 1) << (shift + j));
    return;
  }
  uint32_t word;
  std::memcpy(&word, to, sizeof word);
  word |= bits << shift;
  std::memcpy(to, &word, sizeof word);
}

void Blocks::storeCodes(uint8_t *block, int64_t quad, uint32_t codes) const {
  const Place &place = places[quad];
  codes ^= signs;
  storePlane(block + place.low, format.low, place.lowShift, codes);
  if (format.high.bits)
    storePlane(block + place.high, format.high, place.highShift, codes >> format.low.bits);
}

BlockScales Blocks::loadScales(const uint8_t *block) const {
  BlockScales result;
  result.scale = load16(block + format.scaleOffset);
  if (format.hasMinimum())
    result.minimum = load16(block + format.minimumOffset);
  const uint8_t *bytes = block + format.subScaleOffset;
  for (int64_t index = 0; index < format.getScales(); ++index) {
    int scale = 1, minimum = 1;
    switch (format.subScales) {
    case SubScales::None:
      break;
    case SubScales::Nibbles:
      scale = bytes[index] & 15;
      minimum = bytes[index] >> 4;
      break;
    case SubScales::SixBits:
      scale = index < 4 ? bytes[index] & 63 : (bytes[index + 4] & 15) | bytes[index - 4] >> 6 << 4;
      minimum = index < 4 ? bytes[index + 4] & 63 : bytes[index + 4] >> 4 | bytes[index] >> 6 << 4;
      break;
    case SubScales::SignedSixBits:
      scale = (bytes[index % 8] >> (index / 8 * 4) & 15) | (bytes[8 + index % 4] >> (index / 4 * 2) & 3) << 4;
      scale -= 32;
      break;
    case SubScales::SignedBytes:
      scale = static_cast<int8_t>(bytes[index]);
      break;
    }
    result.scales[index] = static_cast<int8_t>(scale);
    result.minima[index] = static_cast<int8_t>(minimum);
  }
  return result;
}

void Blocks::storeScales(uint8_t *block, const BlockScales &scales) const {
  std::memcpy(block + format.scaleOffset, &scales.scale, sizeof scales.scale);
  if (format.hasMinimum())
    std::memcpy(block + format.minimumOffset, &scales.minimum, sizeof scales.minimum);
  uint8_t *bytes = block + format.subScaleOffset;
  auto add = [](uint8_t &byte, int bits) { byte = static_cast<uint8_t>(byte | bits); };
  for (int64_t index = 0; index < format.getScales(); ++index) {
    int scale = scales.scales[index], minimum = scales.minima[index];
    switch (format.subScales) {
    case SubScales::None:
      break;
    case SubScales::Nibbles:
      add(bytes[index], scale | minimum << 4);
      break;
    case SubScales::SixBits:
      if (index < 4) {
        add(bytes[index], scale);
        add(bytes[index + 4], minimum);
        break;
      }
      add(bytes[index + 4], (scale & 15) | (minimum & 15) << 4);
      add(bytes[index - 4], scale >> 4 << 6);
      add(bytes[index], minimum >> 4 << 6);
      break;
    case SubScales::SignedSixBits:
      add(bytes[index % 8], ((scale + 32) & 15) << (index / 8 * 4));
      add(bytes[8 + index % 4], (scale + 32) >> 4 << (index / 4 * 2));
      break;
    case SubScales::SignedBytes:
      bytes[index] = static_cast<uint8_t>(scale);
      break;
    }
  }
}

void ingot::encoding::decodeRow(const WeightFormat &format, const uint8_t *row, int64_t columns, float *out) {
#pragma STDC FP_CONTRACT OFF
  assert(columns % format.blockColumns == 0 && "checked when the tensor is imported");
  switch (format.element) {
  case ElementKind::F32:
    std::memcpy(out, row, columns * sizeof(float));
    return;
  case ElementKind::F16:
    for (int64_t column = 0; column < columns; ++column)
      out[column] = halfToFloat(load16(row + 2 * column));
    return;
  case ElementKind::BF16:
    for (int64_t column = 0; column < columns; ++column)
      out[column] = std::bit_cast<float>(static_cast<uint32_t>(load16(row + 2 * column)) << 16);
    return;
  case ElementKind::Codes:
    break;
  }
  Blocks blocks(format);
  bool nested = format.subScales != SubScales::None;
  for (int64_t first = 0; first < columns; first += format.blockColumns, row += format.blockBytes) {
    BlockScales scales = blocks.loadScales(row);
    for (int64_t column = 0; column < format.blockColumns; ++column) {
      int64_t group = column / format.scaleColumns;
      float scale = halfToFloat(scales.scale) * static_cast<float>(scales.scales[group]);
      auto code = static_cast<int64_t>(blocks.loadCodes(row, column / 4) >> (column % 4 * 8) & 0xff);
      float value = scale * static_cast<float>(code - format.zeroPoint);
      if (format.hasMinimum()) {
        float minimum = halfToFloat(scales.minimum) * static_cast<float>(scales.minima[group]);
        value = nested ? value - minimum : value + minimum;
      }
      out[first + column] = value;
    }
  }
}

float ingot::encoding::halfToFloat(uint16_t bits) {
  uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  uint32_t exponent = bits >> 10 & 31;
  uint32_t fraction = bits & 0x3ff;
  if (exponent == 0) // zero and subnormal numbers
    return std::copysign(std::ldexp(static_cast<float>(fraction), -24), std::bit_cast<float>(sign));
  // Infinity and NaN keep the highest exponent; others change the bias.
  uint32_t wide = exponent == 31 ? 255 : exponent - 15 + 127;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}
