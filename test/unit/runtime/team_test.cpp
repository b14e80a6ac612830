//===- team_test.cpp - barrier stress -------------------------------------===//

#include "runtime/cpu/cpu_count.h"
#include "runtime/cpu/team.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <sched.h>
#include <set>
#include <thread>
#include <unistd.h>
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

void stress(void *context, IngotTeam *team, uint32_t worker) {
  auto &stress = *static_cast<Stress *>(context);
  for (uint64_t round = 1; round <= stress.rounds; ++round) {
    stress.slots[worker] = round;
    ingot_team_barrier(team, worker);
    for (uint32_t other = 0; other < stress.slots.size(); ++other)
      stress.errors[worker] += stress.slots[other] != round;
    ingot_team_barrier(team, worker);
  }
}

struct Shape {
  uint32_t workers;
  uint32_t threads;
};

class TeamTest : public testing::TestWithParam<Shape> {
protected:
  uint32_t workers() const { return GetParam().workers; }
  Team team{GetParam().workers, GetParam().threads};
};

TEST_P(TeamTest, BarriersSeparateRounds) {
  ASSERT_EQ(team.workers(), workers());
  Stress context{std::vector<uint64_t>(workers()), std::vector<uint64_t>(workers()), 200};
  for (int run = 0; run < 5; ++run)
    team.run(stress, &context);
  for (uint64_t errors : context.errors)
    EXPECT_EQ(errors, 0u);
}

TEST_P(TeamTest, RunsAfterSleep) {
  std::vector<uint64_t> counts(workers());
  for (int run = 0; run < 20; ++run) {
    team.run(
        [](void *context, IngotTeam *, uint32_t worker) { ++(*static_cast<std::vector<uint64_t> *>(context))[worker]; },
        &counts);
    std::this_thread::sleep_for(std::chrono::milliseconds(run % 4));
  }
  EXPECT_EQ(counts, std::vector<uint64_t>(workers(), 20));
}

TEST_P(TeamTest, StartsAndEnds) {
  for (int i = 0; i < 50; ++i)
    Team another(workers(), GetParam().threads);
}

TEST_P(TeamTest, UsesAsManyThreadsAsAskedFor) {
  std::vector<pid_t> threads(workers());
  team.run(
      [](void *context, IngotTeam *team, uint32_t worker) {
        ingot_team_barrier(team, worker);
        (*static_cast<std::vector<pid_t> *>(context))[worker] = gettid();
      },
      &threads);
  std::set<pid_t> different(threads.begin(), threads.end());
  EXPECT_EQ(different.size(), std::min(workers(), GetParam().threads));
  // Neighbours in the work are neighbours on a thread.
  for (pid_t thread : different)
    EXPECT_EQ(std::count(threads.begin(), threads.end(), thread),
              std::find(threads.rbegin(), threads.rend(), thread).base() -
                  std::find(threads.begin(), threads.end(), thread));
}

struct Claims {
  std::vector<std::atomic<uint32_t>> grains;
  std::atomic<uint64_t> all{0};
  explicit Claims(uint64_t count) : grains(count) {}

  void add(const IngotShare &share) {
    for (uint64_t grain = share.begin; grain < share.end; ++grain)
      ++grains[grain];
    all += share.end - share.begin;
  }
};

TEST_P(TeamTest, EveryGrainIsClaimedOnce) {
  for (uint64_t count : {0, 1, 5, 64, 1001}) {
    Claims claims(count);
    constexpr uint32_t launches = 50;
    auto launch = [](void *context, IngotTeam *team, uint32_t worker) {
      auto &claims = *static_cast<Claims *>(context);
      for (uint32_t i = 0; i < launches; ++i) {
        IngotShare *share = ingot_team_launch(team, worker, claims.grains.size());
        while (ingot_team_claim(share))
          claims.add(*share);
        // Launches that need nothing of each other have no barrier between them.
        if (i % 3 == 0)
          ingot_team_barrier(team, worker);
      }
    };
    team.run(launch, &claims);
    for (const std::atomic<uint32_t> &grain : claims.grains)
      EXPECT_EQ(grain.load(), launches);
  }
}

TEST_P(TeamTest, ASlowWorkerIsHelped) {
  if (GetParam().threads < 2 || GetParam().threads < workers())
    GTEST_SKIP() << "needs a thread for each of several workers";
  Claims claims(256 * workers());
  auto launch = [](void *context, IngotTeam *team, uint32_t worker) {
    auto &claims = *static_cast<Claims *>(context);
    IngotShare *share = ingot_team_launch(team, worker, claims.grains.size());
    ingot_team_barrier(team, worker);
    // The first worker is stuck in its first claim until the others did all the rest.
    if (worker == 0 && ingot_team_claim(share)) {
      uint64_t others = claims.grains.size() - (share->end - share->begin);
      while (claims.all < others)
        std::this_thread::yield();
      claims.add(*share);
    }
    while (ingot_team_claim(share))
      claims.add(*share);
  };
  team.run(launch, &claims);
  for (const std::atomic<uint32_t> &grain : claims.grains)
    EXPECT_EQ(grain.load(), 1u);
}

TEST_P(TeamTest, KeepsWhatAWorkerHasOnItsStack) {
  std::vector<uint64_t> sums(workers());
  team.run(
      [](void *context, IngotTeam *team, uint32_t worker) {
        uint64_t values[512];
        for (uint64_t i = 0; i < 512; ++i) {
          values[i] = i * (worker + 1);
          if (i % 16 == 0)
            ingot_team_barrier(team, worker);
        }
        for (uint64_t value : values)
          (*static_cast<std::vector<uint64_t> *>(context))[worker] += value;
      },
      &sums);
  for (uint64_t worker = 0; worker < workers(); ++worker)
    EXPECT_EQ(sums[worker], 512 * 511 / 2 * (worker + 1));
}

// More threads than most machines that run this have CPUs, and more workers than threads.
INSTANTIATE_TEST_SUITE_P(Workers, TeamTest,
                         testing::Values(Shape{1, 1}, Shape{2, 2}, Shape{3, 8}, Shape{4, 4}, Shape{7, 7}, Shape{16, 16},
                                         Shape{2, 1}, Shape{8, 2}, Shape{7, 3}, Shape{65, 4}),
                         [](const auto &info) {
                           return std::to_string(info.param.workers) + "On" + std::to_string(info.param.threads);
                         });

TEST(Team, PinsEachThreadToOneCpu) {
  std::vector<uint32_t> cpus = listAffinity();
  Team team(3, 3);
  std::vector<std::vector<uint32_t>> masks(3);
  ASSERT_TRUE(team.pin(cpus));
  team.run(
      [](void *context, IngotTeam *, uint32_t worker) {
        (*static_cast<std::vector<std::vector<uint32_t>> *>(context))[worker] = listAffinity();
      },
      &masks);
  for (size_t worker = 0; worker < 3; ++worker)
    EXPECT_EQ(masks[worker], std::vector<uint32_t>{cpus[worker % cpus.size()]});
  cpu_set_t all;
  CPU_ZERO(&all);
  for (uint32_t cpu : cpus)
    CPU_SET(cpu, &all);
  sched_setaffinity(0, sizeof(all), &all);
  EXPECT_FALSE(team.pin(std::vector<uint32_t>{1000000}));
}

TEST(SpinBudget, RarelyTriesWhileSpinsFail) {
  SpinBudget budget;
  uint64_t most = budget.next();
  EXPECT_GT(most, 0u);
  int attempts = 0;
  for (int wait = 0; wait < 100000; ++wait)
    if (budget.next()) {
      ++attempts;
      budget.spinFailed();
    }
  EXPECT_GT(attempts, 100);
  EXPECT_LT(attempts, 300);
  // As soon as they succeed again, all do.
  int sleeps = 0;
  for (int wait = 0; wait < 1000; ++wait)
    if (budget.next())
      budget.spinPaid();
    else
      ++sleeps;
  EXPECT_LE(sleeps, 512);
  EXPECT_EQ(budget.next(), most);
}

TEST(Epoch, ASleeperIsWoken) {
  // A budget that failed sleeps at once.
  Epoch epoch;
  std::thread waiter([&] {
    SpinBudget budget;
    budget.spinFailed();
    epoch.waitBeyond(0, budget);
  });
  while (!epoch.sleepers.load())
    std::this_thread::yield();
  epoch.advance();
  waiter.join();
  EXPECT_EQ(epoch.sleepers.load(), 0u);
}

TEST(Team, SharedStateKeepsToItsCacheLines) {
  EXPECT_EQ(sizeof(Epoch), 64u);
  EXPECT_EQ(alignof(IngotTeam), 64u);
  EXPECT_EQ(offsetof(IngotTeam, arrived) % 64, 0u);
  EXPECT_EQ(offsetof(IngotTeam, barrier) - offsetof(IngotTeam, arrived), 64u);
  EXPECT_EQ(sizeof(Member) % 64, 0u);
  EXPECT_EQ(sizeof(Share), 128u);
}

} // namespace
