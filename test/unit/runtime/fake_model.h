//===- fake_model.h - a model without arithmetic ----------------*- C++ -*-===//
//
// A descriptor and a step function written by hand. The logits are a hash of
// all tokens before, read back through the page tables from a cache in the
// state arena, and computed by all workers between barriers: so a wrong chunk,
// page, position, row or barrier changes them.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_UNIT_RUNTIME_FAKE_MODEL_H
#define INGOT_TEST_UNIT_RUNTIME_FAKE_MODEL_H

#include "runtime/abi.h"

#include <vector>

namespace ingot::runtime::test {

inline constexpr uint32_t fakeVocabulary = 259; // bytes, begin, end, "QZ"
inline constexpr int32_t fakeBegin = 256;
inline constexpr int32_t fakeEnd = 257;
inline constexpr uint32_t fakeRows = 32;
inline constexpr uint32_t fakeWantedRows = 8;
inline constexpr uint32_t fakePageRows = 16;
inline constexpr uint32_t fakeContext = 200;
inline constexpr uint32_t fakeSequences = 2;
inline constexpr uint64_t fakeWeightBytes = 4096;
/// Of the model that has one, and the pages of its ring: what a step of `fakeRows` rows needs.
inline constexpr uint32_t fakeWindow = 20;
inline constexpr uint32_t fakeRingPages = (fakeWindow + fakeRows - 1 + fakePageRows - 1) / fakePageRows;

struct FakeOptions {
  bool tokenizer = true;
  bool model = true;
  bool futureCpu = false; ///< needs a feature that no CPU has
  const char *externalWeights = nullptr;
  bool embeddedWeights = false;
  bool window = false; ///< the logits depend on the last `fakeWindow` tokens only, which are all that a ring keeps
};

/// May be called once for each set of options; what it points to is never
/// freed.
IngotDescriptor makeFakeDescriptor(const FakeOptions &options = {});

/// What the model must answer after these tokens, if it has no weights or the
/// last byte of its weights is 0. `window`: as in the options.
std::vector<float> fakeLogits(const std::vector<int32_t> &tokens, bool window = false);

/// Called at the end of every step by worker 0, if set.
extern void (*fakeStepHook)(const IngotStep *step);

} // namespace ingot::runtime::test

#endif // INGOT_TEST_UNIT_RUNTIME_FAKE_MODEL_H
