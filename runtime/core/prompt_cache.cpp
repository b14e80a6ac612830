//===- prompt_cache.cpp - from prompt to prompt ---------------------------===//

#include "runtime/core/prompt_cache.h"

#include <algorithm>

namespace ingot::runtime {

bool PromptCache::hold(std::span<const int32_t> prompt) {
  // The last token is computed in any case, for its logits.
  const size_t most = std::min(held.size(), prompt.size() - 1);
  keptTokens = std::mismatch(held.begin(), held.begin() + most, prompt.begin()).first - held.begin();
  if (!tokenSequence.canRewind(keptTokens))
    keptTokens = 0;
  tokenSequence.rewind(keptTokens);
  const bool done = tokenSequence.append(prompt.subspan(keptTokens));
  held.assign(prompt.begin(), prompt.begin() + tokenSequence.length());
  return done;
}

void PromptCache::noteGenerated(std::span<const int32_t> tokens) {
  held.insert(held.end(), tokens.begin(), tokens.end());
  held.resize(tokenSequence.length());
}

} // namespace ingot::runtime
