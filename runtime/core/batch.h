//===- batch.h - several texts, a token of each in a step -------*- C++ -*-===//
//
// The steps of many texts that are decoded together, all of the same length: what
// `bench` measures.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_BATCH_H
#define INGOT_RUNTIME_CORE_BATCH_H

#include "runtime/core/model.h"

#include <span>
#include <vector>

namespace ingot::runtime {

class Batch {
public:
  /// `sequences` texts without a token. Fails with a message where the entry's bounds or its caches hold fewer.
  /// Allocates all that later steps need.
  Batch(Model &model, uint32_t sequences);

  /// Forgets all positions of all texts from `length` on.
  void rewind(uint32_t length) { used = length; }

  /// Appends the same tokens to every text, without any logits.
  void fill(std::span<const int32_t> tokens);

  /// Appends one token to each text, `tokens` [sequences], in one step with the logits after each.
  void append(std::span<const int32_t> tokens);

private:
  /// A step of all texts, without rows yet.
  IngotStep beginStep() const;

  Model &model;
  const uint32_t sequences;
  uint32_t used = 0;
  uint32_t pagesPerSequence;
  std::vector<int32_t> positions;    ///< [entry.rows]
  std::vector<int32_t> rowSequences; ///< [entry.rows]
  std::vector<int32_t> wanted;       ///< [sequences]: 0, 1, …
  std::vector<int32_t> pageTables;   ///< of every cache group and text, pages of its own
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_BATCH_H
