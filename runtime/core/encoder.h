//===- encoder.h - whole texts to vectors -----------------------*- C++ -*-===//
//
// Builds the steps of an encoder: as many whole sequences in one as fit, their rows one
// after the other. There is no padding, and nothing is kept from step to step.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_ENCODER_H
#define INGOT_RUNTIME_CORE_ENCODER_H

#include "runtime/core/model.h"

#include <functional>
#include <span>
#include <vector>

namespace ingot::runtime {

using TokenList = std::vector<int32_t>;

class Encoder {
public:
  /// Allocates all that later steps need.
  explicit Encoder(Model &model);

  /// Most tokens of one sequence.
  uint32_t mostTokens() const;

  /// Elements of a vector.
  uint32_t columns() const { return model.entry.outputs[0].columns; }

  /// Takes the index of a sequence, and of a vector of it (0 where there is one of each sequence).
  using Sink = std::function<void(size_t sequence, size_t index, const float *vector)>;

  /// Runs all sequences, and passes their vectors on in order. Fails when one is empty or too long, or has a token
  /// outside the vocabulary. Returns false if the user interrupted.
  bool encode(std::span<const TokenList> sequences, const Sink &sink);

private:
  void check(std::span<const TokenList> sequences) const;
  /// How many of `sequences`, which begin with one that fits, one step takes.
  size_t countTogether(std::span<const TokenList> sequences) const;
  void run(std::span<const TokenList> sequences);

  Model &model;
  const bool givesEachRow;
  uint32_t pagesPerSequence;
  std::vector<int32_t> tokens, positions, rowSequences; ///< [entry.rows]
  std::vector<int32_t> wanted;                          ///< [entry.wanted_rows]
  std::vector<int32_t> pageTables;                      ///< [cache groups][sequences of the step][pagesPerSequence]
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_ENCODER_H
