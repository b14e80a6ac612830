//===- weights.h - where the weights are in memory --------------*- C++ -*-===//
//
// Embedded weights are a segment of the executable that the kernel mapped when
// the process started; external ones are a file beside the executable. Neither
// is read, copied or repacked: the pages are the arena.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_WEIGHTS_H
#define INGOT_RUNTIME_CORE_WEIGHTS_H

#include "runtime/abi.h"

namespace ingot::runtime {

class Weights {
public:
  /// Finds the weights; fails with a message if they are missing or short.
  explicit Weights(const IngotDescriptor &descriptor);
  ~Weights();
  Weights(const Weights &) = delete;
  Weights &operator=(const Weights &) = delete;

  /// nullptr when the model has none.
  const uint8_t *data() const { return base; }

  /// Starts to bring all pages into memory, in a thread of its own.
  void startPopulating();

  /// Returns when that thread has finished.
  void finishPopulating();

private:
  const uint8_t *base = nullptr;
  uint64_t bytes = 0;
  unsigned long thread = 0; ///< pthread_t
  bool populating = false;
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_WEIGHTS_H
