//===- read_ceiling.h - how fast memory can be read -------------*- C++ -*-===//
//
// Decoding reads all weights for each token, so this bounds it.
//
// A machine's rate changes: the host of a virtual machine moves its CPUs, and
// neighbours come and go. So the measurement is short enough to stand before
// and after what it is compared with. It reads the very bytes that decoding
// reads, so that their pages are as large and as much of them stays in the
// cache, and it takes no memory that would change either.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CPU_READ_CEILING_H
#define INGOT_RUNTIME_CPU_READ_CEILING_H

#include "runtime/cpu/team.h"

#include <cstdint>
#include <span>

namespace ingot::runtime {

/// Bytes per second that all workers together read from `bytes`, which start at
/// a multiple of 64: the best of three passes, each a few milliseconds for a
/// hundred megabytes. Every worker reads a contiguous share as several streams.
/// Bytes that caches hold are read several times in a pass, so that starting the
/// workers does not count. 0 when there is less than a line for each stream.
double measureReadCeiling(Team &team, std::span<const uint8_t> bytes);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CPU_READ_CEILING_H
