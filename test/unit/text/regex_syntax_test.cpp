//===- regex_syntax_test.cpp - Tokenizers' regular expressions for PCRE2 --===//
//
// Tests runtime/text/regex_syntax.h by what the translated patterns match. The
// expected results are those of Regex in Hugging Face `tokenizers` 0.22.2.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/expression.h"
#include "runtime/text/regex_syntax.h"

#include <gtest/gtest.h>

using namespace ingot::text;

namespace {

/// `text` with X for every match.
std::string replaced(std::string_view pattern, std::string_view text) {
  std::string translated;
  if (auto error = translateRegex(pattern, translated))
    return "not supported: " + *error;
  Expression expression;
  if (auto error = expression.compile(translated, false))
    return "not well-formed: " + *error;
  Matcher matcher;
  std::string result;
  size_t position = 0;
  expression.forEachMatch(text, matcher, [&](size_t begin, size_t end) {
    result += text.substr(position, begin - position);
    result += "X";
    position = end;
  });
  return result + std::string(text.substr(position));
}

} // namespace

TEST(RegexSyntax, AnchorsAreThoseOfLines) {
  EXPECT_EQ(replaced("^a", "a\na"), "X\nX");
  EXPECT_EQ(replaced("a$", "a\na\n"), "X\nX\n");
  EXPECT_EQ(replaced("a.", "a\nab"), "a\nX");
  EXPECT_EQ(replaced("(?m:a.)", "a\nab"), "XX");
}

TEST(RegexSyntax, IntervalsAreNotPossessive) {
  EXPECT_EQ(replaced("a{1,2}+b", "aaab"), "X");
  EXPECT_EQ(replaced("(?:a|c){1,2}+b", "acab"), "X");
  EXPECT_EQ(replaced("a++a", "aaa"), "aaa");
  EXPECT_EQ(replaced("a{,2}b", "aab"), "X");
  EXPECT_EQ(replaced("a{b", "a{b"), "X");
}

TEST(RegexSyntax, Classes) {
  EXPECT_EQ(replaced("[a&&[^b]]", "ab"), "Xb");
  EXPECT_EQ(replaced("[^a-c&&[^b]]", "abcd"), "aXcX");
  EXPECT_EQ(replaced("[a[bc]]", "abcd"), "XXXd");
  EXPECT_EQ(replaced("[[:alpha:]]", "a\u00e91"), "XX1");
  EXPECT_EQ(replaced("[^\\W\\d]", "a1_-"), "X1X-");
  EXPECT_EQ(replaced("[\\W\\d]", "a1_-"), "aX_X");
  EXPECT_EQ(replaced("[^\\S\\n]", "a \n\u3000"), "aX\nX");
  EXPECT_EQ(replaced("[]a]", "]a"), "XX");
  EXPECT_EQ(replaced("[\\p{L}&&[^\\p{Han}]]+", "a\u00e9\u6f22"), "X\u6f22");
}

TEST(RegexSyntax, Properties) {
  EXPECT_EQ(replaced("\\p{Han}", "\u6f22a"), "Xa");
  EXPECT_EQ(replaced("\\p{Letter}", "a\u00e91"), "XX1");
  EXPECT_EQ(replaced("\\p{^L}", "a1"), "aX");
  EXPECT_EQ(replaced("\\P{L}", "a1"), "aX");
  EXPECT_EQ(replaced("\\h", "fgh"), "Xgh");
  EXPECT_EQ(replaced("\\s", "\u180e\u00a0"), "\u180eX");
  EXPECT_EQ(replaced("\\w", "\u00b2\u24d0\u0300_"), "XXXX");
  EXPECT_EQ(replaced("\\p{L}", "\U00031350\U0001e4d0"), "XX") << "assigned since Unicode 14";
  EXPECT_EQ(replaced("\\bb", "ab b"), "ab X");
}

TEST(RegexSyntax, SaysWhatIsNotSupported) {
  EXPECT_EQ(replaced("(?~ab)", "a"), "not supported: the group (?~ is not supported");
  EXPECT_EQ(replaced("\\y", "a"), "not supported: the escape \\y is not supported");
  EXPECT_EQ(replaced("[[:cntrl:]]", "a"), "not supported: the class [:cntrl:] is not supported");
  EXPECT_EQ(replaced("[a", "a"), "not supported: a class has no closing bracket");
  EXPECT_EQ(replaced("a\\", "a"), "not supported: it ends with a backslash");
  EXPECT_EQ(replaced("\\p{No Such}", "a").rfind("not well-formed", 0), 0u);
}
