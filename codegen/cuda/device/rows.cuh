//===- rows.cuh - what a block computes of one row ------------------------===//

namespace ingot {

/// The larger and the smaller of two numbers; NaN where one is.
__device__ __forceinline__ float maximum(float a, float b) { return a < b || b != b ? b : a; }
__device__ __forceinline__ float minimum(float a, float b) { return a > b || b != b ? b : a; }

/// The sum over all threads of the block, in a fixed order.
template <int threads> __device__ __forceinline__ float sumOfBlock(float value) {
  __shared__ float ofWarp[threads / 32];
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2)
    value += __shfl_xor_sync(0xffffffffu, value, offset);
  if (threadIdx.x % 32 == 0)
    ofWarp[threadIdx.x / 32] = value;
  __syncthreads();
  value = ofWarp[0];
#pragma unroll
  for (int warp = 1; warp < threads / 32; ++warp)
    value += ofWarp[warp];
  return value;
}

/// input / sqrt(mean(input²) + epsilon) · weight, into memory of the device or of the block, rounded to what that
/// holds.
template <int columns, int threads, class Element>
__device__ __forceinline__ void normRow(const float *input, const float *weight, float epsilon, Element *output) {
  float squares = 0.0f;
  for (int column = threadIdx.x; column < columns; column += threads)
    squares = fmaf(input[column], input[column], squares);
  const float mean = sumOfBlock<threads>(squares) * (1.0f / columns);
  const float inverse = 1.0f / sqrtf(mean + epsilon);
  for (int column = threadIdx.x; column < columns; column += threads)
    output[column] = roundActivation<Element>(input[column] * inverse * weight[column]);
}

/// `input` as what `output` holds.
template <int columns, int threads, class Element>
__device__ __forceinline__ void roundRow(const float *input, Element *output) {
  for (int column = threadIdx.x; column < columns; column += threads)
    output[column] = roundActivation<Element>(input[column]);
}

} // namespace ingot
