//===- added_tokens.h - Spellings that are tokens whatever the model says -===//
//
// Special tokens and others that a tokenizer finds in a text before its model
// sees the rest.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_ADDED_TOKENS_H
#define INGOT_RUNTIME_TEXT_ADDED_TOKENS_H

#include "runtime/text/vocabulary.h"

#include <array>
#include <vector>

namespace ingot::text {

/// A part of a text: still text, or an added token found in it.
struct Fragment {
  std::string_view text;
  int32_t token = noToken;
};

/// The added tokens of a vocabulary that are looked for in raw or in normalized
/// text.
class AddedTokens {
public:
  AddedTokens() = default;
  AddedTokens(const Vocabulary &vocabulary, bool inNormalizedText);

  bool empty() const { return tokens.empty(); }

  /// Cuts `text` at the added tokens. Without `parseSpecial` control and unknown
  /// tokens are left in the text. No fragment is empty text.
  std::vector<Fragment> partition(std::string_view text, bool parseSpecial) const;

private:
  struct Token {
    std::string_view spelling;
    int32_t id;
    uint8_t flags;
    bool isSpecial;
  };
  std::vector<Fragment> partitionLongestFirst(std::string_view text, bool parseSpecial) const;
  std::vector<Fragment> partitionLeftmost(std::string_view text, bool parseSpecial) const;

  std::vector<Token> tokens; ///< longest first; leftmost: by first byte, of these the longest first
  std::array<uint32_t, 257> startOfByte = {};
  bool leftmost = false;
};

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_ADDED_TOKENS_H
