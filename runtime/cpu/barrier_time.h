//===- barrier_time.h - what a barrier costs --------------------*- C++ -*-===//
//
// Decoding meets at a few barriers in every layer, so their cost bounds it too.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CPU_BARRIER_TIME_H
#define INGOT_RUNTIME_CPU_BARRIER_TIME_H

#include "runtime/cpu/team.h"

namespace ingot::runtime {

inline constexpr uint32_t barriersInMeasurement = 1000;

/// Nanoseconds of so many barriers with nothing between them: the best of twenty
/// attempts.
uint64_t measureBarriers(Team &team);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CPU_BARRIER_TIME_H
