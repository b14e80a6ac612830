//===- memory.h - all memory of the device that steps touch -----*- C++ -*-===//
//
// The compiler planned every buffer, so that memory is asked for once, and what is
// missing is known to the byte before anything is loaded.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CUDA_MEMORY_H
#define INGOT_RUNTIME_CUDA_MEMORY_H

#include "runtime/cuda/driver.h"
#include "runtime/cuda/tables.h"

#include <vector>

namespace ingot::runtime::cuda {

class DeviceMemory {
public:
  /// Takes memory for all arenas, and for `stepBytes` behind them. Fails with a message that says how much is needed
  /// and how much is free, where that is not enough.
  DeviceMemory(const FoundDevice &device, const IngotCudaDescriptor &tables, uint64_t stepBytes);

  /// The address of a buffer.
  DeviceAddress locate(const IngotCudaBuffer &buffer) const { return arenas[buffer.arena] + buffer.offset; }

  /// The address of the arena with this index.
  DeviceAddress arena(uint32_t index) const { return arenas[index]; }

  /// The address of the `stepBytes`, of the alignment of an allocation.
  DeviceAddress step() const { return stepAddress; }

  /// All that was asked for.
  uint64_t bytes() const { return total; }

private:
  std::vector<DeviceAddress> arenas;
  DeviceAddress stepAddress = 0;
  uint64_t total = 0;
};

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_MEMORY_H
