//===- barrier_time.h - what a barrier costs --------------------*- C++ -*-===//
//
// Decoding meets at a few barriers in every layer, so their cost bounds it too.
// It also tells where the workers run: CPUs near each other meet several times
// as fast as distant ones do, and share a path to memory.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CPU_BARRIER_TIME_H
#define INGOT_RUNTIME_CPU_BARRIER_TIME_H

#include "runtime/cpu/team.h"

namespace ingot::runtime {

inline constexpr uint32_t barriersInMeasurement = 1000;

/// Nanoseconds of so many barriers with nothing between them: the best of three
/// attempts.
uint64_t measureBarriers(Team &team);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CPU_BARRIER_TIME_H
