//===- memory.cpp - all memory of the device that steps touch -------------===//

#include "runtime/cuda/memory.h"
#include "runtime/core/error.h"

#include <algorithm>

namespace ingot::runtime::cuda {

/// What an allocation is aligned to (CUDA C++ Programming Guide, "Device Memory Accesses").
static constexpr uint64_t allocationAlignment = 256;

DeviceMemory::DeviceMemory(const FoundDevice &device, const IngotCudaDescriptor &tables, uint64_t stepBytes) {
  const DriverApi &api = device.api;
  auto take = [&](uint64_t bytes) {
    uint64_t offset = total;
    total = (total + bytes + allocationAlignment - 1) / allocationAlignment * allocationAlignment;
    return offset;
  };
  for (uint32_t i = 0; i < tables.arena_count; ++i) {
    if (tables.arenas[i].alignment > allocationAlignment)
      fail("arena %s: an alignment of %u bytes, and the GPU's memory has one of %llu; compile the model again",
           tables.arenas[i].name, tables.arenas[i].alignment, static_cast<unsigned long long>(allocationAlignment));
    arenas.push_back(take(tables.arenas[i].bytes));
  }
  stepAddress = take(stepBytes);

  size_t free = 0, all = 0;
  check(api, api.cuMemGetInfo_v2(&free, &all), "the GPU's memory cannot be measured");
  DeviceAddress base = 0;
  Result result = success;
  if (total <= free)
    result = api.cuMemAlloc_v2(&base, std::max(total, allocationAlignment));
  if (total > free || result != success)
    fail("the model needs %llu bytes of the GPU's memory, and of %llu bytes of %s %llu are free%s%s; free some, or "
         "compile with a smaller --context",
         static_cast<unsigned long long>(total), static_cast<unsigned long long>(all), device.name.c_str(),
         static_cast<unsigned long long>(free), result == success ? "" : ": ",
         result == success ? "" : describe(api, result).c_str());
  for (DeviceAddress &arena : arenas)
    arena += base;
  stepAddress += base;
}

} // namespace ingot::runtime::cuda
