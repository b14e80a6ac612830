//===- utf8_test.cpp - UTF-8 sequences in streams of bytes ----------------===//
//
// Tests runtime/text/utf8.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/utf8.h"

#include <gtest/gtest.h>

using namespace ingot::text;

TEST(Utf8, KnowsValidSequences) {
  EXPECT_EQ(validSequenceLength(""), 0u);
  EXPECT_EQ(validSequenceLength("a"), 1u);
  EXPECT_EQ(validSequenceLength(std::string_view("\0", 1)), 1u);
  EXPECT_EQ(validSequenceLength("é"), 2u);
  EXPECT_EQ(validSequenceLength("€x"), 3u);
  EXPECT_EQ(validSequenceLength("🚀"), 4u);
  EXPECT_EQ(validSequenceLength("\xf4\x8f\xbf\xbf"), 4u) << "U+10FFFF";
  for (const char *invalid :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x80\x80", "\xed\xa0\x80", "\xe2\x82",
        "\xf0\x80\x80\x80", "\xf0\x9f\x9a", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"})
    EXPECT_EQ(validSequenceLength(invalid), 0u) << testing::PrintToString(invalid);
}

TEST(Utf8, KnowsIncompleteSequences) {
  for (const char *incomplete : {"\xc3", "\xe2", "\xe2\x82", "\xf0", "\xf0\x9f", "\xf0\x9f\x9a", "\xed\x9f"})
    EXPECT_TRUE(isIncompleteSequence(incomplete));
  for (const char *other :
       {"", "a", "é", "\x80", "\xc0", "\xe0\x80", "\xed\xa0", "\xf4\x90", "\xff", "\xc3(", "\xe2\x82("})
    EXPECT_FALSE(isIncompleteSequence(other));
}

TEST(Utf8Stream, ReleasesWholeSequences) {
  Utf8Stream stream;
  EXPECT_EQ(stream.append("a\xf0"), "a");
  EXPECT_EQ(stream.append("\x9f\x9a"), "");
  EXPECT_EQ(stream.append("\x80 b\xc3"), "🚀 b");
  EXPECT_EQ(stream.append("\xa9"), "é");
  EXPECT_EQ(stream.flush(), "");
}

TEST(Utf8Stream, KeepsOrReplacesInvalidBytes) {
  Utf8Stream keep;
  EXPECT_EQ(keep.append("a\xff\xe2\x82("), "a\xff\xe2\x82(");
  EXPECT_EQ(keep.append("\xf0\x9f"), "");
  EXPECT_EQ(keep.flush(), "\xf0\x9f");
  EXPECT_EQ(keep.flush(), "");

  Utf8Stream replace(Utf8Stream::Invalid::replace);
  EXPECT_EQ(replace.append("a\xff\xe2\x82("), "a\ufffd\ufffd(");
  EXPECT_EQ(replace.append("\xf0\x9f"), "");
  EXPECT_EQ(replace.flush(), "\ufffd");
}

TEST(Utf8Stream, GivesTheSameHoweverItIsCut) {
  std::string text = "né \xff€🚀\xe2\x82 𝕳\xc3";
  for (size_t step = 1; step <= text.size(); ++step) {
    Utf8Stream stream;
    std::string output;
    for (size_t from = 0; from < text.size(); from += step)
      output += stream.append(std::string_view(text).substr(from, step));
    output += stream.flush();
    EXPECT_EQ(output, text);
  }
}
