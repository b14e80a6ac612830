//===- generate.h - weights made where they are used ------------*- C++ -*-===//
//
// To measure a shape its weights need not be true. An executable that holds none makes
// them on the device, from the seeds in its tables.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CUDA_GENERATE_H
#define INGOT_RUNTIME_CUDA_GENERATE_H

#include "runtime/cuda/driver.h"
#include "runtime/cuda/tables.h"

#include <span>

namespace ingot::runtime::cuda {

/// Fills the arena of constants at `to` as the tables say, by the kernels of their generators, and returns when it is
/// full. Fails with a message.
void generate(const DriverApi &api, Stream stream, const IngotCudaDescriptor &tables,
              std::span<const Function> generators, DeviceAddress to);

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_GENERATE_H
