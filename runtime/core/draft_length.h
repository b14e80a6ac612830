//===- draft_length.h - how many guessed tokens pay -------------*- C++ -*-===//
//
// A step of several rows costs more than one of a single row, and guesses that
// are wrong bring nothing. Both are known from experience only: how long steps
// of each size took, and how often the next token was the guessed one after
// matches of each length. The second is counted whether a guess was run or not,
// so that text on which guessing does not pay costs nothing to find out, and
// text on which it pays is noticed.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_DRAFT_LENGTH_H
#define INGOT_RUNTIME_CORE_DRAFT_LENGTH_H

#include <array>
#include <cstdint>

namespace ingot::runtime {

class DraftLength {
public:
  /// Rows of the largest step: a token and its guesses. The generated code has
  /// a row range of its own for steps of 2 to 8 rows.
  static constexpr uint32_t mostRows = 8;

  /// What a step of so many rows took.
  void recordStep(uint32_t rows, double seconds);

  /// Whether the token after a match of this length was the guessed one.
  void recordGuess(uint32_t matchLength, bool right);

  /// The number of guessed tokens, at most `most`, that gives the most tokens
  /// per second after a match of this length; 0 when guessing does not pay.
  uint32_t choose(uint32_t matchLength, uint32_t most) const;

private:
  static uint32_t classOf(uint32_t matchLength);

  /// The chance that a guess is right after matches of 1, 2-3, 4-7, 8-15, 16-31
  /// and more tokens. Low at first: what a text allows shows at no cost.
  std::array<double, 6> chances = {0.05, 0.1, 0.2, 0.4, 0.6, 0.7};
  /// Of steps of [rows - 1], relative to `singleSeconds`.
  std::array<double, mostRows> costs = {1, 1.3, 1.4, 1.5, 2, 2.2, 2.3, 2.4};
  double singleSeconds = 0; ///< 0: not known yet
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_DRAFT_LENGTH_H
