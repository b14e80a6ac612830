//===- sampler.cpp - filters and the draw ---------------------------------===//

#include "runtime/core/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace ingot::runtime {

std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, uint64_t key) {
  uint32_t key0 = static_cast<uint32_t>(key);
  uint32_t key1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t product0 = uint64_t{0xD2511F53} * counter[0];
    uint64_t product1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key0, static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key1, static_cast<uint32_t>(product0)};
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return counter;
}

double exponential(double x) {
  // e^x = 2^k e^r with |r| <= ln 2 / 2, the second by its Taylor series: the
  // first term left out is below 2^-62. ln 2 comes in two parts (fdlibm's), of
  // which the first times k is exact.
  if (!(x > -700))
    return 0;
  constexpr double log2e = 1.44269504088896338700;
  constexpr double ln2High = 6.93147180369123816490e-01;
  constexpr double ln2Low = 1.90821492927058770002e-10;
  constexpr auto inverseFactorials = [] {
    std::array<double, 15> inverses{1};
    double factorial = 1;
    for (size_t n = 1; n < inverses.size(); ++n)
      inverses[n] = 1 / (factorial *= static_cast<double>(n));
    return inverses;
  }();
  int64_t k = static_cast<int64_t>(x * log2e - 0.5);
  double r = x - static_cast<double>(k) * ln2High;
  r -= static_cast<double>(k) * ln2Low;
  double sum = 0;
  for (size_t n = inverseFactorials.size(); n-- > 0;)
    sum = sum * r + inverseFactorials[n];
  return sum * std::bit_cast<double>((k + 1023) << 52);
}

static float findMaximum(std::span<const float> values) {
  // Several maxima beside each other, which the compiler turns into vectors.
  constexpr size_t lanes = 16;
  std::array<float, lanes> largest;
  largest.fill(-INFINITY);
  size_t whole = values.size() / lanes * lanes;
  for (size_t i = 0; i < whole; i += lanes)
    for (size_t lane = 0; lane < lanes; ++lane)
      largest[lane] = std::max(largest[lane], values[i + lane]);
  for (size_t i = whole; i < values.size(); ++i)
    largest[0] = std::max(largest[0], values[i]);
  return *std::max_element(largest.begin(), largest.end());
}

/// The index of the first of the largest numbers.
static size_t findLargest(std::span<const float> values) {
  // Where a number stands is looked up one by one, so in the part that holds it only.
  constexpr size_t partSize = 1024;
  float best = -INFINITY;
  size_t bestPart = 0;
  for (size_t first = 0; first < values.size(); first += partSize) {
    float maximum = findMaximum(values.subspan(first, std::min(partSize, values.size() - first)));
    if (maximum > best) {
      best = maximum;
      bestPart = first;
    }
  }
  return std::find(values.begin() + bestPart, values.end(), best) - values.begin();
}

Sampler::Sampler(const SamplerOptions &options, uint32_t vocabulary) : options(options) {
  if (options.temperature > 0) {
    candidates.reserve(vocabulary);
    masses.reserve(vocabulary);
  }
}

void Sampler::accept(int32_t token) { recent[accepted++ % penaltyWindow] = token; }

/// A total order, so that equal logits cannot make two machines differ.
bool Sampler::isBetter(const Candidate &a, const Candidate &b) {
  return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
}

void Sampler::penalize(std::span<float> logits) const {
  if (options.repeatPenalty == 1)
    return;
  size_t count = std::min<uint64_t>(accepted, penaltyWindow);
  for (size_t i = 0; i < count; ++i) {
    if (std::find(recent.begin(), recent.begin() + i, recent[i]) != recent.begin() + i)
      continue; // once for each token
    float &logit = logits[recent[i]];
    double penalty = options.repeatPenalty;
    logit = static_cast<float>(logit <= 0 ? logit * penalty : logit / penalty);
  }
}

/// Leaves the `count` best candidates in descending order.
void Sampler::takeBest(std::span<const float> logits, size_t count) {
  candidates.clear();
  for (size_t i = 0; i < logits.size(); ++i) {
    Candidate candidate{logits[i], static_cast<int32_t>(i)};
    if (i < count) {
      candidates.push_back(candidate);
      if (i + 1 == count) // the worst of the best stands in front
        std::make_heap(candidates.begin(), candidates.end(), isBetter);
    } else if (candidate.logit > candidates.front().logit) {
      std::pop_heap(candidates.begin(), candidates.end(), isBetter);
      candidates.back() = candidate;
      std::push_heap(candidates.begin(), candidates.end(), isBetter);
    }
  }
  std::sort_heap(candidates.begin(), candidates.end(), isBetter);
}

/// Top-p and min-p over candidates of which none or all are sorted; returns how
/// many stay, sorted if either filter is on.
size_t Sampler::keepLikely(float best) {
  bool sorted = std::is_sorted(candidates.begin(), candidates.end(), isBetter);
  if (options.topP >= 1 && options.minP <= 0)
    return candidates.size();
  double total = 0;
  for (const Candidate &candidate : candidates)
    total += exponential(double{candidate.logit} - best);
  // Few candidates are likely, so sort only as far as the filters reach.
  size_t sortedCount = sorted ? candidates.size() : 0;
  double cumulative = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (i == sortedCount) {
      sortedCount = std::min(candidates.size(), std::max<size_t>(256, 4 * i));
      auto end = candidates.begin() + sortedCount;
      if (end != candidates.end())
        std::nth_element(candidates.begin() + i, end, candidates.end(), isBetter);
      std::sort(candidates.begin() + i, end, isBetter);
    }
    double mass = exponential(double{candidates[i].logit} - best);
    if (i > 0 && mass < options.minP)
      return i;
    cumulative += mass;
    if (options.topP < 1 && cumulative >= options.topP * total)
      return i + 1;
  }
  return candidates.size();
}

int32_t Sampler::sample(std::span<float> logits, uint64_t position) {
  penalize(logits);
  size_t largest = findLargest(logits);
  if (largest == logits.size() || !std::isfinite(logits[largest]))
    return -1;
  if (options.temperature <= 0)
    return static_cast<int32_t>(largest);

  float best = logits[largest];
  size_t topK = static_cast<size_t>(options.topK);
  if (topK && topK < logits.size()) {
    takeBest(logits, topK);
  } else {
    candidates.clear();
    for (size_t i = 0; i < logits.size(); ++i)
      candidates.push_back({logits[i], static_cast<int32_t>(i)});
  }
  candidates.resize(keepLikely(best));

  masses.clear();
  double total = 0;
  for (const Candidate &candidate : candidates) {
    double distance = double{candidate.logit} - best;
    total += exponential(distance / options.temperature);
    masses.push_back(total);
  }
  auto words = philox({static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32), 0, 0}, options.seed);
  uint64_t word = uint64_t{words[0]} << 32 | words[1];
  double uniform = static_cast<double>(word >> 11) * 0x1p-53; // [0, 1)
  auto drawn = std::upper_bound(masses.begin(), masses.end(), uniform * total);
  size_t index = std::min<size_t>(drawn - masses.begin(), masses.size() - 1);
  return candidates[index].token;
}

} // namespace ingot::runtime
