//===- weights.cuh - packed weights as numbers ----------------------------===//
//
// A panel interleaves 16 rows of a weight matrix. A format is a struct of constants,
// printed from dialects/Encoding/Formats.h, where PanelLayout documents the bytes.
//
// The lanes of a warp read a panel 512 bytes at a time, 16 each.
//
//===----------------------------------------------------------------------===//

namespace ingot {

constexpr int panelRows = 16, groupColumns = 32;

enum class SubScales { None, Nibbles, Bytes };

/// How a panel stores its weights: as codes, as numbers in columns of 16, or row after row.
enum class Storage { Codes, Columns, Rows };
template <class Format> constexpr Storage storageOf() {
  if constexpr (Format::isQuantized)
    return Storage::Codes;
  else
    return Format::rowColumns > 0 ? Storage::Rows : Storage::Columns;
}

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

/// An activation as a library is given it. Of f16, what is beyond its largest number becomes that, and not infinity.
template <class Element> __device__ __forceinline__ Element roundActivation(float value);
template <> __device__ __forceinline__ float roundActivation(float value) { return value; }
template <> __device__ __forceinline__ __half roundActivation(float value) {
  return __float2half(fminf(fmaxf(value, -65504.0f), 65504.0f));
}
template <> __device__ __forceinline__ __nv_bfloat16 roundActivation(float value) { return __float2bfloat16(value); }

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

/// Given d, m and the sub-scale of a row; of formats with sub-scales in bytes, that of the minimum too.
template <class Format>
__device__ __forceinline__ Scale subScale(float d, float m, uint8_t subScale, uint8_t ofMinimum) {
  if constexpr (Format::subScales == SubScales::None)
    return {d, m};
  else if constexpr (Format::subScales == SubScales::Nibbles)
    return {d * static_cast<float>(subScale & 15), -m * static_cast<float>(subScale >> 4)};
  else
    return {d * static_cast<float>(static_cast<int8_t>(subScale)),
            Format::hasMinimum ? -m * static_cast<float>(static_cast<int8_t>(ofMinimum)) : 0.0f};
}

/// The scales of four neighbouring rows, the first a multiple of 4, as they are stored: a few words, so that what is
/// loaded long before it is needed takes few registers.
template <class Format> struct ScaleWords {
  static constexpr bool hasSubScales = Format::subScales != SubScales::None;
  static constexpr bool hasSecond = Format::subScales == SubScales::Bytes && Format::hasMinimum;

  uint2 d, m;
  uint32_t subScales, ofMinima;

  /// The addresses are those of row 0 of the panel.
  __device__ __forceinline__ void load(const uint8_t *ds, const uint8_t *ms, const uint8_t *subs, int row) {
    d = *reinterpret_cast<const uint2 *>(ds + row * 2);
    if constexpr (Format::hasMinimum)
      m = *reinterpret_cast<const uint2 *>(ms + row * 2);
    if constexpr (hasSubScales)
      subScales = *reinterpret_cast<const uint32_t *>(subs + row);
    if constexpr (hasSecond)
      ofMinima = *reinterpret_cast<const uint32_t *>(subs + panelRows + row);
  }
  /// Of row `r`, a constant, of the four.
  __device__ __forceinline__ Scale get(int r) const {
    const float2 ds = halvesToFloats(r / 2 ? d.y : d.x);
    float2 ms = {};
    if constexpr (Format::hasMinimum)
      ms = halvesToFloats(r / 2 ? m.y : m.x);
    return subScale<Format>(r % 2 ? ds.y : ds.x, r % 2 ? ms.y : ms.x, hasSubScales ? subScales >> 8 * r : 0,
                            hasSecond ? ofMinima >> 8 * r : 0);
  }
};

/// Of four rows from `row`, a multiple of 4, on. The addresses are those of row 0 of the panel.
template <class Format>
__device__ __forceinline__ void loadScales(Scale (&scales)[4], const uint8_t *ds, const uint8_t *ms,
                                           const uint8_t *subScales, int row) {
  ScaleWords<Format> words;
  words.load(ds, ms, subScales, row);
#pragma unroll
  for (int r = 0; r < 4; ++r)
    scales[r] = words.get(r);
}

//===----------------------------------------------------------------------===//
// Plain formats
//===----------------------------------------------------------------------===//

/// What a lane multiplies at once, of a format whose columns stand together, or its rows.
template <class Format, Storage storage = storageOf<Format>()> struct Piece;

/// 16 bytes of a column.
template <class Format> struct Piece<Format, Storage::Columns> {
  using Element = typename Format::Element;
  static constexpr int rows = 16 / sizeof(Element), columns = 1, loads = 1;
  /// Lanes whose pieces are of the same columns, and columns that a warp reads at once.
  static constexpr int rowLanes = panelRows / rows, warpColumns = 32 / rowLanes * columns;

  Element elements[rows];

  /// The first row in the panel, and the first column, of the piece of `lane` at `start`.
  static __device__ __forceinline__ int firstRow(int lane) { return lane % rowLanes * rows; }
  static __device__ __forceinline__ int firstColumn(int start, int lane) { return start + lane / rowLanes * columns; }

  __device__ __forceinline__ void load(const uint8_t *panel, int row, int column) {
    const uint4 words = loadWeights(panel + (column * panelRows + row) * sizeof(Element));
    memcpy(elements, &words, sizeof elements);
  }
  /// Adds the product of row `row` and the numbers `x` of the piece's columns to `sum`.
  __device__ __forceinline__ float addProduct(float sum, int row, const float (&x)[columns]) const {
    return fmaf(toFloat(elements[row]), x[0], sum);
  }
};

/// 16 bytes of four rows.
template <class Format> struct Piece<Format, Storage::Rows> {
  using Element = typename Format::Element;
  static constexpr int rows = 4, columns = 16 / sizeof(Element), loads = rows;
  static constexpr int rowLanes = panelRows / rows, warpColumns = 32 / rowLanes * columns;

  Element elements[rows][columns];

  static __device__ __forceinline__ int firstRow(int lane) { return lane % rowLanes * rows; }
  static __device__ __forceinline__ int firstColumn(int start, int lane) { return start + lane / rowLanes * columns; }

  __device__ __forceinline__ void load(const uint8_t *panel, int row, int column) {
#pragma unroll
    for (int r = 0; r < rows; ++r) {
      const uint4 words = loadWeights(panel + ((row + r) * Format::rowColumns + column) * sizeof(Element));
      memcpy(elements[r], &words, sizeof words);
    }
  }
  __device__ __forceinline__ float addProduct(float sum, int row, const float (&x)[columns]) const {
#pragma unroll
    for (int column = 0; column < columns; ++column)
      sum = fmaf(toFloat(elements[row][column]), x[column], sum);
    return sum;
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
    const uint8_t *subScales = block + subScaleOffset<Format>(inBlock) + row;
    const Scale scale =
        subScale<Format>(__half2float(d), __half2float(m), ScaleWords<Format>::hasSubScales ? subScales[0] : 0,
                         ScaleWords<Format>::hasSecond ? subScales[panelRows] : 0);
    const float code = static_cast<float>(pickCodes<Format>(low, high, quad) >> 8 * (column % 4) & 0xff);
    return fmaf(code - Format::zeroPoint, scale.scale, scale.minimum);
  } else {
    typename Format::Element element;
    const int index = Format::rowColumns > 0 ? row * Format::rowColumns + column : column * panelRows + row;
    memcpy(&element, panel + index * sizeof element, sizeof element);
    return toFloat(element);
  }
}

} // namespace ingot
