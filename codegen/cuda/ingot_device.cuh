//===- ingot_device.cuh - what CUDA C++ has no word for -------------------===//
//
// The only inline PTX of emitted text. What one thread does alone each function says in
// C++ too; that is what a compiler for another machine sees. What a warp does together
// is for such a machine a function of the emulation in test/cuda.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_CUDA_INGOT_DEVICE_CUH
#define INGOT_CODEGEN_CUDA_INGOT_DEVICE_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <cstring>
#include <type_traits>

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

/// Asks for `bytes` of weights from a 16-byte aligned address on, a multiple of 16, to come to the second-level cache,
/// on devices that can be asked so: see "cp.async.bulk.prefetch.L2" of the PTX ISA. One thread asks for a whole block.
__device__ __forceinline__ void prefetchWeights(const uint8_t *address, uint32_t bytes) {
#ifdef INGOT_CUDA_SHIM
  shim::prefetch(address, bytes);
#elif __CUDA_ARCH__ >= 900
  asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(address), "r"(bytes));
#endif
}

/// Waits until the kernels that this one comes after have ended, and what they wrote can be read. A graph may begin a
/// kernel before that, on devices that have these two: see "griddepcontrol" of the PTX ISA. So every thread of every
/// kernel of a step calls this before it touches memory of the device, but for weights that it asks for; a kernel that
/// did not would end before those that it comes after, and the next one would not know.
__device__ __forceinline__ void waitForEarlier() {
#ifdef INGOT_CUDA_SHIM
  shim::waitForEarlier();
#elif __CUDA_ARCH__ >= 10 * INGOT_CUDA_WAITING_CAPABILITY
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

/// Lets the kernels that come after this one begin, as soon as all of its blocks have said so or ended. Said after
/// waitForEarlier, there are no more than two kernels on the device, of which one waits.
__device__ __forceinline__ void letLaterBegin() {
#if !defined(INGOT_CUDA_SHIM) && __CUDA_ARCH__ >= 10 * INGOT_CUDA_WAITING_CAPABILITY
  asm volatile("griddepcontrol.launch_dependents;");
#endif
}

/// Sets the condition of a loop in a graph: 0 ends it. A function of the driver, which knows it from CUDA 12.4 on.
__device__ __forceinline__ void setCondition(unsigned long long handle, unsigned value) {
#ifdef INGOT_CUDA_SHIM
  shim::setGraphCondition(handle, value);
#else
  cudaGraphSetConditional(handle, value);
#endif
}

//===----------------------------------------------------------------------===//
// Products of a warp
//===----------------------------------------------------------------------===//

#ifdef INGOT_CUDA_SHIM

using shim::mmaBfloat;
using shim::mmaHalf;

template <bool transposed> __device__ __forceinline__ void loadMatrices(uint32_t (&words)[4], const void *row) {
  shim::loadMatrix<4, transposed>(words, row);
}
__device__ __forceinline__ void copyAsync(void *shared, const void *global, int bytes) {
  shim::copyAsync(shared, global, 16, bytes);
}
__device__ __forceinline__ void copyCommit() { shim::copyAsyncCommit(); }
template <int pending> __device__ __forceinline__ void copyWait() { shim::copyAsyncWait(pending); }

#else

/// d = a b + c of 16 x 16 and 16 x 8 elements; element by element as PTX ISA, "Matrix Fragments for mma.m16n8k16", has
/// them in the lanes of a warp. Sums are f32.
__device__ __forceinline__ void mmaBfloat(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                                          const float (&c)[4]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%10, %11, %12, %13};"
      : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "f"(c[0]), "f"(c[1]), "f"(c[2]), "f"(c[3]));
}
__device__ __forceinline__ void mmaHalf(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
                                        const float (&c)[4]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%10, %11, %12, %13};"
      : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "f"(c[0]), "f"(c[1]), "f"(c[2]), "f"(c[3]));
}

/// Four matrices of 8 x 8 elements of 16 bits from shared memory: lane 8 m + r brings the address of row r of matrix m,
/// and has of each matrix two elements of row lane / 4 (transposed: of that column).
template <bool transposed> __device__ __forceinline__ void loadMatrices(uint32_t (&words)[4], const void *row) {
  const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  if constexpr (transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                 : "r"(address)
                 : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                 : "r"(address)
                 : "memory");
}

/// Begins a copy of 16 bytes to shared memory, of which the first `bytes` come from `global`; the others become 0.
__device__ __forceinline__ void copyAsync(void *shared, const void *global, int bytes) {
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(
                   static_cast<uint32_t>(__cvta_generic_to_shared(shared))),
               "l"(global), "r"(bytes)
               : "memory");
}
/// The thread's copies since the last call are a group.
__device__ __forceinline__ void copyCommit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
/// Waits until at most `pending` of the thread's groups are under way.
template <int pending> __device__ __forceinline__ void copyWait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

#endif

} // namespace ingot

#endif // INGOT_CODEGEN_CUDA_INGOT_DEVICE_CUH
