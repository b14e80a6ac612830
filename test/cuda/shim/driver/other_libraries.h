//===- other_libraries.h - what fakes of other libraries ask the driver -*- C++ -*-===//
//
// libcublasLt is a library of its own, whose products are operations of a stream like
// any other.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DRIVER_OTHER_LIBRARIES_H
#define INGOT_TEST_CUDA_SHIM_DRIVER_OTHER_LIBRARIES_H

#include "driver/api.h"

#include <functional>
#include <string>
#include <vector>

#define INGOT_FAKE_CUDA_EXPORT __attribute__((visibility("default")))

namespace ingot::shim {

/// Bytes that an operation reads or writes.
struct Touched {
  const void *address;
  size_t bytes;
  bool writes;
};

/// Whether a context is there that works.
INGOT_FAKE_CUDA_EXPORT bool hasContext();

/// Whether all these bytes are memory of the device.
INGOT_FAKE_CUDA_EXPORT bool isDeviceMemory(const void *address, size_t bytes);

/// Adds an operation of so many seconds to a stream; it touches nothing else.
INGOT_FAKE_CUDA_EXPORT CUresult addOperation(CUstream stream, const std::string &name, std::vector<Touched> touched,
                                             std::function<void()> run, double cost);

/// Prints a line on standard error.
INGOT_FAKE_CUDA_EXPORT void printLine(const std::string &line);

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_DRIVER_OTHER_LIBRARIES_H
