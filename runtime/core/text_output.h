//===- text_output.h - tokens to standard output as they come ---*- C++ -*-===//
//
// Writes each token's text at once, but never half a character. Allocates
// nothing, since it runs between two tokens.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_TEXT_OUTPUT_H
#define INGOT_RUNTIME_CORE_TEXT_OUTPUT_H

#include <cstddef>
#include <string_view>

namespace ingot::runtime {

class TextOutput {
public:
  /// Writes what was held back and `text`, up to the beginning of a UTF-8
  /// sequence that is not complete yet.
  void append(std::string_view text);

  /// Writes what was held back, and ends the last line.
  void finish();

private:
  void emit(std::string_view text);

  char held[4]; ///< the incomplete sequence
  size_t heldSize = 0;
  char last = '\n';
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_TEXT_OUTPUT_H
