//===- memory_planner_test.cpp - Offsets of buffers in one arena ----------===//
//
// Random orders against a closure computed by Floyd and Warshall, transformer
// shapes against the maximum of live bytes, and the checker against broken
// plans.
//
//===----------------------------------------------------------------------===//

#include "passes/schedule/planner/memory_planner.h"

#include "llvm/Support/MathExtras.h"
#include "gtest/gtest.h"

#include <ctime>
#include <random>

using namespace ingot::planner;

namespace {

Plan mustPlan(const Problem &problem) {
  std::string error;
  std::optional<Plan> plan = planMemory(problem, error);
  EXPECT_TRUE(plan) << error;
  EXPECT_EQ(error, "");
  if (!plan)
    return {};
  auto conflict = findOverlap(problem, plan->offsets, plan->arenaBytes);
  EXPECT_FALSE(conflict) << conflict->first << " " << conflict->second << " " << conflict->reason;
  EXPECT_GE(plan->arenaBytes, plan->lowerBound);
  return *plan;
}

/// Most bytes live at an operation of a program whose operations run in the
/// order of their numbers.
uint64_t maximumOfLiveBytes(const Problem &problem) {
  uint64_t most = 0;
  for (uint32_t at = 0; at < problem.operations; ++at) {
    uint64_t live = 0;
    for (const Buffer &buffer : problem.buffers) {
      auto [first, last] = std::minmax_element(buffer.accesses.begin(), buffer.accesses.end());
      if (*first <= at && at <= *last)
        live += buffer.bytes;
    }
    most = std::max(most, live);
  }
  return most;
}

/// Builds programs in which operations follow each other or run side by side.
class Builder {
public:
  /// An operation after `dependencies`, or after the latest one.
  uint32_t operation(std::vector<uint32_t> dependencies = {}) {
    uint32_t index = problem.operations++;
    if (dependencies.empty() && index)
      dependencies = {index - 1};
    for (uint32_t dependency : dependencies)
      problem.edges.push_back({dependency, index});
    return index;
  }
  uint32_t buffer(uint64_t bytes, std::vector<uint32_t> accesses = {}) {
    problem.buffers.push_back({bytes, 64, std::move(accesses)});
    return uint32_t(problem.buffers.size() - 1);
  }
  void access(uint32_t operation, std::initializer_list<uint32_t> buffers) {
    for (uint32_t buffer : buffers)
      problem.buffers[buffer].accesses.push_back(operation);
  }
  Problem problem;
};

struct Shape {
  const char *name;
  uint64_t layers, width, heads, keyHeads, dimension, hidden, vocabulary, rows;
};

const Shape shapes[] = {
    {"smollm2_135m_decode", 30, 576, 9, 3, 64, 1536, 49152, 1},
    {"smollm2_135m_prompt", 30, 576, 9, 3, 64, 1536, 49152, 512},
    {"llama_1b_small_batch", 16, 2048, 32, 8, 64, 8192, 128256, 8},
    {"llama_8b_prompt", 32, 4096, 32, 8, 128, 14336, 128256, 256},
    {"llama_70b_prompt", 80, 8192, 64, 8, 128, 28672, 128256, 512},
};

uint64_t quantized(uint64_t rows, uint64_t columns) { return rows * llvm::alignTo(columns, 32) / 32 * 36; }

/// Seven launches a layer. `inPlace`: one residual buffer for all layers.
Problem fusedTransformer(const Shape &shape, bool inPlace) {
  Builder build;
  uint64_t rows = shape.rows, width = shape.width;
  uint64_t attentionWidth = shape.heads * shape.dimension;
  auto newResidual = [&] { return build.buffer(rows * width * 4); };
  uint32_t residual = newResidual();
  build.access(build.operation(), {residual});
  auto addTo = [&](uint32_t operation) {
    build.access(operation, {residual});
    if (!inPlace) {
      residual = newResidual();
      build.access(operation, {residual});
    }
  };
  for (uint64_t layer = 0; layer < shape.layers; ++layer) {
    uint32_t input = build.buffer(quantized(rows, width));
    build.access(build.operation(), {residual, input});
    uint32_t query = build.buffer(rows * attentionWidth * 4);
    build.access(build.operation(), {input, query});
    uint32_t partial = build.buffer(rows * shape.heads * 4 * (shape.dimension + 2) * 4);
    uint32_t attended = build.buffer(quantized(rows, attentionWidth));
    build.access(build.operation(), {query, partial});
    build.access(build.operation(), {partial, attended});
    uint32_t projection = build.operation();
    build.access(projection, {attended});
    addTo(projection);
    uint32_t second = build.buffer(quantized(rows, width));
    build.access(build.operation(), {residual, second});
    uint32_t gated = build.buffer(quantized(rows, shape.hidden));
    build.access(build.operation(), {second, gated});
    uint32_t down = build.operation();
    build.access(down, {gated});
    addTo(down);
  }
  uint32_t last = build.buffer(quantized(8, width));
  build.access(build.operation(), {residual, last});
  uint32_t logits = build.buffer(8 * shape.vocabulary * 4);
  build.access(build.operation(), {last, logits});
  build.access(build.operation(), {logits});
  return build.problem;
}

/// Nothing fused; Q, K and V, and gate and up, side by side.
Problem plainTransformer(const Shape &shape) {
  Builder build;
  uint64_t rows = shape.rows, wide = rows * shape.width * 4;
  uint64_t queries = rows * shape.heads * shape.dimension * 4;
  uint64_t keys = rows * shape.keyHeads * shape.dimension * 4;
  uint32_t residual = build.buffer(wide);
  uint32_t previous = build.operation();
  build.access(previous, {residual});
  auto branch = [&](uint32_t from, uint32_t input, uint64_t bytes) {
    uint32_t output = build.buffer(bytes);
    uint32_t operation = build.operation({from});
    build.access(operation, {input, output});
    return std::pair(operation, output);
  };
  for (uint64_t layer = 0; layer < shape.layers; ++layer) {
    auto [norm, normed] = branch(previous, residual, wide);
    auto [q, query] = branch(norm, normed, queries);
    auto [k, key] = branch(norm, normed, keys);
    auto [v, value] = branch(norm, normed, keys);
    auto [qRope, queryRope] = branch(q, query, queries);
    auto [kRope, keyRope] = branch(k, key, keys);
    uint32_t attention = build.operation({qRope, kRope, v});
    uint32_t attended = build.buffer(queries);
    build.access(attention, {queryRope, keyRope, value, attended});
    auto [output, projected] = branch(attention, attended, wide);
    uint32_t add = build.operation({output});
    uint32_t sum = build.buffer(wide);
    build.access(add, {residual, projected, sum});
    auto [norm2, normed2] = branch(add, sum, wide);
    auto [gate, gated] = branch(norm2, normed2, rows * shape.hidden * 4);
    auto [up, upper] = branch(norm2, normed2, rows * shape.hidden * 4);
    uint32_t multiply = build.operation({gate, up});
    uint32_t product = build.buffer(rows * shape.hidden * 4);
    build.access(multiply, {gated, upper, product});
    auto [down, lowered] = branch(multiply, product, wide);
    previous = build.operation({down});
    residual = build.buffer(wide);
    build.access(previous, {sum, lowered, residual});
  }
  return build.problem;
}

TEST(MemoryPlanner, TransformersStayWithinFivePercent) {
  for (const Shape &shape : shapes)
    for (int kind = 0; kind < 3; ++kind) {
      Problem problem = kind == 2 ? plainTransformer(shape) : fusedTransformer(shape, kind == 0);
      Plan plan = mustPlan(problem);
      if (kind != 2) {
        EXPECT_EQ(plan.lowerBound, maximumOfLiveBytes(problem));
      }
      double ratio = double(plan.arenaBytes) / double(plan.lowerBound);
      printf("%-22s kind %d: %4u operations %5zu buffers, %10llu bytes, "
             "%.4f x bound\n",
             shape.name, kind, problem.operations, problem.buffers.size(),
             static_cast<unsigned long long>(plan.arenaBytes), ratio);
      EXPECT_LE(ratio, 1.05) << shape.name;
    }
}

TEST(MemoryPlanner, ArenaDoesNotGrowWithLayers) {
  Shape shape = shapes[0];
  uint64_t bytes = mustPlan(fusedTransformer(shape, true)).arenaBytes;
  shape.layers = 120;
  EXPECT_EQ(mustPlan(fusedTransformer(shape, true)).arenaBytes, bytes);
}

Problem randomProblem(std::mt19937_64 &random) {
  auto below = [&](uint64_t bound) { return random() % bound; };
  Problem problem;
  problem.operations = uint32_t(1 + below(30));
  uint64_t density = below(4);
  // Edges run along a random permutation.
  std::vector<uint32_t> order(problem.operations);
  for (uint32_t i = 0; i < problem.operations; ++i)
    order[i] = i;
  std::shuffle(order.begin(), order.end(), random);
  for (uint32_t i = 0; i < problem.operations; ++i)
    for (uint32_t j = i + 1; j < problem.operations; ++j)
      if (density == 3 ? j == i + 1 : below(problem.operations) < density + below(3))
        problem.edges.push_back({order[i], order[j]});
  uint64_t buffers = below(40);
  for (uint64_t i = 0; i < buffers; ++i) {
    Buffer buffer;
    buffer.bytes = below(8) ? below(2000) : 0;
    buffer.alignment = uint64_t(1) << below(8);
    for (uint64_t n = 1 + below(4); n; --n)
      buffer.accesses.push_back(uint32_t(below(problem.operations)));
    problem.buffers.push_back(buffer);
  }
  if (buffers && below(2))
    problem.buffers[below(buffers)].atBase = true;
  return problem;
}

/// The happens-before relation as a matrix.
std::vector<std::vector<bool>> closure(const Problem &problem) {
  uint32_t n = problem.operations;
  std::vector<std::vector<bool>> before(n, std::vector<bool>(n));
  for (auto [from, to] : problem.edges)
    before[from][to] = true;
  for (uint32_t k = 0; k < n; ++k)
    for (uint32_t i = 0; i < n; ++i)
      for (uint32_t j = 0; j < n; ++j)
        if (before[i][k] && before[k][j])
          before[i][j] = true;
  return before;
}

bool mayShare(const std::vector<std::vector<bool>> &before, const Buffer &a, const Buffer &b) {
  bool forwards = true, backwards = true;
  for (uint32_t x : a.accesses)
    for (uint32_t y : b.accesses) {
      forwards &= before[x][y];
      backwards &= before[y][x];
    }
  return forwards || backwards;
}

/// Whether two buffers overlap that may not.
bool overlaps(const Problem &problem, const std::vector<uint64_t> &offsets) {
  auto before = closure(problem);
  for (size_t i = 0; i < problem.buffers.size(); ++i)
    for (size_t j = i + 1; j < problem.buffers.size(); ++j) {
      const Buffer &a = problem.buffers[i], &b = problem.buffers[j];
      if (a.bytes && b.bytes && offsets[i] < offsets[j] + b.bytes && offsets[j] < offsets[i] + a.bytes &&
          !mayShare(before, a, b))
        return true;
    }
  return false;
}

TEST(MemoryPlanner, RandomOrders) {
  std::mt19937_64 random(11);
  double worst = 1, sum = 0;
  int counted = 0;
  for (int i = 0; i < 4000; ++i) {
    Problem problem = randomProblem(random);
    Plan plan = mustPlan(problem);
    ASSERT_EQ(plan.offsets.size(), problem.buffers.size());
    ASSERT_FALSE(overlaps(problem, plan.offsets));
    uint64_t end = 0, total = 0, alignment = 1;
    for (size_t b = 0; b < plan.offsets.size(); ++b) {
      const Buffer &buffer = problem.buffers[b];
      ASSERT_EQ(plan.offsets[b] % buffer.alignment, 0u);
      ASSERT_TRUE(!buffer.atBase || plan.offsets[b] == 0);
      end = std::max(end, plan.offsets[b] + buffer.bytes);
      total += buffer.bytes + buffer.alignment;
      alignment = std::max(alignment, buffer.alignment);
    }
    ASSERT_EQ(plan.arenaBytes, end);
    ASSERT_EQ(plan.arenaAlignment, alignment);
    ASSERT_LE(plan.arenaBytes, total);
    if (plan.lowerBound) {
      double ratio = double(plan.arenaBytes) / double(plan.lowerBound);
      worst = std::max(worst, ratio);
      sum += ratio;
      ++counted;
    }
    Plan again = mustPlan(problem);
    ASSERT_EQ(again.offsets, plan.offsets);
  }
  printf("random orders: mean %.4f x bound, worst %.4f\n", sum / counted, worst);
}

TEST(MemoryPlanner, RandomSequences) {
  std::mt19937_64 random(12);
  for (int i = 0; i < 1000; ++i) {
    Problem problem = randomProblem(random);
    problem.edges.clear();
    for (uint32_t operation = 1; operation < problem.operations; ++operation)
      problem.edges.push_back({operation - 1, operation});
    ASSERT_EQ(mustPlan(problem).lowerBound, maximumOfLiveBytes(problem));
  }
}

TEST(OverlapChecker, AgreesWithTheClosureOnRandomOffsets) {
  std::mt19937_64 random(13);
  int found = 0;
  for (int i = 0; i < 4000; ++i) {
    Problem problem = randomProblem(random);
    // Good plans with one buffer moved, so that both answers are frequent.
    Plan plan = mustPlan(problem);
    if (plan.offsets.empty())
      continue;
    size_t moved = random() % plan.offsets.size();
    Buffer &buffer = problem.buffers[moved];
    buffer.atBase = false;
    plan.offsets[moved] = random() % (plan.arenaBytes + 1) / buffer.alignment * buffer.alignment;
    bool want = overlaps(problem, plan.offsets);
    auto conflict = findOverlap(problem, plan.offsets, UINT64_MAX);
    ASSERT_EQ(bool(conflict), want);
    if (conflict) {
      ASSERT_TRUE(conflict->first == moved || conflict->second == moved);
      ++found;
    }
  }
  EXPECT_GT(found, 500);
}

TEST(OverlapChecker, AddressesOutsideTheArena) {
  Problem problem{1, {}, {{100, 64, {0}}}};
  EXPECT_FALSE(findOverlap(problem, {64}, 164));
  EXPECT_EQ(findOverlap(problem, {64}, 163)->reason, "outside the arena");
  EXPECT_EQ(findOverlap(problem, {UINT64_MAX - 63}, 163)->reason, "outside the arena");
  EXPECT_EQ(findOverlap(problem, {32}, 163)->reason, "misaligned");
  EXPECT_TRUE(findOverlap(problem, {}, 163));
  problem.buffers[0].atBase = true;
  EXPECT_FALSE(findOverlap(problem, {0}, 100));
  EXPECT_TRUE(findOverlap(problem, {64}, 164));
}

TEST(MemoryPlanner, SmallCases) {
  EXPECT_EQ(mustPlan({}).arenaBytes, 0u);
  // Without order, buffers of different operations conflict.
  EXPECT_EQ(mustPlan({2, {}, {{64, 64, {0}}, {64, 64, {1}}}}).arenaBytes, 128u);
  EXPECT_EQ(mustPlan({2, {{0, 1}}, {{64, 64, {0}}, {64, 64, {1}}}}).arenaBytes, 64u);
  // One operation that reads one and writes the other.
  EXPECT_EQ(mustPlan({2, {{0, 1}}, {{64, 64, {0, 1}}, {64, 64, {1}}}}).arenaBytes, 128u);
  // A relation that only the closure shows.
  EXPECT_EQ(mustPlan({3, {{2, 0}, {0, 1}}, {{64, 64, {1}}, {64, 64, {2}}}}).arenaBytes, 64u);
  EXPECT_EQ(mustPlan({1, {}, {{0, 64, {0}}, {0, 64, {0}}}}).arenaBytes, 0u);
  Plan base = mustPlan({1, {}, {{640, 64, {0}}, {64, 64, {0}, true}}});
  EXPECT_EQ(base.offsets, (std::vector<uint64_t>{64, 0}));
  EXPECT_EQ(base.arenaBytes, 704u);
  EXPECT_EQ(mustPlan({1, {}, {{1, 1, {0}}, {1, 4096, {0}}}}).arenaAlignment, 4096u);
}

TEST(MemoryPlanner, BadInput) {
  auto error = [](const Problem &problem) {
    std::string text;
    EXPECT_FALSE(planMemory(problem, text));
    return text;
  };
  EXPECT_EQ(error({2, {{0, 2}}, {}}), "edge 0 -> 2 leaves the 2 operations");
  EXPECT_EQ(error({2, {{0, 1}, {1, 0}}, {}}), "the operations' order has a cycle");
  EXPECT_EQ(error({1, {{0, 0}}, {}}), "the operations' order has a cycle");
  EXPECT_EQ(error({1, {}, {{1, 3, {0}}}}), "buffer 0: the alignment is no power of two");
  EXPECT_EQ(error({1, {}, {{1, 0, {0}}}}), "buffer 0: the alignment is no power of two");
  EXPECT_EQ(error({1, {}, {{1, 1, {}}}}), "buffer 0: no operation accesses it");
  EXPECT_EQ(error({1, {}, {{1, 1, {7}}}}), "buffer 0: accessed by operation 7 of 1");
  EXPECT_EQ(error({1, {}, {{UINT64_MAX, 1, {0}}}}), "buffer 0: too large");
  EXPECT_EQ(error({1, {}, {{1, 1, {0}, true}, {1, 1, {0}, true}}}),
            "buffers 0 and 1 are live together and must both start at the base");
  uint64_t half = uint64_t(1) << 61;
  EXPECT_EQ(error({1, {}, {{half, 1, {0}}, {half, 1, {0}}}}), "the buffers' sizes exceed the address space");
}

TEST(MemoryPlanner, TenThousandOperations) {
  std::mt19937_64 random(14);
  for (int kind = 0; kind < 3; ++kind) {
    Problem problem;
    problem.operations = 10000;
    for (uint32_t i = 1; i < problem.operations; ++i) {
      // A chain, a loose order with short reach, one with long reach.
      uint32_t reach = kind == 0 ? 1 : kind == 1 ? 20 : 5000;
      for (int n = 0; n < (kind == 0 ? 1 : 3); ++n)
        problem.edges.push_back({i - 1 - uint32_t(random() % std::min(i, reach)), i});
    }
    for (uint32_t i = 0; i < problem.operations; ++i) {
      Buffer buffer{1 + random() % 1000000, 64, {i}};
      for (int n = 0; n < 2; ++n)
        buffer.accesses.push_back(std::min<uint32_t>(i + uint32_t(random() % 50), problem.operations - 1));
      problem.buffers.push_back(buffer);
    }
    // Processor time: tests share the machine.
    std::clock_t start = std::clock();
    std::string error;
    std::optional<Plan> plan = planMemory(problem, error);
    std::clock_t planned = std::clock();
    ASSERT_TRUE(plan) << error;
    ASSERT_FALSE(findOverlap(problem, plan->offsets, plan->arenaBytes));
    std::clock_t checked = std::clock();
    double seconds = double(planned - start) / CLOCKS_PER_SEC;
    printf("kind %d: planned in %.2f s, checked in %.2f s, %.4f x bound\n", kind, seconds,
           double(checked - planned) / CLOCKS_PER_SEC, double(plan->arenaBytes) / double(plan->lowerBound));
#ifdef NDEBUG
    // On a quiet machine 2 s are enough for each kind. Neighbours of a shared one cost processor time, too: what is
    // caught here is another order of growth.
    EXPECT_LT(seconds, 8.0);
#endif
  }
}

} // namespace
