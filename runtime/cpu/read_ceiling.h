//===- read_ceiling.h - how fast memory can be read -------------*- C++ -*-===//
//
// Decoding reads all weights for each token, so this bounds it.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CPU_READ_CEILING_H
#define INGOT_RUNTIME_CPU_READ_CEILING_H

#include "runtime/cpu/team.h"

namespace ingot::runtime {

/// Bytes per second that all workers together read from memory: the best of
/// three passes over 512 MiB, which no usual cache holds. 0 when there is not
/// so much memory.
double measureReadCeiling(Team &team);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CPU_READ_CEILING_H
