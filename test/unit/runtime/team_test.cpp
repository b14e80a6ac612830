//===- team_test.cpp - barrier stress -------------------------------------===//

#include "runtime/cpu/team.h"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

using namespace ingot::runtime;

namespace {

/// Each worker writes its own slot, unprotected, and reads all others' after
/// the barrier: a worker that passes too early, or does not see what was
/// written before, finds an old number.
struct Stress {
  std::vector<uint64_t> slots;
  std::vector<uint64_t> errors;
  uint64_t rounds;
};

void stress(void *context, IngotTeam *team, uint32_t worker, uint32_t workers) {
  auto &stress = *static_cast<Stress *>(context);
  for (uint64_t round = 1; round <= stress.rounds; ++round) {
    stress.slots[worker] = round;
    ingot_team_barrier(team, worker);
    for (uint32_t other = 0; other < workers; ++other)
      stress.errors[worker] += stress.slots[other] != round;
    ingot_team_barrier(team, worker);
  }
}

class TeamTest : public testing::TestWithParam<uint32_t> {};

TEST_P(TeamTest, BarriersSeparateRounds) {
  Team team(GetParam());
  ASSERT_EQ(team.workers(), GetParam());
  Stress context{std::vector<uint64_t>(GetParam()), std::vector<uint64_t>(GetParam()), 200};
  for (int run = 0; run < 5; ++run)
    team.run(stress, &context);
  for (uint64_t errors : context.errors)
    EXPECT_EQ(errors, 0u);
}

TEST_P(TeamTest, RunsAfterSleep) {
  Team team(GetParam());
  std::vector<uint64_t> counts(GetParam());
  for (int run = 0; run < 20; ++run) {
    team.run([](void *context, IngotTeam *, uint32_t worker,
                uint32_t) { ++(*static_cast<std::vector<uint64_t> *>(context))[worker]; },
             &counts);
    std::this_thread::sleep_for(std::chrono::milliseconds(run % 4));
  }
  EXPECT_EQ(counts, std::vector<uint64_t>(GetParam(), 20));
}

TEST_P(TeamTest, StartsAndEnds) {
  for (int i = 0; i < 50; ++i)
    Team team(GetParam());
}

// Up to 16: more workers than most machines that run this have CPUs.
INSTANTIATE_TEST_SUITE_P(Workers, TeamTest, testing::Values(1u, 2u, 3u, 4u, 7u, 16u));

TEST(Team, SharedStateKeepsToItsCacheLines) {
  EXPECT_EQ(sizeof(IngotEpoch), 64u);
  EXPECT_EQ(alignof(IngotTeam), 64u);
  EXPECT_EQ(offsetof(IngotTeam, arrived) % 64, 0u);
  EXPECT_EQ(offsetof(IngotTeam, barrier) - offsetof(IngotTeam, arrived), 64u);
}

} // namespace
