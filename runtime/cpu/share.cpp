//===- share.cpp - claims of grains ---------------------------------------===//
//
// All atomics are relaxed: what a kernel reads was written before the last
// barrier, and who claims a grain of a launch has passed the same one.
//
//===----------------------------------------------------------------------===//

#include "runtime/cpu/share.h"
#include "runtime/cpu/team.h"

using ingot::runtime::Share;

static constexpr unsigned launchShift = 32;

/// Takes grains of `owner`'s share for `share`; false when none is left.
static bool claimFrom(Share &owner, Share &share) {
  uint32_t workers = share.team->workers;
  uint64_t begin = share.grains * owner.worker / workers, end = share.grains * (owner.worker + 1) / workers;
  uint64_t claimed = owner.claimed.load(std::memory_order_relaxed);
  for (;;) {
    if (claimed >> launchShift != share.launch)
      return false;
    uint64_t first = begin + static_cast<uint32_t>(claimed);
    if (first >= end)
      return false;
    uint64_t left = end - first, taken = left;
    if (workers > 1)
      taken = &owner == &share ? (3 * left + 3) / 4 : (left + 1) / 2;
    if (owner.claimed.compare_exchange_weak(claimed, claimed + taken, std::memory_order_relaxed)) {
      share.begin = first;
      share.end = first + taken;
      return true;
    }
  }
}

IngotShare *ingot_team_launch(IngotTeam *team, uint32_t worker, uint64_t grains) {
  Share &share = team->shares[worker];
  share.grains = grains;
  ++share.launch;
  share.claimed.store(uint64_t{share.launch} << launchShift, std::memory_order_relaxed);
  return &share;
}

uint32_t ingot_team_claim(IngotShare *opaque) {
  auto &share = *static_cast<Share *>(opaque);
  if (claimFrom(share, share))
    return 1;
  // A worker that shares its thread with others leaves helping to the last of them: the rest have work of their own
  // there.
  if (!share.team->members[share.worker].isLast)
    return 0;
  uint32_t workers = share.team->workers;
  for (uint32_t step = 1; step < workers; ++step)
    if (claimFrom(share.team->shares[(share.worker + step) % workers], share))
      return 1;
  return 0;
}
