//===- attention.cuh - softmax(q Kᵀ · scale) V over a cache ---------------===//
//
// Of one row, keys are shared out by chunks, which are merged in ascending order; of
// several rows, a block takes all keys of a head for some of them, tile by tile. Either
// way: a maximum, a sum and an output so far (arXiv:2205.14135).
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
template <class Shape, int heads, int keyValueHeads, int keyChunk, int chunks>
__device__ __forceinline__ void attendChunk(const IngotCudaStep &step, const float *query, uint8_t *keys,
                                            uint8_t *values, float scale, float *result) {
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
          scores[q][key] = sums[q] * scale;
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
template <class Shape, int heads, int keyValueHeads, int dimension, int tileRows, int tileKeys>
__device__ __forceinline__ void attendRows(const IngotCudaStep &step, const float *query, int queryStride,
                                           uint8_t *keys, uint8_t *values, int rows, float scale, float *result,
                                           int resultStride) {
  using C = Cache<Shape>;
  constexpr int threads = 128, rowThreads = tileRows > 4 ? threads / tileRows : 32;
  constexpr int outputs = (Shape::valueColumns + rowThreads - 1) / rowThreads;
  __shared__ float queries[tileRows][Shape::keyColumns];
  __shared__ float tileOfKeys[tileKeys][Shape::keyColumns + 1];
  __shared__ float tileOfValues[tileKeys][Shape::valueColumns];
  __shared__ float scores[tileRows][tileKeys];

  const int head = blockIdx.x, keyValueHead = head / (heads / keyValueHeads), firstRow = blockIdx.y * tileRows;
  const int lastRow = min(firstRow + tileRows, rows) - 1, last = step.positions[lastRow];
  for (int i = threadIdx.x; i < tileRows * Shape::keyColumns; i += threads) {
    const int row = min(firstRow + i / Shape::keyColumns, lastRow);
    queries[i / Shape::keyColumns][i % Shape::keyColumns] =
        query[row * queryStride + head * Shape::keyColumns + i % Shape::keyColumns];
  }

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
      scores[row][key] = sum * scale;
    }
    __syncthreads();
    if (r < tileRows) {
      auto isVisible = [&](int key) { return start + key <= position && start + key >= firstVisible; };
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

} // namespace ingot
