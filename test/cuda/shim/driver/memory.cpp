//===- memory.cpp - the memory of the device ------------------------------===//

#include "driver/memory.h"
#include "driver/device.h"
#include "driver/operations.h"
#include <map>
#include <memory>
#include <sys/mman.h>

namespace ingot::shim {

namespace {

constexpr size_t alignment = 256; // of cuMemAlloc
constexpr size_t redZone = 256;
constexpr size_t page = 4096;

class Memory {
public:
  Memory() {
    // Addresses are not reused, so there are more of them than memory.
    reserved = 4 * configuration().memory + (size_t(64) << 30);
    void *mapped = mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) {
      perror("fake CUDA: error: no address space for the device's memory");
      abort();
    }
    base = static_cast<char *>(mapped);
    next = base + page;
    if (configuration().check)
      region = std::make_unique<Region>(Region::Kind::device, base, reserved);
  }

  /// Null if there is not so much left.
  char *allocate(size_t bytes, bool pinned) {
    size_t rounded = (bytes + redZone + alignment - 1) / alignment * alignment;
    if (!pinned && bytes > configuration().memory - used)
      return nullptr;
    if (rounded > static_cast<size_t>(base + reserved - next))
      return nullptr;
    char *found = next;
    next += rounded;
    protect(found, bytes, PROT_READ | PROT_WRITE);
    allocations[found] = {found, bytes, pinned};
    used += pinned ? 0 : bytes;
    if (region) {
      // The host may write pinned memory at any time.
      region->mark(found, bytes, pinned ? Record::fromHost : Record::unwritten);
      region->objects[found] = {(pinned ? "pinned memory " : "allocation ") + std::to_string(++count), bytes};
    }
    return found;
  }

  bool release(char *address, bool pinned) {
    auto found = allocations.find(address);
    if (found == allocations.end() || found->second.pinned != pinned)
      return false;
    size_t bytes = found->second.bytes;
    used -= pinned ? 0 : bytes;
    if (region) {
      region->mark(address, bytes, Record::freed);
      region->objects[address].freed = true;
    }
    allocations.erase(found);
    // Whole pages that hold nothing else go back.
    char *first = reinterpret_cast<char *>((reinterpret_cast<uintptr_t>(address) + page - 1) / page * page);
    char *last = reinterpret_cast<char *>(reinterpret_cast<uintptr_t>(address + bytes) / page * page);
    if (first < last) {
      madvise(first, static_cast<size_t>(last - first), MADV_DONTNEED);
      mprotect(first, static_cast<size_t>(last - first), PROT_NONE);
    }
    return true;
  }

  static void protect(char *address, size_t bytes, int protection) {
    auto first = reinterpret_cast<uintptr_t>(address) / page * page;
    auto last = (reinterpret_cast<uintptr_t>(address) + bytes + page - 1) / page * page;
    mprotect(reinterpret_cast<void *>(first), last - first, protection);
  }

  char *base, *next;
  size_t reserved, used = 0, count = 0;
  std::map<const char *, Allocation> allocations;
  std::map<const char *, Allocation> variables;
  std::unique_ptr<Region> region;
};

Memory &memory() {
  static Memory instance;
  return instance;
}

} // namespace

Region *deviceRegion() { return memory().region.get(); }

Allocation allocationOf(const void *address, size_t bytes) {
  const char *first = static_cast<const char *>(address);
  for (const auto *kept : {&memory().allocations, &memory().variables}) {
    auto after = kept->upper_bound(first);
    if (after == kept->begin())
      continue;
    const Allocation &found = std::prev(after)->second;
    if (first + bytes <= found.base + found.bytes)
      return found;
  }
  return {};
}

void addVariable(char *address, size_t bytes) { memory().variables[address] = {address, bytes, false}; }

void removeVariable(char *address) { memory().variables.erase(address); }

void freeAll() {
  while (!memory().allocations.empty()) {
    Allocation first = memory().allocations.begin()->second;
    memory().release(first.base, first.pinned);
  }
}

} // namespace ingot::shim

using namespace ingot::shim;

INGOT_FAKE_CUDA_API cuMemGetInfo_v2(size_t *free, size_t *total) {
  INGOT_FAKE_CUDA_ENTER
  *total = configuration().memory;
  *free = *total - memory().used;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes) {
  INGOT_FAKE_CUDA_ENTER
  if (bytes == 0)
    return CUDA_ERROR_INVALID_VALUE;
  char *found = memory().allocate(bytes, false);
  *pointer = reinterpret_cast<CUdeviceptr>(found);
  return found != nullptr ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

INGOT_FAKE_CUDA_API cuMemFree_v2(CUdeviceptr pointer) {
  INGOT_FAKE_CUDA_ENTER
  if (pointer == 0)
    return CUDA_SUCCESS;
  if (CUresult state = synchronizeAll(); state != CUDA_SUCCESS)
    return state;
  return memory().release(reinterpret_cast<char *>(pointer), false)
             ? CUDA_SUCCESS
             : refuse(CUDA_ERROR_INVALID_VALUE, "cuMemFree of 0x%llx, which is no allocation", pointer);
}

INGOT_FAKE_CUDA_API cuMemHostAlloc(void **pointer, size_t bytes, unsigned) {
  INGOT_FAKE_CUDA_ENTER
  if (bytes == 0)
    return CUDA_ERROR_INVALID_VALUE;
  *pointer = memory().allocate(bytes, true);
  return *pointer != nullptr ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

INGOT_FAKE_CUDA_API cuMemAllocHost_v2(void **pointer, size_t bytes) { return cuMemHostAlloc(pointer, bytes, 0); }

INGOT_FAKE_CUDA_API cuMemFreeHost(void *pointer) {
  INGOT_FAKE_CUDA_ENTER
  if (CUresult state = synchronizeAll(); state != CUDA_SUCCESS)
    return state;
  return memory().release(static_cast<char *>(pointer), true)
             ? CUDA_SUCCESS
             : refuse(CUDA_ERROR_INVALID_VALUE, "cuMemFreeHost of %p, which is no allocation", pointer);
}

INGOT_FAKE_CUDA_API cuMemHostGetDevicePointer_v2(CUdeviceptr *device, void *host, unsigned) {
  INGOT_FAKE_CUDA_ENTER
  if (!allocationOf(host, 1).pinned)
    return CUDA_ERROR_INVALID_VALUE;
  *device = reinterpret_cast<CUdeviceptr>(host);
  return CUDA_SUCCESS;
}
