//===- pretokenizer.h - Cutting text into words ---------------------------===//
//
// Byte-level BPE merges inside words only; what a word is, a regular expression
// of the model says. Patterns run in PCRE2.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_PRETOKENIZER_H
#define INGOT_RUNTIME_TEXT_PRETOKENIZER_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::text {

/// The rule that cuts words; the numbers are written into executables.
enum class Pattern : uint32_t {
  basic = 0,  ///< llama.cpp's "default"
  gpt2 = 1,   ///< "gpt-2"
  smollm = 2, ///< "smollm": digits one by one, else as gpt2
  llama3 = 3, ///< "llama-bpe"
  qwen2 = 4,  ///< "qwen2"
};
inline constexpr uint32_t patternCount = 5;

/// One value of `tokenizer.ggml.pre` and what llama.cpp makes of it.
struct PreTokenizer {
  std::string_view name;
  Pattern pattern;
  bool ignoreMerges;       ///< see blob::ignoreMerges
  bool addBeginOfSequence; ///< unless the file says otherwise
};

std::span<const PreTokenizer> preTokenizers();

/// Cuts text as a Pattern says. Immutable once compiled.
class WordSplitter {
public:
  WordSplitter();
  ~WordSplitter();
  WordSplitter(WordSplitter &&) noexcept;
  WordSplitter &operator=(WordSplitter &&) noexcept;

  /// Returns nothing on success, else what PCRE2 says.
  std::optional<std::string> compile(Pattern pattern);

  /// Appends the lengths in bytes of the words of `text`; their sum is its
  /// size. A byte that is no UTF-8 counts as a symbol, like U+FFFD.
  void split(std::string_view text, std::vector<size_t> &lengths) const;

private:
  struct Expression;
  std::vector<Expression> expressions;
};

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_PRETOKENIZER_H
