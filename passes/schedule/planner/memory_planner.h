//===- memory_planner.h - Offsets of buffers in one arena -------*- C++ -*-===//
//
// Gives buffers offsets in an arena so that buffers which may be live at the
// same time never overlap. Plain C++: it knows operations, a partial order and
// sizes, nothing of any IR.
//
// Two buffers may share bytes if every access of one happens before every
// access of the other. Otherwise they conflict; an operation that accesses both
// makes them conflict. Buffers that must outlive the program (say, outputs that
// the host reads) are accessed by a last operation that the caller adds.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_PASSES_SCHEDULE_PLANNER_MEMORY_PLANNER_H
#define INGOT_PASSES_SCHEDULE_PLANNER_MEMORY_PLANNER_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ingot::planner {

struct Buffer {
  uint64_t bytes;     ///< 0 is allowed: it never conflicts
  uint64_t alignment; ///< power of two
  /// Operations that read or write it, in any order, at least one.
  std::vector<uint32_t> accesses;
  /// Must start at offset 0: where the host looks for it, whatever the program.
  bool atBase = false;
};

struct Problem {
  uint32_t operations = 0;
  /// (a, b): a completes before b starts. The transitive closure is the
  /// happens-before relation; it must have no cycle.
  std::vector<std::pair<uint32_t, uint32_t>> edges;
  std::vector<Buffer> buffers;
};

struct Plan {
  std::vector<uint64_t> offsets; ///< of each buffer, from the arena's base
  uint64_t arenaBytes = 0;
  uint64_t arenaAlignment = 1; ///< that the arena's base needs
  /// No plan is smaller: the bytes of some set of mutually conflicting buffers.
  /// If the operations are totally ordered, the maximum of live bytes.
  uint64_t lowerBound = 0;
};

/// Plans the arena. Deterministic. On bad input (a cycle, an operation out of
/// range, an alignment that is no power of two, a buffer without access, sizes
/// whose sum exceeds 2^62, conflicting buffers at the base) returns nothing and
/// puts one line into `error`.
/// Takes O(operations * edges / 64 + buffers^2) time per order tried and
/// (operations + buffers) * max(operations, buffers) / 8 bytes of memory.
std::optional<Plan> planMemory(const Problem &problem, std::string &error);

/// Why a plan is wrong.
struct Conflict {
  uint32_t first;  ///< a buffer
  uint32_t second; ///< the buffer that it overlaps, or `first` itself
  std::string reason;
};

/// Looks for a buffer that is misaligned, not at the base though it must be, or
/// leaves the arena, and for two that
/// overlap though neither is done before the other starts. Shares no code with
/// the planner: it walks the edges for each access. The problem must be one
/// that planMemory accepts.
std::optional<Conflict> findOverlap(const Problem &problem, llvm::ArrayRef<uint64_t> offsets, uint64_t arenaBytes);

} // namespace ingot::planner

#endif // INGOT_PASSES_SCHEDULE_PLANNER_MEMORY_PLANNER_H
