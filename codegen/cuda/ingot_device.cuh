//===- ingot_device.cuh - what CUDA C++ has no word for -------------------===//
//
// The only inline PTX of emitted text. Each function says in C++ what it does; that is
// also what a compiler for another machine sees.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_CUDA_INGOT_DEVICE_CUH
#define INGOT_CODEGEN_CUDA_INGOT_DEVICE_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <cstring>

namespace ingot {

/// 16 bytes of weights, 16-byte aligned: read once in a step, so not worth a place in the first-level cache.
__device__ __forceinline__ uint4 loadWeights(const uint8_t *address) {
  uint4 value;
#ifdef __CUDA_ARCH__
  asm("ld.global.nc.L1::no_allocate.L2::128B.v4.u32 {%0, %1, %2, %3}, [%4];"
      : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
      : "l"(address));
#else
  memcpy(&value, address, sizeof value);
#endif
  return value;
}

/// Byte `index` of `word`, a constant, less `zero`: as the low bits of 2^23, which is exact and needs no conversion.
__device__ __forceinline__ float byteToFloat(uint32_t word, int index, int zero) {
#ifdef __CUDA_ARCH__
  return __uint_as_float(__byte_perm(word, 0x4b000000, 0x7540 + index)) - static_cast<float>((1 << 23) + zero);
#else
  return static_cast<float>(static_cast<int>(word >> 8 * index & 0xff) - zero);
#endif
}

} // namespace ingot

#endif // INGOT_CODEGEN_CUDA_INGOT_DEVICE_CUH
