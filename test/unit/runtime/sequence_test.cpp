//===- sequence_test.cpp - chunks, positions, pages -----------------------===//

#include "fake_model.h"
#include "runtime/core/sequence.h"
#include "runtime/cpu/machine.h"

#include <gtest/gtest.h>
#include <sched.h>

using namespace ingot::runtime;
using namespace ingot::runtime::test;

namespace {

std::vector<int32_t> makeTokens(size_t count) {
  std::vector<int32_t> tokens(count);
  for (size_t i = 0; i < count; ++i)
    tokens[i] = static_cast<int32_t>(i * i * 31 % fakeVocabulary);
  return tokens;
}

std::vector<float> copy(const float *logits) { return {logits, logits + fakeVocabulary}; }

std::vector<uint32_t> stepRows;

class SequenceTest : public testing::TestWithParam<uint32_t> {
protected:
  void SetUp() override {
    stepRows.clear();
    fakeStepHook = [](const IngotStep *step) { stepRows.push_back(step->rows); };
  }
  void TearDown() override { fakeStepHook = nullptr; }

  IngotDescriptor descriptor = makeFakeDescriptor();
  CpuMachine machine{{GetParam(), /*force=*/true}};
  Model model{descriptor, machine};
  Sequence sequence{model};
};

INSTANTIATE_TEST_SUITE_P(Workers, SequenceTest, testing::Values(1u, 2u, 3u));

TEST_P(SequenceTest, CutsAPromptIntoChunks) {
  std::vector<int32_t> tokens = makeTokens(70);
  EXPECT_EQ(copy(sequence.append(tokens)), fakeLogits(tokens));
  EXPECT_EQ(stepRows, (std::vector<uint32_t>{32, 32, 6}));
  EXPECT_EQ(sequence.length(), 70u);
  EXPECT_EQ(sequence.remaining(), fakeContext - 70);
  int32_t next = 5;
  tokens.push_back(next);
  EXPECT_EQ(copy(sequence.append({&next, 1})), fakeLogits(tokens));
}

TEST_P(SequenceTest, RewindsAndContinues) {
  std::vector<int32_t> tokens = makeTokens(40);
  sequence.append(makeTokens(60));
  sequence.rewind(0);
  sequence.appendSilently(tokens);
  sequence.rewind(20);
  int32_t next = 7;
  tokens.resize(20);
  tokens.push_back(next);
  EXPECT_EQ(copy(sequence.append({&next, 1})), fakeLogits(tokens));
}

TEST_P(SequenceTest, AllLogitsInPiecesOfAnySize) {
  std::vector<int32_t> tokens = makeTokens(45);
  for (uint32_t piece : {0u, 1u, 5u, 8u, 13u, 32u, 1000u}) {
    sequence.rewind(0);
    stepRows.clear();
    size_t expected = 0;
    sequence.appendAll(tokens, piece, [&](size_t index, const float *logits) {
      EXPECT_EQ(index, expected++);
      EXPECT_EQ(copy(logits), fakeLogits({tokens.begin(), tokens.begin() + index + 1}));
    });
    EXPECT_EQ(expected, tokens.size());
    uint32_t rows = piece == 0 ? fakeWantedRows : std::min(piece, fakeRows);
    EXPECT_EQ(stepRows[0], rows);
  }
}

class WindowTest : public testing::Test {
protected:
  IngotDescriptor descriptor = makeFakeDescriptor({.window = true});
  CpuMachine machine{{2, /*force=*/true}};
  Model model{descriptor, machine};
  Sequence sequence{model};
  static constexpr uint32_t ringRows = fakeRingPages * fakePageRows;
};

TEST_F(WindowTest, ARingHoldsTheWindowOfEveryStep) {
  std::vector<int32_t> tokens = makeTokens(fakeContext);
  for (uint32_t piece : {1u, 13u, 32u}) {
    sequence.rewind(0);
    sequence.appendAll(tokens, piece, [&](size_t index, const float *logits) {
      ASSERT_EQ(copy(logits), fakeLogits({tokens.begin(), tokens.begin() + index + 1}, /*window=*/true)) << index;
    });
  }
}

TEST_F(WindowTest, RewindsAsFarAsTheRingHolds) {
  std::vector<int32_t> tokens = makeTokens(150);
  sequence.append(tokens);
  // The ring holds positions 86 to 149, and position 105 looks at 86 to 105.
  uint32_t least = 150 - ringRows + fakeWindow - 1;
  EXPECT_FALSE(sequence.canRewind(least - 1));
  for (uint32_t length : {149u, 150 - fakeRows, least}) {
    ASSERT_TRUE(sequence.canRewind(length));
    sequence.rewind(length);
    // What was forgotten stays lost, however little is appended.
    EXPECT_FALSE(sequence.canRewind(least - 1));
    std::vector<int32_t> expected(tokens.begin(), tokens.begin() + length);
    expected.push_back(7);
    tokens = expected;
    int32_t next = 7;
    EXPECT_EQ(copy(sequence.append({&next, 1})), fakeLogits(expected, /*window=*/true));
  }
  EXPECT_EXIT(sequence.rewind(40), testing::ExitedWithCode(1),
              "cannot go back from position 150 to 40: a sliding window has let go of what position 40 looks at; begin "
              "again at 0");
  sequence.rewind(0);
  tokens = makeTokens(50);
  sequence.append(tokens);
  EXPECT_TRUE(sequence.canRewind(1)) << "the ring was never full";
  sequence.rewind(1);
  tokens.resize(2);
  EXPECT_EQ(copy(sequence.append({&tokens[1], 1})), fakeLogits(tokens, /*window=*/true));
}

TEST_P(SequenceTest, TheContextIsALimit) {
  sequence.append(makeTokens(fakeContext));
  EXPECT_EQ(sequence.remaining(), 0u);
  sequence.rewind(150);
  EXPECT_EXIT(sequence.append(makeTokens(51)), testing::ExitedWithCode(1),
              "51 tokens after 150 are more than the context of 200 positions; "
              "shorten the text, or compile the model with a larger --context");
}

TEST_P(SequenceTest, TokensMustBeOfTheVocabulary) {
  EXPECT_EXIT(sequence.append(std::vector<int32_t>{1, 259}), testing::ExitedWithCode(1),
              "token 259 is outside the vocabulary of 259 tokens");
}

TEST(CpuMachine, ClampsThreadsToTheCpus) {
  cpu_set_t before, one;
  sched_getaffinity(0, sizeof(before), &before);
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof(one), &one);
  testing::internal::CaptureStderr();
  EXPECT_EQ(chooseWorkers({}), 1u);
  EXPECT_EQ(chooseWorkers({8, /*force=*/true}), 8u);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  testing::internal::CaptureStderr();
  EXPECT_EQ(chooseWorkers({8}), 1u);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "ingot: note: --threads 8: this process may use 1 CPU; using 1 (--threads-force keeps 8)\n");
  sched_setaffinity(0, sizeof(before), &before);
}

TEST(Model, RefusesAnotherVersion) {
  IngotDescriptor descriptor = makeFakeDescriptor();
  descriptor.version = 99;
  EXPECT_EXIT(checkDescriptor(descriptor), testing::ExitedWithCode(1), "of different versions");
}

} // namespace
