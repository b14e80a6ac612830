//===- interface.h - what emitted kernels call ------------------*- C++ -*-===//
//
// The boundary between a module (the emitted .cu compiled for the host) and
// the executor in the fake driver: how kernels are described, and what CUDA's
// functions that need other threads (barriers, shuffles, votes, mma) call.
// Headers under device/ are written in these terms; a module links against the
// fake libcuda.so.1, which exports them.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_EXECUTOR_INTERFACE_H
#define INGOT_TEST_CUDA_SHIM_EXECUTOR_INTERFACE_H

#include <cstddef>
#include <cstdint>
#include <source_location>

#define INGOT_SHIM_EXPORT __attribute__((visibility("default")))

namespace ingot::shim {

/// Where in the emitted text an operation stands.
using Site = std::source_location;

inline constexpr unsigned warpSize = 32;

struct Index {
  unsigned x, y, z;
};

/// A `__global__` function.
struct Kernel {
  const char *name;
  /// Runs one thread of it; `parameters` as for cuLaunchKernel.
  void (*call)(void *const *parameters);
  /// Bytes of each parameter.
  const size_t *parameterBytes;
  unsigned parameters;
  /// Of `__launch_bounds__`; 0 where there is none.
  unsigned maxThreads;
};

/// An array declared `extern __shared__`.
struct DynamicArray {
  const char *symbol;
  unsigned char *(*address)();
};

/// What a module says of itself; its symbol is `ingot_shim_module`.
struct ModuleDescription {
  const Kernel *kernels;
  size_t kernelCount;
  /// The first is the shim's own, so that there always is one: it shows where the module's shared memory lies.
  const DynamicArray *dynamicArrays;
  size_t dynamicArrayCount;
};

/// Bytes of shared memory a block may have on any device that is emulated (227 KiB: sm_90).
#define INGOT_SHIM_MOST_SHARED_BYTES 232448

/// An operation in which lanes of a warp take part together.
struct Collective {
  const char *name;
  /// Runs once, when all lanes have come. `arguments[i]` is what lane i brought (null for lanes that take no part);
  /// results go there too.
  void (*complete)(void *const *arguments, unsigned lanes, Site site);
  /// Whether every lane of the warp must take part (`.aligned` of PTX).
  bool aligned;
  /// Whether it orders the memory accesses of the lanes.
  bool ordersMemory;
};

enum class Reduction { none, sum, all, any };

/// `__syncthreads` and its variants: waits until every thread of the block has come to the same place. Returns the
/// reduction of `predicate` over the block.
[[clang::convergent]] INGOT_SHIM_EXPORT int blockBarrier(Reduction reduction, int predicate, Site site);

/// Waits until all lanes of `mask` that have not returned have come to an operation of the same kind with the same
/// mask.
[[clang::convergent]] INGOT_SHIM_EXPORT void collective(const Collective &kind, unsigned mask, void *arguments,
                                                        Site site);

/// The lane of the thread that runs, 0 to 31.
INGOT_SHIM_EXPORT unsigned laneIndex();

/// Ends the launch with an error that names kernel, thread and place.
[[noreturn]] INGOT_SHIM_EXPORT __attribute__((format(printf, 2, 3))) void fail(Site site, const char *format, ...);

enum class Access : uint8_t { read, write, atomic, prefetch };

/// Tells the checker of an access which the compiler's instrumentation does not see. Nothing happens unless checking is
/// on.
INGOT_SHIM_EXPORT void noteAccess(const void *address, size_t bytes, Access access, Site site);

/// A copy to shared memory that is under way: until its thread waits for it, nobody may touch the destination.
INGOT_SHIM_EXPORT void copyAsync(void *shared, const void *global, unsigned bytes, unsigned sourceBytes,
                                 Site site = Site::current());
/// Closes the group of copies started by this thread since the last group.
INGOT_SHIM_EXPORT void copyAsyncCommit();
/// Waits until at most `pending` of this thread's groups are under way.
INGOT_SHIM_EXPORT void copyAsyncWait(unsigned pending, Site site = Site::current());

/// Asks for bytes to come nearer (`prefetch`): nothing, but no kernel may ask for what is not there.
INGOT_SHIM_EXPORT void prefetch(const void *address, size_t bytes, Site site = Site::current());

/// Waits for the kernels that this one comes after (`griddepcontrol.wait`). A kernel that may have begun before they
/// have ended touches no memory of the device until then, and no thread of it ends without.
INGOT_SHIM_EXPORT void waitForEarlier();

/// Orders this thread's accesses before and after for the whole device (`__threadfence`).
INGOT_SHIM_EXPORT void deviceFence();

/// Sets the value of a conditional node's handle (`cudaGraphSetConditional`).
INGOT_SHIM_EXPORT void setGraphCondition(unsigned long long handle, unsigned value, Site site = Site::current());

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_EXECUTOR_INTERFACE_H
