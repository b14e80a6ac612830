//===- upload.h - weights into the device's memory --------------*- C++ -*-===//
//
// Pages of a file cannot be copied by the device itself: they go through two pinned
// buffers, one of which the host fills while the device reads the other.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CUDA_UPLOAD_H
#define INGOT_RUNTIME_CUDA_UPLOAD_H

#include "runtime/cuda/driver.h"

namespace ingot::runtime::cuda {

/// Copies `bytes` of the host's memory to the device, and returns when they are there. Fails with a message.
void upload(const DriverApi &api, Stream stream, DeviceAddress to, const uint8_t *from, uint64_t bytes);

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_UPLOAD_H
