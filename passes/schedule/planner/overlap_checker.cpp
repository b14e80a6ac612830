//===- overlap_checker.cpp - An independent check of memory plans ---------===//
//
// Proves a plan by other means than those that made it: depth-first walks over
// the edges and a sweep over addresses.
//
//===----------------------------------------------------------------------===//

#include "passes/schedule/planner/memory_planner.h"

#include <algorithm>
#include <numeric>

namespace ingot::planner {

namespace {

/// Answers whether one operation happens before another, walking the edges from
/// each start once.
class Walker {
public:
  explicit Walker(const Problem &problem) : begin(problem.operations + 1), reached(problem.operations) {
    for (auto [from, to] : problem.edges)
      ++begin[from + 1];
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    targets.resize(problem.edges.size());
    std::vector<uint32_t> next(begin.begin(), begin.end() - 1);
    for (auto [from, to] : problem.edges)
      targets[next[from]++] = to;
  }

  bool happensBefore(uint32_t from, uint32_t to) {
    std::vector<bool> &seen = reached[from];
    if (seen.empty()) {
      seen.resize(reached.size());
      std::vector<uint32_t> stack = {from};
      while (!stack.empty()) {
        uint32_t at = stack.back();
        stack.pop_back();
        for (uint32_t edge = begin[at]; edge < begin[at + 1]; ++edge)
          if (!seen[targets[edge]]) {
            seen[targets[edge]] = true;
            stack.push_back(targets[edge]);
          }
      }
    }
    return seen[to];
  }

private:
  std::vector<uint32_t> begin, targets; // outgoing edges of each operation
  std::vector<std::vector<bool>> reached;
};

bool allBefore(Walker &walker, const Buffer &early, const Buffer &late) {
  for (uint32_t from : early.accesses)
    for (uint32_t to : late.accesses)
      if (!walker.happensBefore(from, to))
        return false;
  return true;
}

} // namespace

std::optional<Conflict> findOverlap(const Problem &problem, llvm::ArrayRef<uint64_t> offsets, uint64_t arenaBytes) {
  const std::vector<Buffer> &buffers = problem.buffers;
  if (offsets.size() != buffers.size())
    return Conflict{0, 0, "the plan has another number of buffers"};
  for (uint32_t i = 0; i < buffers.size(); ++i) {
    if (offsets[i] % buffers[i].alignment != 0)
      return Conflict{i, i, "misaligned"};
    if (buffers[i].atBase && buffers[i].bytes != 0 && offsets[i] != 0)
      return Conflict{i, i, "not at the base"};
    if (offsets[i] > arenaBytes || buffers[i].bytes > arenaBytes - offsets[i])
      return Conflict{i, i, "outside the arena"};
  }
  std::vector<uint32_t> byOffset;
  for (uint32_t i = 0; i < buffers.size(); ++i)
    if (buffers[i].bytes != 0)
      byOffset.push_back(i);
  std::sort(byOffset.begin(), byOffset.end(), [&](uint32_t a, uint32_t b) { return offsets[a] < offsets[b]; });
  Walker walker(problem);
  for (size_t i = 0; i < byOffset.size(); ++i) {
    uint32_t first = byOffset[i];
    for (size_t j = i + 1; j < byOffset.size(); ++j) {
      uint32_t second = byOffset[j];
      if (offsets[second] >= offsets[first] + buffers[first].bytes)
        break;
      if (!allBefore(walker, buffers[first], buffers[second]) && !allBefore(walker, buffers[second], buffers[first]))
        return Conflict{std::min(first, second), std::max(first, second), "overlap while both may be live"};
    }
  }
  return std::nullopt;
}

} // namespace ingot::planner
