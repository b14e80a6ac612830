//===- probes.cpp - what the GPU's memory can do --------------------------===//

#include "runtime/cuda/probes.h"
#include "runtime/cuda/tables.h"

#include <algorithm>
#include <limits>

namespace ingot::runtime::cuda {

static constexpr const char *what = "the GPU's memory cannot be timed";

Probes::Probes(const FoundDevice &device, Stream stream, Function reader)
    : api(device.api), stream(stream), reader(reader) {
  check(api, api.cuEventCreate(&begin, plainEvent), what);
  check(api, api.cuEventCreate(&end, plainEvent), what);
  check(api, api.cuDeviceGetAttribute(&multiprocessors, multiprocessorCount, device.device), what);
}

template <typename Work> double Probes::time(Work work) {
  constexpr int passes = 3;
  double fewest = std::numeric_limits<double>::infinity();
  for (int pass = 0; pass < passes; ++pass) {
    check(api, api.cuEventRecord(begin, stream), what);
    check(api, work(), what);
    check(api, api.cuEventRecord(end, stream), what);
    check(api, api.cuEventSynchronize(end), what);
    float milliseconds = 0;
    check(api, api.cuEventElapsedTime(&milliseconds, begin, end), what);
    fewest = std::min(fewest, milliseconds / 1e3);
  }
  return fewest;
}

double Probes::measureReads(DeviceAddress from, uint64_t bytes, DeviceAddress scratch) {
  // As many threads as a multiprocessor can hold: 2048, of blocks of INGOT_CUDA_PLAIN_THREADS.
  constexpr unsigned blocks = 2048 / INGOT_CUDA_PLAIN_THREADS;
  uint32_t unlikely = 0x9e3779b9;
  void *parameters[] = {&from, &bytes, &unlikely, &scratch};
  return bytes / time([&] {
           return api.cuLaunchKernel(reader, multiprocessors * blocks, 1, 1, INGOT_CUDA_PLAIN_THREADS, 1, 1, 0, stream,
                                     parameters, nullptr);
         });
}

/// Not inlined: two of them would become packed arithmetic, of which the runtime has none (test/e2e/test_profile.py).
[[gnu::noinline]] static double rateOf(uint64_t bytes, double seconds) { return bytes / seconds; }

CopyRates Probes::measureCopies(DeviceAddress address, uint64_t bytes) {
  bytes = std::min(bytes, uint64_t{64} << 20);
  void *host = nullptr;
  check(api, api.cuMemHostAlloc(&host, bytes, 0), what);
  // The first copy brings to the host what the second one takes back.
  CopyRates rates;
  rates.toHost = rateOf(bytes, time([&] { return api.cuMemcpyDtoHAsync_v2(host, address, bytes, stream); }));
  rates.toDevice = rateOf(bytes, time([&] { return api.cuMemcpyHtoDAsync_v2(address, host, bytes, stream); }));
  check(api, api.cuMemFreeHost(host), what);
  return rates;
}

} // namespace ingot::runtime::cuda
