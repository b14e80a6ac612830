//===- sequence.h - one text, position by position --------------*- C++ -*-===//
//
// Builds the steps of a single sequence: cuts tokens into pieces, numbers their
// positions, and asks for the logits that are wanted.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_SEQUENCE_H
#define INGOT_RUNTIME_CORE_SEQUENCE_H

#include "runtime/core/model.h"

#include <functional>
#include <span>
#include <vector>

namespace ingot::runtime {

class Sequence {
public:
  /// Starts at position 0. Allocates all that later steps need.
  explicit Sequence(Model &model);

  /// Positions in use.
  uint32_t length() const { return used; }

  /// Positions still free.
  uint32_t remaining() const { return model.context() - used; }

  /// Whether all that a token at position `length` looks at is still there: a cache of a sliding window keeps the last
  /// positions only. Always so for 0, and within the tokens of the last step.
  bool canRewind(uint32_t length) const;

  /// Forgets all positions from `length` on. Fails unless `canRewind`.
  void rewind(uint32_t length);

  /// Appends tokens in pieces of at most entry.rows. Returns the logits after
  /// the last token, or nullptr if the user interrupted between pieces. `count`
  /// must be at least 1. Fails when a token is outside the vocabulary or the
  /// context is exceeded.
  float *append(std::span<const int32_t> tokens);

  /// The same in one step, of at most `mostLogits` tokens, with the logits after
  /// each of them, see `logits`.
  float *appendStep(std::span<const int32_t> tokens);

  /// Tokens that one step can give logits for.
  uint32_t mostLogits() const;

  /// The logits after token `index` of the last `appendStep`.
  float *logits(uint32_t index) const { return model.logits(index); }

  /// The same as `append`, without any logits.
  void appendSilently(std::span<const int32_t> tokens);

  /// Takes the index of a token in the span given, and its logits.
  using Sink = std::function<void(size_t index, const float *logits)>;

  /// The same, with the logits after every token. Pieces are of `pieceRows`
  /// rows, or at most entry.wanted_rows if that is 0. A piece with more rows
  /// than entry.wanted_rows runs several times, each for other logits; a step
  /// writes the same cache rows each time.
  void appendAll(std::span<const int32_t> tokens, uint32_t pieceRows, const Sink &sink);

  /// Takes note of tokens that the executor itself appended: see Executor::startGenerating.
  void noteAppended(uint32_t tokens);

  /// Fails when `append` of these tokens would.
  void check(std::span<const int32_t> tokens) const;

private:
  void run(const int32_t *tokens, uint32_t rows, uint32_t firstWanted, uint32_t wantedRows);

  Model &model;
  uint32_t used = 0;
  uint32_t written = 0; ///< positions, since the first one was written last
  uint32_t pagesPerSequence;
  std::vector<int32_t> positions;    ///< [entry.rows]
  std::vector<int32_t> rowSequences; ///< [entry.rows], all 0
  std::vector<int32_t> wanted;       ///< [entry.wanted_rows]
  std::vector<int32_t> pageTables;   ///< of every cache group, identity
};

/// Pages of a sequence in the cache group that takes the most: the row stride of a step's page tables.
uint32_t countPagesPerSequence(const IngotDescriptor &descriptor);

/// For every cache group, pages 0, 1, … for the pages of one sequence.
std::vector<int32_t> makeIdentityPages(const IngotDescriptor &descriptor);

/// Whether all that a row at `position` looks at is there once `written` positions of its sequence are.
bool holdsWindow(const IngotCacheGroup &group, uint32_t position, uint32_t written);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_SEQUENCE_H
