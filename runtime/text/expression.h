//===- expression.h - Finding a pattern in a text -------------------------===//
//
// A regular expression, run by PCRE2 (https://www.pcre.org), or a text to look
// for as it is.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_EXPRESSION_H
#define INGOT_RUNTIME_TEXT_EXPRESSION_H

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ingot::text {

/// What PCRE2 needs to match; one for each thread that matches. Throws
/// std::bad_alloc.
class Matcher {
public:
  Matcher();
  ~Matcher();

private:
  friend class Expression;
  struct State;
  std::unique_ptr<State> state;
};

/// Immutable once compiled.
class Expression {
public:
  Expression();
  ~Expression();
  Expression(Expression &&) noexcept;
  Expression &operator=(Expression &&) noexcept;

  /// Returns nothing on success, else what PCRE2 says.
  std::optional<std::string> compile(std::string_view pattern, bool isLiteral);

  /// Calls `found(begin, end)` for each match in `text`, valid UTF-8, from left
  /// to right. A match may be empty, but not right behind another one.
  template <typename Found> void forEachMatch(std::string_view text, Matcher &matcher, Found found) const {
    size_t from = 0;
    size_t lastEnd = std::string_view::npos;
    size_t begin;
    size_t end;
    while (from <= text.size() && search(text, from, matcher, begin, end)) {
      if (begin == end && end == lastEnd) {
        from += from < text.size() ? characterLength(text[from]) : 1;
        continue;
      }
      found(begin, end);
      from = lastEnd = end;
    }
  }

private:
  bool search(std::string_view text, size_t from, Matcher &matcher, size_t &begin, size_t &end) const;
  static size_t characterLength(char first);

  struct Code;
  std::unique_ptr<Code> code; ///< none for a literal
  std::string literal;
};

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_EXPRESSION_H
