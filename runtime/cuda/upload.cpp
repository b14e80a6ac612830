//===- upload.cpp - weights into the device's memory ----------------------===//

#include "runtime/cuda/upload.h"

#include <algorithm>
#include <cstring>

namespace ingot::runtime::cuda {

void upload(const DriverApi &api, Stream stream, DeviceAddress to, const uint8_t *from, uint64_t bytes) {
  // A copy of 16 MiB takes half a millisecond over PCIe 5, a thousand times what starting it does.
  constexpr uint64_t mostBytes = uint64_t{16} << 20;
  constexpr const char *what = "weights cannot be copied to the GPU";
  struct Staging {
    void *memory = nullptr;
    Event copied = nullptr;
  } buffers[2];
  for (Staging &buffer : buffers) {
    check(api, api.cuMemHostAlloc(&buffer.memory, std::min(bytes, mostBytes), 0), what);
    check(api, api.cuEventCreate(&buffer.copied, eventWithoutTime), what);
  }
  for (uint64_t done = 0, turn = 0; done < bytes; ++turn) {
    Staging &buffer = buffers[turn % 2];
    const uint64_t part = std::min(bytes - done, mostBytes);
    // Of an event that was never recorded, at once.
    check(api, api.cuEventSynchronize(buffer.copied), what);
    memcpy(buffer.memory, from + done, part);
    check(api, api.cuMemcpyHtoDAsync_v2(to + done, buffer.memory, part, stream), what);
    check(api, api.cuEventRecord(buffer.copied, stream), what);
    done += part;
  }
  check(api, api.cuStreamSynchronize(stream), what);
  for (Staging &buffer : buffers) {
    check(api, api.cuEventDestroy_v2(buffer.copied), what);
    check(api, api.cuMemFreeHost(buffer.memory), what);
  }
}

} // namespace ingot::runtime::cuda
