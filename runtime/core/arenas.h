//===- arenas.h - all memory that a step touches ----------------*- C++ -*-===//
//
// The compiler planned every buffer; the runtime only provides the arenas, each
// mapped once with exactly the planned size.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_ARENAS_H
#define INGOT_RUNTIME_CORE_ARENAS_H

#include "runtime/abi.h"

#include <vector>

namespace ingot::runtime {

class Arenas {
public:
  /// Maps the state and transient arenas (zeroed) and puts the weights in the
  /// place of the constant one. Fails with a message if the descriptor is
  /// inconsistent or memory is short.
  Arenas(const IngotDescriptor &descriptor, const uint8_t *weights);
  ~Arenas();
  Arenas(const Arenas &) = delete;
  Arenas &operator=(const Arenas &) = delete;

  /// Base addresses in the order of the descriptor.
  uint8_t *const *bases() const { return addresses.data(); }

private:
  struct Mapping {
    void *address;
    uint64_t bytes;
  };
  std::vector<uint8_t *> addresses;
  std::vector<Mapping> mappings;
};

/// The sum of all arenas, weights included.
uint64_t plannedArenaBytes(const IngotDescriptor &descriptor);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_ARENAS_H
