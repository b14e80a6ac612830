//===- attention.cuh - softmax(q Kᵀ · scale) V over a cache ---------------===//
//
// Of one row, keys are shared out by chunks, which are merged in ascending order; of
// several rows, a block takes all keys of a head for some of them, tile by tile; of many
// by mma.sync. Either way: a maximum, a sum and an output so far (arXiv:2205.14135).
//
//===----------------------------------------------------------------------===//

namespace ingot {

/// Less than any score; finite, so that differences of two of them are 0 and not NaN.
constexpr float masked = -1e30f;

/// A cache of one layer. Keys and values of a position stand in a row of columns, rows of a page behind one another,
/// pages of a head likewise. `Shape` is printed for every cache that a kernel reads: Element, keyColumns (halves of a
/// rotated head padded to 16), valueColumns (a head padded to 16), pageRows, pages, window (0: all positions),
/// sequences (of a step), group (among the page tables), ringPages (0: no ring).
template <class Shape> struct Cache {
  using Element = typename Shape::Element;

  /// The physical page of `position` of the sequence that `row` belongs to.
  static __device__ __forceinline__ int page(const IngotCudaStep &step, int row, int position) {
    int page = position / Shape::pageRows;
    if constexpr (Shape::ringPages > 0)
      page %= Shape::ringPages;
    if constexpr (Shape::sequences == 1)
      return page; // The page table of a single sequence is the identity.
    const uint32_t table = Shape::group * step.counts[1] + step.row_sequences[row];
    return step.page_tables[table * step.pages_per_sequence + page];
  }
  static __device__ __forceinline__ Element *keyRow(uint8_t *keys, int head, int page, int position) {
    const int64_t row = (int64_t{head} * Shape::pages + page) * Shape::pageRows + position % Shape::pageRows;
    return reinterpret_cast<Element *>(keys) + row * Shape::keyColumns;
  }
  static __device__ __forceinline__ Element *valueRow(uint8_t *values, int head, int page, int position) {
    const int64_t row = (int64_t{head} * Shape::pages + page) * Shape::pageRows + position % Shape::pageRows;
    return reinterpret_cast<Element *>(values) + row * Shape::valueColumns;
  }
  /// The first position that a row at `position` sees.
  static __device__ __forceinline__ int firstVisible(int position) {
    return Shape::window > 0 ? max(position + 1 - Shape::window, 0) : 0;
  }
};

/// What becomes of q · k before the softmax, of a row and a key that are `distance` positions apart. `Score` is printed
/// for every attention: scale, softcap (0: none), hasSlopes, slope(head) (of ALiBi), isBidirectional.
template <class Score>
__device__ __forceinline__ float adjustScore(float product, float scale, float slope, int distance) {
  float score = product * scale;
  if constexpr (Score::softcap > 0.0f)
    score = tanhf(score * (1.0f / Score::softcap)) * Score::softcap;
  if constexpr (Score::hasSlopes)
    score = fmaf(static_cast<float>(abs(distance)), -slope, score);
  return score;
}

/// The last of `rows` rows that belongs to the same sequence as `row`: such rows are neighbours.
template <class Shape> __device__ __forceinline__ int lastRowOfSequence(const IngotCudaStep &step, int row, int rows) {
  if constexpr (Shape::sequences == 1)
    return rows - 1;
  int last = row;
  while (last + 1 < rows && step.row_sequences[last + 1] == step.row_sequences[row])
    ++last;
  return last;
}

/// Four neighbouring elements of a row.
__device__ __forceinline__ float4 loadFour(const float *row) { return *reinterpret_cast<const float4 *>(row); }
__device__ __forceinline__ float4 loadFour(const __half *row) {
  const uint2 words = *reinterpret_cast<const uint2 *>(row);
  const float2 first = halvesToFloats(words.x), second = halvesToFloats(words.y);
  return {first.x, first.y, second.x, second.y};
}

/// The running maximum and sum of a softmax, and what its output is multiplied with when they change.
struct Softmax {
  float largest = masked, sum = 0.0f;

  /// Joins a part with the maximum `other` and the sum `otherSum`. Outputs become old · first + new · second.
  __device__ __forceinline__ float2 join(float other, float otherSum) {
    const float next = fmaxf(largest, other);
    const float2 factors = {expf(largest - next), expf(other - next)};
    largest = next;
    sum = fmaf(otherSum, factors.y, sum * factors.x);
    return factors;
  }
};

//===----------------------------------------------------------------------===//
// One row
//===----------------------------------------------------------------------===//

/// One chunk of keys for all query heads of one key-value head: kernel.attention_partial. A block of 128 threads.
/// `chunks`: blocks for each head, of which those beyond the last visible chunk have nothing to do.
template <class Shape, class Score, int heads, int keyValueHeads, int keyChunk, int chunks>
__device__ __forceinline__ void attendChunk(const IngotCudaStep &step, const float *query, uint8_t *keys,
                                            uint8_t *values, float *result) {
  using C = Cache<Shape>;
  constexpr int threads = 128, group = heads / keyValueHeads;
  constexpr int resultColumns = chunks * Shape::valueColumns + (2 * chunks + 15) / 16 * 16;
  constexpr int keyLanes = 8, valueLanes = Shape::valueColumns / 4, splits = threads / valueLanes;
  // Queries that share what is read of a key: as many as shared memory holds scores for.
  constexpr int mostQueries = keyChunk <= 512 ? 8 : 4096 / keyChunk, tile = group < mostQueries ? group : mostQueries;
  static_assert(tile > 0 && splits > 0, "a chunk of at most 4096 keys and a head of at most 512 columns");
  __shared__ __align__(16) float queries[tile][Shape::keyColumns];
  __shared__ float scores[tile][keyChunk];
  __shared__ __align__(16) float partial[splits][tile][Shape::valueColumns];

  const int head = blockIdx.x / chunks, index = blockIdx.x % chunks, position = step.positions[0];
  const int firstVisible = C::firstVisible(position), chunk = firstVisible / keyChunk + index;
  if (chunk * keyChunk > position)
    return;
  const int firstKey = max(chunk * keyChunk, firstVisible);
  const int count = min((chunk + 1) * keyChunk, position + 1) - firstKey;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;

  for (int first = 0; first < group; first += tile) {
    const int firstHead = head * group + first, together = min(tile, group - first);
    for (int i = threadIdx.x; i < together * Shape::keyColumns; i += threads)
      queries[i / Shape::keyColumns][i % Shape::keyColumns] = query[firstHead * Shape::keyColumns + i];
    __syncthreads();

    // Eight lanes to a key.
    for (int start = 0; start < count; start += threads / keyLanes) {
      const int key = start + threadIdx.x / keyLanes, at = firstKey + min(key, count - 1);
      const typename C::Element *row = C::keyRow(keys, head, C::page(step, 0, at), at);
      float sums[tile] = {};
      for (int column = threadIdx.x % keyLanes * 4; column < Shape::keyColumns; column += keyLanes * 4) {
        const float4 k = loadFour(row + column);
#pragma unroll
        for (int q = 0; q < tile; ++q) {
          const float4 x = loadFour(&queries[q][column]);
          sums[q] = fmaf(k.x, x.x, fmaf(k.y, x.y, fmaf(k.z, x.z, fmaf(k.w, x.w, sums[q]))));
        }
      }
#pragma unroll
      for (int q = 0; q < tile; ++q) {
#pragma unroll
        for (int offset = keyLanes / 2; offset > 0; offset /= 2)
          sums[q] += __shfl_xor_sync(0xffffffffu, sums[q], offset);
        if (threadIdx.x % keyLanes == 0 && key < count)
          scores[q][key] =
              adjustScore<Score>(sums[q], Score::scale, Score::slope(min(firstHead + q, heads - 1)), position - at);
      }
    }
    __syncthreads();

    // A warp to a query: its maximum, weights, and their sum.
    for (int q = warp; q < together; q += threads / 32) {
      float largest = masked, sum = 0.0f;
      for (int key = lane; key < count; key += 32)
        largest = fmaxf(largest, scores[q][key]);
#pragma unroll
      for (int offset = 16; offset > 0; offset /= 2)
        largest = fmaxf(largest, __shfl_xor_sync(0xffffffffu, largest, offset));
      for (int key = lane; key < count; key += 32) {
        scores[q][key] = expf(scores[q][key] - largest);
        sum += scores[q][key];
      }
#pragma unroll
      for (int offset = 16; offset > 0; offset /= 2)
        sum += __shfl_xor_sync(0xffffffffu, sum, offset);
      if (lane == 0) {
        float *statistics = result + (firstHead + q) * resultColumns + chunks * Shape::valueColumns + index * 2;
        statistics[0] = largest;
        statistics[1] = sum;
      }
    }
    __syncthreads();

    // Threads share out the columns of values, and what is left of them the keys.
    const int split = threadIdx.x / valueLanes, column = threadIdx.x % valueLanes * 4;
    if (split < splits) {
      float4 sums[tile] = {};
      for (int key = split; key < count; key += splits) {
        const int at = firstKey + key;
        const float4 v = loadFour(C::valueRow(values, head, C::page(step, 0, at), at) + column);
#pragma unroll
        for (int q = 0; q < tile; ++q) {
          const float weight = scores[q][key];
          sums[q] = {fmaf(weight, v.x, sums[q].x), fmaf(weight, v.y, sums[q].y), fmaf(weight, v.z, sums[q].z),
                     fmaf(weight, v.w, sums[q].w)};
        }
      }
#pragma unroll
      for (int q = 0; q < tile; ++q)
        *reinterpret_cast<float4 *>(&partial[split][q][column]) = sums[q];
    }
    __syncthreads();
    for (int i = threadIdx.x; i < together * Shape::valueColumns; i += threads) {
      const int q = i / Shape::valueColumns, c = i % Shape::valueColumns;
      float sum = partial[0][q][c];
      for (int s = 1; s < splits; ++s)
        sum += partial[s][q][c];
      result[(firstHead + q) * resultColumns + index * Shape::valueColumns + c] = sum;
    }
    __syncthreads();
  }
}

/// Merges the chunks of one head in ascending order: kernel.attention_merge.
template <int dimension, int keyChunk, int chunks, int window>
__device__ __forceinline__ void mergeChunks(const IngotCudaStep &step, const float *partial, float *result) {
  constexpr int valueColumns = (dimension + 15) / 16 * 16;
  constexpr int columns = chunks * valueColumns + (2 * chunks + 15) / 16 * 16;
  const int head = blockIdx.x, position = step.positions[0];
  const int firstVisible = window > 0 ? max(position + 1 - window, 0) : 0;
  const int count = position / keyChunk - firstVisible / keyChunk + 1;
  const float *outputs = partial + head * columns, *statistics = outputs + chunks * valueColumns;
  for (int column = threadIdx.x; column < dimension; column += blockDim.x) {
    Softmax softmax;
    float output = 0.0f;
    for (int chunk = 0; chunk < count; ++chunk) {
      const float2 factors = softmax.join(statistics[chunk * 2], statistics[chunk * 2 + 1]);
      output = fmaf(outputs[chunk * valueColumns + column], factors.y, output * factors.x);
    }
    result[head * dimension + column] = output / softmax.sum;
  }
}

//===----------------------------------------------------------------------===//
// Several rows
//===----------------------------------------------------------------------===//

/// All keys of one head for the `tileRows` rows of a block of 128 threads: kernel.attention. Rows of a tile belong to
/// one sequence. Tiles of keys begin at multiples of `tileKeys` positions, which divides a page.
template <class Shape, class Score, int heads, int keyValueHeads, int dimension, int tileRows, int tileKeys>
__device__ __forceinline__ void attendRows(const IngotCudaStep &step, const float *query, int queryStride,
                                           uint8_t *keys, uint8_t *values, int rows, float *result,
                                           int resultStride) {
  using C = Cache<Shape>;
  constexpr int threads = 128, rowThreads = tileRows > 4 ? threads / tileRows : 32;
  constexpr int outputs = (Shape::valueColumns + rowThreads - 1) / rowThreads;
  __shared__ float queries[tileRows][Shape::keyColumns];
  __shared__ float tileOfKeys[tileKeys][Shape::keyColumns + 1];
  __shared__ float tileOfValues[tileKeys][Shape::valueColumns];
  __shared__ float scores[tileRows][tileKeys];

  const int head = blockIdx.x, keyValueHead = head / (heads / keyValueHeads), firstRow = blockIdx.y * tileRows;
  const int lastRow = min(firstRow + tileRows, rows) - 1;
  const int last = step.positions[Score::isBidirectional ? lastRowOfSequence<Shape>(step, lastRow, rows) : lastRow];
  for (int i = threadIdx.x; i < tileRows * Shape::keyColumns; i += threads) {
    const int row = min(firstRow + i / Shape::keyColumns, lastRow);
    queries[i / Shape::keyColumns][i % Shape::keyColumns] =
        query[row * queryStride + head * Shape::keyColumns + i % Shape::keyColumns];
  }

  auto distance = [&](int row, int key) {
    return Score::hasSlopes ? step.positions[min(firstRow + row, lastRow)] - key : 0;
  };
  // Every row has `rowThreads` threads of one warp.
  const int r = threadIdx.x / rowThreads, lane = threadIdx.x % rowThreads;
  const int position = step.positions[min(firstRow + r, lastRow)], firstVisible = C::firstVisible(position);
  Softmax softmax;
  float output[outputs] = {};

  for (int start = C::firstVisible(step.positions[firstRow]) / tileKeys * tileKeys; start <= last; start += tileKeys) {
    const int page = C::page(step, firstRow, start);
    const typename C::Element *keyRows = C::keyRow(keys, keyValueHead, page, start);
    const typename C::Element *valueRows = C::valueRow(values, keyValueHead, page, start);
    // What lies beyond the last row's position was never written.
    for (int i = threadIdx.x; i < tileKeys * Shape::keyColumns; i += threads)
      tileOfKeys[i / Shape::keyColumns][i % Shape::keyColumns] =
          start + i / Shape::keyColumns <= last ? toFloat(keyRows[i]) : 0.0f;
    for (int i = threadIdx.x; i < tileKeys * Shape::valueColumns; i += threads)
      tileOfValues[i / Shape::valueColumns][i % Shape::valueColumns] =
          start + i / Shape::valueColumns <= last ? toFloat(valueRows[i]) : 0.0f;
    __syncthreads();
    for (int i = threadIdx.x; i < tileRows * tileKeys; i += threads) {
      const int row = i / tileKeys, key = i % tileKeys;
      float sum = 0.0f;
#pragma unroll 8
      for (int column = 0; column < Shape::keyColumns; ++column)
        sum = fmaf(queries[row][column], tileOfKeys[key][column], sum);
      scores[row][key] = adjustScore<Score>(sum, Score::scale, Score::slope(head), distance(row, start + key));
    }
    __syncthreads();
    if (r < tileRows) {
      const int lastVisible = Score::isBidirectional ? last : position;
      auto isVisible = [&](int key) { return start + key <= lastVisible && start + key >= firstVisible; };
      float largest = masked, sum = 0.0f;
      for (int key = lane; key < tileKeys; key += rowThreads)
        if (isVisible(key))
          largest = fmaxf(largest, scores[r][key]);
#pragma unroll
      for (int offset = rowThreads / 2; offset > 0; offset /= 2)
        largest = fmaxf(largest, __shfl_xor_sync(0xffffffffu, largest, offset));
      for (int key = lane; key < tileKeys; key += rowThreads) {
        scores[r][key] = isVisible(key) ? expf(scores[r][key] - largest) : 0.0f;
        sum += scores[r][key];
      }
#pragma unroll
      for (int offset = rowThreads / 2; offset > 0; offset /= 2)
        sum += __shfl_xor_sync(0xffffffffu, sum, offset);
      __syncwarp();
      const float2 factors = softmax.join(largest, sum);
#pragma unroll
      for (int i = 0; i < outputs; ++i) {
        const int column = min(i * rowThreads + lane, Shape::valueColumns - 1);
        float product = 0.0f;
        for (int key = 0; key < tileKeys; ++key)
          product = fmaf(scores[r][key], tileOfValues[key][column], product);
        output[i] = fmaf(product, factors.y, output[i] * factors.x);
      }
    }
    __syncthreads();
  }
  if (firstRow + r > lastRow)
    return;
#pragma unroll
  for (int i = 0; i < outputs; ++i) {
    const int column = i * rowThreads + lane;
    if (column < dimension)
      result[(firstRow + r) * resultStride + head * dimension + column] = output[i] / softmax.sum;
  }
}

//===----------------------------------------------------------------------===//
// Many rows
//===----------------------------------------------------------------------===//

/// What a cache's elements are for mma.sync: f16 as it is; f32 in two bf16 parts.
template <class Element> struct CacheParts {
  using Part = __nv_bfloat16;
  static constexpr int parts = 2;
};
template <> struct CacheParts<__half> {
  using Part = __half;
  static constexpr int parts = 1;
};

/// A power of two that brings a number to between 2^13 and 2^14: so much is left to f16 below and above. `inverse` is
/// exact too.
struct PowerOfTwo {
  float factor, inverse;
};
__device__ __forceinline__ PowerOfTwo scaleToHalf(float largest) {
  const uint32_t exponent = min(max(__float_as_uint(largest) >> 23, 14u), 254u);
  return {__uint_as_float((267 - exponent) << 23), __uint_as_float((exponent - 13) << 23)};
}

/// Tiles of keys and values in shared memory; rows are 16 bytes longer than they must be, so that lanes of a warp read
/// different banks. f16 comes by asynchronous copies, f32 is split on the way.
template <class Shape, int tileKeys> struct KeyTiles {
  using C = Cache<Shape>;
  using Element = typename C::Element;
  static constexpr int parts = CacheParts<Element>::parts, stages = parts == 1 ? 2 : 1;
  static constexpr int threads = 128;

  uint16_t keys[stages][parts][tileKeys][Shape::keyColumns + 8];
  uint16_t values[stages][parts][tileKeys][Shape::valueColumns + 8];

  /// Rows of `columns` elements; what lies beyond the first `count` was never written.
  template <int columns, class Tile>
  static __device__ __forceinline__ void fill(Tile &tile, const Element *rows, int count) {
    if constexpr (parts == 1) {
      constexpr int chunks = columns / 8;
      for (int i = threadIdx.x; i < tileKeys * chunks; i += threads) {
        const int row = i / chunks, column = i % chunks * 8;
        const bool exists = row < count;
        copyAsync(&tile[0][row][column], exists ? rows + row * columns + column : rows, exists ? 16 : 0);
      }
    } else {
      constexpr int quads = columns / 4;
      for (int i = threadIdx.x; i < tileKeys * quads; i += threads) {
        const int row = i / quads, column = i % quads * 4;
        const float4 quad = row < count ? loadFour(rows + row * columns + column) : float4{};
        uint32_t first[parts], last[parts];
        splitPair(quad.x, quad.y, first);
        splitPair(quad.z, quad.w, last);
#pragma unroll
        for (int part = 0; part < parts; ++part)
          *reinterpret_cast<uint2 *>(&tile[part][row][column]) = {first[part], last[part]};
      }
    }
  }
  __device__ __forceinline__ void load(int stage, const Element *keyRows, const Element *valueRows, int count) {
    fill<Shape::keyColumns>(keys[stage], keyRows, count);
    fill<Shape::valueColumns>(values[stage], valueRows, count);
    copyCommit();
  }
};

/// What ldmatrix gives of all parts from (line, column) on: of twice eight columns, two pairs.
template <bool transposed, int parts, int lines, int columns>
__device__ __forceinline__ void loadFragments(uint32_t (&fragments)[parts][2][2],
                                              const uint16_t (&tile)[parts][lines][columns], int line, int column) {
#pragma unroll
  for (int part = 0; part < parts; ++part) {
    uint32_t words[4];
    loadMatrices<transposed>(words, &tile[part][line][column]);
#pragma unroll
    for (int i = 0; i < 4; ++i)
      fragments[part][i / 2][i % 2] = words[i];
  }
}

/// All keys of one head for the 64 rows of a block of 128 threads, 16 to a warp: kernel.attention. Rows of different
/// sequences may share a block: one sequence is done after the other. Tiles of keys begin at multiples of `tileKeys`
/// positions, which divides a page; a tile of which a row sees nothing leaves its bits as they are.
template <class Shape, class Score, int heads, int keyValueHeads, int dimension, int tileKeys>
__device__ __forceinline__ void attendManyRows(const IngotCudaStep &step, const float *query, int queryStride,
                                               uint8_t *keys, uint8_t *values, int rows, float *result,
                                               int resultStride) {
  using C = Cache<Shape>;
  using Tiles = KeyTiles<Shape, tileKeys>;
  using Part = typename CacheParts<typename C::Element>::Part;
  constexpr int parts = Tiles::parts, queryParts = 2, warpRows = 16, tileRows = 64;
  constexpr int steps = Shape::keyColumns / 16, outputs = Shape::valueColumns / 16;
  // Registers hold the queries of a warp unless the head is wide.
  constexpr bool holdsQueries = Shape::keyColumns <= 128;
  __shared__ __align__(16) Tiles tiles;

  const int head = blockIdx.x, keyValueHead = head / (heads / keyValueHeads);
  // The last rows see most keys: they begin first.
  const int firstRow = (gridDim.y - 1 - blockIdx.y) * tileRows, lastRow = min(firstRow + tileRows, rows) - 1;
  const int lane = threadIdx.x % 32, group = lane / 4, member = lane % 4;
  const int warpRow = firstRow + threadIdx.x / 32 * warpRows;
  const int matrix = lane / 8, matrixRow = lane % 8;

  // A lane has two rows of a warp, eight apart.
  int row[2], position[2], firstVisible[2];
  const float *queries[2];
  float factor[2] = {1.0f, 1.0f}, inverse[2] = {Score::scale, Score::scale};
#pragma unroll
  for (int second = 0; second < 2; ++second) {
    row[second] = min(warpRow + second * 8 + group, lastRow);
    position[second] = step.positions[row[second]];
    firstVisible[second] = C::firstVisible(position[second]);
    queries[second] = query + row[second] * queryStride + head * Shape::keyColumns + member * 2;
    if constexpr (std::is_same_v<Part, __half>) {
      float largest = 0.0f;
#pragma unroll 4
      for (int column = 0; column < Shape::keyColumns; column += 8) {
        const float2 pair = *reinterpret_cast<const float2 *>(queries[second] + column);
        largest = fmaxf(largest, fmaxf(fabsf(pair.x), fabsf(pair.y)));
      }
#pragma unroll
      for (int offset = 1; offset < 4; offset *= 2)
        largest = fmaxf(largest, __shfl_xor_sync(0xffffffffu, largest, offset));
      const PowerOfTwo power = scaleToHalf(largest);
      factor[second] = power.factor;
      inverse[second] = Score::scale * power.inverse;
    }
  }
  auto loadQueries = [&](int k, uint32_t (&fragments)[queryParts][4]) {
#pragma unroll
    for (int second = 0; second < 2; ++second)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const float2 pair = *reinterpret_cast<const float2 *>(queries[second] + k * 16 + half * 8);
        uint32_t words[queryParts];
        splitPair<Part>(pair.x * factor[second], pair.y * factor[second], words);
#pragma unroll
        for (int part = 0; part < queryParts; ++part)
          fragments[part][half * 2 + second] = words[part];
      }
  };
  uint32_t held[holdsQueries ? steps : 1][queryParts][4];
  if constexpr (holdsQueries) {
#pragma unroll
    for (int k = 0; k < steps; ++k)
      loadQueries(k, held[k]);
  }
  // Adds the products of parts, the smallest first, for 16 rows and twice eight columns.
  auto addProducts = [](float (&sums)[2][4], const uint32_t (&a)[queryParts][4], const uint32_t (&b)[parts][2][2]) {
#pragma unroll
    for (int order = queryParts - 1; order >= 0; --order)
#pragma unroll
      for (int part = 0; part < parts; ++part)
        if (part <= order)
#pragma unroll
          for (int half = 0; half < 2; ++half)
            addProduct(Part{}, sums[half], a[order - part], b[part][half]);
  };
  float largest[2] = {masked, masked}, total[2] = {};
  float output[outputs][2][4] = {};
  // Keys up to `lastKey` of the rows from `first` to `last`.
  auto addTile = [&](int stage, int start, int first, int last, int lastKey) {
    float scores[tileKeys / 16][2][4] = {};
#pragma unroll
    for (int k = 0; k < steps; ++k) {
      uint32_t loaded[queryParts][4];
      if constexpr (!holdsQueries)
        loadQueries(k, loaded);
#pragma unroll
      for (int n = 0; n < tileKeys / 16; ++n) {
        uint32_t b[parts][2][2];
        loadFragments<false>(b, tiles.keys[stage], n * 16 + matrix / 2 * 8 + matrixRow, k * 16 + matrix % 2 * 8);
        if constexpr (holdsQueries)
          addProducts(scores[n], held[k], b);
        else
          addProducts(scores[n], loaded, b);
      }
    }
#pragma unroll
    for (int second = 0; second < 2; ++second) {
      const bool isMine = row[second] >= first && row[second] <= last;
      float next = largest[second], sum = 0.0f;
#pragma unroll
      for (int n = 0; n < tileKeys / 8; ++n)
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          const int key = start + n * 8 + member * 2 + i;
          float &score = scores[n / 2][n % 2][second * 2 + i];
          const int lastVisible = Score::isBidirectional ? lastKey : position[second];
          const bool isVisible = isMine && key <= lastVisible && key >= firstVisible[second];
          score = isVisible ? adjustScore<Score>(score, inverse[second], Score::slope(head), position[second] - key)
                            : masked;
          next = fmaxf(next, score);
        }
#pragma unroll
      for (int offset = 1; offset < 4; offset *= 2)
        next = fmaxf(next, __shfl_xor_sync(0xffffffffu, next, offset));
      const float old = expf(largest[second] - next);
      largest[second] = next;
#pragma unroll
      for (int n = 0; n < tileKeys / 8; ++n)
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          float &score = scores[n / 2][n % 2][second * 2 + i];
          score = score > masked ? expf(score - next) : 0.0f;
          sum += score;
        }
      total[second] = fmaf(total[second], old, sum);
#pragma unroll
      for (int n = 0; n < outputs; ++n)
#pragma unroll
        for (int half = 0; half < 2; ++half)
#pragma unroll
          for (int i = 0; i < 2; ++i)
            output[n][half][second * 2 + i] *= old;
    }
#pragma unroll
    for (int k = 0; k < tileKeys / 16; ++k) {
      uint32_t weights[queryParts][4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        uint32_t words[queryParts];
        splitPair<Part>(scores[k][i / 2][i % 2 * 2], scores[k][i / 2][i % 2 * 2 + 1], words);
#pragma unroll
        for (int part = 0; part < queryParts; ++part)
          weights[part][i] = words[part];
      }
#pragma unroll
      for (int n = 0; n < outputs; ++n) {
        uint32_t b[parts][2][2];
        loadFragments<true>(b, tiles.values[stage], k * 16 + matrix % 2 * 8 + matrixRow, n * 16 + matrix / 2 * 8);
        addProducts(output[n], weights, b);
      }
    }
  };

  int stage = 0;
  for (int first = firstRow, last = lastRow; first <= lastRow; first = last + 1) {
    // The rows of one sequence.
    if constexpr (Shape::sequences > 1)
      for (last = first; last < lastRow && step.row_sequences[last + 1] == step.row_sequences[first];)
        ++last;
    const int lastKey = step.positions[Score::isBidirectional ? lastRowOfSequence<Shape>(step, last, rows) : last];
    const int firstTile = C::firstVisible(step.positions[first]) / tileKeys * tileKeys;
    auto loadTile = [&](int start) {
      const int page = C::page(step, first, start);
      tiles.load(stage, C::keyRow(keys, keyValueHead, page, start), C::valueRow(values, keyValueHead, page, start),
                 lastKey + 1 - start);
    };
    // Of the rows of this warp, those of the sequence; keys that none of them sees are left out.
    const int mine = max(first, warpRow), myLast = min(last, warpRow + warpRows - 1);
    const int fewest = mine <= myLast ? C::firstVisible(step.positions[mine]) : 0;
    const int most = mine <= myLast ? (Score::isBidirectional ? lastKey : step.positions[myLast]) : -1;
    if constexpr (Tiles::stages > 1)
      loadTile(firstTile);
    for (int start = firstTile; start <= lastKey; start += tileKeys) {
      const int current = stage;
      if constexpr (Tiles::stages > 1) {
        copyWait<0>();
        // Also: nobody reads the tile whose place the next one takes.
        __syncthreads();
        stage = 1 - stage;
        if (start + tileKeys <= lastKey)
          loadTile(start + tileKeys);
      } else {
        __syncthreads();
        loadTile(start);
        __syncthreads();
      }
      if (start <= most && start + tileKeys > fewest)
        addTile(current, start, first, last, lastKey);
    }
  }

#pragma unroll
  for (int second = 0; second < 2; ++second) {
#pragma unroll
    for (int offset = 1; offset < 4; offset *= 2)
      total[second] += __shfl_xor_sync(0xffffffffu, total[second], offset);
    if (warpRow + second * 8 + group > lastRow)
      continue;
#pragma unroll
    for (int n = 0; n < outputs; ++n)
#pragma unroll
      for (int half = 0; half < 2; ++half)
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          const int column = n * 16 + half * 8 + member * 2 + i;
          if (column < dimension)
            result[row[second] * resultStride + head * dimension + column] =
                output[n][half][second * 2 + i] / total[second];
        }
  }
}

} // namespace ingot
