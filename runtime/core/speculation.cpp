//===- speculation.cpp - guesses, and what became of them -----------------===//

#include "runtime/core/speculation.h"

#include <algorithm>

namespace ingot::runtime {

/// Texts may be longer; guessing then ends.
static constexpr uint32_t mostIndexed = 1 << 20;

Speculation::Speculation(Sequence &sequence, Clock clock)
    : sequence(sequence), clock(clock), index(std::min(sequence.length() + sequence.remaining(), mostIndexed)),
      used(sequence.length()) {}

void Speculation::record(int32_t token) {
  if (match.length)
    lengths.recordGuess(match.length, token == guess);
  index.append(token);
  match = index.find();
  if (match.length)
    index.copyContinuation(match, {&guess, 1});
}

void Speculation::observe(std::span<const int32_t> tokens) {
  for (int32_t token : tokens)
    record(token);
  used = sequence.length();
}

float *Speculation::append(int32_t token, uint32_t most) {
  record(token);
  bool wasGuessed = confirmed + 1 < rowCount && rows[confirmed + 1] == token;
  if (wasGuessed) {
    ++confirmed;
    ++used;
    ++acceptedTokens;
    return sequence.logits(confirmed);
  }
  // What was guessed wrongly is written over.
  sequence.rewind(used);
  uint32_t bound = std::min({most, sequence.mostLogits() - 1, sequence.remaining() - 1});
  uint32_t guesses = lengths.choose(match.length, bound);
  rows[0] = token;
  index.copyContinuation(match, std::span(rows).subspan(1, guesses));
  rowCount = guesses + 1;
  confirmed = 0;
  draftedTokens += guesses;
  double start = clock();
  float *logits = sequence.appendStep(std::span(rows).first(rowCount));
  lengths.recordStep(rowCount, clock() - start);
  ++used;
  return logits;
}

} // namespace ingot::runtime
