//===- share.h - who computes which grains of a launch ----------*- C++ -*-===//
//
// Each worker has an equal, contiguous share of a launch's grains. It takes three
// quarters of what is left of it at a time, and then half of what is left of the
// others' shares (of workers on one thread, the last one does that). So workers of equal speed read long streams of
// memory, and one that is slow, because its CPU has other work or its core a second thread, does not keep the others
// waiting for all that it has. (Guided self-scheduling, Polychronopoulos and Kuck 1987, with a queue for each worker.)
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CPU_SHARE_H
#define INGOT_RUNTIME_CPU_SHARE_H

#include "runtime/abi.h"

#include <atomic>

namespace ingot::runtime {

/// Of one worker. Only `claimed` is touched by others.
struct alignas(64) Share : IngotShare {
  IngotTeam *team;
  uint32_t worker;
  uint32_t launch = 0; ///< launches that this worker has begun, modulo 2^32
  uint64_t grains;     ///< of the present launch, all workers together

  /// launch · 2^32 + how many of the share's grains somebody took. A worker that has not begun the launch yet, or is
  /// beyond it, shows by another number that there is nothing to take.
  alignas(64) std::atomic<uint64_t> claimed{0};
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CPU_SHARE_H
