//===- pack.cpp - packing weights into panels -----------------------------===//
//
// Moves four codes at a time as one 32-bit word, which is the unit of both layouts.
//
//===----------------------------------------------------------------------===//

#include "codegen/weights/pack.h"

#include "dialects/Encoding/Blocks.h"

#include "llvm/Support/ErrorHandling.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>

using namespace ingot;
using namespace ingot::encoding;

static constexpr int64_t lineBytes = 64, quadsPerGroup = groupColumns / 4;

static uint32_t load32(const uint8_t *from) {
  uint32_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

static void store32(uint8_t *to, uint32_t word) { std::memcpy(to, &word, sizeof word); }

static void store16(uint8_t *to, uint16_t word) { std::memcpy(to, &word, sizeof word); }

namespace {
using Rows = std::array<const uint8_t *, panelRows>;

/// Packs blocks of one quantised format.
class BlockPacker {
public:
  explicit BlockPacker(const WeightFormat &format) : format(format), layout(format), blocks(format) {}

  /// Packs a block of 16 rows; a null row is padding.
  void pack(const Rows &rows, uint8_t *out) const {
    for (int64_t r = 0; r < panelRows; ++r)
      packScales(rows[r], r, out);
    int64_t headerEnd = layout.subScaleOffset + format.getScales() * layout.subScaleBytes;
    if (headerEnd < layout.codesOffset)
      std::memset(out + headerEnd, 0, layout.codesOffset - headerEnd);
    // The combinations of planes that formats have.
    switch (format.low.bits << 4 | format.high.bits) {
    case 0x20:
      return packCodes<2, 0>(rows, out);
    case 0x21:
      return packCodes<2, 1>(rows, out);
    case 0x40:
      return packCodes<4, 0>(rows, out);
    case 0x41:
      return packCodes<4, 1>(rows, out);
    case 0x42:
      return packCodes<4, 2>(rows, out);
    case 0x80:
      return packCodes<8, 0>(rows, out);
    }
    llvm_unreachable("a format with other planes");
  }

private:
  void packScales(const uint8_t *block, int64_t r, uint8_t *out) const {
    BlockScales scales;
    if (block)
      scales = blocks.loadScales(block);
    store16(out + 2 * r, scales.scale);
    if (format.hasMinimum())
      store16(out + layout.minimumOffset + 2 * r, scales.minimum);
    if (format.subScales == SubScales::None)
      return;
    out += layout.subScaleOffset + r;
    for (int64_t index = 0; index < format.getScales(); ++index, out += layout.subScaleBytes) {
      bool inOneByte = format.subScales == SubScales::Nibbles;
      int minimum = scales.minima[index];
      *out = static_cast<uint8_t>(inOneByte ? scales.scales[index] | minimum << 4 : scales.scales[index]);
      if (format.hasMinimum() && !inOneByte)
        out[panelRows] = static_cast<uint8_t>(minimum);
    }
  }

  template <int64_t low, int64_t high> void packCodes(const Rows &rows, uint8_t *out) const {
    out += layout.codesOffset;
    for (int64_t firstQuad = 0; firstQuad < format.blockColumns / 4;
         firstQuad += quadsPerGroup, out += layout.groupBytes)
      for (int64_t r = 0; r < panelRows; ++r) {
        std::array<uint32_t, quadsPerGroup> codes;
        if (rows[r])
          for (int64_t quad = 0; quad < quadsPerGroup; ++quad)
            codes[quad] = blocks.loadCodes(rows[r], firstQuad + quad, low, high);
        else
          codes.fill(static_cast<uint32_t>(0x01010101 * format.zeroPoint));
        if constexpr (high > 0)
          packPlane<high, low>(codes, out + 4 * r);
        packPlane<low, 0>(codes, out + layout.lowOffset + 4 * r);
      }
  }

  /// Bits `first` … `first` + `bits` - 1 of all codes.
  template <int64_t bits, int64_t first>
  static void packPlane(const std::array<uint32_t, quadsPerGroup> &codes, uint8_t *out) {
    constexpr uint32_t mask = 0x01010101u * ((1u << bits) - 1);
    for (int64_t line = 0, quad = 0; line < bits; ++line) {
      uint32_t word = 0;
      for (int64_t part = 0; part < 8 / bits; ++part, ++quad)
        word |= (codes[quad] >> first & mask) << (part * bits);
      store32(out + line * lineBytes, word);
    }
  }

  WeightFormat format;
  PanelLayout layout;
  Blocks blocks;
};
} // namespace

template <typename T> static void packPlain(int64_t columns, const Rows &rows, uint8_t *out) {
  // One tile's lines stay in the first-level cache until all rows filled them.
  constexpr int64_t tile = 64;
  for (int64_t start = 0; start < columns; start += tile) {
    int64_t end = std::min(columns, start + tile);
    for (int64_t r = 0; r < panelRows; ++r)
      for (int64_t column = start; column < end; ++column) {
        uint8_t *to = out + (column * panelRows + r) * sizeof(T);
        if (rows[r])
          std::memcpy(to, rows[r] + column * sizeof(T), sizeof(T));
        else
          std::memset(to, 0, sizeof(T));
      }
  }
}

void weights::packPanel(const WeightFormat &format, int64_t columns, llvm::function_ref<const uint8_t *(int)> row,
                        uint8_t *out) {
  assert(columns > 0 && columns % format.blockColumns == 0 && "whole blocks");
  Rows rows;
  for (int r = 0; r < panelRows; ++r)
    rows[r] = row(r);
  if (!format.isQuantized())
    return format.blockBytes == 4 ? packPlain<uint32_t>(columns, rows, out) : packPlain<uint16_t>(columns, rows, out);
  BlockPacker packer(format);
  uint64_t blockBytes = getPanelBytes(format, format.blockColumns);
  for (int64_t block = 0; block < columns / format.blockColumns; ++block, out += blockBytes) {
    packer.pack(rows, out);
    for (const uint8_t *&source : rows)
      source += source ? format.blockBytes : 0;
  }
}

void weights::packRows(const WeightFormat &format, int64_t columns, llvm::function_ref<const uint8_t *(int)> row,
                       uint8_t *out) {
  assert(!format.isQuantized() && "rows of numbers");
  uint64_t bytes = format.getRowBytes(columns);
  for (int r = 0; r < panelRows; ++r, out += bytes) {
    if (const uint8_t *from = row(r))
      std::memcpy(out, from, bytes);
    else
      std::memset(out, 0, bytes);
  }
}

/// The number of a plain format.
static float decodePlain(ElementKind element, const uint8_t *from) {
  uint16_t half = static_cast<uint16_t>(from[0] | from[1] << 8);
  if (element == ElementKind::F32)
    return std::bit_cast<float>(load32(from));
  return element == ElementKind::F16 ? halfToFloat(half) : std::bit_cast<float>(static_cast<uint32_t>(half) << 16);
}

void weights::unpackPanel(const WeightFormat &format, int64_t columns, const uint8_t *panel, float *values) {
#pragma STDC FP_CONTRACT OFF
  PanelLayout layout(format);
  for (int64_t column = 0; column < columns; ++column) {
    for (int64_t r = 0; r < panelRows; ++r) {
      float &value = values[r * columns + column];
      if (!format.isQuantized()) {
        value = decodePlain(format.element, panel + (column * panelRows + r) * layout.elementBytes);
        continue;
      }
      const uint8_t *block = panel + column / format.blockColumns * layout.blockBytes;
      auto half = [&](int64_t offset) { return decodePlain(ElementKind::F16, block + offset + 2 * r); };
      int64_t inBlock = column % format.blockColumns, quad = inBlock % groupColumns / 4, j = column % 4;
      float scale = half(0), minimum = format.hasMinimum() ? half(layout.minimumOffset) : 0.0f;
      if (format.subScales != SubScales::None) {
        const uint8_t *bytes = block + layout.subScaleOffset + inBlock / format.scaleColumns * layout.subScaleBytes + r;
        bool inOneByte = format.subScales == SubScales::Nibbles;
        scale *= static_cast<float>(inOneByte ? *bytes & 15 : static_cast<int8_t>(*bytes));
        if (format.hasMinimum())
          minimum *= -static_cast<float>(inOneByte ? *bytes >> 4 : static_cast<int8_t>(bytes[panelRows]));
      }
      const uint8_t *codes = block + layout.codesOffset + inBlock / groupColumns * layout.groupBytes + 4 * r + j;
      auto plane = [&](int64_t offset, int64_t bits) {
        int64_t perByte = 8 / bits;
        return codes[offset + quad / perByte * lineBytes] >> (quad % perByte * bits) & ((1 << bits) - 1);
      };
      int code = plane(layout.lowOffset, format.low.bits);
      if (format.high.bits)
        code |= plane(0, format.high.bits) << format.low.bits;
      value = scale * static_cast<float>(code - static_cast<int>(format.zeroPoint)) + minimum;
    }
  }
}
