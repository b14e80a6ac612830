// Kernels that are right: each has its test in test_shim.py.

#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "device.cuh"

constexpr int width = 16;

struct Pair {
  float scale;
  int offset;
};

__device__ __forceinline__ float warpSum(float value) {
  for (int distance = 16; distance != 0; distance /= 2)
    value += __shfl_xor_sync(0xffffffff, value, distance);
  return value;
}

/// out[block] = sum of the block's part of in
extern "C" __global__ void __launch_bounds__(256) reduce(const float *__restrict__ in, float *__restrict__ out, int n) {
  __shared__ float partial[8];
  float sum = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    sum += __ldg(in + i);
  sum = warpSum(sum);
  if (threadIdx.x % warpSize == 0)
    partial[threadIdx.x / warpSize] = sum;
  __syncthreads();
  if (threadIdx.x < 32) {
    sum = warpSum(threadIdx.x < blockDim.x / warpSize ? partial[threadIdx.x] : 0.0f);
    if (threadIdx.x == 0)
      out[blockIdx.x] = sum;
  }
}

/// c = a b, all n x n; n need not be a multiple of the tile's width
extern "C" __global__ void tiledMatmul(const float *a, const float *b, float *c, int n) {
  __shared__ float tileA[width][width + 1], tileB[width][width + 1];
  int row = blockIdx.y * width + threadIdx.y, column = blockIdx.x * width + threadIdx.x;
  float sum = 0;
  for (int k = 0; k < n; k += width) {
    tileA[threadIdx.y][threadIdx.x] = row < n && k + threadIdx.x < n ? a[row * n + k + threadIdx.x] : 0.0f;
    tileB[threadIdx.y][threadIdx.x] = k + threadIdx.y < n && column < n ? b[(k + threadIdx.y) * n + column] : 0.0f;
    __syncthreads();
    for (int i = 0; i < width; ++i)
      sum = fmaf(tileA[threadIdx.y][i], tileB[i][threadIdx.x], sum);
    __syncthreads();
  }
  if (row < n && column < n)
    c[row * n + column] = sum;
}

/// Counts values modulo 16 with atomics on shared, then on global memory
extern "C" __global__ void histogram(const unsigned *in, unsigned *counts, int n) {
  extern __shared__ unsigned local[];
  if (threadIdx.x < 16)
    local[threadIdx.x] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    atomicAdd(&local[in[i] % 16], 1u);
  __syncthreads();
  if (threadIdx.x < 16)
    atomicAdd(&counts[threadIdx.x], local[threadIdx.x]);
}

/// The sum of all blocks, added by the block that ends last
extern "C" __global__ void lastBlockSum(const float *in, float *partial, unsigned *finished, float *out) {
  __shared__ bool last;
  float sum = warpSum(in[blockIdx.x * 32 + threadIdx.x]);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
    __threadfence();
    last = atomicAdd(finished, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    float total = 0;
    for (unsigned block = 0; block < gridDim.x; ++block)
      total += partial[block];
    *out = total;
    *finished = 0;
  }
}

/// Eight bytes of scaled sums in one warp, exchanged through shared memory with __syncwarp only
extern "C" __global__ void reverseWarp(const float4 *in, float4 *out, Pair pair) {
  __shared__ float4 lanes[64];
  float4 value = in[threadIdx.x];
  lanes[threadIdx.x] = make_float4(value.x * pair.scale, value.y * pair.scale, value.z * pair.scale, value.w * pair.scale);
  __syncwarp();
  int from = (threadIdx.x & 32) + ((31 - threadIdx.x % 32 + pair.offset) & 31);
  out[threadIdx.x] = lanes[from];
}

/// All results of shuffles and votes, a row of 64 for each
extern "C" __global__ void warpFunctions(int *out) {
  int lane = threadIdx.x % 32, row = 0;
  auto put = [&](unsigned value) { out[64 * row++ + threadIdx.x] = int(value); };
  put(__shfl_sync(0xffffffff, lane * 3, lane / 2));
  put(__shfl_sync(0xffffffff, lane * 3, 5, 8));
  put(__shfl_up_sync(0xffffffff, lane, 3));
  put(__shfl_up_sync(0xffffffff, lane, 3, 8));
  put(__shfl_down_sync(0xffffffff, lane, 3));
  put(__shfl_down_sync(0xffffffff, lane, 3, 8));
  put(__shfl_xor_sync(0xffffffff, lane, 5));
  put(__shfl_xor_sync(0xffffffff, lane, 9, 8));
  put(__ballot_sync(0xffffffff, lane % 3 == 0));
  put(__any_sync(0xffffffff, lane == 7));
  put(__all_sync(0xffffffff, lane < 31));
  // Two halves of a warp that are not in step
  if (lane < 16) {
    int value = lane;
    for (int i = 0; i < 3; ++i)
      value = __shfl_xor_sync(0x0000ffff, value, 1) + 1;
    put(value);
  } else {
    put(__ballot_sync(0xffff0000, lane % 2));
  }
  put(__syncthreads_count(lane == 3));
  put(__byte_perm(0x33221100 + lane, 0x77665544, 0x7250));
}

/// One mma.sync of each kind; fragments are written and read with plain index arithmetic of the PTX ISA
extern "C" __global__ void mmaFragments(const uint16_t *a, const uint16_t *b, const float *c, float *d, int bfloat) {
  int group = threadIdx.x >> 2, member = threadIdx.x % 4;
  uint16_t fragmentA[8], fragmentB[4];
  float sums[4];
  for (int i = 0; i < 8; ++i) {
    int row = i < 2 || (i >= 4 && i < 6) ? group : group + 8;
    int column = member * 2 + (i & 1) + (i < 4 ? 0 : 8);
    fragmentA[i] = a[row * 16 + column];
  }
  for (int i = 0; i < 4; ++i)
    fragmentB[i] = b[(member * 2 + (i & 1) + (i < 2 ? 0 : 8)) * 8 + group];
  for (int i = 0; i < 4; ++i)
    sums[i] = c[(i < 2 ? group : group + 8) * 8 + member * 2 + (i & 1)];
  unsigned wordsA[4], wordsB[2];
  memcpy(wordsA, fragmentA, sizeof wordsA);
  memcpy(wordsB, fragmentB, sizeof wordsB);
  if (bfloat)
    mmaBfloat(sums, wordsA, wordsB, sums);
  else
    mmaHalf(sums, wordsA, wordsB, sums);
  for (int i = 0; i < 4; ++i)
    d[(i < 2 ? group : group + 8) * 8 + member * 2 + (i & 1)] = sums[i];
}

/// mma.sync on registers as they come: lane after lane, four of a, two of b, four sums
extern "C" __global__ void mmaRegisters(const uint4 *a, const uint2 *b, float4 *d) {
  uint4 four = a[threadIdx.x];
  uint2 two = b[threadIdx.x];
  unsigned wordsA[4] = {four.x, four.y, four.z, four.w}, wordsB[2] = {two.x, two.y};
  float sums[4] = {0, 0, 0, 0};
  mmaHalf(sums, wordsA, wordsB, sums);
  d[threadIdx.x] = make_float4(sums[0], sums[1], sums[2], sums[3]);
}

/// d = a b for bytes: a 16 x 32, b 32 x 8 stored by columns
extern "C" __global__ void mmaBytes(const unsigned *a, const unsigned *b, int *d) {
  int group = threadIdx.x >> 2, member = threadIdx.x % 4;
  unsigned wordsA[4] = {a[group * 8 + member], a[(group + 8) * 8 + member], a[group * 8 + member + 4],
                        a[(group + 8) * 8 + member + 4]};
  unsigned wordsB[2] = {b[group * 8 + member], b[group * 8 + member + 4]};
  int sums[4] = {0, 0, 0, 0};
  mmaByte(sums, wordsA, wordsB, sums);
  for (int i = 0; i < 4; ++i)
    d[(i < 2 ? group : group + 8) * 8 + member * 2 + (i & 1)] = sums[i];
}

/// c = a b of half precision by one warp per 16 x 8 tile: asynchronous copies two stages ahead, ldmatrix, mma.sync.
/// a: m x k by rows, b: k x n by rows; m, n, k multiples of 16.
extern "C" __global__ void __launch_bounds__(32) mmaMatmul(const __half *a, const __half *b, float *c, int n, int k) {
  __shared__ __align__(16) __half tileA[2][16][16], tileB[2][16][8];
  int rowStart = blockIdx.y * 16, columnStart = blockIdx.x * 8, lane = threadIdx.x;
  auto load = [&](int stage, int start) {
    copyAsync(&tileA[stage][lane / 2][lane % 2 * 8], a + (rowStart + lane / 2) * k + start + lane % 2 * 8);
    if (lane < 16)
      copyAsync(&tileB[stage][lane][0], b + (start + lane) * n + columnStart);
    copyCommit();
  };
  float sums[4] = {0, 0, 0, 0};
  load(0, 0);
  for (int start = 0; start < k; start += 16) {
    int stage = start / 16 % 2;
    if (start + 16 < k) {
      load(stage ^ 1, start + 16);
      copyWait<1>();
    } else {
      copyWait<0>();
    }
    __syncwarp();
    unsigned wordsA[4], wordsB[2];
    loadMatrix<false>(wordsA, &tileA[stage][lane % 16][lane / 16 * 8]);
    loadMatrix<true>(wordsB, &tileB[stage][lane % 16][0]);
    mmaHalf(sums, wordsA, wordsB, sums);
    __syncwarp();
  }
  for (int i = 0; i < 4; ++i)
    c[(rowStart + lane / 4 + i / 2 * 8) * n + columnStart + lane % 4 * 2 + i % 2] = sums[i];
}

/// Rounds floats to half and bfloat16 and back
extern "C" __global__ void roundings(const float *in, float *half, float *bfloat, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  half[i] = __half2float(__float2half_rn(in[i]));
  bfloat[i] = __bfloat162float(__float2bfloat16_rn(in[i]));
}

__device__ int counter = 5;

/// Adds to a variable of the module
extern "C" __global__ void count(int *out) {
  if (threadIdx.x == 0)
    *out = atomicAdd(&counter, 2);
}

/// Shuffles and barriers, to be timed
extern "C" __global__ void __launch_bounds__(256) manySwitches(float *out, int times) {
  float value = threadIdx.x;
  for (int i = 0; i < times; ++i) {
    value = __shfl_xor_sync(0xffffffff, value, 1);
    __syncthreads();
  }
  out[threadIdx.x] = value;
}

/// y = A x, eight 16-bit weights at a time: what decoding does most
extern "C" __global__ void __launch_bounds__(128) matvec(const uint4 *weights, const float *x, float *y, int columns) {
  __shared__ float partial[4];
  float sum = 0;
  for (int i = threadIdx.x; i < columns / 8; i += 128) {
    uint4 words = weights[blockIdx.x * (columns / 8) + i];
    const unsigned packed[4] = {words.x, words.y, words.z, words.w};
    for (int pair = 0; pair < 4; ++pair) {
      sum += __uint_as_float(packed[pair] << 16) * x[8 * i + 2 * pair];
      sum += __uint_as_float(packed[pair] & 0xffff0000) * x[8 * i + 2 * pair + 1];
    }
  }
  sum = warpSum(sum);
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x == 0)
    y[blockIdx.x] = partial[0] + partial[1] + partial[2] + partial[3];
}

/// Adds one to every element, to be ordered by streams
extern "C" __global__ void increment(float *values, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    values[i] += 1;
}

/// The same, begun before what it comes after has ended.
extern "C" __global__ void incrementLater(float *values, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (threadIdx.x == 0)
    prefetch(values + i, 64);
  waitForEarlier();
  if (i < n)
    values[i] += 1;
}

/// One less is left, and a loop goes on while any are. Every block of one thread.
extern "C" __global__ void countDown(unsigned long long condition, int *left) {
  *left -= 1;
  setCondition(condition, *left > 0);
}
