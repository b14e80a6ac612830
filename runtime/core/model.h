//===- model.h - the compiled model, ready to run ---------------*- C++ -*-===//
//
// Brings together what the descriptor names and the machine that it runs on.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_MODEL_H
#define INGOT_RUNTIME_CORE_MODEL_H

#include "runtime/core/machine.h"

namespace ingot::runtime {

class Model {
public:
  /// Opens the generating entry. Fails with one message when it cannot run on
  /// the machine, before any code that needs more.
  Model(const IngotDescriptor &descriptor, Machine &machine);
  /// The same of another entry.
  Model(const IngotDescriptor &descriptor, Machine &machine, const IngotEntry &entry);

  const IngotDescriptor &descriptor;
  const IngotEntry &entry;
  const std::unique_ptr<Executor> executor;

  /// Most positions of one sequence; UINT32_MAX for a model without a cache.
  uint32_t context() const;

  /// The row range that serves steps of this many rows.
  const IngotRowRange &range(uint32_t rows) const;

  /// Runs one step. It must keep within the entry's bounds, its tokens within
  /// the vocabulary and its positions within the context.
  void run(const IngotStep &step) { executor->run(step, range(step.rows)); }

  /// Logits [vocabulary] (or an encoder's vector) of the step's wanted row with this index, valid until the next step
  /// and writable until then.
  float *logits(uint32_t wanted) const { return executor->logits(wanted); }

  /// Bytes that are resident once the cache is full: arenas and executable.
  uint64_t plannedMemory() const;
};

/// Fails unless the descriptor is of this runtime's version.
void checkDescriptor(const IngotDescriptor &descriptor);

/// The first entry that generates, or nullptr.
const IngotEntry *findGeneratingEntry(const IngotDescriptor &descriptor);

/// The first entry that encodes (all rows or whole sequences), or nullptr.
const IngotEntry *findEncodingEntry(const IngotDescriptor &descriptor);

/// The sum of all arenas, weights included.
uint64_t plannedArenaBytes(const IngotDescriptor &descriptor);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_MODEL_H
