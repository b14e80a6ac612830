//===- speculation.h - several tokens from one step -------------*- C++ -*-===//
//
// Runs guessed tokens in the same step as the token before them. Where the
// sampler then chooses what was guessed, the logits after it are there already.
// A row has the same bits whatever else is in its step, and the sampler draws
// by position, so the text is the one that steps of one row give.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_SPECULATION_H
#define INGOT_RUNTIME_CORE_SPECULATION_H

#include "runtime/core/draft_length.h"
#include "runtime/core/ngram_index.h"
#include "runtime/core/process.h"
#include "runtime/core/sequence.h"

#include <array>

namespace ingot::runtime {

class Speculation {
public:
  /// Seconds on a clock that only runs forward.
  using Clock = double (*)();

  /// Guesses what follows the tokens of `sequence`, which it extends; steps are
  /// timed by `clock`. Allocates all that later steps need.
  explicit Speculation(Sequence &sequence, Clock clock = now);

  /// Tells tokens that the sequence holds already: the prompt.
  void observe(std::span<const int32_t> tokens);

  /// Appends a token and returns the logits after it, or nullptr if the user
  /// interrupted. Guesses at most `most` tokens after it, which the sequence may
  /// then hold beyond `length`.
  float *append(int32_t token, uint32_t most);

  /// Positions in use, guesses left out.
  uint32_t length() const { return used; }

  uint64_t drafted() const { return draftedTokens; }
  uint64_t accepted() const { return acceptedTokens; }

private:
  void record(int32_t token);

  Sequence &sequence;
  Clock clock;
  NgramIndex index;
  DraftLength lengths;
  NgramIndex::Match match; ///< of the text's end
  int32_t guess = 0;       ///< after it, if there is a match
  uint32_t used;

  /// The step that ran last: a token and guesses after it, of which the first
  /// `confirmed` were right.
  std::array<int32_t, DraftLength::mostRows> rows;
  uint32_t rowCount = 0;
  uint32_t confirmed = 0;

  uint64_t draftedTokens = 0;
  uint64_t acceptedTokens = 0;
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_SPECULATION_H
