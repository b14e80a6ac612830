//===- products.cuh - rows of activations times panels of weights ---------===//
//
// All forms end in `finish(row, unit, lane, sums)`: `unit` is a run of `together`
// panels, `sums` the results of row `lane` of each of them.
//
//===----------------------------------------------------------------------===//

namespace ingot {

constexpr unsigned allLanes = 0xffffffffu;

/// Of a few rows and the panels of a block: what the warps leave to be added up.
template <int mostRows, int tilePanels, int warps> using WarpSums = float[warps][tilePanels][mostRows][panelRows];

/// The sums of quantised panels, by mma.sync. A warp has every `warps`th strip of the columns, and loads some before it
/// multiplies the first: of memory it must have enough under way.
template <class Format, int columns, int mostRows, int panels, int tilePanels, int warps>
__device__ __forceinline__ void sumStrips(const float *input, int stride, const uint8_t *weight, uint64_t panelBytes,
                                          int rows, WarpSums<mostRows, tilePanels, warps> &partial) {
  using T = Strip<Format>;
  constexpr int sets = (mostRows + T::rowsOfInput - 1) / T::rowsOfInput, ahead = mostRows > 4 ? 1 : 2;
  constexpr int warpStride = warps * T::columns;
  // Strips of a warp stand at the same place in their blocks, and there are two groups in each.
  constexpr bool isRegular = warpStride % Format::blockColumns == 0 && columns % T::columns == 0;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, firstPanel = blockIdx.x * tilePanels;
  const uint8_t *panel[tilePanels];
#pragma unroll
  for (int p = 0; p < tilePanels; ++p)
    // The last tile may be short of a panel.
    panel[p] = weight + min(firstPanel + p, panels - 1) * panelBytes;

  float sums[tilePanels][sets][T::rows] = {};
  for (int first = 0; first + warp * T::columns < columns; first += ahead * warpStride) {
    T strips[ahead][tilePanels];
#pragma unroll
    for (int i = 0; i < ahead; ++i) {
      const int start = first + i * warpStride, ofWarp = start + warp * T::columns;
      const int inStrip = isRegular || ofWarp + groupColumns < columns ? T::group(lane) * groupColumns : 0;
      // Columns before the lane's: of the warp's strips up to this one, and of the lane.
      const int before = isRegular ? start : 0, column = (isRegular ? warp * T::columns : ofWarp) + inStrip;
      const int blocks = before / Format::blockColumns + column / Format::blockColumns;
      if (ofWarp < columns) {
#pragma unroll
        for (int p = 0; p < tilePanels; ++p)
          strips[i][p].load(panel[p] + blocks * Format::blockBytes, column % Format::blockColumns, lane);
      }
    }
#pragma unroll
    for (int i = 0; i < ahead; ++i) {
      const int start = first + i * warpStride + warp * T::columns;
      if (start < columns) {
#pragma unroll
        for (int set = 0; set < sets; ++set) {
          const int row = min(set * T::rowsOfInput + T::Input::row(lane), rows - 1);
          const int column = start + T::Input::group(lane) * groupColumns;
          typename T::Input x;
          x.load(input + row * stride + column, column < columns, lane);
#pragma unroll
          for (int p = 0; p < tilePanels; ++p)
            strips[i][p].multiply(x, lane, sums[p][set]);
        }
      }
    }
  }
#pragma unroll
  for (int p = 0; p < tilePanels; ++p)
#pragma unroll
    for (int set = 0; set < sets; ++set)
#pragma unroll
      for (int i = 0; i < T::rows; ++i) {
        const float sum = sums[p][set][i] + __shfl_xor_sync(allLanes, sums[p][set][i], T::partner);
        const int row = set * T::rowsOfInput + T::rowOfSums(lane);
        if (T::group(lane) == 0 && T::hasSums(lane) && row < mostRows)
          partial[warp][p][row][T::quarter(lane) * T::rows + i] = sum;
      }
}

/// One number, or a multiple of four.
template <int count> __device__ __forceinline__ void loadInputs(float (&numbers)[count], const float *source) {
  if constexpr (count == 1) {
    numbers[0] = *source;
  } else {
#pragma unroll
    for (int i = 0; i < count; i += 4) {
      const float4 four = *reinterpret_cast<const float4 *>(source + i);
      numbers[i] = four.x;
      numbers[i + 1] = four.y;
      numbers[i + 2] = four.z;
      numbers[i + 3] = four.w;
    }
  }
}

/// The sums of plain panels, lane by lane, which are added up in a fixed order.
template <class Format, int columns, int mostRows, int panels, int tilePanels, int warps>
__device__ __forceinline__ void sumPieces(const float *input, int stride, const uint8_t *weight, uint64_t panelBytes,
                                          int rows, WarpSums<mostRows, tilePanels, warps> &partial) {
  using P = Piece<Format>;
  constexpr int loads = tilePanels * P::loads, most = mostRows > 4 ? 2 : 4, ahead = loads < most ? most / loads : 1;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, firstPanel = blockIdx.x * tilePanels;
  const int row = P::firstRow(lane);
  float sums[tilePanels][mostRows][P::rows] = {};
  for (int first = P::firstColumn(warp * P::warpColumns, lane); first < columns;
       first += ahead * warps * P::warpColumns) {
    P pieces[ahead][tilePanels];
#pragma unroll
    for (int i = 0; i < ahead; ++i) {
      const int column = first + i * warps * P::warpColumns;
#pragma unroll
      for (int p = 0; p < tilePanels; ++p)
        // The last tile may be short of a panel.
        if (column < columns)
          pieces[i][p].load(weight + min(firstPanel + p, panels - 1) * panelBytes, row, column);
    }
#pragma unroll
    for (int i = 0; i < ahead; ++i) {
      const int column = first + i * warps * P::warpColumns;
      if (column < columns) {
#pragma unroll
        for (int r = 0; r < mostRows; ++r) {
          float x[P::columns];
          loadInputs(x, input + min(r, rows - 1) * stride + column);
#pragma unroll
          for (int p = 0; p < tilePanels; ++p)
#pragma unroll
            for (int k = 0; k < P::rows; ++k)
              sums[p][r][k] = pieces[i][p].addProduct(sums[p][r][k], k, x);
        }
      }
    }
  }
#pragma unroll
  for (int p = 0; p < tilePanels; ++p)
#pragma unroll
    for (int r = 0; r < mostRows; ++r)
#pragma unroll
      for (int i = 0; i < P::rows; ++i) {
        float sum = sums[p][r][i];
#pragma unroll
        for (int offset = 16; offset >= P::rowLanes; offset /= 2)
          sum += __shfl_xor_sync(allLanes, sum, offset);
        if (lane < P::rowLanes)
          partial[warp][p][r][row + i] = sum;
      }
}

/// A few rows: every block streams `tilePanels` panels past sums in registers, its warps sharing out the columns. Sums
/// of warps are added in a fixed order.
template <class Format, int columns, int mostRows, int panels, int together, int tilePanels, int warps, class Finish>
__device__ __forceinline__ void multiplyFewRows(const float *input, int stride, const uint8_t *weight,
                                                uint64_t panelBytes, int rows, Finish finish) {
  static_assert(tilePanels % together == 0, "panels that belong together are one block's");
  __shared__ float partial[warps][tilePanels][mostRows][panelRows];
  if constexpr (Format::isQuantized)
    sumStrips<Format, columns, mostRows, panels, tilePanels, warps>(input, stride, weight, panelBytes, rows, partial);
  else
    sumPieces<Format, columns, mostRows, panels, tilePanels, warps>(input, stride, weight, panelBytes, rows, partial);
  __syncthreads();
  constexpr int units = tilePanels / together;
  for (int index = threadIdx.x; index < units * mostRows * panelRows; index += warps * 32) {
    const int i = index % panelRows, r = index / panelRows % mostRows, u = index / panelRows / mostRows;
    float results[together];
#pragma unroll
    for (int p = 0; p < together; ++p) {
      results[p] = partial[0][u * together + p][r][i];
#pragma unroll
      for (int w = 1; w < warps; ++w)
        results[p] += partial[w][u * together + p][r][i];
    }
    const int unit = blockIdx.x * units + u;
    if (r < rows && unit * together < panels)
      finish(r, unit, i, results);
  }
}

/// Of its panels a block asks for so many bytes at most: some blocks to a multiprocessor together for less than half of
/// a second-level cache of 50 MB, where they must not drive out what another kernel is reading.
constexpr int prefetchedBytes = 32 << 10;

/// Asks for what a block of multiplyFewRows will stream first, where something else comes first that takes about as
/// long as the way from memory: what is there before the input is, or a norm.
template <class Format, int panels, int tilePanels, Storage storage = storageOf<Format>()>
__device__ __forceinline__ void prefetchPanels(const uint8_t *weight, uint64_t panelBytes) {
  // Runs of bytes that are streamed side by side.
  constexpr int runs = storage == Storage::Rows ? panelRows : 1;
  constexpr uint64_t ofRun = prefetchedBytes / (tilePanels * runs) / 16 * 16;
  const int panel = blockIdx.x * tilePanels + threadIdx.x / runs;
  const uint64_t runBytes = panelBytes / runs;
  if (threadIdx.x < tilePanels * runs && panel < panels)
    prefetchWeights(weight + panel * panelBytes + threadIdx.x % runs * runBytes,
                    static_cast<uint32_t>(min(runBytes, ofRun)));
}

/// Many rows: a block of 128 threads computes `tileRows` rows times `tilePanels` panels, a slab of 32 columns at a
/// time; the slabs after it are on their way to shared memory. A warp has 32 rows, or of the panels its share. The sums
/// of a row depend on nothing else in the tile.
template <class Format, int columns, int panels, int together, int tileRows, int tilePanels, class Finish>
__device__ __forceinline__ void multiplyManyRows(const float *input, int stride, const uint8_t *weight,
                                                 uint64_t panelBytes, int rows, Finish finish) {
  using S = Slab<Format>;
  constexpr int threads = 128, warpTiles = 2, warpRows = 16 * warpTiles;
  constexpr int warpPanels = tilePanels * tileRows / warpRows / (threads / 32);
  constexpr int stages = tileRows > 64 ? 2 : 3, slabs = (columns + groupColumns - 1) / groupColumns;
  static_assert(warpPanels % together == 0, "both panels of a pair are one warp's");
  constexpr int parts = S::parts > S::inputParts ? S::parts : S::inputParts;
  // Chunks of four columns; those of odd rows change places, so that lanes of a warp read different banks.
  __shared__ __align__(128) float inputs[stages][tileRows][groupColumns];
  __shared__ __align__(128) uint8_t weights[stages][tilePanels][S::bytes];
  auto place = [](int row, int chunk) { return (chunk ^ row % 2 * 5) * 4; };

  const int lane = threadIdx.x % 32, group = lane / 4, member = lane % 4, warp = threadIdx.x / 32;
  const int warpRow = warp % (tileRows / warpRows) * warpRows, warpPanel = warp / (tileRows / warpRows) * warpPanels;
  const int firstRow = blockIdx.y * tileRows, firstPanel = blockIdx.x * tilePanels;

  auto copySlab = [&](int slab) {
    const int stage = slab % stages, start = slab * groupColumns;
    for (int index = threadIdx.x; index < tileRows * 8; index += threads) {
      const int row = index / 8, chunk = index % 8, left = columns - start - chunk * 4;
      const bool exists = firstRow + row < rows && left > 0;
      copyAsync(&inputs[stage][row][place(row, chunk)],
                exists ? input + (firstRow + row) * stride + start + chunk * 4 : input, exists ? min(left, 4) * 4 : 0);
    }
    for (int index = threadIdx.x; index < tilePanels * S::chunks; index += threads) {
      const int panel = index / S::chunks, chunk = index % S::chunks;
      const bool exists = firstPanel + panel < panels && S::exists(columns - start, chunk);
      copyAsync(&weights[stage][panel][S::place(chunk)],
                exists ? S::source(weight + (firstPanel + panel) * panelBytes, start, chunk) : weight, exists ? 16 : 0);
    }
  };

  float sums[warpPanels][warpTiles][2][4] = {};
  auto addSlab = [&](int stage) {
    uint32_t x[warpTiles][2][S::inputParts][4];
    float totals[warpTiles][2][2];
#pragma unroll
    for (int tile = 0; tile < warpTiles; ++tile)
#pragma unroll
      for (int second = 0; second < 2; ++second)
#pragma unroll
        for (int step = 0; step < 2; ++step) {
          const int row = warpRow + tile * 16 + second * 8 + group;
          const float4 quad = *reinterpret_cast<const float4 *>(&inputs[stage][row][place(row, S::quad(step, member))]);
          uint32_t first[S::inputParts], last[S::inputParts];
          splitPair(quad.x, quad.y, first);
          splitPair(quad.z, quad.w, last);
#pragma unroll
          for (int part = 0; part < S::inputParts; ++part) {
            x[tile][step][part][second] = first[part];
            x[tile][step][part][2 + second] = last[part];
          }
          totals[tile][second][step] = (quad.x + quad.y) + (quad.z + quad.w);
        }
    if constexpr (S::hasMinimum) {
#pragma unroll
      for (int tile = 0; tile < warpTiles; ++tile)
#pragma unroll
        for (int second = 0; second < 2; ++second) {
          if (S::scaleSteps == 2)
            totals[tile][second][0] += totals[tile][second][1];
#pragma unroll
          for (int step = 0; step < 2; step += S::scaleSteps)
#pragma unroll
            for (int offset = 1; offset < 4; offset *= 2)
              totals[tile][second][step] += __shfl_xor_sync(allLanes, totals[tile][second][step], offset);
        }
    }
    // Adds the products of parts of one step, the smallest first.
    auto addStep = [&](const uint8_t *slab, int step, float (&results)[warpTiles][2][4]) {
      uint32_t w[S::parts][2][2];
      S::load(slab, step, lane, w);
#pragma unroll
      for (int order = parts - 1; order >= 0; --order)
#pragma unroll
        for (int part = 0; part < S::parts; ++part)
          if (part <= order && order - part < S::inputParts)
#pragma unroll
            for (int tile = 0; tile < warpTiles; ++tile)
#pragma unroll
              for (int half = 0; half < 2; ++half)
                mmaBfloat(results[tile][half], x[tile][step][order - part], w[part][half], results[tile][half]);
    };
#pragma unroll
    for (int panel = 0; panel < warpPanels; ++panel) {
      const uint8_t *slab = weights[stage][warpPanel + panel];
      if constexpr (Format::isQuantized) {
#pragma unroll
        for (int first = 0; first < 2; first += S::scaleSteps) {
          float results[warpTiles][2][4] = {};
#pragma unroll
          for (int step = first; step < first + S::scaleSteps; ++step)
            addStep(slab, step, results);
          Scale scales[4];
          S::scales(slab, first, member, scales);
#pragma unroll
          for (int tile = 0; tile < warpTiles; ++tile)
#pragma unroll
            for (int half = 0; half < 2; ++half)
#pragma unroll
              for (int i = 0; i < 4; ++i) {
                const Scale scale = scales[i % 2 * 2 + half];
                float &sum = sums[panel][tile][half][i];
                sum = fmaf(results[tile][half][i], scale.scale, sum);
                if constexpr (S::hasMinimum)
                  sum = fmaf(totals[tile][i / 2][first], scale.minimum, sum);
              }
        }
      } else {
#pragma unroll
        for (int step = 0; step < 2; ++step)
          addStep(slab, step, sums[panel]);
      }
    }
  };

#pragma unroll
  for (int slab = 0; slab < stages - 1; ++slab) {
    if (slab < slabs)
      copySlab(slab);
    copyCommit();
  }
  for (int slab = 0; slab < slabs; ++slab) {
    copyWait<stages - 2>();
    // Also: nobody reads the slab whose place the next copies take.
    __syncthreads();
    if (slab + stages - 1 < slabs)
      copySlab(slab + stages - 1);
    copyCommit();
    if (firstRow + warpRow < rows)
      addSlab(slab % stages);
  }

#pragma unroll
  for (int tile = 0; tile < warpTiles; ++tile)
#pragma unroll
    for (int second = 0; second < 2; ++second) {
      const int row = firstRow + warpRow + tile * 16 + second * 8 + group;
      if (row >= rows)
        continue;
#pragma unroll
      for (int panel = 0; panel < warpPanels; panel += together) {
        if (firstPanel + warpPanel + panel >= panels)
          continue;
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          float results[together];
#pragma unroll
          for (int p = 0; p < together; ++p)
            results[p] = sums[panel + p][tile][i / 2][second * 2 + i % 2];
          finish(row, (firstPanel + warpPanel + panel) / together, S::row(i / 2, member, i % 2), results);
        }
      }
    }
}

/// One row of a product that is there already, in `panels` panels of columns, by a block of `threads`.
template <int panels, int together, int threads, class Finish>
__device__ __forceinline__ void finishProduct(const float *product, int stride, Finish finish) {
  constexpr int units = (panels + together - 1) / together;
  const int row = blockIdx.y;
  for (int index = threadIdx.x; index < units * panelRows; index += threads) {
    const int unit = index / panelRows, lane = index % panelRows;
    float sums[together];
    // The last unit may be short of a panel.
#pragma unroll
    for (int p = 0; p < together; ++p)
      sums[p] = product[row * stride + min(unit * together + p, panels - 1) * panelRows + lane];
    finish(row, unit, lane, sums);
  }
}

} // namespace ingot
