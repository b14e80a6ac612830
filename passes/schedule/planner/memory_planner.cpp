//===- memory_planner.cpp - Offsets of buffers in one arena ---------------===//
//
// Best-fit placement in several orders, then repeated with the buffers that
// reach the top placed first; the smallest arena wins. Minimal placement is
// NP-hard ("dynamic storage allocation", Garey and Johnson SR2).
//
//===----------------------------------------------------------------------===//

#include "passes/schedule/planner/memory_planner.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace ingot::planner {

namespace {

/// Rows of bits, all of one width.
class BitMatrix {
public:
  BitMatrix(size_t rows, size_t columns) : words((columns + 63) / 64), bits(rows * words) {}
  uint64_t *row(size_t index) { return bits.data() + index * words; }
  const uint64_t *row(size_t index) const { return bits.data() + index * words; }
  size_t wordCount() const { return words; }

private:
  size_t words;
  std::vector<uint64_t> bits;
};

bool test(const uint64_t *row, size_t bit) { return row[bit / 64] >> (bit % 64) & 1; }

void set(uint64_t *row, size_t bit) { row[bit / 64] |= uint64_t(1) << (bit % 64); }

std::string check(const Problem &problem) {
  for (auto [from, to] : problem.edges)
    if (from >= problem.operations || to >= problem.operations)
      return "edge " + std::to_string(from) + " -> " + std::to_string(to) + " leaves the " +
             std::to_string(problem.operations) + " operations";
  uint64_t sum = 0;
  constexpr uint64_t limit = uint64_t(1) << 62;
  for (const auto &[index, buffer] : llvm::enumerate(problem.buffers)) {
    std::string name = "buffer " + std::to_string(index);
    if (!llvm::isPowerOf2_64(buffer.alignment))
      return name + ": the alignment is no power of two";
    if (buffer.accesses.empty())
      return name + ": no operation accesses it";
    for (uint32_t operation : buffer.accesses)
      if (operation >= problem.operations)
        return name + ": accessed by operation " + std::to_string(operation) + " of " +
               std::to_string(problem.operations);
    if (buffer.bytes > limit || buffer.alignment > limit)
      return name + ": too large";
    sum += buffer.bytes + buffer.alignment;
    if (sum > limit)
      return "the buffers' sizes exceed the address space";
  }
  return "";
}

/// The operations in an order that respects the edges; shorter if there is a
/// cycle.
std::vector<uint32_t> sortOperations(const Problem &problem, const std::vector<std::vector<uint32_t>> &successors) {
  std::vector<uint32_t> waiting(problem.operations);
  for (auto [from, to] : problem.edges)
    ++waiting[to];
  std::vector<uint32_t> order;
  order.reserve(problem.operations);
  for (uint32_t operation = 0; operation < problem.operations; ++operation)
    if (!waiting[operation])
      order.push_back(operation);
  for (size_t next = 0; next < order.size(); ++next)
    for (uint32_t successor : successors[order[next]])
      if (--waiting[successor] == 0)
        order.push_back(successor);
  return order;
}

/// What placement needs to know of a problem.
struct Analysis {
  /// Positions are places in one topological order.
  std::vector<uint32_t> firstPosition, lastPosition;
  BitMatrix conflicts; ///< buffers x buffers, symmetric, diagonal unset
  uint64_t lowerBound = 0;
};

std::optional<Analysis> analyse(const Problem &problem) {
  uint32_t operations = problem.operations;
  size_t buffers = problem.buffers.size();
  std::vector<std::vector<uint32_t>> successors(operations);
  for (auto [from, to] : problem.edges)
    successors[from].push_back(to);
  std::vector<uint32_t> order = sortOperations(problem, successors);
  if (order.size() != operations)
    return std::nullopt;
  std::vector<uint32_t> position(operations);
  for (auto [index, operation] : llvm::enumerate(order))
    position[operation] = uint32_t(index);

  // Bit b of row a: position b happens strictly after position a.
  BitMatrix after(operations, operations);
  for (uint32_t operation : llvm::reverse(order)) {
    uint64_t *row = after.row(position[operation]);
    for (uint32_t successor : successors[operation]) {
      uint32_t next = position[successor];
      if (test(row, next))
        continue;
      const uint64_t *other = after.row(next);
      for (size_t word = next / 64; word < after.wordCount(); ++word)
        row[word] |= other[word];
      set(row, next);
    }
  }

  Analysis analysis{std::vector<uint32_t>(buffers), std::vector<uint32_t>(buffers), BitMatrix(buffers, buffers)};
  std::vector<std::vector<uint32_t>> accesses(buffers);
  for (size_t i = 0; i < buffers; ++i) {
    for (uint32_t operation : problem.buffers[i].accesses)
      accesses[i].push_back(position[operation]);
    llvm::sort(accesses[i]);
    accesses[i].erase(llvm::unique(accesses[i]), accesses[i].end());
    analysis.firstPosition[i] = accesses[i].front();
    analysis.lastPosition[i] = accesses[i].back();
  }

  // Positions after all accesses of the earlier buffer, one buffer at a time.
  std::vector<uint64_t> done(after.wordCount());
  for (size_t i = 0; i < buffers; ++i) {
    if (problem.buffers[i].bytes == 0)
      continue;
    llvm::fill(done, ~uint64_t(0));
    for (uint32_t access : accesses[i])
      for (size_t word = 0; word < done.size(); ++word)
        done[word] &= after.row(access)[word];
    for (size_t j = 0; j < buffers; ++j) {
      if (i == j || problem.buffers[j].bytes == 0 || analysis.firstPosition[j] < analysis.firstPosition[i] ||
          (analysis.firstPosition[j] == analysis.firstPosition[i] && j < i))
        continue;
      // j cannot be done before i starts; is i done before j starts?
      bool share = llvm::all_of(accesses[j], [&](uint32_t access) { return test(done.data(), access); });
      if (!share) {
        set(analysis.conflicts.row(i), j);
        set(analysis.conflicts.row(j), i);
      }
    }
  }

  // Buffers with an access before or at an operation and one at or after it
  // conflict mutually. The set of each operation is extended by whatever
  // conflicts with all of it, for the most promising operations.
  std::vector<uint64_t> live(operations);
  auto spans = [&](size_t buffer, uint32_t at) {
    bool before = false, behind = false;
    for (uint32_t access : accesses[buffer]) {
      before |= access == at || (access < at && test(after.row(access), at));
      behind |= access == at || (access > at && test(after.row(at), access));
    }
    return before && behind;
  };
  for (size_t i = 0; i < buffers; ++i)
    for (uint32_t at = analysis.firstPosition[i]; at <= analysis.lastPosition[i]; ++at)
      if (spans(i, at))
        live[at] += problem.buffers[i].bytes;
  std::vector<uint32_t> peaks(operations);
  std::iota(peaks.begin(), peaks.end(), 0);
  size_t tried = std::min<size_t>(operations, 8);
  std::partial_sort(peaks.begin(), peaks.begin() + tried, peaks.end(),
                    [&](uint32_t a, uint32_t b) { return std::pair(live[b], a) < std::pair(live[a], b); });
  std::vector<uint32_t> bySize(buffers);
  std::iota(bySize.begin(), bySize.end(), 0);
  llvm::sort(bySize, [&](uint32_t a, uint32_t b) {
    return std::pair(problem.buffers[b].bytes, a) < std::pair(problem.buffers[a].bytes, b);
  });
  for (uint32_t at : llvm::ArrayRef(peaks).take_front(tried)) {
    std::vector<uint64_t> common(analysis.conflicts.wordCount(), ~uint64_t(0));
    uint64_t bytes = 0;
    auto add = [&](uint32_t buffer) {
      bytes += problem.buffers[buffer].bytes;
      const uint64_t *row = analysis.conflicts.row(buffer);
      for (size_t word = 0; word < common.size(); ++word)
        common[word] &= row[word];
    };
    for (uint32_t buffer = 0; buffer < buffers; ++buffer)
      if (problem.buffers[buffer].bytes && analysis.firstPosition[buffer] <= at &&
          at <= analysis.lastPosition[buffer] && spans(buffer, at))
        add(buffer);
    for (uint32_t buffer : bySize)
      if (problem.buffers[buffer].bytes && test(common.data(), buffer))
        add(buffer);
    analysis.lowerBound = std::max(analysis.lowerBound, bytes);
  }
  return analysis;
}

/// Places buffers one after the other, each into the tightest gap between the
/// placed ones that it conflicts with. Abandons the attempt, returning nothing,
/// once the arena would reach `limit`.
std::optional<Plan> place(const Problem &problem, const Analysis &analysis, llvm::ArrayRef<uint32_t> order,
                          uint64_t limit) {
  Plan plan;
  plan.offsets.resize(problem.buffers.size());
  struct Placed {
    uint64_t offset, end;
    uint32_t buffer;
  };
  std::vector<Placed> placed; // ascending offsets
  placed.reserve(order.size());
  // What must start at the base comes first, and finds it free.
  std::vector<uint32_t> atBaseFirst;
  atBaseFirst.reserve(order.size());
  for (bool atBase : {true, false})
    llvm::copy_if(order, std::back_inserter(atBaseFirst),
                  [&](uint32_t index) { return problem.buffers[index].atBase == atBase; });
  for (uint32_t index : atBaseFirst) {
    const Buffer &buffer = problem.buffers[index];
    if (buffer.bytes == 0)
      continue;
    const uint64_t *conflicts = analysis.conflicts.row(index);
    uint64_t free = 0; // end of the conflicting buffers so far
    uint64_t best = 0, bestGap = UINT64_MAX;
    for (const Placed &other : placed) {
      if (!test(conflicts, other.buffer))
        continue;
      if (other.offset > free) {
        uint64_t start = llvm::alignTo(free, buffer.alignment);
        uint64_t gap = other.offset - free;
        if (start < other.offset && buffer.bytes <= other.offset - start && gap < bestGap) {
          best = start;
          bestGap = gap;
        }
      }
      free = std::max(free, other.end);
    }
    if (bestGap == UINT64_MAX)
      best = llvm::alignTo(free, buffer.alignment);
    uint64_t end = best + buffer.bytes;
    if (end >= limit)
      return std::nullopt;
    plan.offsets[index] = best;
    plan.arenaBytes = std::max(plan.arenaBytes, end);
    auto where =
        llvm::upper_bound(placed, best, [](uint64_t offset, const Placed &other) { return offset < other.offset; });
    placed.insert(where, {best, end, index});
  }
  return plan;
}

} // namespace

std::optional<Plan> planMemory(const Problem &problem, std::string &error) {
  error = check(problem);
  if (!error.empty())
    return std::nullopt;
  std::optional<Analysis> analysis = analyse(problem);
  if (!analysis) {
    error = "the operations' order has a cycle";
    return std::nullopt;
  }
  for (uint32_t i = 0; i < problem.buffers.size(); ++i)
    for (uint32_t j = 0; problem.buffers[i].atBase && j < i; ++j)
      if (problem.buffers[j].atBase && test(analysis->conflicts.row(i), j)) {
        error = "buffers " + std::to_string(j) + " and " + std::to_string(i) +
                " are live together and must both start at the base";
        return std::nullopt;
      }

  const std::vector<Buffer> &buffers = problem.buffers;
  size_t count = buffers.size();
  auto lifetime = [&](uint32_t i) { return uint64_t(analysis->lastPosition[i] - analysis->firstPosition[i]) + 1; };
  std::vector<uint64_t> pressure(count);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t *row = analysis->conflicts.row(i);
    for (size_t word = 0; word < analysis->conflicts.wordCount(); ++word)
      for (uint64_t bits = row[word]; bits; bits &= bits - 1)
        pressure[i] += buffers[word * 64 + std::countr_zero(bits)].bytes;
  }

  std::optional<Plan> best;
  std::vector<uint32_t> bestOrder;
  auto attempt = [&](llvm::ArrayRef<uint32_t> order) {
    std::optional<Plan> plan = place(problem, *analysis, order, best ? best->arenaBytes : UINT64_MAX);
    if (!plan)
      return false;
    best = std::move(plan);
    bestOrder = order.vec();
    return true;
  };
  auto optimal = [&] { return best->arenaBytes <= analysis->lowerBound; };

  std::vector<uint32_t> order(count);
  auto attemptBy = [&](auto key) {
    if (best && optimal())
      return;
    std::iota(order.begin(), order.end(), 0);
    llvm::sort(order, [&](uint32_t a, uint32_t b) { return std::pair(key(b), a) < std::pair(key(a), b); });
    attempt(order);
  };
  attemptBy([&](uint32_t i) { return std::pair(buffers[i].bytes, lifetime(i)); });
  attemptBy([&](uint32_t i) { return std::pair(lifetime(i), buffers[i].bytes); });
  attemptBy([&](uint32_t i) { return std::pair(double(buffers[i].bytes) * double(lifetime(i)), buffers[i].bytes); });
  attemptBy([&](uint32_t i) { return std::pair(pressure[i], buffers[i].bytes); });
  attemptBy([&](uint32_t i) { return std::pair(pressure[i] + buffers[i].bytes, buffers[i].bytes); });
  attemptBy([&](uint32_t i) { return std::pair(~uint64_t(analysis->firstPosition[i]), buffers[i].bytes); });

  // Whatever reached the top came too late: it moves towards the front. The
  // number of rounds bounds the time, which is quadratic for each of them.
  uint64_t rounds = std::clamp<uint64_t>(200000000 / (uint64_t(count) * count + 1), 2, 200);
  order = bestOrder;
  std::vector<uint64_t> offsets = best->offsets;
  uint64_t height = best->arenaBytes;
  for (uint64_t round = 0; round < rounds && !optimal(); ++round) {
    // Move every buffer that ends at the top to a place ahead of half of those
    // that precede it, so that repeated rounds reach the front.
    std::vector<uint32_t> moved;
    for (size_t at = 0; at < order.size(); ++at) {
      uint32_t index = order[at];
      moved.push_back(index);
      if (buffers[index].bytes && offsets[index] + buffers[index].bytes == height)
        std::rotate(moved.begin() + (moved.size() - 1) / 2, moved.end() - 1, moved.end());
    }
    order = std::move(moved);
    std::optional<Plan> plan = place(problem, *analysis, order, UINT64_MAX);
    offsets = plan->offsets;
    height = plan->arenaBytes;
    if (height < best->arenaBytes)
      best = std::move(plan);
  }

  best->lowerBound = analysis->lowerBound;
  for (const Buffer &buffer : buffers)
    best->arenaAlignment = std::max(best->arenaAlignment, buffer.alignment);
  return best;
}

} // namespace ingot::planner
