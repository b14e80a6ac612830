//===- read.cuh - how fast memory can be read -----------------------------===//

namespace ingot {

/// Reads `bytes`, a multiple of 16, as weights are read, and does nothing else: every thread takes the 16 bytes after
/// those of its neighbour, four times before it uses any. What it read goes to `result` where it happens to be
/// `unlikely`, so that no compiler leaves it out.
__device__ __forceinline__ void readMemory(const uint8_t *from, uint64_t bytes, uint32_t unlikely, uint32_t *result) {
  constexpr int together = 4;
  const uint64_t words = bytes / 16, threads = uint64_t{gridDim.x} * blockDim.x;
  uint64_t word = uint64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  uint32_t mixed = 0;
  for (; word + (together - 1) * threads < words; word += together * threads) {
    uint4 read[together];
#pragma unroll
    for (int i = 0; i < together; ++i)
      read[i] = loadWeights(from + (word + i * threads) * 16);
#pragma unroll
    for (int i = 0; i < together; ++i)
      mixed ^= read[i].x ^ read[i].y ^ read[i].z ^ read[i].w;
  }
  for (; word < words; word += threads) {
    const uint4 read = loadWeights(from + word * 16);
    mixed ^= read.x ^ read.y ^ read.z ^ read.w;
  }
  if (mixed == unlikely)
    *result = mixed;
}

} // namespace ingot
