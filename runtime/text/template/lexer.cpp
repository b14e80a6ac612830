//===- lexer.cpp - A template's source as tokens --------------------------===//

#include "runtime/text/template/lexer.h"
#include "runtime/text/template/strings.h"
#include "runtime/text/template/value.h"

#include <algorithm>
#include <optional>

namespace ingot::text::jinja {
namespace {

/// Longest first, so that a longer one is not taken for its beginning.
constexpr std::string_view symbols[] = {"//", "**", "==", "!=", "<=", ">=", "+", "-", "/", "*", "%", "~", "[",
                                        "]",  "(",  ")",  "{",  "}",  "<",  ">", "=", ".", ":", "|", ",", ";"};

bool isNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool isDecimal(char c) { return c >= '0' && c <= '9'; }

/// Line ends as \n, without the last one.
std::string normalize(std::string_view source) {
  std::string result;
  result.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n')
      continue;
    result += source[i] == '\r' ? '\n' : source[i];
  }
  if (result.ends_with('\n'))
    result.pop_back();
  return result;
}

class Lexer {
public:
  explicit Lexer(std::string source) : source(std::move(source)) {}

  std::vector<Token> run() {
    while (position < source.size()) {
      const size_t tag = findTag();
      const bool found = tag != std::string::npos;
      addText(std::string_view(source).substr(position, found ? tag - position : std::string::npos), tag);
      if (!found) {
        position = source.size();
        break;
      }
      advance(tag);
      readTag();
    }
    tokens.push_back({TokenKind::end, line, {}});
    return std::move(tokens);
  }

private:
  [[noreturn]] void fail(const std::string &what) const { throw Error("line " + std::to_string(line) + ": " + what); }

  bool startsWith(std::string_view text) const { return source.compare(position, text.size(), text) == 0; }

  void advance(size_t to) {
    line += static_cast<uint32_t>(std::count(source.begin() + position, source.begin() + to, '\n'));
    position = to;
  }
  void skipSpace() {
    while (position < source.size()) {
      const CodePoint point = decodeCodePoint(source, position);
      if (!isSpace(point.value))
        break;
      advance(position + point.bytes);
    }
  }

  size_t findTag() const {
    for (size_t i = source.find('{', position); i != std::string::npos; i = source.find('{', i + 1))
      if (i + 1 < source.size() && (source[i + 1] == '{' || source[i + 1] == '%' || source[i + 1] == '#'))
        return i;
    return std::string::npos;
  }

  /// Adds the text before the tag at `tag`, less the white space that the tag takes away.
  void addText(std::string_view text, size_t tag) {
    if (tag != std::string::npos) {
      const char sign = tag + 2 < source.size() ? source[tag + 2] : '\0';
      if (sign == '-') {
        text = strip(text, false, true);
      } else if (sign != '+' && source[tag + 1] != '{') {
        const size_t newline = text.rfind('\n');
        const size_t begin = newline == text.npos ? 0 : newline + 1;
        if ((begin > 0 || atLineStart) && strip(text.substr(begin), true, false).empty())
          text = text.substr(0, begin);
      }
    }
    if (!text.empty())
      tokens.push_back({TokenKind::text, line, std::string(text)});
  }

  /// What follows the two characters that end a block or a comment: `sign` stood before them.
  void endOfBlock(char sign) {
    if (sign == '-')
      skipSpace();
    else if (sign != '+' && startsWith("\n"))
      advance(position + 1);
    atLineStart = source[position - 1] == '\n';
  }

  void readTag() {
    const char kind = source[position + 1];
    advance(position + 2);
    if (kind == '#')
      return readComment();
    if (position < source.size() && (source[position] == '-' || source[position] == '+'))
      advance(position + 1);
    if (kind == '%' && readRaw())
      return;
    tokens.push_back({kind == '%' ? TokenKind::blockBegin : TokenKind::variableBegin, line, {}});
    readInside(kind == '%');
  }

  void readComment() {
    const size_t end = source.find("#}", position);
    if (end == std::string::npos)
      fail("a comment has no end");
    const char sign = end > position ? source[end - 1] : '\0';
    advance(end + 2);
    endOfBlock(sign);
  }

  /// Whether the tag is {% raw %}, which is then read to its end.
  bool readRaw() {
    size_t i = source.find_first_not_of(" \t\n", position);
    if (i == std::string::npos || source.compare(i, 3, "raw") != 0)
      return false;
    i = source.find_first_not_of(" \t\n", i + 3);
    if (i == std::string::npos)
      return false;
    const bool stripped = source[i] == '-';
    if (source.compare(i + stripped, 2, "%}") != 0)
      return false;
    advance(i + stripped + 2);
    if (stripped)
      skipSpace();
    for (size_t begin = source.find("{%", position); begin != std::string::npos; begin = source.find("{%", begin + 2)) {
      size_t name = begin + 2;
      name += name < source.size() && (source[name] == '-' || source[name] == '+');
      name = source.find_first_not_of(" \t\n", name);
      if (name == std::string::npos || source.compare(name, 6, "endraw") != 0)
        continue;
      size_t end = source.find_first_not_of(" \t\n", name + 6);
      if (end == std::string::npos)
        break;
      const bool sign = source[end] == '-' || source[end] == '+';
      if (source.compare(end + sign, 2, "%}") != 0)
        continue;
      addText(std::string_view(source).substr(position, begin - position), begin);
      advance(end + sign + 2);
      endOfBlock(sign ? source[end] : '\0');
      return true;
    }
    fail("{% raw %} has no {% endraw %}");
  }

  void readInside(bool block) {
    std::string open; // brackets that are open
    while (true) {
      skipSpace();
      if (position >= source.size())
        fail(block ? "a tag has no end: %} is missing" : "an expression has no end: }} is missing");
      if (open.empty() && readEnd(block))
        return;
      const char c = source[position];
      if (isNameStart(c))
        readName();
      else if (isDecimal(c))
        readNumber();
      else if (c == '"' || c == '\'')
        readString();
      else
        readSymbol(open);
    }
  }

  bool readEnd(bool block) {
    const char sign = source[position];
    const bool isSigned = sign == '-' || (sign == '+' && block);
    if (source.compare(position + isSigned, 2, block ? "%}" : "}}") != 0)
      return false;
    tokens.push_back({block ? TokenKind::blockEnd : TokenKind::variableEnd, line, {}});
    advance(position + isSigned + 2);
    if (block) {
      endOfBlock(sign);
    } else {
      if (isSigned)
        skipSpace();
      atLineStart = source[position - 1] == '\n';
    }
    return true;
  }

  void readName() {
    size_t end = position;
    while (end < source.size() && (isNameStart(source[end]) || isDecimal(source[end])))
      ++end;
    add(TokenKind::name, source.substr(position, end - position), end);
  }

  void add(TokenKind kind, std::string text, size_t end) {
    tokens.push_back({kind, line, std::move(text)});
    advance(end);
  }

  void readNumber() {
    auto digits = [&](size_t i) {
      while (i < source.size() &&
             (isDecimal(source[i]) || (source[i] == '_' && i + 1 < source.size() && isDecimal(source[i + 1]))))
        ++i;
      return i;
    };
    size_t end = digits(position);
    bool real = false;
    if (end + 1 < source.size() && source[end] == '.' && isDecimal(source[end + 1])) {
      end = digits(end + 1);
      real = true;
    }
    if (end < source.size() && (source[end] == 'e' || source[end] == 'E')) {
      size_t exponent = end + 1;
      exponent += exponent < source.size() && (source[exponent] == '+' || source[exponent] == '-');
      if (exponent < source.size() && isDecimal(source[exponent])) {
        end = digits(exponent);
        real = true;
      }
    }
    if (end < source.size() && isNameStart(source[end]))
      fail("'" + source.substr(position, end + 1 - position) + "' is no number; write numbers in base ten");
    std::string text = source.substr(position, end - position);
    std::erase(text, '_');
    add(real ? TokenKind::real : TokenKind::integer, std::move(text), end);
  }

  void readString() {
    const char quote = source[position];
    std::string value;
    size_t i = position + 1;
    for (; i < source.size() && source[i] != quote; ++i) {
      if (source[i] != '\\') {
        value += source[i];
        continue;
      }
      if (++i >= source.size())
        break;
      i = readEscape(i, value);
    }
    if (i >= source.size())
      fail("a string has no end");
    add(TokenKind::string, std::move(value), i + 1);
  }

  /// Appends what the escape whose letter stands at `i` means; returns its last character.
  size_t readEscape(size_t i, std::string &value) const {
    constexpr std::string_view letters = "abfnrtv\\'\"";
    constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\'\"";
    const char c = source[i];
    if (c == '\n')
      return i;
    if (size_t found = letters.find(c); found != letters.npos) {
      value += meanings[found];
      return i;
    }
    if (c >= '0' && c <= '7')
      return readCode(i, i + 3, 8, false, value);
    if (c == 'x' || c == 'u' || c == 'U')
      return readCode(i + 1, i + (c == 'x' ? 3 : c == 'u' ? 5 : 9), 16, true, value);
    (value += '\\') += c;
    return i;
  }

  size_t readCode(size_t begin, size_t end, uint32_t base, bool full, std::string &value) const {
    uint32_t code = 0;
    size_t i = begin;
    for (; i < end && i < source.size(); ++i) {
      const char c = source[i];
      const uint32_t digit = isDecimal(c)           ? c - '0'
                             : c >= 'a' && c <= 'f' ? c - 'a' + 10
                             : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                    : base;
      if (digit >= base)
        break;
      code = code * base + digit;
    }
    if (full && i != end)
      fail("an escape in a string is cut short");
    appendCodePoint(value, code);
    return i - 1;
  }

  void readSymbol(std::string &open) {
    for (std::string_view symbol : symbols) {
      if (!startsWith(symbol))
        continue;
      constexpr std::string_view opening = "([{", closing = ")]}";
      if (opening.find(symbol) != opening.npos && symbol.size() == 1)
        open += closing[opening.find(symbol)];
      if (closing.find(symbol) != closing.npos && symbol.size() == 1) {
        if (open.empty() || open.back() != symbol[0])
          fail("unexpected '" + std::string(symbol) + "'");
        open.pop_back();
      }
      return add(TokenKind::symbol, std::string(symbol), position + symbol.size());
    }
    fail("unexpected '" + source.substr(position, decodeCodePoint(source, position).bytes) + "'");
  }

  const std::string source;
  size_t position = 0;
  uint32_t line = 1;
  bool atLineStart = true;
  std::vector<Token> tokens;
};

} // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(normalize(source)).run(); }

} // namespace ingot::text::jinja
