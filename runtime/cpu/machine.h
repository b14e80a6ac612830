//===- machine.h - the CPU as what a model runs on --------------*- C++ -*-===//
//
// Brings together the variant for this CPU, weights, arenas and workers.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CPU_MACHINE_H
#define INGOT_RUNTIME_CPU_MACHINE_H

#include "runtime/core/machine.h"

namespace ingot::runtime {

struct ThreadOptions {
  int64_t threads = 0; ///< 0: as many as there are CPUs to use
  bool force = false;  ///< keep threads that exceed the CPUs
  bool pin = false;
};

/// The number of workers. More threads than CPUs are clamped, with a note,
/// unless they are forced.
uint32_t chooseWorkers(const ThreadOptions &options);

class CpuMachine : public Machine {
public:
  CpuMachine() = default;
  explicit CpuMachine(const ThreadOptions &threads) : threads(threads) {}

  void declareOptions(Options &options) override;
  std::unique_ptr<Executor> open(const IngotDescriptor &descriptor, const IngotEntry &entry) override;
  void describeVariant(JsonWriter &writer, const IngotVariant &variant) const override;
  void describe(JsonWriter &writer) const override;

private:
  ThreadOptions threads;
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CPU_MACHINE_H
