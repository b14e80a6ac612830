//===- fragments.cuh - what mma.sync takes, from what memory holds --------===//
//
// A number is a sum of bf16 parts, the largest first: two carry 16 bits, three all of an
// f32. Codes, and weights in bf16, are one part. So a product of two numbers is a few
// products of parts, each exact, in f32 sums; the ones that would not be seen are left out.
//
// A slab is 32 columns of a panel, two steps of mma.m16n8k16 deep. Which column an
// element of a fragment stands for is ours to choose, as long as both factors agree: the
// four elements of a lane in one step are neighbouring columns, a quad.
//
//===----------------------------------------------------------------------===//

namespace ingot {

__device__ __forceinline__ __nv_bfloat162 roundPair(__nv_bfloat16, float x, float y) {
  return __floats2bfloat162_rn(x, y);
}
__device__ __forceinline__ __half2 roundPair(__half, float x, float y) { return __floats2half2_rn(x, y); }

/// Both numbers in parts: a pair in every word.
template <class Part = __nv_bfloat16, int parts>
__device__ __forceinline__ void splitPair(float x, float y, uint32_t (&words)[parts]) {
#pragma unroll
  for (int part = 0; part < parts; ++part) {
    const auto rounded = roundPair(Part{}, x, y);
    memcpy(&words[part], &rounded, sizeof rounded);
    x -= __low2float(rounded);
    y -= __high2float(rounded);
  }
}

/// Adds a b to the sums `d`.
__device__ __forceinline__ void addProduct(__nv_bfloat16, float (&d)[4], const uint32_t (&a)[4],
                                           const uint32_t (&b)[2]) {
  mmaBfloat(d, a, b, d);
}
__device__ __forceinline__ void addProduct(__half, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  mmaHalf(d, a, b, d);
}

/// A pair of the codes in `codes`, of at most 7 bits, as bf16: 128 and their value.
__device__ __forceinline__ uint32_t codesFrom128(uint32_t codes, int pair) {
  return __byte_perm(codes, 0x43434343, pair == 0 ? 0x4140 : 0x4342);
}

/// A pair of the codes in `codes`, less the zero point, as bf16: exact, as differences of numbers from 128 on.
template <int bits, int zeroPoint> __device__ __forceinline__ uint32_t codesToBfloats(uint32_t codes, int pair) {
  static_assert(bits < 8 ? zeroPoint < 128 : zeroPoint == 128, "a difference that is exact");
  uint32_t word = codesFrom128(codes, pair), addend;
  if constexpr (bits < 8) {
    const __nv_bfloat162 less = __float2bfloat162_rn(-128.0f - zeroPoint);
    memcpy(&addend, &less, sizeof addend);
  } else {
    // -128 where the eighth bit is set, which counts 128 itself; -256 otherwise.
    addend = (word & 0x00800080) ^ 0xc380c380;
    word &= 0x437f437f;
  }
  __nv_bfloat162 numbers, less;
  memcpy(&numbers, &word, sizeof numbers);
  memcpy(&less, &addend, sizeof less);
  numbers = __hadd2(numbers, less);
  memcpy(&word, &numbers, sizeof word);
  return word;
}

/// A slab of a quantised format in shared memory, or of a plain one (below).
template <class Format, Storage storage = storageOf<Format>()> struct Slab {
  /// Parts of a weight and of an activation.
  static constexpr int parts = 1, inputParts = 2;
  static constexpr bool hasMinimum = Format::hasMinimum;
  /// Steps that share a scale.
  static constexpr int scaleSteps = Format::scaleColumns < groupColumns ? 1 : 2;

  /// Lines of codes, then d, m and sub-scales.
  static constexpr int codeChunks = Format::groupBytes / 16, codeBytes = (Format::groupBytes + 127) / 128 * 128;
  static constexpr int scaleChunks = Format::hasMinimum ? 4 : 2;
  static constexpr int subScaleChunks =
      Format::subScales == SubScales::None ? 0 : 2 / scaleSteps * Format::subScaleBytes / 16;
  /// Of 16 bytes, and bytes of all.
  static constexpr int chunks = codeChunks + scaleChunks + subScaleChunks;
  static constexpr int bytes = codeBytes + (scaleChunks + subScaleChunks) * 16;

  /// The quad of columns that the lanes of `member`, a lane's place in a group of four, have in a step. Where a step
  /// has its own scale, its columns are neighbours; otherwise both steps read the same bytes.
  static __device__ __forceinline__ int quad(int step, int member) {
    return scaleSteps == 1 ? 4 * step + member : 2 * member + step;
  }
  /// The row in its panel of column 2 `member` + `second` of the `half`th fragment of 8 rows.
  static __device__ __forceinline__ int row(int half, int member, int second) { return 4 * member + 2 * second + half; }

  /// Where a chunk comes from, of the columns from `column`, a multiple of 32, on.
  static __device__ __forceinline__ const uint8_t *source(const uint8_t *panel, int column, int chunk) {
    const uint8_t *block = panel + column / Format::blockColumns * Format::blockBytes;
    const int inBlock = column % Format::blockColumns;
    if (chunk < codeChunks)
      return block + Format::codesOffset + inBlock / groupColumns * Format::groupBytes + chunk * 16;
    chunk -= codeChunks;
    if (chunk >= scaleChunks)
      return block + subScaleOffset<Format>(inBlock) + (chunk - scaleChunks) * 16;
    return block + (chunk < 2 ? 0 : Format::minimumOffset - 32) + chunk * 16;
  }
  static __device__ __forceinline__ bool exists(int, int) { return true; }
  /// Where it goes. Halves of lines change places so that lanes of a warp read different banks.
  static __device__ __forceinline__ int place(int chunk) {
    if (chunk >= codeChunks)
      return codeBytes + (chunk - codeChunks) * 16;
    return (chunk / 2 ^ chunk / 8 % 4) * 32 + chunk % 2 * 16;
  }

  /// Words of rows 2 `group` and 2 `group` + 1.
  static __device__ __forceinline__ uint2 line(const uint8_t *slab, int index, int group) {
    return *reinterpret_cast<const uint2 *>(slab + ((index * 2 + group / 4) ^ index / 2 % 4) * 32 + group % 4 * 8);
  }
  /// Fragments of both halves of the panel's rows.
  static __device__ __forceinline__ void load(const uint8_t *slab, int step, int lane,
                                              uint32_t (&fragments)[parts][2][2]) {
    const int group = lane / 4, columns = quad(step, lane % 4);
    const uint2 low = line(slab, Format::highBits + columns / (8 / Format::lowBits), group);
    uint2 high = {};
    if constexpr (Format::highBits > 0)
      high = line(slab, columns / (8 / Format::highBits), group);
    const uint32_t lowWords[2] = {low.x, low.y}, highWords[2] = {high.x, high.y};
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const uint32_t codes = pickCodes<Format>(lowWords[half], highWords[half], columns);
#pragma unroll
      for (int pair = 0; pair < 2; ++pair)
        fragments[0][half][pair] = codesToBfloats<Format::lowBits + Format::highBits, Format::zeroPoint>(codes, pair);
    }
  }
  /// Of the rows 4 `member` … 4 `member` + 3 of the panel.
  static __device__ __forceinline__ void scales(const uint8_t *slab, int step, int member, Scale (&scales)[4]) {
    const uint8_t *ds = slab + codeBytes;
    loadScales<Format>(scales, ds, ds + 32, ds + scaleChunks * 16 + step / scaleSteps * Format::subScaleBytes,
                       member * 4);
  }
};

/// A pair of weights of 16 bits in parts: bf16 is one as it is.
template <class Element, int parts>
__device__ __forceinline__ void splitWeights(uint32_t pair, uint32_t (&words)[parts]) {
  if constexpr (std::is_same_v<Element, __half>) {
    const float2 numbers = halvesToFloats(pair);
    splitPair(numbers.x, numbers.y, words);
  } else {
    words[0] = pair;
  }
}

template <class Format> struct Slab<Format, Storage::Columns> {
  using Element = typename Format::Element;
  static constexpr int parts = sizeof(Element) == 4 ? 3 : std::is_same_v<Element, __half> ? 2 : 1;
  static constexpr int inputParts = sizeof(Element) == 4 ? 3 : 2;
  static constexpr bool hasMinimum = false;
  static constexpr int columnChunks = panelRows * sizeof(Element) / 16;
  static constexpr int chunks = groupColumns * columnChunks, bytes = chunks * 16;

  static __device__ __forceinline__ int quad(int step, int member) { return 4 * step + member; }
  static __device__ __forceinline__ int row(int half, int member, int second) { return 8 * half + 2 * member + second; }

  static __device__ __forceinline__ const uint8_t *source(const uint8_t *panel, int column, int chunk) {
    return panel + (column * columnChunks + chunk) * 16;
  }
  /// Whether the chunk is of one of `columns` columns.
  static __device__ __forceinline__ bool exists(int columns, int chunk) { return chunk / columnChunks < columns; }
  /// Columns of different quads change places, so that lanes of a warp read different banks.
  static __device__ __forceinline__ int place(int chunk) {
    const int member = chunk / columnChunks / 4 % 4;
    return (chunk ^ (sizeof(Element) == 4 ? member * 2 : member % 2 + member / 2 * 4)) * 16;
  }

  static __device__ __forceinline__ void load(const uint8_t *slab, int step, int lane,
                                              uint32_t (&fragments)[parts][2][2]) {
    if constexpr (sizeof(Element) == 4) {
#pragma unroll
      for (int half = 0; half < 2; ++half)
#pragma unroll
        for (int pair = 0; pair < 2; ++pair) {
          const int column = quad(step, lane % 4) * 4 + pair * 2, row = half * 8 + lane / 4;
          float numbers[2];
#pragma unroll
          for (int i = 0; i < 2; ++i)
            numbers[i] =
                *reinterpret_cast<const float *>(slab + place((column + i) * columnChunks + row / 4) + row % 4 * 4);
          uint32_t words[parts];
          splitPair(numbers[0], numbers[1], words);
#pragma unroll
          for (int part = 0; part < parts; ++part)
            fragments[part][half][pair] = words[part];
        }
    } else {
      // Four matrices: of each half both pairs of columns.
      const int matrix = lane / 8, r = lane % 8;
      const int column = quad(step, r / 2) * 4 + matrix % 2 * 2 + r % 2;
      uint32_t words[4];
      loadMatrices<true>(words, slab + place(column * columnChunks + matrix / 2));
#pragma unroll
      for (int half = 0; half < 2; ++half)
#pragma unroll
        for (int pair = 0; pair < 2; ++pair) {
          uint32_t word[parts];
          splitWeights<Element>(words[half * 2 + pair], word);
#pragma unroll
          for (int part = 0; part < parts; ++part)
            fragments[part][half][pair] = word[part];
        }
    }
  }
};

/// Of 16-bit elements alone.
template <class Format> struct Slab<Format, Storage::Rows> {
  using Element = typename Format::Element;
  static constexpr int parts = std::is_same_v<Element, __half> ? 2 : 1, inputParts = 2;
  static constexpr bool hasMinimum = false;
  static constexpr int rowChunks = groupColumns * sizeof(Element) / 16;
  static constexpr int chunks = panelRows * rowChunks, bytes = chunks * 16;

  static __device__ __forceinline__ int quad(int step, int member) { return 4 * step + member; }
  static __device__ __forceinline__ int row(int half, int member, int second) { return 8 * half + 2 * member + second; }

  static __device__ __forceinline__ const uint8_t *source(const uint8_t *panel, int column, int chunk) {
    return panel + (chunk / rowChunks * Format::rowColumns + column) * sizeof(Element) + chunk % rowChunks * 16;
  }
  static __device__ __forceinline__ bool exists(int columns, int chunk) {
    return chunk % rowChunks * static_cast<int>(16 / sizeof(Element)) < columns;
  }
  /// Halves of every other pair of rows change places, so that lanes of a warp read different banks.
  static __device__ __forceinline__ int place(int chunk) { return (chunk ^ chunk / (2 * rowChunks) % 2 * 2) * 16; }

  static __device__ __forceinline__ void load(const uint8_t *slab, int step, int lane,
                                              uint32_t (&fragments)[parts][2][2]) {
    const int columns = quad(step, lane % 4);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = half * 8 + lane / 4;
      const uint2 loaded =
          *reinterpret_cast<const uint2 *>(slab + place(row * rowChunks + columns / 2) + columns % 2 * 8);
      const uint32_t words[2] = {loaded.x, loaded.y};
#pragma unroll
      for (int pair = 0; pair < 2; ++pair) {
        uint32_t word[parts];
        splitWeights<Element>(words[pair], word);
#pragma unroll
        for (int part = 0; part < parts; ++part)
          fragments[part][half][pair] = word[part];
      }
    }
  }
};

/// 64 columns of a quantised panel in the registers of a warp, as A of mma.m16n8k16: what a product of few rows takes,
/// which would gain nothing by shared memory. The first 16 lanes have 32 columns, a group, and the others the next
/// group: a lane has four rows of the panel, in two fragments, and of a step four columns.
///
/// B has the rows of activations, two at a time, in its eight columns: for each row, both groups; for each group, both
/// parts. Of what comes out, a lane's own are the sums of its own group; the others are products of one group's weights
/// and the other group's activations.
template <class Format> struct Strip {
  using S = Slab<Format>;
  static constexpr int columns = 2 * groupColumns, rows = 4, rowsOfInput = 2, bits = Format::lowBits + Format::highBits;
  /// Scales of a group.
  static constexpr int scaleSteps = S::scaleSteps, scaleCount = 2 / scaleSteps;
  /// Words of 16 bytes that hold a lane's codes of both steps.
  static constexpr int lowWords = scaleSteps == 2 && Format::lowBits <= 4 ? 1 : 2;
  static constexpr int highWords = scaleSteps == 2 || Format::highBits <= 1 ? 1 : 2;
  /// Codes are multiplied as they are, plus 128, where that is exact; what is too much goes off with the sum of the
  /// activations.
  static constexpr bool shiftsCodes = bits < 8, needsTotals = shiftsCodes || Format::hasMinimum;

  uint4 low[lowWords], high[highWords];
  ScaleWords<Format> scales[scaleCount];

  /// The columns from `column`, a multiple of 32, of the block at `block` on: those of the lane's group.
  __device__ __forceinline__ void load(const uint8_t *block, int column, int lane) {
    const int member = lane % 4, row = lane / 4 % 4 * rows;
    const uint8_t *group = block + Format::codesOffset + column / groupColumns * Format::groupBytes + row * 4;
#pragma unroll
    for (int i = 0; i < lowWords; ++i)
      low[i] = loadWeights(group + Format::lowOffset + S::quad(i, member) / (8 / Format::lowBits) * 64);
    if constexpr (Format::highBits > 0) {
#pragma unroll
      for (int i = 0; i < highWords; ++i)
        high[i] = loadWeights(group + S::quad(i, member) / (8 / Format::highBits) * 64);
    }
#pragma unroll
    for (int i = 0; i < scaleCount; ++i)
      scales[i].load(block, block + Format::minimumOffset,
                     block + subScaleOffset<Format>(column + i * Format::scaleColumns), row);
  }

  /// What is multiplied: numbers of two rows.
  struct Input {
    uint32_t words[2][2]; ///< of each step, both pairs
    float totals[scaleCount];

    /// `source` is the first of the 32 columns of the lane's row and group in B; zeros are taken where there are none.
    __device__ __forceinline__ void load(const float *source, bool exists, int lane) {
#pragma unroll
      for (int step = 0; step < 2; ++step) {
        const float4 quad = exists ? *reinterpret_cast<const float4 *>(source + 4 * S::quad(step, lane % 4)) : float4{};
        const float numbers[2][2] = {{quad.x, quad.y}, {quad.z, quad.w}};
#pragma unroll
        for (int pair = 0; pair < 2; ++pair) {
          uint32_t parts[2];
          splitPair(numbers[pair][0], numbers[pair][1], parts);
          words[step][pair] = parts[lane / 4 % 2];
        }
      }
      if constexpr (needsTotals) {
        // Multiplied by ones, they are added up where the sums of products will be.
        const uint32_t ones[4] = {0x3f803f80, 0x3f803f80, 0x3f803f80, 0x3f803f80};
#pragma unroll
        for (int i = 0; i < scaleCount; ++i) {
          float results[4] = {};
#pragma unroll
          for (int step = i * scaleSteps; step < (i + 1) * scaleSteps; ++step)
            mmaBfloat(results, ones, words[step], results);
          totals[i] = results[0] + results[1];
        }
      }
    }
    /// The row of the two, and the group, that the lane has in B.
    static __device__ __forceinline__ int row(int lane) { return lane / 16; }
    static __device__ __forceinline__ int group(int lane) { return lane / 8 % 2; }
  };

  /// Adds the products with `input` to the sums of the lane's rows.
  __device__ __forceinline__ void multiply(const Input &input, int lane, float (&sums)[rows]) const {
#pragma unroll
    for (int i = 0; i < scaleCount; ++i) {
      float results[rows / 2][4] = {};
#pragma unroll
      for (int step = i * scaleSteps; step < (i + 1) * scaleSteps; ++step) {
        const uint4 l = low[step % lowWords];
        uint4 h = {};
        if constexpr (Format::highBits > 0)
          h = high[step % highWords];
        const uint32_t lowCodes[rows] = {l.x, l.y, l.z, l.w}, highCodes[rows] = {h.x, h.y, h.z, h.w};
#pragma unroll
        for (int tile = 0; tile < rows / 2; ++tile) {
          uint32_t a[4];
#pragma unroll
          for (int second = 0; second < 2; ++second) {
            const int row = tile * 2 + second;
            const uint32_t codes = pickCodes<Format>(lowCodes[row], highCodes[row], S::quad(step, lane % 4));
#pragma unroll
            for (int pair = 0; pair < 2; ++pair)
              a[pair * 2 + second] =
                  shiftsCodes ? codesFrom128(codes, pair) : codesToBfloats<bits, Format::zeroPoint>(codes, pair);
          }
          mmaBfloat(results[tile], a, input.words[step], results[tile]);
        }
      }
#pragma unroll
      for (int row = 0; row < rows; ++row) {
        const Scale scale = scales[i].get(row);
        const float *parts = results[row / 2] + row % 2 * 2;
        float product = parts[0] + parts[1];
        if constexpr (shiftsCodes)
          product = fmaf(input.totals[i], -128.0f - Format::zeroPoint, product);
        sums[row] = fmaf(product, scale.scale, sums[row]);
        if constexpr (Format::hasMinimum)
          sums[row] = fmaf(input.totals[i], scale.minimum, sums[row]);
      }
    }
  }

  /// The group of the two, and the quarter of the panel's rows, that the lane's weights are of.
  static __device__ __forceinline__ int group(int lane) { return lane / 16; }
  static __device__ __forceinline__ int quarter(int lane) { return lane / 4 % 4; }
  /// The row of activations, of two, that the lane's sums are of; and whether they are of its own group: the other
  /// group's are those of the lane `partner` from it.
  static __device__ __forceinline__ int rowOfSums(int lane) { return lane % 4 / 2; }
  static __device__ __forceinline__ bool hasSums(int lane) { return lane % 2 == group(lane); }
  static constexpr int partner = 17;
};

} // namespace ingot
