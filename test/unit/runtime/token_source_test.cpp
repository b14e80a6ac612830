//===- token_source_test.cpp - whoever draws, the same tokens -------------===//

#include "fake_model.h"
#include "runtime/core/prompt_cache.h"
#include "runtime/core/token_source.h"
#include "runtime/cpu/machine.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace ingot::runtime;
using namespace ingot::runtime::test;

namespace {

/// Draws as far ahead as it may, before anybody asks for the first token.
class DrawingExecutor : public Executor {
public:
  DrawingExecutor(std::unique_ptr<Executor> steps, uint32_t most) : steps(std::move(steps)), most(most) {}

  const IngotVariant &variant() const override { return steps->variant(); }
  void run(const IngotStep &step, const IngotRowRange &range) override {
    const size_t pages = step.pages_per_sequence;
    pageTable.assign(step.page_tables, step.page_tables + pages);
    steps->run(step, range);
  }
  float *logits(uint32_t wanted) const override { return steps->logits(wanted); }
  uint32_t mostGenerated(const SamplerOptions &) const override { return most; }

  void startGenerating(const Generation &generation) override {
    EXPECT_LE(generation.tokens, most);
    EXPECT_LE(generation.recent.size(), Sampler::penaltyWindow);
    Sampler sampler(generation.sampler, fakeVocabulary);
    for (int32_t token : generation.recent)
      sampler.accept(token);
    drawn.clear();
    read = 0;
    for (uint32_t position = generation.position;; ++position) {
      const int32_t token = sampler.sample({logits(0), fakeVocabulary}, position);
      drawn.push_back(token);
      if (drawn.size() == generation.tokens || std::ranges::find(generation.ends, token) != generation.ends.end())
        return;
      sampler.accept(token);
      runOneRow(token, static_cast<int32_t>(position));
    }
  }
  std::optional<int32_t> nextToken() override { return drawn.at(read++); }
  uint32_t stopGenerating() override { return drawn.size(); }

  void finishLoading() override { steps->finishLoading(); }
  std::optional<MachineLimits> measureLimits() override { return std::nullopt; }
  void describe(JsonWriter &) const override {}

private:
  void runOneRow(int32_t token, int32_t position) {
    const int32_t zero = 0;
    IngotStep step = {};
    step.rows = step.sequences = step.wanted_rows = 1;
    step.pages_per_sequence = static_cast<uint32_t>(pageTable.size());
    step.tokens = &token;
    step.positions = &position;
    step.row_sequences = step.wanted = &zero;
    step.page_tables = pageTable.data();
    steps->run(step, *std::find_if(variant().ranges, variant().ranges + variant().range_count,
                                   [](const IngotRowRange &range) { return range.first == 1; }));
  }

  const std::unique_ptr<Executor> steps;
  const uint32_t most;
  std::vector<int32_t> pageTable, drawn;
  size_t read = 0;
};

/// `most`: tokens that its executors draw at a time; 0: none.
class DrawingMachine : public Machine {
public:
  explicit DrawingMachine(uint32_t most) : most(most) {}
  void declareOptions(Options &) override {}
  std::unique_ptr<Executor> open(const IngotDescriptor &descriptor, const IngotEntry &entry) override {
    return std::make_unique<DrawingExecutor>(machine.open(descriptor, entry), most);
  }
  void describeVariant(JsonWriter &, const IngotVariant &) const override {}
  void describe(JsonWriter &) const override {}

private:
  CpuMachine machine{{2, /*force=*/true}};
  const uint32_t most;
};

const std::vector<int32_t> prompt = {5, 9, 200, 17, 4};

/// With a sliding window or without.
class TokenSourceTest : public testing::TestWithParam<bool> {
protected:
  /// The first `count` tokens, of `wanted` that the source believes are wanted.
  std::vector<int32_t> draw(TokenSource &source, size_t count, uint64_t wanted) {
    std::vector<int32_t> tokens;
    while (tokens.size() < count) {
      tokens.push_back(source.next(wanted - tokens.size()).value());
      EXPECT_EQ(source.length(), prompt.size() + tokens.size() - 1);
    }
    source.finish();
    return tokens;
  }

  std::vector<int32_t> generate(uint32_t most, const SamplerOptions &options, size_t count) {
    DrawingMachine machine(most);
    Model model(descriptor, machine);
    Sequence sequence(model);
    sequence.append(prompt);
    return draw(*makeTokenSource(model, sequence, nullptr, options, prompt, nullptr), count, count);
  }

  IngotDescriptor descriptor = makeFakeDescriptor({.window = GetParam()});
};

INSTANTIATE_TEST_SUITE_P(Window, TokenSourceTest, testing::Bool());

TEST_P(TokenSourceTest, MoreTokensThanTheExecutorDrawsAtATime) {
  const SamplerOptions greedy = {.temperature = 0, .repeatPenalty = 1.5}, drawn = {.temperature = 2, .seed = 11};
  for (const SamplerOptions &options : {greedy, drawn}) {
    // More than the penalty looks back at, and up to the last position: the last token takes none.
    const size_t count = fakeContext - prompt.size() + 1;
    const std::vector<int32_t> expected = generate(0, options, count);
    for (uint32_t most : {1u, 7u, 65u, static_cast<uint32_t>(count), 1000u})
      EXPECT_EQ(generate(most, options, count), expected) << most;
  }
}

TEST_P(TokenSourceTest, EndsWithAnEndToken) {
  const SamplerOptions options = {.temperature = 0};
  const std::vector<int32_t> expected = generate(0, options, 30);
  const int32_t end = expected[19];
  const size_t count = std::find(expected.begin(), expected.end(), end) - expected.begin() + 1;
  DrawingMachine machine(16);
  Model model(descriptor, machine);
  Sequence sequence(model);
  sequence.append(prompt);
  auto source = makeTokenSource(model, sequence, nullptr, options, prompt, [&](int32_t token) { return token == end; });
  EXPECT_EQ(draw(*source, count, 1000), std::vector<int32_t>(expected.begin(), expected.begin() + count));
  EXPECT_EQ(sequence.length(), prompt.size() + count - 1);
}

/// Tokens that were drawn and not asked for stand in the sequence, and nobody knows which.
TEST_P(TokenSourceTest, WhatWasDrawnInVainIsForgotten) {
  DrawingMachine machine(12);
  Model model(descriptor, machine);
  PromptCache cache(model);
  ASSERT_TRUE(cache.hold(prompt));
  const std::vector<int32_t> tokens =
      draw(*makeTokenSource(model, cache.sequence(), nullptr, {.temperature = 0}, prompt, nullptr), 3, 100);
  EXPECT_EQ(cache.sequence().length(), prompt.size() + 11);
  cache.noteGenerated(tokens);
  std::vector<int32_t> next = prompt;
  next.insert(next.end(), tokens.begin(), tokens.end());
  next.insert(next.end(), {0, 0, 0, 8});
  ASSERT_TRUE(cache.hold(next));
  EXPECT_EQ(cache.kept(), prompt.size() + tokens.size());
  const std::vector<float> expected = fakeLogits(next, GetParam());
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), cache.sequence().logits(0)));
}

} // namespace
