//===- threads.h - where a thread is, and barriers of its block -*- C++ -*-===//
//
// The executor sets the built-in variables whenever it goes to another thread;
// for one thread they never change, so they are constants here.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DEVICE_THREADS_H
#define INGOT_TEST_CUDA_SHIM_DEVICE_THREADS_H

#include "device/vectors.h"
#include "executor/interface.h"

extern const uint3 threadIdx __asm__("ingot_shim_thread_index");
extern const uint3 blockIdx __asm__("ingot_shim_block_index");
extern const uint3 blockDim __asm__("ingot_shim_block_dimension");
extern const uint3 gridDim __asm__("ingot_shim_grid_dimension");
inline constexpr int warpSize = ingot::shim::warpSize;

[[clang::convergent]] inline void __syncthreads(ingot::shim::Site site = ingot::shim::Site::current()) {
  ingot::shim::blockBarrier(ingot::shim::Reduction::none, 0, site);
}
[[clang::convergent]] inline int __syncthreads_count(int predicate,
                                                     ingot::shim::Site site = ingot::shim::Site::current()) {
  return ingot::shim::blockBarrier(ingot::shim::Reduction::sum, predicate, site);
}
[[clang::convergent]] inline int __syncthreads_and(int predicate,
                                                   ingot::shim::Site site = ingot::shim::Site::current()) {
  return ingot::shim::blockBarrier(ingot::shim::Reduction::all, predicate, site);
}
[[clang::convergent]] inline int __syncthreads_or(int predicate,
                                                  ingot::shim::Site site = ingot::shim::Site::current()) {
  return ingot::shim::blockBarrier(ingot::shim::Reduction::any, predicate, site);
}

inline void __threadfence() { ingot::shim::deviceFence(); }
/// Orders nothing across threads by itself; the barrier that must follow does.
inline void __threadfence_block() {}

#endif // INGOT_TEST_CUDA_SHIM_DEVICE_THREADS_H
