//===- strings.h - Python's strings over UTF-8 ------------------*- C++ -*-===//
//
// Python counts code points. All texts here are valid UTF-8: whoever makes one from
// bytes of a file or of a user replaces what is not (see makeValid).
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_TEMPLATE_STRINGS_H
#define INGOT_RUNTIME_TEXT_TEMPLATE_STRINGS_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::text::jinja {

/// The text with U+FFFD for what is no UTF-8.
std::string makeValid(std::string_view text);

struct CodePoint {
  uint32_t value;
  uint32_t bytes;
};

/// The code point at byte `offset`, which lies within the text.
CodePoint decodeCodePoint(std::string_view text, size_t offset);

/// Appends a code point as UTF-8; surrogates, which have none, as U+FFFD.
void appendCodePoint(std::string &text, uint32_t value);

size_t countCodePoints(std::string_view text);

/// Where each code point begins, and the end: one more than there are code points.
std::vector<size_t> codePointOffsets(std::string_view text);

/// What str.isspace() says of one.
bool isSpace(uint32_t value);

/// What str.isprintable() says of one, unassigned code points left out.
bool isPrintable(uint32_t value);

/// The escape that repr() writes: \x7f, \u200b, \U000e0001.
std::string escapeCodePoint(uint32_t value);

/// The text without white space, or the code points of `set`, at the ends asked for.
std::string_view strip(std::string_view text, bool left, bool right, std::optional<std::string_view> set = {});

/// str.split and str.rsplit; without a separator at runs of white space. `most` < 0: no bound on the number of splits.
std::vector<std::string_view> split(std::string_view text, std::optional<std::string_view> separator, int64_t most);
std::vector<std::string_view> splitFromRight(std::string_view text, std::optional<std::string_view> separator,
                                             int64_t most);

/// str.splitlines, at \n, \r and \r\n and what else Python takes for the end of a line.
std::vector<std::string_view> splitLines(std::string_view text, bool keepEnds);

/// str.replace; `most` < 0: all. Ends with Error where the result would be longer than `longest` bytes.
std::string replace(std::string_view text, std::string_view from, std::string_view to, int64_t most, size_t longest);

/// str.upper and str.lower, for letters whose other case is one code point.
std::string toUpper(std::string_view text);
std::string toLower(std::string_view text);

/// str.capitalize: the first letter upper case, the others lower case.
std::string capitalize(std::string_view text);

/// str.title: letters after what is no letter upper case, the others lower case.
std::string titleCase(std::string_view text);

/// Classes of code points, each of a general category of Unicode.
enum class Class { letter, decimal, space, upper, lower, alphanumeric };

/// str.isalpha and so on: whether there is a code point and all are of the class; for upper and lower, whether there is
/// a letter with case and all such are of that case.
bool isOf(std::string_view text, Class kind);

} // namespace ingot::text::jinja

#endif // INGOT_RUNTIME_TEXT_TEMPLATE_STRINGS_H
