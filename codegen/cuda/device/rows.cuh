//===- rows.cuh - what a block computes of one row ------------------------===//

namespace ingot {

/// The larger and the smaller of two numbers; NaN where one is.
__device__ __forceinline__ float maximum(float a, float b) { return a < b || b != b ? b : a; }
__device__ __forceinline__ float minimum(float a, float b) { return a > b || b != b ? b : a; }

/// The sum over all lanes of the warp, in a fixed order.
__device__ __forceinline__ float sumOfWarp(float value) {
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2)
    value += __shfl_xor_sync(0xffffffffu, value, offset);
  return value;
}

/// The sum over all threads of the block, in a fixed order. Between two of them the block has to meet.
template <int threads> __device__ __forceinline__ float sumOfBlock(float value) {
  __shared__ float ofWarp[threads / 32];
  value = sumOfWarp(value);
  if (threadIdx.x % 32 == 0)
    ofWarp[threadIdx.x / 32] = value;
  __syncthreads();
  value = ofWarp[0];
#pragma unroll
  for (int warp = 1; warp < threads / 32; ++warp)
    value += ofWarp[warp];
  return value;
}

/// finish(x / sqrt(mean(x²) + epsilon), column) of the input, or of the input less its mean, by `threads` threads that
/// `sum` adds up over; rounded to what the output holds.
template <int columns, bool centered, int threads, class Element, class Sum, class Finish>
__device__ __forceinline__ void normPiece(const float *input, float epsilon, Element *output, int thread, Sum sum,
                                          Finish finish) {
  float mean = 0.0f;
  if constexpr (centered) {
    float all = 0.0f;
    for (int column = thread; column < columns; column += threads)
      all += input[column];
    mean = sum(all) * (1.0f / columns);
  }
  float squares = 0.0f;
  for (int column = thread; column < columns; column += threads) {
    const float value = input[column] - mean;
    squares = fmaf(value, value, squares);
  }
  const float inverse = 1.0f / sqrtf(sum(squares) * (1.0f / columns) + epsilon);
  for (int column = thread; column < columns; column += threads)
    output[column] = roundActivation<Element>(finish((input[column] - mean) * inverse, column));
}

/// That of a row, by a block; into memory of the device or of the block.
template <int columns, bool centered, int threads, class Element, class Finish>
__device__ __forceinline__ void normRow(const float *input, float epsilon, Element *output, Finish finish) {
  auto sum = [](float value) {
    value = sumOfBlock<threads>(value);
    if constexpr (centered)
      __syncthreads();
    return value;
  };
  normPiece<columns, centered, threads>(input, epsilon, output, threadIdx.x, sum, finish);
}

/// That of each of the equal pieces of a row, by a warp each.
template <int columns, int pieces, bool centered, int threads, class Element, class Finish>
__device__ __forceinline__ void normPieces(const float *input, float epsilon, Element *output, Finish finish) {
  constexpr int length = columns / pieces;
  for (int piece = threadIdx.x / 32; piece < pieces; piece += threads / 32)
    normPiece<length, centered, 32>(input + piece * length, epsilon, output + piece * length, threadIdx.x % 32,
                                    sumOfWarp,
                                    [&](float value, int column) { return finish(value, piece * length + column); });
}

/// `input` as what `output` holds.
template <int columns, int threads, class Element>
__device__ __forceinline__ void roundRow(const float *input, Element *output) {
  for (int column = threadIdx.x; column < columns; column += threads)
    output[column] = roundActivation<Element>(input[column]);
}

} // namespace ingot
