//===- lexer.h - A template's source as tokens ------------------*- C++ -*-===//
//
// As Jinja 3.1 cuts it (https://jinja.palletsprojects.com/en/stable/templates/),
// with trim_blocks and lstrip_blocks, which Hugging Face transformers sets for chat
// templates.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_TEMPLATE_LEXER_H
#define INGOT_RUNTIME_TEXT_TEMPLATE_LEXER_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::text::jinja {

enum class TokenKind : uint8_t {
  text,       ///< outside of tags
  blockBegin, ///< {%
  blockEnd,
  variableBegin, ///< {{
  variableEnd,
  name,
  string, ///< its value, escapes resolved
  integer,
  real,
  symbol, ///< an operator or a bracket
  end,
};

struct Token {
  TokenKind kind;
  uint32_t line; ///< from 1
  std::string text;
};

/// Cuts valid UTF-8 into tokens, the last of which is `end`. Throws Error, with the line.
std::vector<Token> tokenize(std::string_view source);

} // namespace ingot::text::jinja

#endif // INGOT_RUNTIME_TEXT_TEMPLATE_LEXER_H
