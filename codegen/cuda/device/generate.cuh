//===- generate.cuh - constants made from seeds ---------------------------===//
//
// The numbers of codegen/weights/generate.cpp, put where they stand in panels: every bit
// is the same.
//
//===----------------------------------------------------------------------===//

namespace ingot {

/// SplitMix64 (Steele, Lea, Flood, 2014).
__device__ __forceinline__ uint64_t mixBits(uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
  return value ^ (value >> 31);
}

/// 24 random bits of element (row, column) of a parameter, whose seed was mixed once.
__device__ __forceinline__ uint32_t randomBits(uint64_t mixedSeed, uint64_t row, uint32_t column, uint32_t columns) {
  return static_cast<uint32_t>(mixBits(mixedSeed ^ (row * columns + column)) >> 40);
}

/// The bits from `first` on of the codes of 32 columns, four to a word, as lines of a panel; `line` is the row's word
/// in the first one.
template <int bits, int first> __device__ __forceinline__ void storePlane(uint8_t *line, const uint32_t (&codes)[8]) {
  constexpr uint32_t mask = 0x01010101u * ((1u << bits) - 1);
  constexpr int inLine = 8 / bits;
#pragma unroll
  for (int number = 0; number < bits; ++number) {
    uint32_t word = 0;
#pragma unroll
    for (int part = 0; part < inLine; ++part)
      word |= (codes[number * inLine + part] >> first & mask) << part * bits;
    memcpy(line + number * 64, &word, sizeof word);
  }
}

/// d, m and the sub-scales of the row `lane` of a block.
template <class Format>
__device__ __forceinline__ void storeScales(uint8_t *block, uint32_t lane, float d, float m, bool isPadding) {
  const __half halves[2] = {__float2half(d), __float2half(m)};
  memcpy(block + lane * 2, &halves[0], 2);
  if constexpr (Format::hasMinimum)
    memcpy(block + Format::minimumOffset + lane * 2, &halves[1], 2);
  if constexpr (Format::subScales != SubScales::None) {
    constexpr bool inOneByte = Format::subScales == SubScales::Nibbles;
    constexpr int scales = Format::blockColumns / Format::scaleColumns;
    uint8_t *bytes = block + Format::subScaleOffset + lane;
    for (int scale = 0; scale < scales; ++scale, bytes += Format::subScaleBytes) {
      *bytes = isPadding ? 0 : inOneByte && Format::hasMinimum ? 0x11 : 1;
      if (Format::hasMinimum && !inOneByte)
        bytes[panelRows] = isPadding ? 0 : 1;
    }
    // What stands between the scales and the codes.
    if (lane == 0)
      for (int byte = Format::subScaleOffset + scales * Format::subScaleBytes; byte < Format::codesOffset; ++byte)
        block[byte] = 0;
  }
}

/// One panel of a piece for each block of threads. Codes of random numbers are at least `smallestCode`.
template <class Format, int smallestCode>
__device__ __forceinline__ void generateBlocks(const IngotCudaFill &fill, uint8_t *constants) {
  constexpr int codeBits = Format::lowBits + Format::highBits;
  const uint64_t panelBytes = uint64_t{fill.columns / Format::blockColumns} * Format::blockBytes;
  uint8_t *const panel = constants + fill.offset + blockIdx.x * fill.panel_step * panelBytes;
  const uint64_t firstRow = fill.first_row + uint64_t{blockIdx.x} * fill.panel_rows, seed = mixBits(fill.seed);
  const bool isPadding = fill.numbers == INGOT_CUDA_PADDING, isRandom = fill.numbers == INGOT_CUDA_RANDOM;
  const float d = isRandom ? 2.0f * fill.scale / (1 << codeBits) : fill.scale;
  const float minimum = isRandom ? -fill.scale : 0.0f;
  // Formats with sub-scales subtract their minima.
  const float m = isPadding || Format::subScales == SubScales::None ? minimum : -minimum;
  for (uint32_t item = threadIdx.x; item < fill.columns / groupColumns * fill.lanes; item += blockDim.x) {
    const uint32_t inPiece = item % fill.lanes, lane = fill.first_lane + inPiece;
    const uint32_t column = item / fill.lanes * groupColumns;
    uint8_t *const block = panel + uint64_t{column / Format::blockColumns} * Format::blockBytes;
    const int inBlock = column % Format::blockColumns;
    if (inBlock == 0)
      storeScales<Format>(block, lane, d, m, isPadding);
    const uint64_t row = firstRow + uint64_t{inPiece} * fill.lane_rows;
    uint32_t codes[8] = {};
#pragma unroll
    for (int j = 0; j < groupColumns; ++j) {
      int code = Format::zeroPoint + !isPadding;
      if (isRandom) {
        code = static_cast<int>(randomBits(seed, row, column + j, fill.columns) >> (24 - codeBits));
        code = code < smallestCode ? smallestCode : code;
      }
      codes[j / 4] |= static_cast<uint32_t>(code) << 8 * (j % 4);
    }
    uint8_t *const group = block + Format::codesOffset + inBlock / groupColumns * Format::groupBytes + lane * 4;
    if constexpr (Format::highBits > 0)
      storePlane<Format::highBits, Format::lowBits>(group, codes);
    storePlane<Format::lowBits, 0>(group + Format::lowOffset, codes);
  }
}

/// The same of plain numbers, of which a panel has `panelLanes` for each column.
template <class Format, int panelLanes>
__device__ __forceinline__ void generateNumbers(const IngotCudaFill &fill, uint8_t *constants) {
  using Element = typename Format::Element;
  const uint64_t panelBytes = uint64_t{fill.columns} * panelLanes * sizeof(Element);
  auto *const panel = reinterpret_cast<Element *>(constants + fill.offset + blockIdx.x * fill.panel_step * panelBytes);
  const uint64_t firstRow = fill.first_row + uint64_t{blockIdx.x} * fill.panel_rows, seed = mixBits(fill.seed);
  for (uint32_t item = threadIdx.x; item < fill.columns * fill.lanes; item += blockDim.x) {
    const uint32_t inPiece = item % fill.lanes, column = item / fill.lanes;
    float value = fill.scale;
    if (fill.numbers == INGOT_CUDA_RANDOM) {
      const uint64_t row = firstRow + uint64_t{inPiece} * fill.lane_rows;
      value *= static_cast<float>(randomBits(seed, row, column, fill.columns)) * 0x1p-23f - 1.0f;
    }
    panel[uint64_t{column} * panelLanes + fill.first_lane + inPiece] = Element(value);
  }
}

} // namespace ingot
