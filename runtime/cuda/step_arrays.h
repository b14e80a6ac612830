//===- step_arrays.h - the arrays of a step on the device -------*- C++ -*-===//
//
// All arrays of a step lie one after the other, at the same addresses in every step:
// one copy brings them to the device, and launches that were made once serve every step.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CUDA_STEP_ARRAYS_H
#define INGOT_RUNTIME_CUDA_STEP_ARRAYS_H

#include "runtime/abi.h"
#include "runtime/cuda/driver.h"
#include "runtime/cuda/tables.h"

namespace ingot::runtime::cuda {

class StepArrays {
public:
  /// For steps within the bounds of the entry and the cache groups.
  StepArrays(const IngotDescriptor &descriptor, const IngotEntry &entry);

  /// Of all arrays, in the host's memory and in the device's.
  uint64_t bytes() const { return total; }

  /// Says where they lie: both of at least `bytes`, the host's pinned.
  void place(uint8_t *host, DeviceAddress device);

  /// Fills the arrays of the host.
  void fill(const IngotStep &step);

  /// Makes them those of one row, of the sequence of the first wanted row, whose logits are wanted. Its token and its
  /// position are up to the device.
  void keepOneRow();

  /// What kernels are given; the same for every step.
  const IngotCudaStep &parameter() const { return onDevice; }

  /// Address of the number of rows that a launch works on.
  DeviceAddress rowCount(bool wanted) const;

  uint8_t *host() const { return base; }
  DeviceAddress device() const { return address; }

private:
  /// Offsets in bytes.
  uint64_t tokens, positions, rowSequences, wanted, pageTables;
  uint64_t total = 0;
  uint32_t groups, pages;
  uint8_t *base = nullptr;
  DeviceAddress address = 0;
  IngotCudaStep onDevice = {};
};

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_STEP_ARRAYS_H
