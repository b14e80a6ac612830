// Kernels that are wrong, each in one way. test_shim.py reads from the comment behind the faulty line what must be reported.

#include <cstdint>

#include "device.cuh"

constexpr int threads = 128;

extern "C" __global__ void missingBarrier(const float *in, float *out) {
  __shared__ float values[threads];
  values[threadIdx.x] = in[threadIdx.x];
  out[threadIdx.x] = values[threads - 1 - threadIdx.x]; // expect: uninitialised|race
}

extern "C" __global__ void missingBarrierBeforeReuse(const float *in, float *out) {
  __shared__ float values[threads];
  for (int part = 0; part < 2; ++part) {
    values[threadIdx.x] = in[threadIdx.x + part * threads];
    __syncthreads();
    out[threadIdx.x + part * threads] = values[threads - 1 - threadIdx.x]; // expect: race: .* wrote it .*no __syncthreads
  }
}

extern "C" __global__ void shuffleOrdersNothing(float *out) {
  __shared__ float values[32];
  values[threadIdx.x] = threadIdx.x;
  float other = __shfl_xor_sync(0xffffffff, 1.0f, 1);
  out[threadIdx.x] = values[threadIdx.x ^ 1] + other; // expect: race: thread .* wrote it at .*no __syncwarp
}

extern "C" __global__ void syncwarpOrdersNoOtherWarp(float *out) {
  __shared__ float values[64];
  values[threadIdx.x] = threadIdx.x;
  __syncwarp();
  out[threadIdx.x] = values[63 - threadIdx.x]; // expect: uninitialised|race
}

extern "C" __global__ void pastTheEnd(const float *in, float *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i <= 100)
    out[i] = in[i]; // expect: reads 4 bytes at allocation 1 \+ 400 .it has 400 bytes.: out of bounds
}

extern "C" __global__ void beforeTheStart(const float *in, float *out) {
  out[threadIdx.x] = threadIdx.x < 100 ? in[static_cast<int>(threadIdx.x) - 1] : 0; // expect: reads 4 bytes .*out of bounds
}

extern "C" __global__ void pastTheSharedArray(float *out) {
  __shared__ float values[threads];
  __shared__ float others[threads];
  float *pointer = values;
  pointer[threadIdx.x + 1] = 1; // expect: writes 4 bytes at shared 'pastTheSharedArray::values' \+ 512 .*out of bounds
  others[threadIdx.x] = 2;
  __syncthreads();
  out[threadIdx.x] = others[threadIdx.x] + values[threadIdx.x];
}

extern "C" __global__ void indexOfSharedArray(float *out, int n) {
  __shared__ float values[threads];
  values[threadIdx.x + n] = 1; // expect: index 128 is out of bounds of an array of type 'float\[128\]'
  out[threadIdx.x] = 2;
}

extern "C" __global__ void pastDynamicShared(float *out) {
  extern __shared__ float dynamic[];
  dynamic[threadIdx.x] = 1; // expect: writes 4 bytes at shared 'dynamic' \+ 256 .*out of bounds
  out[threadIdx.x] = dynamic[threadIdx.x];
}

extern "C" __global__ void uninitialisedShared(float *out) {
  __shared__ float values[threads];
  if (threadIdx.x != 5)
    values[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = values[threadIdx.x]; // expect: thread \(5, 0, 0\).*uninitialised
}

extern "C" __global__ void uninitialisedSum(float *out) {
  __shared__ float sum[threads];
  sum[threadIdx.x] += 1; // expect: uninitialised
  out[threadIdx.x] = sum[threadIdx.x];
}

/// Each block leaves its values behind for the next: reading them is uninitialised all the same
extern "C" __global__ void sharedOfAnotherBlock(float *out) {
  __shared__ float values[threads];
  if (blockIdx.x == 1)
    out[threadIdx.x] = values[threadIdx.x]; // expect: block \(1, 0, 0\).*uninitialised
  else
    values[threadIdx.x] = 1;
}

extern "C" __global__ void uninitialisedGlobal(const float *unwritten, float *out) {
  out[threadIdx.x] = unwritten[threadIdx.x]; // expect: uninitialised
}

extern "C" __global__ void leftBarrier(float *out) {
  if (threadIdx.x >= 100)
    return;
  out[threadIdx.x] = 1;
  __syncthreads(); // expect: return
}

extern "C" __global__ void divergentBarrier(float *out) {
  if (threadIdx.x < 64) {
    out[threadIdx.x] = 1;
    __syncthreads();
  } else {
    out[threadIdx.x] = 2;
    __syncthreads(); // expect: while others of its block wait at the one at wrong.cu:\d+
  }
}

extern "C" __global__ void divergentShuffle(float *out) {
  float value = threadIdx.x;
  if (threadIdx.x % 32 < 16)
    value = __shfl_xor_sync(0xffffffff, value, 1);
  else
    __syncthreads(); // expect: no thread of the block can go on: thread .0, 0, 0. waits at wrong.cu:\d+ in a shuffle for
  out[threadIdx.x] = value;
}

extern "C" __global__ void shuffleFromOutside(float *out) {
  if (threadIdx.x % 32 < 16)
    out[threadIdx.x] = __shfl_sync(0x0000ffff, 1.0f, 20); // expect: reads lane 20, which takes no part
}

extern "C" __global__ void maskWithoutCaller(float *out) {
  out[threadIdx.x] = __shfl_xor_sync(0xfffffffe, 1.0f, 1); // expect: the mask 0xfffffffe does not name the lane that calls .0.
}

extern "C" __global__ void blocksWriteTheSame(float *out) {
  out[threadIdx.x] = blockIdx.x; // expect: race: block \(0, 0, 0\).* wrote it .*blocks of a launch run in no order
}

extern "C" __global__ void blocksReadEachOther(float *in, float *out) {
  in[blockIdx.x * threads + threadIdx.x] = 1; // expect: race: block \(0, 0, 0\), thread .* read it
  out[blockIdx.x * threads + threadIdx.x] = in[threadIdx.x + threads] + 1;
}

extern "C" __global__ void threadsAddToOne(float *out) {
  out[0] += threadIdx.x; // expect: race: thread \(0, 0, 0\)
}

extern "C" __global__ void atomicAndPlain(float *out) {
  atomicAdd(&out[0], 1.0f);
  if (threadIdx.x == 40)
    out[0] = 0; // expect: race: .*changed it atomically
}

/// As lastBlockSum of right.cu, without the fence
extern "C" __global__ void lastBlockWithoutFence(float *partial, unsigned *finished, float *out) {
  partial[blockIdx.x] = 1;
  if (atomicAdd(finished, 1u) == gridDim.x - 1) {
    float total = 0;
    for (unsigned block = 0; block < gridDim.x; ++block)
      total += partial[block]; // expect: race: block .* wrote it
    *out = total;
  }
}

extern "C" __global__ void misalignedVector(const float *in, float *out) {
  const float4 *vectors = reinterpret_cast<const float4 *>(in + 1);
  out[threadIdx.x] = vectors[0].x; // expect: not aligned to 16 bytes
}

extern "C" __global__ void copyNotWaitedFor(const float *in, float *out) {
  __shared__ __align__(16) float values[threads * 4];
  copyAsync(&values[threadIdx.x * 4], in + threadIdx.x * 4);
  copyCommit();
  out[threadIdx.x] = values[threadIdx.x * 4]; // expect: asynchronous copy to it, .*has not been waited for
  copyWait<0>();
}

extern "C" __global__ void copyWaitedForByTheIssuerOnly(const float *in, float *out) {
  __shared__ __align__(16) float values[threads * 4];
  copyAsync(&values[threadIdx.x * 4], in + threadIdx.x * 4);
  copyCommit();
  copyWait<0>();
  out[threadIdx.x] = values[(threads - 1 - threadIdx.x) * 4]; // expect: uninitialised|race|has not been waited for
}

extern "C" __global__ void localOfAnotherThread(float *out) {
  __shared__ float *pointer;
  float mine[4] = {1, 2, 3, 4};
  if (threadIdx.x == 0)
    pointer = mine;
  __syncthreads();
  out[threadIdx.x] = pointer[threadIdx.x % 4] + mine[threadIdx.x % 4]; // expect: in the local memory of thread \(0, 0, 0\)
  __syncthreads();
}

extern "C" __global__ void nullPointer(float *out, const float *nothing) {
  out[threadIdx.x] = nothing[threadIdx.x]; // expect: no memory of the device
}

extern "C" __global__ void shiftTooFar(unsigned *out) {
  out[threadIdx.x] = 1u << threadIdx.x; // expect: a shift of 'unsigned int' by 32 bits
}

extern "C" __global__ void readsBeforeItWaits(const float *in, float *out) {
  float value = in[threadIdx.x]; // expect: reads 4 bytes at .*has not waited for the kernels that its own comes after
  waitForEarlier();
  out[threadIdx.x] = value;
}

extern "C" __global__ void waitsForOthers(const float *in, float *out) {
  if (threadIdx.x < 32)
    waitForEarlier();
  __syncthreads();
  out[threadIdx.x] = in[threadIdx.x]; // expect: reads 4 bytes at .*has not waited for the kernels that its own comes after
}

extern "C" __global__ void copiesBeforeItWaits(const float *in, float *out) {
  __shared__ __align__(16) float values[4 * threads];
  // Without a wrapper, whose line it would be.
  ingot::shim::copyAsync(values + 4 * threadIdx.x, in + 4 * threadIdx.x, 16, 16); // expect: reads 16 bytes at .*has not waited for the kernels
  waitForEarlier();
  copyCommit();
  copyWait<0>();
  out[threadIdx.x] = values[4 * threadIdx.x];
}

extern "C" __global__ void asksForWhatIsNotThere(const float *in, float *out) {
  ingot::shim::prefetch(in + 512 - 4, 32); // expect: asks for 16 bytes at .* out of bounds
  waitForEarlier();
  out[threadIdx.x] = 0;
}
