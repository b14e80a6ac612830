//===- weights.cuh - packed weights as numbers ----------------------------===//
//
// A panel interleaves 16 rows of a weight matrix. A format is a struct of constants,
// printed from dialects/Encoding/Formats.h, where PanelLayout documents the bytes.
//
// The lanes of a warp read a panel 512 bytes at a time, 16 each: a lane's piece is four
// rows (of 16-bit elements eight) by a few neighbouring columns.
//
//===----------------------------------------------------------------------===//

namespace ingot {

constexpr int panelRows = 16, groupColumns = 32;

enum class SubScales { None, Nibbles, Bytes };

__device__ __forceinline__ float2 halvesToFloats(uint32_t word) {
  __half2 halves;
  memcpy(&halves, &word, sizeof halves);
  return __half22float2(halves);
}
__device__ __forceinline__ float toFloat(float value) { return value; }
__device__ __forceinline__ float toFloat(__half value) { return __half2float(value); }
__device__ __forceinline__ float toFloat(__nv_bfloat16 value) { return __bfloat162float(value); }
template <class Element> __device__ __forceinline__ Element fromFloat(float value);
template <> __device__ __forceinline__ float fromFloat(float value) { return value; }
template <> __device__ __forceinline__ __half fromFloat(float value) { return __float2half(value); }

//===----------------------------------------------------------------------===//
// Quantised formats
//===----------------------------------------------------------------------===//

/// Codes of the columns 4 quad … 4 quad + 3 of a group, one to a byte, from the words of both planes that hold them.
template <class Format> __device__ __forceinline__ uint32_t pickCodes(uint32_t low, uint32_t high, int quad) {
  constexpr uint32_t lowMask = 0x01010101u * ((1u << Format::lowBits) - 1);
  uint32_t codes = low >> quad % (8 / Format::lowBits) * Format::lowBits & lowMask;
  if constexpr (Format::highBits > 0) {
    constexpr uint32_t highMask = 0x01010101u * ((1u << Format::highBits) - 1);
    codes |= (high >> quad % (8 / Format::highBits) * Format::highBits & highMask) << Format::lowBits;
  }
  return codes;
}

/// What turns the codes of one row and some columns of a block into weights: scale · (code - zeroPoint) + minimum.
struct Scale {
  float scale, minimum;
};

/// First byte in a block of the sub-scales for the columns from `column` of the block on.
template <class Format> __device__ __forceinline__ int subScaleOffset(int column) {
  return Format::subScaleOffset + column / Format::scaleColumns * Format::subScaleBytes;
}

/// Given d, m and the sub-scales of the row `row` of the panel.
template <class Format> __device__ __forceinline__ Scale subScale(const uint8_t *subScales, int row, float d, float m) {
  const uint8_t *bytes = subScales + row;
  if constexpr (Format::subScales == SubScales::None)
    return {d, m};
  else if constexpr (Format::subScales == SubScales::Nibbles)
    return {d * static_cast<float>(*bytes & 15), -m * static_cast<float>(*bytes >> 4)};
  else
    return {d * static_cast<float>(static_cast<int8_t>(*bytes)),
            Format::hasMinimum ? -m * static_cast<float>(static_cast<int8_t>(bytes[panelRows])) : 0.0f};
}

/// Of four rows from `row`, a multiple of 4, on, whose d and m stand at these addresses.
template <class Format>
__device__ __forceinline__ void loadScales(Scale (&scales)[4], const uint8_t *ds, const uint8_t *ms,
                                           const uint8_t *subScales, int row) {
  uint2 halves;
  memcpy(&halves, ds, sizeof halves);
  const float2 d[2] = {halvesToFloats(halves.x), halvesToFloats(halves.y)};
  float2 m[2] = {};
  if constexpr (Format::hasMinimum) {
    memcpy(&halves, ms, sizeof halves);
    m[0] = halvesToFloats(halves.x);
    m[1] = halvesToFloats(halves.y);
  }
#pragma unroll
  for (int r = 0; r < 4; ++r)
    scales[r] = subScale<Format>(subScales, row + r, r % 2 ? d[r / 2].y : d[r / 2].x, r % 2 ? m[r / 2].y : m[r / 2].x);
}

/// A lane's piece of a quantised format, or of a plain one (below).
template <class Format, bool isQuantized = Format::isQuantized> struct Piece {
  static constexpr int rows = 4, columns = 4 * (8 / Format::lowBits);
  /// Lanes that read a group of 32 columns together, and columns that a warp reads at once.
  static constexpr int lanes = 4 * Format::lowBits, warpColumns = 32 / lanes * groupColumns;
  /// Lanes whose pieces stand beside each other, not below.
  static constexpr int rowLanes = panelRows / rows;

  uint32_t codes[rows][columns / 4];
  Scale scales[rows];

  /// The first row in the panel, and the first column, of the piece of `lane` at `start`, a multiple of warpColumns.
  static __device__ __forceinline__ int firstRow(int lane) { return lane % rowLanes * rows; }
  static __device__ __forceinline__ int firstColumn(int start, int lane) {
    return start + lane / lanes * groupColumns + lane % lanes / rowLanes * columns;
  }

  /// The piece from (row, column) on.
  __device__ __forceinline__ void load(const uint8_t *panel, int row, int column) {
    const uint8_t *block = panel + column / Format::blockColumns * Format::blockBytes;
    const int inBlock = column % Format::blockColumns;
    const uint8_t *group = block + Format::codesOffset + inBlock / groupColumns * Format::groupBytes + row * 4;
    const int quad = inBlock % groupColumns / 4;
    const uint4 low = loadWeights(group + Format::lowOffset + quad / (8 / Format::lowBits) * 64);
    uint4 high = {};
    if constexpr (Format::highBits > 0)
      high = loadWeights(group + quad / (8 / Format::highBits) * 64);
    const uint32_t lowWords[rows] = {low.x, low.y, low.z, low.w}, highWords[rows] = {high.x, high.y, high.z, high.w};
#pragma unroll
    for (int r = 0; r < rows; ++r)
#pragma unroll
      for (int q = 0; q < columns / 4; ++q)
        codes[r][q] = pickCodes<Format>(lowWords[r], highWords[r], quad + q);
    loadScales<Format>(scales, block + row * 2, block + Format::minimumOffset + row * 2,
                       block + subScaleOffset<Format>(inBlock), row);
  }

  __device__ __forceinline__ float code(int row, int column) const {
    return byteToFloat(codes[row][column / 4], column % 4, Format::zeroPoint);
  }
  __device__ __forceinline__ float weight(int row, int column) const {
    return fmaf(code(row, column), scales[row].scale, scales[row].minimum);
  }
  /// The product of row `row` and the numbers `x` of the piece's columns, whose sum is `sum`.
  __device__ __forceinline__ float dot(int row, const float (&x)[columns], float sum) const {
    float total = 0.0f;
#pragma unroll
    for (int column = 0; column < columns; ++column)
      total = fmaf(code(row, column), x[column], total);
    return fmaf(total, scales[row].scale, scales[row].minimum * sum);
  }
};

//===----------------------------------------------------------------------===//
// Plain formats
//===----------------------------------------------------------------------===//

template <class Format> struct Piece<Format, false> {
  using Element = typename Format::Element;
  static constexpr int rows = 16 / sizeof(Element), columns = 1;
  static constexpr int lanes = 32, rowLanes = panelRows / rows, warpColumns = lanes / rowLanes;

  Element elements[rows];

  static __device__ __forceinline__ int firstRow(int lane) { return lane % rowLanes * rows; }
  static __device__ __forceinline__ int firstColumn(int start, int lane) { return start + lane / rowLanes; }

  __device__ __forceinline__ void load(const uint8_t *panel, int row, int column) {
    const uint4 words = loadWeights(panel + (column * panelRows + row) * sizeof(Element));
    memcpy(elements, &words, sizeof elements);
  }
  __device__ __forceinline__ float weight(int row, int) const { return toFloat(elements[row]); }
  __device__ __forceinline__ float dot(int row, const float (&x)[columns], float) const {
    return weight(row, 0) * x[0];
  }
};

//===----------------------------------------------------------------------===//
// One row
//===----------------------------------------------------------------------===//

/// The weight at (row, column) of the panel.
template <class Format> __device__ __forceinline__ float weightAt(const uint8_t *panel, int row, int column) {
  if constexpr (Format::isQuantized) {
    const uint8_t *block = panel + column / Format::blockColumns * Format::blockBytes;
    const int inBlock = column % Format::blockColumns, quad = inBlock % groupColumns / 4;
    const uint8_t *group = block + Format::codesOffset + inBlock / groupColumns * Format::groupBytes + row * 4;
    uint32_t low, high = 0;
    memcpy(&low, group + Format::lowOffset + quad / (8 / Format::lowBits) * 64, sizeof low);
    if constexpr (Format::highBits > 0)
      memcpy(&high, group + quad / (8 / Format::highBits) * 64, sizeof high);
    __half d, m = {};
    memcpy(&d, block + row * 2, sizeof d);
    if constexpr (Format::hasMinimum)
      memcpy(&m, block + Format::minimumOffset + row * 2, sizeof m);
    const Scale scale =
        subScale<Format>(block + subScaleOffset<Format>(inBlock), row, __half2float(d), __half2float(m));
    const float code = static_cast<float>(pickCodes<Format>(low, high, quad) >> 8 * (column % 4) & 0xff);
    return fmaf(code - Format::zeroPoint, scale.scale, scale.minimum);
  } else {
    typename Format::Element element;
    memcpy(&element, panel + (column * panelRows + row) * sizeof element, sizeof element);
    return toFloat(element);
  }
}

} // namespace ingot
