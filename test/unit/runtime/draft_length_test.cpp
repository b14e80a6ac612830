//===- draft_length_test.cpp - when guesses pay ---------------------------===//

#include "runtime/core/draft_length.h"

#include <gtest/gtest.h>

using namespace ingot::runtime;

namespace {

/// Steps of `rows` rows take 1 + slope * (rows - 1).
DraftLength afterSteps(double slope) {
  DraftLength lengths;
  for (int i = 0; i < 100; ++i)
    for (uint32_t rows = 1; rows <= DraftLength::mostRows; ++rows)
      lengths.recordStep(rows, 1 + slope * (rows - 1));
  return lengths;
}

void recordGuesses(DraftLength &lengths, uint32_t matchLength, int right, int wrong) {
  for (int i = 0; i < 100; ++i)
    lengths.recordGuess(matchLength, i % (right + wrong) < right);
}

TEST(DraftLength, NothingIsGuessedBeforeAStepIsTimed) {
  DraftLength lengths;
  recordGuesses(lengths, 40, 1, 0);
  EXPECT_EQ(lengths.choose(40, 7), 0u);
  lengths.recordStep(1, 0.01);
  EXPECT_EQ(lengths.choose(40, 7), 7u);
  EXPECT_EQ(lengths.choose(0, 7), 0u);
}

TEST(DraftLength, DependsOnWhatIsRight) {
  DraftLength lengths = afterSteps(0.2);
  EXPECT_EQ(lengths.choose(2, 7), 0u);
  for (uint32_t match : {2u, 4u, 8u})
    recordGuesses(lengths, match, 1, 0);
  EXPECT_EQ(lengths.choose(2, 7), 7u);
  EXPECT_EQ(lengths.choose(2, 3), 3u);
  EXPECT_EQ(lengths.choose(1, 7), 0u) << "matches of another length say nothing";
  recordGuesses(lengths, 2, 1, 9);
  EXPECT_EQ(lengths.choose(2, 7), 0u);
}

TEST(DraftLength, DependsOnWhatAStepCosts) {
  for (double slope : {0.1, 0.5, 0.9, 1.0}) {
    DraftLength lengths = afterSteps(slope);
    for (uint32_t match : {2u, 4u, 8u})
      recordGuesses(lengths, match, 4, 1);
    // 0.8 of the first guesses are right, so more than 1.8 tokens per 1.9 of
    // the time do not come.
    EXPECT_EQ(lengths.choose(4, 7) > 0, slope < 0.7) << slope;
  }
}

TEST(DraftLength, OneSlowStepDoesNotEndIt) {
  DraftLength lengths = afterSteps(0.1);
  for (uint32_t match : {8u, 16u})
    recordGuesses(lengths, match, 1, 0);
  lengths.recordStep(8, 1000);
  EXPECT_GT(lengths.choose(8, 7), 0u);
  for (int i = 0; i < 20; ++i)
    for (uint32_t rows = 2; rows <= DraftLength::mostRows; ++rows)
      lengths.recordStep(rows, 1000);
  EXPECT_EQ(lengths.choose(8, 7), 0u);
}

} // namespace
