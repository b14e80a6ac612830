//===- Blocks.h - the numbers in the blocks of a weight format --*- C++ -*-===//
//
// Reads and writes the codes and scales of a file's blocks, after the one description of
// their format.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_ENCODING_BLOCKS_H
#define INGOT_DIALECTS_ENCODING_BLOCKS_H

#include "dialects/Encoding/Formats.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace ingot::encoding {

/// Most columns of a block, and most scales of one.
constexpr int64_t mostBlockColumns = 256, mostScales = 16;

/// The scales of one block. Without sub-scales, `scales[0]` is 1.
struct BlockScales {
  uint16_t scale = 0, minimum = 0; ///< f16 bits; the minimum as stored, which K types subtract
  std::array<int8_t, mostScales> scales = {}, minima = {};
};

/// The blocks of one quantised format. Blocks need no alignment.
class Blocks {
public:
  explicit Blocks(const WeightFormat &format);

  /// The codes of columns 4 quad … 4 quad + 3, one in each byte, as panels hold them (never negative).
  uint32_t loadCodes(const uint8_t *block, int64_t quad) const {
    return loadCodes(block, quad, format.low.bits, format.high.bits);
  }
  /// The same, for callers that know the bits of both planes while they are compiled.
  uint32_t loadCodes(const uint8_t *block, int64_t quad, int64_t lowBits, int64_t highBits) const {
    const Place &place = places[quad];
    uint32_t codes = loadPlane(block + place.low, lowBits, format.low.run, place.lowShift);
    if (highBits)
      codes |= loadPlane(block + place.high, highBits, format.high.run, place.highShift) << lowBits;
    return codes ^ signs;
  }
  /// Stores codes into a block whose codes were zeros.
  void storeCodes(uint8_t *block, int64_t quad, uint32_t codes) const;

  BlockScales loadScales(const uint8_t *block) const;
  /// Stores scales, each within what the format holds, into a block of zeros.
  void storeScales(uint8_t *block, const BlockScales &scales) const;

private:
  /// Where four columns stand in both planes.
  struct Place {
    uint16_t low, high;
    uint8_t lowShift, highShift;
  };
  static uint32_t loadPlane(const uint8_t *from, int64_t bits, int64_t run, uint8_t shift) {
    // Four neighbouring bits (a plane of single bits with runs of 1): the product has bit j at bit 8 j, among others.
    if (run == 1)
      return (*from >> shift & 15u) * 0x00204081u & 0x01010101u;
    uint32_t word;
    std::memcpy(&word, from, sizeof word);
    return word >> shift & 0x01010101u * ((1u << bits) - 1);
  }
  static void storePlane(uint8_t *to, const BitPlane &plane, uint8_t shift, uint32_t bits);

  WeightFormat format;
  uint32_t signs; ///< of signed bytes, which panels hold without
  std::array<Place, mostBlockColumns / 4> places;
};

/// The numbers of a row of `columns` columns, whole blocks, of any format. Products and sums round separately, to
/// float, as `dequantize_row_…` of ggml does.
void decodeRow(const WeightFormat &format, const uint8_t *row, int64_t columns, float *out);

/// Exact value of an IEEE 754 binary16 number.
float halfToFloat(uint16_t bits);

} // namespace ingot::encoding

#endif // INGOT_DIALECTS_ENCODING_BLOCKS_H
