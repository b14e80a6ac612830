//===- prompt_cache.h - from prompt to prompt -------------------*- C++ -*-===//
//
// A sequence that is asked for one prompt after the other. A conversation sends its
// whole history each time: what two prompts share from the start is kept.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_PROMPT_CACHE_H
#define INGOT_RUNTIME_CORE_PROMPT_CACHE_H

#include "runtime/core/sequence.h"

namespace ingot::runtime {

class PromptCache {
public:
  explicit PromptCache(Model &model) : model(model), tokenSequence(model) {}

  Sequence &sequence() { return tokenSequence; }

  /// Makes the sequence hold these tokens, of which there must be one and as many as the context takes at most. Returns
  /// whether it does: false if the user interrupted, or `stopped` said so between two steps. The logits are then those
  /// after the last one.
  bool hold(std::span<const int32_t> prompt, const std::function<bool()> &stopped = {});

  /// Tokens of the last `hold` that were there already.
  size_t kept() const { return keptTokens; }

  /// Tells what was generated after the prompt: all tokens, once their source has finished.
  void noteGenerated(std::span<const int32_t> tokens);

private:
  Model &model;
  Sequence tokenSequence;
  std::vector<int32_t> held; ///< the tokens of the sequence
  size_t keptTokens = 0;
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_PROMPT_CACHE_H
