//===- prompt_cache.cpp - from prompt to prompt ---------------------------===//

#include "runtime/core/prompt_cache.h"
#include "runtime/core/process.h"

#include <algorithm>

namespace ingot::runtime {

bool PromptCache::hold(std::span<const int32_t> prompt, const std::function<bool()> &stopped) {
  // The last token is computed in any case, for its logits.
  const size_t most = std::min(held.size(), prompt.size() - 1);
  keptTokens = std::mismatch(held.begin(), held.begin() + most, prompt.begin()).first - held.begin();
  if (!tokenSequence.canRewind(keptTokens))
    keptTokens = 0;
  tokenSequence.rewind(keptTokens);
  std::span<const int32_t> rest = prompt.subspan(keptTokens);
  tokenSequence.check(rest);
  auto goesOn = [&] { return !interrupted() && !(stopped && stopped()); };
  for (; rest.size() > model.entry.rows && goesOn(); rest = rest.subspan(model.entry.rows))
    tokenSequence.appendSilently(rest.first(model.entry.rows));
  const bool done = rest.size() <= model.entry.rows && goesOn() && tokenSequence.append(rest);
  held.assign(prompt.begin(), prompt.begin() + tokenSequence.length());
  return done;
}

void PromptCache::noteGenerated(std::span<const int32_t> tokens) {
  held.insert(held.end(), tokens.begin(), tokens.end());
  // An executor may have appended more than was asked of it: nobody knows what.
  held.resize(std::min<size_t>(held.size(), tokenSequence.length()));
}

} // namespace ingot::runtime
