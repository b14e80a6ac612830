//===- failure.h - what ends an operation of the device ---------*- C++ -*-===//

#ifndef INGOT_TEST_CUDA_SHIM_EXECUTOR_FAILURE_H
#define INGOT_TEST_CUDA_SHIM_EXECUTOR_FAILURE_H

#include <stdexcept>

namespace ingot::shim {

/// Says what went wrong, and where. Thrown outside of kernels only: emitted code is compiled without exceptions.
struct Failure : std::runtime_error {
  using runtime_error::runtime_error;
};

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_EXECUTOR_FAILURE_H
