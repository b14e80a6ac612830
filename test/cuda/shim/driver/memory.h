//===- memory.h - the memory of the device ----------------------*- C++ -*-===//
//
// Device memory and pinned host memory lie in one reserved range of addresses.
// No address serves twice, and there is room between allocations, so that what
// is freed, and what lies beside an allocation, stays recognisable.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DRIVER_MEMORY_H
#define INGOT_TEST_CUDA_SHIM_DRIVER_MEMORY_H

#include "checker/shadow.h"
#include "driver/api.h"

namespace ingot::shim {

/// What the checker knows of device memory; null where it is off.
Region *deviceRegion();

/// An allocation and which of its bytes are meant.
struct Allocation {
  char *base = nullptr;
  size_t bytes = 0;
  bool pinned = false;
};

/// The allocation that holds all of these bytes; base is null if none does.
Allocation allocationOf(const void *address, size_t bytes);

/// Lets a module's variable count as an allocation.
void addVariable(char *address, size_t bytes);
void removeVariable(char *address);

/// Frees everything, as a reset of the device does.
void freeAll();

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_DRIVER_MEMORY_H
