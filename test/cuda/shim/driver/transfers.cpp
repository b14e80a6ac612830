//===- transfers.cpp - copies and fills -----------------------------------===//

#include "checker/checker.h"
#include "driver/device.h"
#include "driver/memory.h"
#include "driver/tasks.h"
#include <cstring>

namespace ingot::shim {

namespace {

/// Whether these bytes lie in an allocation; `pinned` says of which kind.
bool known(const void *address, size_t bytes, bool &pinned) {
  Allocation found = allocationOf(address, bytes);
  pinned = found.pinned;
  return found.base != nullptr;
}

/// Of some call that names device memory: whether it is.
CUresult checkDevice(const char *call, CUdeviceptr pointer, size_t bytes) {
  if (allocationOf(reinterpret_cast<void *>(pointer), bytes).base != nullptr)
    return CUDA_SUCCESS;
  return refuse(CUDA_ERROR_INVALID_VALUE, "%s: %zu bytes at 0x%llx lie in no allocation of the device", call, bytes,
                pointer);
}

CUresult copy(CUstream stream, void *to, const void *from, size_t bytes, bool wait) {
  if (bytes == 0)
    return CUDA_SUCCESS;
  Task task;
  if (CUresult state = copyTask(task, to, from, bytes, true); state != CUDA_SUCCESS)
    return state;
  if (CUresult state = enqueue(stream, std::move(task)); state != CUDA_SUCCESS || !wait)
    return state;
  return synchronize(stream);
}

CUresult fill(CUstream stream, CUdeviceptr pointer, unsigned value, unsigned element, size_t count, bool wait) {
  if (count == 0)
    return CUDA_SUCCESS;
  Task task;
  if (CUresult state = fillTask(task, reinterpret_cast<void *>(pointer), value, element, count); state != CUDA_SUCCESS)
    return state;
  if (CUresult state = enqueue(stream, std::move(task)); state != CUDA_SUCCESS || !wait)
    return state;
  return synchronize(stream);
}

} // namespace

CUresult copyTask(Task &task, void *to, const void *from, size_t bytes, bool now) {
  bool toPinned = false, fromPinned = false;
  bool toDevice = known(to, bytes, toPinned), fromDevice = known(from, bytes, fromPinned);
  bool host = !toDevice || !fromDevice || toPinned || fromPinned;
  task.name = !host ? "a copy on the device" : toDevice && !toPinned ? "a copy to the device" : "a copy to the host";
  task.cost = transferCost(bytes, host);
  std::shared_ptr<std::vector<char>> staged;
  if (!fromDevice && now) {
    const char *first = static_cast<const char *>(from);
    staged = std::make_shared<std::vector<char>>(first, first + bytes);
  }
  task.run = [=] {
    if (checker != nullptr)
      checker->transfer(toDevice && !toPinned ? to : nullptr, fromDevice && !fromPinned ? from : nullptr, bytes,
                        *deviceRegion());
    memmove(to, staged ? staged->data() : from, bytes);
  };
  return CUDA_SUCCESS;
}

CUresult fillTask(Task &task, void *to, unsigned value, unsigned element, size_t count) {
  if (element != 1 && element != 2 && element != 4)
    return CUDA_ERROR_INVALID_VALUE;
  if (CUresult state = checkDevice("memset", reinterpret_cast<CUdeviceptr>(to), element * count); state != CUDA_SUCCESS)
    return state;
  task.name = "a fill";
  task.cost = transferCost(element * count, false);
  task.run = [=] {
    if (checker != nullptr)
      checker->transfer(to, nullptr, element * count, *deviceRegion());
    for (size_t index = 0; index < count; ++index)
      memcpy(static_cast<char *>(to) + index * element, &value, element); // The low bytes come first.
  };
  return CUDA_SUCCESS;
}

} // namespace ingot::shim

using namespace ingot::shim;

#define INGOT_FAKE_CUDA_CHECK_DEVICE(pointer)                                                                          \
  if (CUresult state = bytes == 0 ? CUDA_SUCCESS : checkDevice(__func__, pointer, bytes); state != CUDA_SUCCESS)       \
    return state;

INGOT_FAKE_CUDA_API cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes) {
  INGOT_FAKE_CUDA_ENTER
  INGOT_FAKE_CUDA_CHECK_DEVICE(to)
  return copy(nullptr, reinterpret_cast<void *>(to), from, bytes, true);
}

INGOT_FAKE_CUDA_API cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream) {
  INGOT_FAKE_CUDA_ENTER
  INGOT_FAKE_CUDA_CHECK_DEVICE(to)
  return copy(stream, reinterpret_cast<void *>(to), from, bytes, false);
}

INGOT_FAKE_CUDA_API cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes) {
  INGOT_FAKE_CUDA_ENTER
  INGOT_FAKE_CUDA_CHECK_DEVICE(from)
  return copy(nullptr, to, reinterpret_cast<void *>(from), bytes, true);
}

INGOT_FAKE_CUDA_API cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
  INGOT_FAKE_CUDA_ENTER
  INGOT_FAKE_CUDA_CHECK_DEVICE(from)
  // To pageable memory the call waits for the copy.
  return copy(stream, to, reinterpret_cast<void *>(from), bytes, allocationOf(to, bytes).base == nullptr);
}

INGOT_FAKE_CUDA_API cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  INGOT_FAKE_CUDA_ENTER
  INGOT_FAKE_CUDA_CHECK_DEVICE(to)
  INGOT_FAKE_CUDA_CHECK_DEVICE(from)
  return copy(nullptr, reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), bytes, true);
}

INGOT_FAKE_CUDA_API cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  INGOT_FAKE_CUDA_ENTER
  INGOT_FAKE_CUDA_CHECK_DEVICE(to)
  INGOT_FAKE_CUDA_CHECK_DEVICE(from)
  return copy(stream, reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), bytes, false);
}

INGOT_FAKE_CUDA_API cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  INGOT_FAKE_CUDA_ENTER
  return copy(stream, reinterpret_cast<void *>(to), reinterpret_cast<void *>(from), bytes, false);
}

INGOT_FAKE_CUDA_API cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count) {
  INGOT_FAKE_CUDA_ENTER
  return fill(nullptr, to, value, 1, count, true);
}

INGOT_FAKE_CUDA_API cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream stream) {
  INGOT_FAKE_CUDA_ENTER
  return fill(stream, to, value, 1, count, false);
}

INGOT_FAKE_CUDA_API cuMemsetD16_v2(CUdeviceptr to, unsigned short value, size_t count) {
  INGOT_FAKE_CUDA_ENTER
  return fill(nullptr, to, value, 2, count, true);
}

INGOT_FAKE_CUDA_API cuMemsetD32_v2(CUdeviceptr to, unsigned value, size_t count) {
  INGOT_FAKE_CUDA_ENTER
  return fill(nullptr, to, value, 4, count, true);
}

INGOT_FAKE_CUDA_API cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, CUstream stream) {
  INGOT_FAKE_CUDA_ENTER
  return fill(stream, to, value, 4, count, false);
}
