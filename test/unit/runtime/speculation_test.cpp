//===- speculation_test.cpp - the same logits in fewer steps --------------===//

#include "fake_model.h"
#include "runtime/core/speculation.h"
#include "runtime/cpu/machine.h"

#include <gtest/gtest.h>

using namespace ingot::runtime;
using namespace ingot::runtime::test;

namespace {

uint32_t steps;

/// By this clock a step takes one second, however many rows it has.
double countSeconds() {
  static double seconds = 0;
  return ++seconds;
}

/// With a sliding window or without.
class SpeculationTest : public testing::TestWithParam<bool> {
protected:
  void SetUp() override {
    steps = 0;
    fakeStepHook = [](const IngotStep *) { ++steps; };
  }
  void TearDown() override { fakeStepHook = nullptr; }

  /// Appends a text token by token after a prompt and compares all logits.
  void follow(const std::vector<int32_t> &text, size_t prompt, uint32_t most = 7) {
    std::vector<int32_t> tokens(text.begin(), text.begin() + prompt);
    sequence.append(tokens);
    speculation.observe(tokens);
    for (size_t i = prompt; i < text.size(); ++i) {
      EXPECT_EQ(speculation.length(), i);
      tokens.push_back(text[i]);
      float *logits = speculation.append(text[i], most);
      ASSERT_EQ(std::vector<float>(logits, logits + fakeVocabulary), fakeLogits(tokens, GetParam())) << i;
      // As the sampler's repeat penalty does.
      logits[0] += 1;
    }
    EXPECT_EQ(speculation.length(), text.size());
  }

  IngotDescriptor descriptor = makeFakeDescriptor({.window = GetParam()});
  CpuMachine machine{{2, /*force=*/true}};
  Model model{descriptor, machine};
  Sequence sequence{model};
  Speculation speculation{sequence, countSeconds};
};

INSTANTIATE_TEST_SUITE_P(Window, SpeculationTest, testing::Bool());

TEST_P(SpeculationTest, RepeatedTextTakesFewSteps) {
  std::vector<int32_t> text;
  for (int32_t i = 0; i < static_cast<int32_t>(fakeContext); ++i)
    text.push_back(i % 10);
  follow(text, 100);
  EXPECT_LT(steps, 50u);
  EXPECT_GT(speculation.accepted(), 60u);
  EXPECT_LE(speculation.accepted(), speculation.drafted());
}

TEST_P(SpeculationTest, WrongGuessesAreWrittenOver) {
  // Every second period differs in one place.
  std::vector<int32_t> text;
  for (int32_t i = 0; i < static_cast<int32_t>(fakeContext); ++i)
    text.push_back(i % 20 == 15 ? 30 + i : i % 10);
  follow(text, 100);
  EXPECT_GT(speculation.drafted(), speculation.accepted());
  EXPECT_GT(speculation.accepted(), 20u);
}

TEST_P(SpeculationTest, NewTextIsNotGuessed) {
  std::vector<int32_t> text;
  for (int32_t i = 0; i < static_cast<int32_t>(fakeContext); ++i)
    text.push_back(i);
  follow(text, 20);
  EXPECT_EQ(speculation.drafted(), 0u);
}

TEST_P(SpeculationTest, NoMoreGuessesThanAreOfUse) {
  std::vector<int32_t> text(50, 1);
  follow(text, 30, 0);
  EXPECT_EQ(speculation.drafted(), 0u);
}

} // namespace
