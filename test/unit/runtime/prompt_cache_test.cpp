//===- prompt_cache_test.cpp - what two prompts share is computed once ----===//

#include "fake_model.h"
#include "runtime/core/prompt_cache.h"

#include <gtest/gtest.h>

#include <algorithm>

using namespace ingot::runtime;
using namespace ingot::runtime::test;

namespace {

class PromptCacheTest : public testing::TestWithParam<bool> {
protected:
  PromptCacheTest()
      : machine(makeMachine()), descriptor(makeFakeDescriptor({.window = GetParam()})), model(descriptor, *machine),
        cache(model) {}

  void hold(const std::vector<int32_t> &prompt) {
    ASSERT_TRUE(cache.hold(prompt));
    ASSERT_EQ(cache.sequence().length(), prompt.size());
    const std::vector<float> expected = fakeLogits(prompt, GetParam());
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), cache.sequence().logits(0)));
  }

  std::unique_ptr<Machine> machine;
  IngotDescriptor descriptor;
  Model model;
  PromptCache cache;
};

TEST_P(PromptCacheTest, KeepsWhatIsShared) {
  hold({1, 2, 3, 4});
  EXPECT_EQ(cache.kept(), 0u);
  hold({1, 2, 3, 4, 5, 6});
  EXPECT_EQ(cache.kept(), 4u);
  hold({1, 2, 9});
  EXPECT_EQ(cache.kept(), 2u);
  hold({1, 2, 9}); // its last token again, for the logits
  EXPECT_EQ(cache.kept(), 2u);
  hold({7});
  EXPECT_EQ(cache.kept(), 0u);
}

TEST_P(PromptCacheTest, KeepsWhatWasGenerated) {
  hold({1, 2, 3});
  const int32_t generated[] = {40, 41, 42};
  cache.sequence().append({generated, 2}); // the last token is not appended
  cache.noteGenerated(generated);
  hold({1, 2, 3, 40, 41, 42, 50});
  EXPECT_EQ(cache.kept(), 5u);
}

TEST_P(PromptCacheTest, BeginsAgainWhereAWindowHasLetGo) {
  std::vector<int32_t> prompt(150, 3);
  hold(prompt);
  prompt.resize(30);
  prompt.back() = 4;
  hold(prompt);
  EXPECT_EQ(cache.kept(), GetParam() ? 0u : 29u);
}

INSTANTIATE_TEST_SUITE_P(Windows, PromptCacheTest, testing::Bool());

} // namespace
