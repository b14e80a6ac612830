//===- sampler_test.cpp - filters, randomness, reproducibility ------------===//

#include "runtime/core/sampler.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <map>

using namespace ingot::runtime;

namespace {

SamplerOptions plain() { // no filter
  SamplerOptions options;
  options.temperature = 1;
  options.topK = 0;
  options.topP = 1;
  options.minP = 0;
  options.seed = 42;
  return options;
}

std::map<int32_t, double> frequencies(const SamplerOptions &options, const std::vector<float> &logits,
                                      int draws = 20000) {
  Sampler sampler(options, logits.size());
  std::map<int32_t, double> result;
  for (int position = 0; position < draws; ++position) {
    std::vector<float> copy = logits;
    result[sampler.sample(copy, position)] += 1.0 / draws;
  }
  return result;
}

const std::vector<float> fiveLogits = {std::log(0.05f), std::log(0.4f), std::log(0.1f), std::log(0.3f),
                                       std::log(0.15f)};

TEST(Sampler, PhiloxKnownAnswers) {
  // kat_vectors of the Random123 distribution.
  EXPECT_EQ(philox({0, 0, 0, 0}, 0), (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, ~uint64_t{0}),
            (std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0x299f31d0a4093822),
            (std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Sampler, Exponential) {
  EXPECT_EQ(exponential(0), 1);
  EXPECT_EQ(exponential(-INFINITY), 0);
  EXPECT_EQ(exponential(NAN), 0);
  for (double x = 0; x > -690; x -= 0.37)
    EXPECT_NEAR(exponential(x) / std::exp(x), 1, 5e-16) << x;
}

TEST(Sampler, GreedyTakesTheFirstOfTheLargest) {
  SamplerOptions options;
  options.temperature = 0;
  Sampler sampler(options, 5000);
  std::vector<float> logits = {1, 3, 3, 2};
  EXPECT_EQ(sampler.sample(logits, 0), 1);
  // Larger than what is looked through at a time, with as large numbers in several parts, and at the end of the last.
  std::vector<float> many(5000, -1);
  for (size_t last : {4999, 4097, 4096, 2500, 1024, 1023, 0}) {
    many[last] = 2;
    EXPECT_EQ(sampler.sample(many, 0), static_cast<int32_t>(last));
  }
  std::vector<float> broken = {NAN, NAN, NAN, NAN};
  EXPECT_EQ(sampler.sample(broken, 0), -1);
  std::vector<float> infinite = {0, INFINITY, 0, 0};
  EXPECT_EQ(sampler.sample(infinite, 0), -1);
}

TEST(Sampler, FollowsTheDistribution) {
  auto result = frequencies(plain(), fiveLogits);
  EXPECT_NEAR(result[0], 0.05, 0.01);
  EXPECT_NEAR(result[1], 0.40, 0.01);
  EXPECT_NEAR(result[2], 0.10, 0.01);
  EXPECT_NEAR(result[3], 0.30, 0.01);
  EXPECT_NEAR(result[4], 0.15, 0.01);
}

TEST(Sampler, Temperature) {
  SamplerOptions options = plain();
  options.temperature = 0.5; // squares the probabilities
  auto result = frequencies(options, fiveLogits);
  double total = 0.0025 + 0.16 + 0.01 + 0.09 + 0.0225;
  EXPECT_NEAR(result[1], 0.16 / total, 0.01);
  EXPECT_NEAR(result[3], 0.09 / total, 0.01);
}

TEST(Sampler, TopK) {
  SamplerOptions options = plain();
  options.topK = 2;
  auto result = frequencies(options, fiveLogits);
  EXPECT_EQ(result.size(), 2u);
  EXPECT_NEAR(result[1], 0.4 / 0.7, 0.015);
  EXPECT_NEAR(result[3], 0.3 / 0.7, 0.015);
}

TEST(Sampler, TopP) {
  SamplerOptions options = plain();
  options.topP = 0.75; // 0.4 + 0.3 do not suffice, the third one does
  auto result = frequencies(options, fiveLogits);
  EXPECT_EQ(result.size(), 3u);
  EXPECT_NEAR(result[4], 0.15 / 0.85, 0.01);
}

TEST(Sampler, MinP) {
  SamplerOptions options = plain();
  options.minP = 0.3; // at least 0.12
  auto result = frequencies(options, fiveLogits);
  EXPECT_EQ(result.size(), 3u);
  options.minP = 1;
  EXPECT_EQ(frequencies(options, fiveLogits).size(), 1u);
}

TEST(Sampler, RepeatPenaltyOncePerToken) {
  SamplerOptions options = plain();
  options.repeatPenalty = 2;
  Sampler sampler(options, 3);
  sampler.accept(0);
  sampler.accept(0);
  sampler.accept(2);
  std::vector<float> logits = {2, 2, -1};
  sampler.sample(logits, 0);
  EXPECT_EQ(logits, (std::vector<float>{1, 2, -2}));
  // 64 tokens later they are forgotten.
  for (int i = 0; i < 64; ++i)
    sampler.accept(1);
  logits = {2, 2, -1};
  sampler.sample(logits, 1);
  EXPECT_EQ(logits, (std::vector<float>{2, 1, -1}));
}

TEST(Sampler, SeedAndPositionDecide) {
  std::vector<float> logits(1000);
  for (size_t i = 0; i < logits.size(); ++i)
    logits[i] = static_cast<float>(i * 7919 % 1000) / 300;
  auto draw = [&](uint64_t seed, uint64_t position) {
    SamplerOptions options;
    options.seed = seed;
    Sampler sampler(options, logits.size());
    std::vector<float> copy = logits;
    return sampler.sample(copy, position);
  };
  EXPECT_EQ(draw(1, 5), draw(1, 5));
  int differs = 0;
  for (uint64_t i = 0; i < 20; ++i)
    differs += (draw(1, i) != draw(2, i)) + (draw(1, i) != draw(1, i + 1));
  EXPECT_GT(differs, 30);
}

TEST(Sampler, FiltersOfALargeVocabularyMatchAFullSort) {
  const size_t vocabulary = 50000;
  std::vector<float> logits(vocabulary);
  for (size_t i = 0; i < vocabulary; ++i)
    logits[i] = static_cast<float>(philox({uint32_t(i), 0, 0, 0}, 7)[0] % 4096) / 512; // many ties
  std::vector<int32_t> order(vocabulary);
  for (size_t i = 0; i < vocabulary; ++i)
    order[i] = static_cast<int32_t>(i);
  std::sort(order.begin(), order.end(),
            [&](int32_t a, int32_t b) { return logits[a] > logits[b] || (logits[a] == logits[b] && a < b); });
  for (double topP : {0.001, 0.3, 0.9}) {
    double total = 0;
    for (float logit : logits)
      total += std::exp(double{logit} - 8);
    double cumulative = 0;
    size_t kept = 0;
    while (cumulative < topP * total)
      cumulative += std::exp(double{logits[order[kept++]]} - 8);
    SamplerOptions options = plain();
    options.topP = topP;
    Sampler sampler(options, vocabulary);
    std::vector<bool> allowed(vocabulary);
    for (size_t i = 0; i < kept; ++i)
      allowed[order[i]] = true;
    for (int position = 0; position < 50; ++position) {
      std::vector<float> copy = logits;
      EXPECT_TRUE(allowed[sampler.sample(copy, position)]);
    }
  }
  SamplerOptions options = plain();
  options.topK = 100;
  Sampler sampler(options, vocabulary);
  for (int position = 0; position < 200; ++position) {
    std::vector<float> copy = logits;
    int32_t token = sampler.sample(copy, position);
    EXPECT_LT(std::find(order.begin(), order.end(), token) - order.begin(), 100);
  }
}

} // namespace
