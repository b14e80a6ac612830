//===- arenas.h - all memory that a step touches ----------------*- C++ -*-===//
//
// The compiler planned every buffer; here are the arenas, each mapped once with
// exactly the planned size.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CPU_ARENAS_H
#define INGOT_RUNTIME_CPU_ARENAS_H

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

  /// To be told before every step how many positions its sequence has. A long sequence reads much of the cache in every
  /// step: its memory turns into huge pages, once, so that page walks do not take half of the bandwidth. A short one
  /// keeps small pages, of which it touches few.
  void expectPositions(uint32_t positions) {
    if (positions >= longSequence && !hugeCaches)
      useHugeCaches();
  }

  /// Base addresses in the order of the descriptor.
  uint8_t *const *bases() const { return addresses.data(); }

private:
  static constexpr uint32_t longSequence = 512;
  struct Range {
    void *address;
    uint64_t bytes;
  };
  void useHugeCaches();

  bool hugeCaches = false;
  /// The whole huge pages of state arenas.
  std::vector<Range> caches;
  std::vector<uint8_t *> addresses;
  /// To be unmapped at the end.
  std::vector<Range> mappings;
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CPU_ARENAS_H
