//===- device.h - the emulated device and its state -------------*- C++ -*-===//
//
// One device, configured by environment variables that README.md lists; the
// context of every thread; and the error after which nothing works any more.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DRIVER_DEVICE_H
#define INGOT_TEST_CUDA_SHIM_DRIVER_DEVICE_H

#include "driver/api.h"
#include <mutex>
#include <string>

namespace ingot::shim {

struct Configuration {
  int devices = 1;
  int driverVersion = 13000;
  /// 10 * major + minor
  int capability = 80;
  /// 10 * major + minor of what the kernels were compiled for, before a driver compiled them for the device.
  int image = 80;
  int multiprocessors = 108;
  size_t memory = size_t(16) << 30;
  bool check = false;
  /// Of the order of blocks, warps and unordered operations; 0: the order of their numbers.
  uint64_t seed = 0;
  /// The launch that fails, counted from 1; 0: none.
  uint64_t failLaunch = 0;
  /// Stands for every image that is no shared object of the host.
  std::string module;
};

/// Read from the environment once; ends the process with a line if a variable makes no sense.
const Configuration &configuration();

/// Largest dynamic shared memory of a block, after cuFuncSetAttribute.
size_t mostSharedBytes();

/// Serialises the calls of all threads.
std::recursive_mutex &driverLock();

/// Prints a line on standard error and returns `result`.
__attribute__((format(printf, 2, 3))) CUresult refuse(CUresult result, const char *format, ...);

/// The device is lost, as after a fault in a kernel: every later call returns this.
void breakContext(CUresult result, const std::string &message);
/// CUDA_SUCCESS, or why a call that needs a working context must fail.
CUresult contextState();

} // namespace ingot::shim

/// Begins an entry point that needs a context.
#define INGOT_FAKE_CUDA_ENTER                                                                                          \
  std::lock_guard guard(ingot::shim::driverLock());                                                                    \
  if (CUresult state = ingot::shim::contextState(); state != CUDA_SUCCESS)                                             \
    return state;

#endif // INGOT_TEST_CUDA_SHIM_DRIVER_DEVICE_H
