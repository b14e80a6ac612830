//===- stop_test.cpp - Stop strings in streamed text ----------------------===//
//
// Tests runtime/text/stop.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/stop.h"

#include <gtest/gtest.h>

using namespace ingot::text;

TEST(StopMatcher, PassesTextWithoutStops) {
  for (std::vector<std::string> stops : {std::vector<std::string>{}, {""}}) {
    StopMatcher matcher(stops);
    EXPECT_EQ(matcher.append("abc"), "abc");
    EXPECT_EQ(matcher.flush(), "");
    EXPECT_FALSE(matcher.stopped());
  }
}

TEST(StopMatcher, HoldsBackBeginnings) {
  StopMatcher matcher({"User:"});
  EXPECT_EQ(matcher.append("Hello Us"), "Hello ");
  EXPECT_EQ(matcher.append("e"), "");
  EXPECT_EQ(matcher.append("less U"), "Useless ");
  EXPECT_EQ(matcher.append("ser: x"), "");
  EXPECT_TRUE(matcher.stopped());
  EXPECT_EQ(matcher.match(), "User:");
  EXPECT_EQ(matcher.append("more"), "");
  EXPECT_EQ(matcher.flush(), "");
}

TEST(StopMatcher, GivesBackWhatWasNoStop) {
  StopMatcher matcher({"\n\n"});
  EXPECT_EQ(matcher.append("end\n"), "end");
  EXPECT_EQ(matcher.flush(), "\n");
  EXPECT_FALSE(matcher.stopped());
}

TEST(StopMatcher, TakesTheEarliestOfSeveral) {
  StopMatcher matcher({"ddd", "bc", "cd"});
  EXPECT_EQ(matcher.append("abcddd"), "a");
  EXPECT_EQ(matcher.match(), "bc");
}

TEST(StopMatcher, FindsOverlappingBeginnings) {
  StopMatcher matcher({"aab"});
  EXPECT_EQ(matcher.append("aa"), "");
  EXPECT_EQ(matcher.append("a"), "a");
  EXPECT_EQ(matcher.append("b"), "");
  EXPECT_TRUE(matcher.stopped());
}

TEST(StopMatcher, GivesTheSameHoweverItIsCut) {
  std::string text = "one <| two <|im <|im_end|> three";
  for (size_t step = 1; step <= text.size(); ++step) {
    StopMatcher matcher({"<|im_end|>", "three"});
    std::string output;
    for (size_t from = 0; from < text.size(); from += step)
      output += matcher.append(std::string_view(text).substr(from, step));
    output += matcher.flush();
    EXPECT_EQ(output, "one <| two <|im ");
  }
}
