//===- ggml_pretokenizers.h - The pre-tokenizers that GGUF files name -----===//
//
// A GGUF file only names its pre-tokenizer (`tokenizer.ggml.pre`); what the
// name means is written in src/llama-vocab.cpp of llama.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_GGML_PRETOKENIZERS_H
#define INGOT_RUNTIME_TEXT_GGML_PRETOKENIZERS_H

#include <cstdint>
#include <span>
#include <string_view>

namespace ingot::text {

enum PreTokenizerFlag : uint32_t {
  /// ContentsFlag::wholePieces.
  ignoresMerges = 1,
  /// Unless the file says otherwise.
  beginsSequence = 2,
  /// Merges characters, with spaces written as U+2581, instead of bytes.
  mergesCharacters = 4,
  /// ContentsFlag::wholeLineFeeds.
  keepsLineFeeds = 8,
  /// "<mask>" or "[MASK]" takes the white space to its left.
  stripsBeforeMask = 16,
};

/// One value of `tokenizer.ggml.pre` and what llama.cpp makes of it.
struct PreTokenizer {
  std::string_view name;
  /// In the syntax of regex_syntax.h. Applied one after the other, each inside
  /// the words of the one before; what lies between two matches is a word too.
  std::span<const std::string_view> patterns;
  uint32_t flags = 0; ///< PreTokenizerFlag bits
};

/// The first one is the default.
std::span<const PreTokenizer> preTokenizers();

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_GGML_PRETOKENIZERS_H
