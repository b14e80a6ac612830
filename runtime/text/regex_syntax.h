//===- regex_syntax.h - Tokenizers' regular expressions for PCRE2 ---------===//
//
// Model files write patterns for Oniguruma
// (https://github.com/kkos/oniguruma/blob/master/doc/RE, Ruby's syntax, UTF-8),
// which Hugging Face `tokenizers` uses. Executables match with PCRE2, whose
// Unicode is older: what was assigned since is added to the classes.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_REGEX_SYNTAX_H
#define INGOT_RUNTIME_TEXT_REGEX_SYNTAX_H

#include <optional>
#include <string>
#include <string_view>

namespace ingot::text {

/// Sets `translated` to the pattern in PCRE2's syntax; returns nothing on
/// success, else what of the pattern is not supported. Only a compilation tells
/// whether the result is well-formed.
std::optional<std::string> translateRegex(std::string_view pattern, std::string &translated);

/// The inside of a PCRE2 class, without brackets, of a general category ("Nd")
/// or of a letter's worth of them ("L").
std::string categoryClass(std::string_view category);

/// The same for Unicode's property White_Space. PCRE2's \s has U+180E besides.
std::string_view spaceClass();

/// The same for \w of Unicode Technical Standard 18, which is that of Rust's
/// `regex`.
std::string wordClass();

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_REGEX_SYNTAX_H
