//===- pack.cpp - The CPU's panel layout of weight matrices ---------------===//
//
// Packs four codes at a time as one 32-bit word, which is the unit that the
// layout moves.
//
//===----------------------------------------------------------------------===//

#include "codegen/weights/pack.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstring>

namespace ingot::weights {

static_assert(std::endian::native == std::endian::little, "words are copied as they are");

namespace {

constexpr int64_t blockColumns = 32;
constexpr uint64_t lineBytes = 64;

/// What tells the block formats apart.
struct Traits {
  uint32_t bits; ///< of a code
  bool hasMinimum;
  uint32_t zero; ///< code of the value 0, as packed
};

Traits traitsOf(FormatKind kind) {
  switch (kind) {
  case FormatKind::Q4_0:
  case FormatKind::I4:
    return {4, false, 8};
  case FormatKind::Q4_1:
    return {4, true, 0};
  case FormatKind::Q5_0:
    return {5, false, 16};
  case FormatKind::Q5_1:
    return {5, true, 0};
  case FormatKind::Q8_0:
    return {8, false, 128};
  case FormatKind::F32:
  case FormatKind::F16:
  case FormatKind::BF16:
    break;
  }
  return {0, false, 0};
}

/// Bytes of an element of a plain format, 0 for block formats.
uint64_t elementBytes(FormatKind kind) {
  switch (kind) {
  case FormatKind::F32:
    return 4;
  case FormatKind::F16:
  case FormatKind::BF16:
    return 2;
  default:
    return 0;
  }
}

uint32_t load32(const uint8_t *from) {
  uint32_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

void store32(uint8_t *to, uint32_t word) { std::memcpy(to, &word, sizeof word); }

/// From bit c = column c to bit 8j + i = column 4i + j.
uint32_t permuteHighBits(uint32_t bits) {
  uint32_t result = 0;
  for (uint32_t j = 0; j < 4; ++j) {
    // Every fourth bit, gathered into a byte by halving the gaps.
    uint32_t gathered = (bits >> j) & 0x11111111;
    gathered = (gathered | gathered >> 3) & 0x03030303;
    gathered = (gathered | gathered >> 6) & 0x000f000f;
    gathered = (gathered | gathered >> 12) & 0xff;
    result |= gathered << (8 * j);
  }
  return result;
}

/// Four 4-bit codes of columns `column` .. + 3 of a group of `group` columns,
/// one in each byte.
uint32_t loadNibbles(const uint8_t *codes, int64_t group, int64_t column) {
  constexpr uint32_t mask = 0x0f0f0f0f;
  int64_t half = group / 2;
  return column < half ? load32(codes + column) & mask : load32(codes + column - half) >> 4 & mask;
}

/// Packs row r's 32 columns of 4-bit codes, from column `start` of its group.
void packNibbles(const uint8_t *codes, int64_t group, int64_t start, int r, uint8_t *lines) {
  for (int64_t l = 0; l < 4; ++l)
    store32(lines + l * lineBytes + 4 * r,
            loadNibbles(codes, group, start + 8 * l) | loadNibbles(codes, group, start + 8 * l + 4) << 4);
}

using Rows = std::array<const uint8_t *, panelRows>;

template <FormatKind kind> void packBlocks(int64_t columns, int64_t group, const Rows &rows, uint8_t *out) {
  const Traits traits = traitsOf(kind);
  const uint64_t sourceBytes = rowBytes({kind, uint32_t(group)}, group);
  const uint64_t codeBytes = blockColumns / (traits.bits == 8 ? 1 : 2) * panelRows;
  for (int64_t g = 0; g < columns / group; ++g) {
    for (int r = 0; r < panelRows; ++r) {
      const uint8_t *source = rows[r] + g * sourceBytes;
      uint8_t *target = out;
      std::memcpy(target + 2 * r, source, 2);
      source += 2;
      target += 2 * panelRows;
      if (traits.hasMinimum) {
        std::memcpy(target + 2 * r, source, 2);
        source += 2;
        target += 2 * panelRows;
      }
      if (traits.bits == 5) {
        store32(target + 4 * r, permuteHighBits(load32(source)));
        source += 4;
        target += 4 * panelRows;
      }
      if (traits.bits == 8) {
        for (int64_t l = 0; l < 8; ++l)
          store32(target + l * lineBytes + 4 * r, load32(source + 4 * l) ^ 0x80808080);
      } else {
        for (int64_t start = 0; start < group; start += blockColumns)
          packNibbles(source, group, start, r, target + start / blockColumns * codeBytes);
      }
    }
    out += sourceBytes * panelRows;
  }
}

template <typename T> void packPlain(int64_t columns, const Rows &rows, uint8_t *out) {
  // One tile's lines stay in the first-level cache until all rows filled them.
  constexpr int64_t tile = 64;
  for (int64_t start = 0; start < columns; start += tile) {
    int64_t end = std::min(columns, start + tile);
    for (int r = 0; r < panelRows; ++r)
      for (int64_t column = start; column < end; ++column)
        std::memcpy(out + (column * panelRows + r) * sizeof(T), rows[r] + column * sizeof(T), sizeof(T));
  }
}

/// One group of a padding row in its source format.
std::array<uint8_t, 128> paddingGroup(FormatKind kind) {
  std::array<uint8_t, 128> bytes = {};
  switch (kind) {
  case FormatKind::Q4_0:
  case FormatKind::I4:
    std::fill(bytes.begin() + 2, bytes.end(), 0x88);
    break;
  case FormatKind::Q5_0:
    // Code 16: the high bit set, the low bits zero.
    std::fill(bytes.begin() + 2, bytes.begin() + 6, 0xff);
    break;
  default:
    break;
  }
  return bytes;
}

} // namespace

uint32_t groupColumns(Format format) {
  if (elementBytes(format.kind))
    return 1;
  return format.kind == FormatKind::I4 ? format.group : blockColumns;
}

bool isValid(Format format, int64_t columns) {
  if (columns <= 0 || columns >= int64_t(1) << 31)
    return false;
  if (format.kind == FormatKind::I4 && format.group != 32 && format.group != 64 && format.group != 128)
    return false;
  return columns % groupColumns(format) == 0;
}

uint64_t rowBytes(Format format, int64_t columns) {
  if (uint64_t bytes = elementBytes(format.kind))
    return bytes * columns;
  Traits traits = traitsOf(format.kind);
  uint64_t group = groupColumns(format);
  uint64_t groupBytes = 2 + (traits.hasMinimum ? 2 : 0) + group * traits.bits / 8;
  return columns / group * groupBytes;
}

uint64_t packedPanelBytes(Format format, int64_t columns) { return rowBytes(format, columns) * panelRows; }

uint64_t packedMatrixBytes(Format format, int64_t rows, int64_t columns) {
  return uint64_t((rows + panelRows - 1) / panelRows) * packedPanelBytes(format, columns);
}

void packPanel(Format format, int64_t columns, llvm::function_ref<const uint8_t *(int)> row, uint8_t *out) {
  assert(isValid(format, columns));
  Rows rows;
  bool hasPadding = false;
  for (int r = 0; r < panelRows; ++r) {
    rows[r] = row(r);
    hasPadding |= rows[r] == nullptr;
  }
  // Padding rows go through the same code, a group at a time in the last panel.
  if (hasPadding) {
    std::array<uint8_t, 128> padding = paddingGroup(format.kind);
    int64_t group = groupColumns(format);
    uint64_t sourceBytes = rowBytes(format, group);
    if (columns > group) {
      for (int64_t g = 0; g < columns / group; ++g)
        packPanel(
            format, group, [&](int r) { return rows[r] ? rows[r] + g * sourceBytes : padding.data(); },
            out + g * sourceBytes * panelRows);
      return;
    }
    for (const uint8_t *&source : rows)
      if (!source)
        source = padding.data();
    packPanel(format, columns, [&](int r) { return rows[r]; }, out);
    return;
  }
  switch (format.kind) {
  case FormatKind::F32:
    return packPlain<uint32_t>(columns, rows, out);
  case FormatKind::F16:
  case FormatKind::BF16:
    return packPlain<uint16_t>(columns, rows, out);
  case FormatKind::Q4_0:
    return packBlocks<FormatKind::Q4_0>(columns, blockColumns, rows, out);
  case FormatKind::Q4_1:
    return packBlocks<FormatKind::Q4_1>(columns, blockColumns, rows, out);
  case FormatKind::Q5_0:
    return packBlocks<FormatKind::Q5_0>(columns, blockColumns, rows, out);
  case FormatKind::Q5_1:
    return packBlocks<FormatKind::Q5_1>(columns, blockColumns, rows, out);
  case FormatKind::Q8_0:
    return packBlocks<FormatKind::Q8_0>(columns, blockColumns, rows, out);
  case FormatKind::I4:
    return packBlocks<FormatKind::I4>(columns, format.group, rows, out);
  }
}

void unpackPanel(Format format, int64_t columns, const uint8_t *panel, float *values) {
  auto half = [](const uint8_t *from) { return halfToFloat(uint16_t(from[0] | from[1] << 8)); };
  if (uint64_t bytes = elementBytes(format.kind)) {
    for (int64_t column = 0; column < columns; ++column)
      for (int64_t r = 0; r < panelRows; ++r) {
        const uint8_t *from = panel + (column * panelRows + r) * bytes;
        float &value = values[r * columns + column];
        if (format.kind == FormatKind::F32)
          value = std::bit_cast<float>(load32(from));
        else if (format.kind == FormatKind::F16)
          value = half(from);
        else
          value = std::bit_cast<float>(uint32_t(from[0] | from[1] << 8) << 16);
      }
    return;
  }
  Traits traits = traitsOf(format.kind);
  int64_t group = groupColumns(format);
  const uint8_t *scales = nullptr, *minima = nullptr, *high = nullptr;
  for (int64_t start = 0; start < columns; start += blockColumns) {
    if (start % group == 0) {
      scales = panel;
      panel += 2 * panelRows;
    }
    if (traits.hasMinimum) {
      minima = panel;
      panel += 2 * panelRows;
    }
    if (traits.bits == 5) {
      high = panel;
      panel += 4 * panelRows;
    }
    for (int64_t r = 0; r < panelRows; ++r) {
      float scale = half(scales + 2 * r);
      float minimum = minima ? half(minima + 2 * r) : 0.0f;
      for (int64_t column = 0; column < blockColumns; ++column) {
        int64_t j = column % 4;
        int code;
        if (traits.bits == 8) {
          code = panel[column / 4 * lineBytes + 4 * r + j];
        } else {
          int64_t line = column / 8, nibble = column / 4 % 2;
          code = panel[line * lineBytes + 4 * r + j] >> (4 * nibble) & 15;
          if (high)
            code |= int(load32(high + 4 * r) >> (8 * j + 2 * line + nibble) & 1) << 4;
        }
        values[r * columns + start + column] = scale * float(code - int(traits.zero)) + minimum;
      }
    }
    panel += lineBytes * (traits.bits == 8 ? 8 : 4);
  }
}

float halfToFloat(uint16_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000) << 16;
  uint32_t exponent = bits >> 10 & 31;
  uint32_t mantissa = bits & 0x3ff;
  if (exponent == 0) // zero and subnormal numbers
    return std::copysign(std::ldexp(float(mantissa), -24), std::bit_cast<float>(sign));
  uint32_t rebiased = exponent == 31 ? 255 : exponent + (127 - 15);
  return std::bit_cast<float>(sign | rebiased << 23 | mantissa << 13);
}

} // namespace ingot::weights
