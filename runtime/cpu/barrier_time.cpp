//===- barrier_time.cpp - barriers and nothing else -----------------------===//

#include "runtime/cpu/barrier_time.h"

#include <algorithm>
#include <chrono>

namespace ingot::runtime {

uint64_t measureBarriers(Team &team) {
  auto meet = [](void *, IngotTeam *team, uint32_t worker) {
    for (uint32_t i = 0; i < barriersInMeasurement; ++i)
      ingot_team_barrier(team, worker);
  };
  std::chrono::nanoseconds best = std::chrono::nanoseconds::max();
  for (int attempt = 0; attempt < 3; ++attempt) {
    auto start = std::chrono::steady_clock::now();
    team.run(meet, nullptr);
    best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - start);
  }
  return best.count();
}

} // namespace ingot::runtime
