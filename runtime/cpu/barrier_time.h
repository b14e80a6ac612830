//===- barrier_time.h - what a barrier costs --------------------*- C++ -*-===//
//
// Decoding meets at a few barriers in every layer, so their cost bounds it too.
// It also tells where the workers run: two threads of one core meet several
// times as fast as two cores do, and share one core's rate of reading.
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
