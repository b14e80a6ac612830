//===- utf8.h - UTF-8 sequences in streams of bytes -----------------------===//
//
// Tokens may end in the middle of a character; readers of the output must not
// see half of one.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_UTF8_H
#define INGOT_RUNTIME_TEXT_UTF8_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ingot::text {

/// The length of the valid UTF-8 sequence that `bytes` begins with (RFC 3629:
/// no overlong forms, no surrogates, nothing above U+10FFFF), or 0.
size_t validSequenceLength(std::string_view bytes);

/// Takes one character from the front of a text that is not empty. A byte that
/// begins no valid sequence counts as U+FFFD.
uint32_t takeCharacter(std::string_view &text);

/// Appends a character as UTF-8.
void appendCharacter(uint32_t character, std::string &text);

/// Whether more bytes could complete the unfinished sequence that `bytes` is.
bool isIncompleteSequence(std::string_view bytes);

/// Releases bytes as soon as they are whole UTF-8 sequences. Bytes that can no
/// longer become one are released as they are or as U+FFFD.
class Utf8Stream {
public:
  enum class Invalid { keep, replace };

  explicit Utf8Stream(Invalid invalid = Invalid::keep) : invalid(invalid) {}

  /// Takes the next bytes, returns what is complete. Holds back three bytes
  /// at most.
  std::string append(std::string_view bytes);

  /// Ends the stream: returns what was held back and starts anew.
  std::string flush();

private:
  void release(std::string_view bytes, std::string &output) const;

  Invalid invalid;
  std::string pending;
};

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_UTF8_H
