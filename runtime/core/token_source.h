//===- token_source.h - the tokens of a text, one by one --------*- C++ -*-===//
//
// Continues a sequence whose prompt has been appended. Which token is drawn depends on
// the sampler's options alone, not on who draws it.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_TOKEN_SOURCE_H
#define INGOT_RUNTIME_CORE_TOKEN_SOURCE_H

#include "runtime/core/speculation.h"

#include <functional>

namespace ingot::runtime {

class TokenSource {
public:
  virtual ~TokenSource() = default;

  /// The next token, of `most` > 0 that are still wanted; the one before it has been appended. -1 where the logits are
  /// no numbers; nothing if the user interrupted.
  virtual std::optional<int32_t> next(uint64_t most) = 0;

  /// Positions in use before the last token, which is the one that it would take.
  virtual uint32_t length() const = 0;

  /// Ends the text; the sequence then holds all tokens but the last.
  virtual void finish() {}
};

/// `prompt` are the tokens that the sequence will hold; `isEnd` says which tokens end a text (null: none). Tokens are
/// drawn by the executor where it does so with these options; otherwise, and with `speculation` (null: none), by a
/// Sampler. Allocates all that later calls need.
std::unique_ptr<TokenSource> makeTokenSource(Model &model, Sequence &sequence, Speculation *speculation,
                                             const SamplerOptions &options, std::span<const int32_t> prompt,
                                             const std::function<bool(int32_t)> &isEnd);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_TOKEN_SOURCE_H
