//===- probes.h - what the GPU's memory can do ------------------*- C++ -*-===//
//
// Decoding reads every weight for each token, so that the rate at which memory can be
// read bounds it; loading is bound by the path to the host. Both are measured where they
// are used, since they are no constants: clocks rise, and other programs come and go.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CUDA_PROBES_H
#define INGOT_RUNTIME_CUDA_PROBES_H

#include "runtime/cuda/driver.h"

namespace ingot::runtime::cuda {

/// Bytes per second between the device's memory and the host's, pinned.
struct CopyRates {
  double toDevice, toHost;
};

class Probes {
public:
  /// What is read is a multiple of this many bytes, from such an address on.
  static constexpr uint64_t granule = 16;

  /// `reader` is the kernel of IngotCudaDescriptor::reader. Fails with a message, as all of its functions do.
  Probes(const FoundDevice &device, Stream stream, Function reader);

  /// Bytes per second that all multiprocessors read of `bytes` bytes at `from`: the best of three times. `scratch`, of
  /// 4 bytes, may be written.
  double measureReads(DeviceAddress from, uint64_t bytes, DeviceAddress scratch);

  /// The same of copies of at most 64 MiB, which leave what is at `address` as it is.
  CopyRates measureCopies(DeviceAddress address, uint64_t bytes);

private:
  /// The fewest seconds that `work` takes on the stream.
  template <typename Work> double time(Work work);

  const DriverApi &api;
  Stream stream;
  Function reader;
  Event begin = nullptr, end = nullptr;
  int multiprocessors = 0;
};

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_PROBES_H
