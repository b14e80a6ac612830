//===- keywords.h - the words CUDA adds to C++ ------------------*- C++ -*-===//
//
// Shared memory is thread_local: it may be declared inside a function, with and
// without `extern`, it belongs to no block longer than it runs, and its place in
// the module is known (its TLS segment), which the checker needs.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DEVICE_KEYWORDS_H
#define INGOT_TEST_CUDA_SHIM_DEVICE_KEYWORDS_H

// Standard headers that write __attribute__((__noinline__)) come first.
#include <array>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <source_location>
#include <type_traits>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __shared__ thread_local
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __grid_constant__
// The generated list of kernels holds the bounds.
#define __launch_bounds__(...)

#define __CUDACC__ 1
/// Tells emitted text that its kernels run on the host.
#define INGOT_CUDA_SHIM 1

#endif // INGOT_TEST_CUDA_SHIM_DEVICE_KEYWORDS_H
