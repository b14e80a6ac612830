//===- device.cuh - the inline PTX of these tests -------------------------===//
//
// One function, two bodies: PTX for a device, and the shim's function for the host.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_KERNELS_DEVICE_CUH
#define INGOT_TEST_CUDA_KERNELS_DEVICE_CUH

#ifdef INGOT_CUDA_SHIM

__device__ inline void setCondition(unsigned long long handle, unsigned value) {
  ingot::shim::setGraphCondition(handle, value);
}

using ingot::shim::mmaBfloat;
using ingot::shim::mmaByte;
using ingot::shim::mmaHalf;

template <bool transposed, unsigned count>
__device__ void loadMatrix(unsigned (&registers)[count], const void *row) {
  ingot::shim::loadMatrix<count, transposed>(registers, row);
}
__device__ inline void copyAsync(void *shared, const void *global) { ingot::shim::copyAsync(shared, global, 16, 16); }
__device__ inline void copyCommit() { ingot::shim::copyAsyncCommit(); }
__device__ inline void waitForEarlier() { ingot::shim::waitForEarlier(); }
__device__ inline void prefetch(const void *address, unsigned bytes) { ingot::shim::prefetch(address, bytes); }
template <unsigned pending> __device__ void copyWait() { ingot::shim::copyAsyncWait(pending); }

#else

__device__ inline void setCondition(unsigned long long handle, unsigned value) {
  cudaGraphSetConditional(handle, value);
}

#define INGOT_TEST_MMA(name, Sum, constraint, types)                                                                   \
  __device__ inline void name(Sum(&d)[4], const unsigned(&a)[4], const unsigned(&b)[2], const Sum(&c)[4]) {            \
    asm("mma.sync.aligned." types " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"                         \
        : "=" constraint(d[0]), "=" constraint(d[1]), "=" constraint(d[2]), "=" constraint(d[3])                       \
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), constraint(c[0]), constraint(c[1]),        \
          constraint(c[2]), constraint(c[3]));                                                                         \
  }
INGOT_TEST_MMA(mmaHalf, float, "f", "m16n8k16.row.col.f32.f16.f16.f32")
INGOT_TEST_MMA(mmaBfloat, float, "f", "m16n8k16.row.col.f32.bf16.bf16.f32")
INGOT_TEST_MMA(mmaByte, int, "r", "m16n8k32.row.col.s32.s8.s8.s32")

__device__ inline unsigned sharedAddress(const void *pointer) {
  return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
}
template <bool transposed> __device__ void loadMatrix(unsigned (&registers)[4], const void *row) {
  if constexpr (transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(registers[0]), "=r"(registers[1]), "=r"(registers[2]), "=r"(registers[3])
                 : "r"(sharedAddress(row)));
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(registers[0]), "=r"(registers[1]), "=r"(registers[2]), "=r"(registers[3])
                 : "r"(sharedAddress(row)));
}
template <bool transposed> __device__ void loadMatrix(unsigned (&registers)[2], const void *row) {
  if constexpr (transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                 : "=r"(registers[0]), "=r"(registers[1])
                 : "r"(sharedAddress(row)));
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
                 : "=r"(registers[0]), "=r"(registers[1])
                 : "r"(sharedAddress(row)));
}
__device__ inline void copyAsync(void *shared, const void *global) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(sharedAddress(shared)), "l"(global));
}
__device__ inline void copyCommit() { asm volatile("cp.async.commit_group;"); }
__device__ inline void waitForEarlier() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
__device__ inline void prefetch(const void *address, unsigned bytes) {
#if __CUDA_ARCH__ >= 900
  asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(address), "r"(bytes));
#endif
}
template <unsigned pending> __device__ void copyWait() { asm volatile("cp.async.wait_group %0;" ::"n"(pending)); }

#endif

#endif // INGOT_TEST_CUDA_KERNELS_DEVICE_CUH
