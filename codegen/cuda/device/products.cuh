//===- products.cuh - rows of activations times panels of weights ---------===//
//
// Both forms end in `finish(row, unit, lane, sums)`: `unit` is a run of `together`
// panels, `sums` the results of row `lane` of each of them.
//
//===----------------------------------------------------------------------===//

namespace ingot {

constexpr unsigned allLanes = 0xffffffffu;

/// A few rows: every block streams the panels of one unit past sums in registers, its warps sharing out the columns.
/// Sums of lanes and then of warps are added in a fixed order.
template <class Format, int columns, int mostRows, int panels, int together, int warps, class Finish>
__device__ __forceinline__ void multiplyFewRows(const float *input, int stride, const uint8_t *weight,
                                                uint64_t panelBytes, int rows, Finish finish) {
  using P = Piece<Format>;
  __shared__ float partial[warps][together][mostRows][panelRows];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, unit = blockIdx.x;
  const int row = P::firstRow(lane);
  float sums[together][mostRows][P::rows] = {};
  for (int start = warp * P::warpColumns; start < columns; start += warps * P::warpColumns) {
    const int column = P::firstColumn(start, lane);
    // Of the last columns there may be fewer than a warp takes.
    if (column >= columns)
      continue;
    float x[mostRows][P::columns], total[mostRows];
#pragma unroll
    for (int r = 0; r < mostRows; ++r) {
      const float *source = input + min(r, rows - 1) * stride + column;
      total[r] = 0.0f;
      if constexpr (P::columns % 4 == 0) {
#pragma unroll
        for (int c = 0; c < P::columns; c += 4) {
          const float4 four = *reinterpret_cast<const float4 *>(source + c);
          x[r][c] = four.x;
          x[r][c + 1] = four.y;
          x[r][c + 2] = four.z;
          x[r][c + 3] = four.w;
        }
      } else {
        x[r][0] = *source;
      }
#pragma unroll
      for (int c = 0; c < P::columns; ++c)
        total[r] += x[r][c];
    }
#pragma unroll
    for (int p = 0; p < together; ++p) {
      // The last unit may be short of a panel.
      P piece;
      piece.load(weight + min(unit * together + p, panels - 1) * panelBytes, row, column);
#pragma unroll
      for (int r = 0; r < mostRows; ++r)
#pragma unroll
        for (int i = 0; i < P::rows; ++i)
          sums[p][r][i] += piece.dot(i, x[r], total[r]);
    }
  }
#pragma unroll
  for (int p = 0; p < together; ++p)
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
  __syncthreads();
  for (int index = threadIdx.x; index < mostRows * panelRows; index += warps * 32) {
    const int r = index / panelRows, i = index % panelRows;
    float results[together];
#pragma unroll
    for (int p = 0; p < together; ++p) {
      results[p] = partial[0][p][r][i];
      for (int w = 1; w < warps; ++w)
        results[p] += partial[w][p][r][i];
    }
    if (r < rows)
      finish(r, unit, i, results);
  }
}

/// Many rows: a block of 256 threads computes 64 rows times 4 panels, 32 columns at a time in shared memory. A thread
/// holds 4 rows, 16 apart, times one row of each panel.
template <class Format, int columns, int panels, int together, class Finish>
__device__ __forceinline__ void multiplyManyRows(const float *input, int stride, const uint8_t *weight,
                                                 uint64_t panelBytes, int rows, Finish finish) {
  using P = Piece<Format>;
  constexpr int threads = 256, tileRows = 64, tilePanels = 4, step = groupColumns;
  constexpr int pieces = panelRows / P::rows * (step / P::columns);
  __shared__ float activations[tileRows][step + 1];
  __shared__ float weights[step][tilePanels * panelRows + 1];
  const int lane = threadIdx.x % panelRows, group = threadIdx.x / panelRows;
  const int firstRow = blockIdx.y * tileRows, firstPanel = blockIdx.x * tilePanels;
  float sums[4][tilePanels] = {};
  for (int start = 0; start < columns; start += step) {
    for (int index = threadIdx.x; index < tileRows * step; index += threads) {
      const int row = firstRow + index / step, column = start + index % step;
      activations[index / step][index % step] = row < rows && column < columns ? input[row * stride + column] : 0.0f;
    }
    for (int index = threadIdx.x; index < tilePanels * pieces; index += threads) {
      const int panel = index / pieces, row = index % P::rowLanes * P::rows;
      const int column = index % pieces / P::rowLanes * P::columns;
      const bool exists = firstPanel + panel < panels && start + column < columns;
      P piece;
      if (exists)
        piece.load(weight + (firstPanel + panel) * panelBytes, row, start + column);
#pragma unroll
      for (int i = 0; i < P::rows; ++i)
#pragma unroll
        for (int c = 0; c < P::columns; ++c)
          weights[column + c][panel * panelRows + row + i] = exists ? piece.weight(i, c) : 0.0f;
    }
    __syncthreads();
#pragma unroll 8
    for (int k = 0; k < step; ++k)
#pragma unroll
      for (int r = 0; r < 4; ++r)
#pragma unroll
        for (int p = 0; p < tilePanels; ++p)
          sums[r][p] = fmaf(activations[group + 16 * r][k], weights[k][p * panelRows + lane], sums[r][p]);
    __syncthreads();
  }
#pragma unroll
  for (int r = 0; r < 4; ++r) {
    const int row = firstRow + group + 16 * r;
    if (row >= rows)
      continue;
#pragma unroll
    for (int p = 0; p < tilePanels; p += together)
      if (firstPanel + p < panels)
        finish(row, (firstPanel + p) / together, lane, &sums[r][p]);
  }
}

} // namespace ingot
