//===- model.h - the compiled model, ready to run ---------------*- C++ -*-===//
//
// Brings together what the descriptor names: the variant for this CPU, weights,
// arenas and workers.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_MODEL_H
#define INGOT_RUNTIME_CORE_MODEL_H

#include "runtime/core/arenas.h"
#include "runtime/core/weights.h"
#include "runtime/cpu/team.h"

namespace ingot::runtime {

struct ThreadOptions {
  int64_t threads = 0; ///< 0: as many as there are CPUs to use
  bool force = false;  ///< keep threads that exceed the CPUs
  bool pin = false;
};

/// The number of workers. More threads than CPUs are clamped, with a note,
/// unless they are forced.
uint32_t chooseWorkers(const ThreadOptions &options);

class Model {
public:
  /// Opens the generating entry. Fails with one message when no variant runs
  /// here, before any code that needs one.
  Model(const IngotDescriptor &descriptor, const ThreadOptions &threads);

  const IngotDescriptor &descriptor;
  const IngotEntry &entry;
  const IngotVariant &variant;
  Weights weights;
  Arenas arenas;
  Team team;

  /// Most positions of one sequence; UINT32_MAX for a model without a cache.
  uint32_t context() const;

  /// The row range that serves steps of this many rows.
  const IngotRowRange &range(uint32_t rows) const;

  /// Runs one step on all workers. The step must keep within the entry's
  /// bounds, its tokens within the vocabulary and its positions within the
  /// context.
  void run(const IngotStep &step);

  /// Logits [vocabulary] of the step's wanted row with this index, valid until
  /// the next step and writable until then.
  float *logits(uint32_t wanted) const;

  /// Bytes that are resident once the cache is full: arenas and executable.
  uint64_t plannedMemory() const;
};

/// Fails unless the descriptor is of this runtime's version.
void checkDescriptor(const IngotDescriptor &descriptor);

/// The first entry that generates, or nullptr.
const IngotEntry *findGeneratingEntry(const IngotDescriptor &descriptor);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_MODEL_H
