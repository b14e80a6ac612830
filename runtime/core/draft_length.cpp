//===- draft_length.cpp - tokens per second, expected ---------------------===//

#include "runtime/core/draft_length.h"

#include <algorithm>
#include <bit>

namespace ingot::runtime {

// Weights of the latest observation. Times are disturbed by other programs, so
// one that is far off counts as twice or half of what was expected.
constexpr double chanceWeight = 1.0 / 32;
constexpr double timeWeight = 1.0 / 8;

// Guesses must promise this much, since the estimates are rough.
constexpr double leastGain = 1.1;

void DraftLength::recordStep(uint32_t rows, double seconds) {
  if (rows == 1) {
    if (singleSeconds == 0)
      singleSeconds = seconds;
    singleSeconds += timeWeight * (std::clamp(seconds, singleSeconds / 2, singleSeconds * 2) - singleSeconds);
    return;
  }
  if (singleSeconds == 0)
    return;
  double &cost = costs[rows - 1];
  cost += timeWeight * (std::clamp(seconds / singleSeconds, cost / 2, cost * 2) - cost);
}

uint32_t DraftLength::classOf(uint32_t matchLength) { return std::min<uint32_t>(std::bit_width(matchLength), 6) - 1; }

void DraftLength::recordGuess(uint32_t matchLength, bool right) {
  double &chance = chances[classOf(matchLength)];
  chance += chanceWeight * ((right ? 1.0 : 0.0) - chance);
}

uint32_t DraftLength::choose(uint32_t matchLength, uint32_t most) const {
  // A first step of one row tells what the others are compared with.
  if (singleSeconds == 0 || matchLength == 0)
    return 0;
  uint32_t best = 0;
  double bestRate = leastGain;
  double tokens = 1;
  double allRight = 1;
  for (uint32_t guesses = 1; guesses <= std::min(most, mostRows - 1); ++guesses) {
    // A guess that is right makes the match longer.
    allRight *= chances[classOf(matchLength + guesses - 1)];
    tokens += allRight;
    double rate = tokens / costs[guesses];
    if (rate > bestRate) {
      best = guesses;
      bestRate = rate;
    }
  }
  return best;
}

} // namespace ingot::runtime
