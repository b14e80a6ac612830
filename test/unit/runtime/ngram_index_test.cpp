//===- ngram_index_test.cpp - look-up against a plain search --------------===//

#include "runtime/core/ngram_index.h"

#include <gtest/gtest.h>
#include <random>

using namespace ingot::runtime;

namespace {

/// The definition: the latest earlier place of the last `length` tokens.
NgramIndex::Match searchPlainly(const std::vector<int32_t> &text) {
  for (size_t length = std::min<size_t>(3, text.size()); length > 0; --length)
    for (size_t next = text.size() - 1; next >= length; --next) {
      size_t agreeing = 0;
      while (agreeing < next && agreeing < NgramIndex::longestMatch &&
             text[next - 1 - agreeing] == text[text.size() - 1 - agreeing])
        ++agreeing;
      if (agreeing >= length)
        return {static_cast<uint32_t>(next), static_cast<uint32_t>(agreeing)};
    }
  return {};
}

TEST(NgramIndex, FindsWhatAPlainSearchFinds) {
  std::mt19937 random(1);
  int missed = 0;
  for (int32_t vocabulary : {1, 2, 5, 40, 1000}) {
    NgramIndex index(400);
    std::vector<int32_t> text;
    for (int i = 0; i < 400; ++i) {
      text.push_back(static_cast<int32_t>(random() % vocabulary) * 1234567);
      index.append(text.back());
      NgramIndex::Match expected = searchPlainly(text);
      NgramIndex::Match found = index.find();
      if (found.length < std::min(expected.length, 3u)) {
        ++missed; // another n-gram has taken the slot
        continue;
      }
      EXPECT_EQ(found.next, expected.next) << vocabulary << " " << i;
      EXPECT_EQ(found.length, expected.length) << vocabulary << " " << i;
    }
  }
  EXPECT_LT(missed, 200);
}

TEST(NgramIndex, AGuessGoesOnWithItself) {
  NgramIndex index(100);
  for (int32_t token : {9, 1, 2, 3, 1, 2, 3, 1, 2})
    index.append(token);
  NgramIndex::Match match = index.find();
  EXPECT_EQ(match.next, 6u);
  EXPECT_EQ(match.length, 5u);
  std::vector<int32_t> guess(7);
  index.copyContinuation(match, guess);
  EXPECT_EQ(guess, (std::vector<int32_t>{3, 1, 2, 3, 1, 2, 3}));
}

TEST(NgramIndex, FindsNothingInNewText) {
  NgramIndex index(4);
  EXPECT_EQ(index.find().length, 0u);
  for (int32_t token : {1, 2, 3, 4}) {
    index.append(token);
    EXPECT_EQ(index.find().length, 0u);
  }
}

TEST(NgramIndex, EndsWithItsCapacity) {
  NgramIndex index(4);
  for (int32_t token : {1, 1, 1, 1})
    index.append(token);
  EXPECT_EQ(index.find().length, 3u);
  index.append(1);
  EXPECT_EQ(index.find().length, 0u);
}

} // namespace
