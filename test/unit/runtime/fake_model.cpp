//===- fake_model.cpp - descriptor and step function ----------------------===//

#include "fake_model.h"

#include "runtime/text/description.h"
#include "runtime/text/serialize.h"

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>

namespace ingot::runtime::test {

void (*fakeStepHook)(const IngotStep *step) = nullptr;

namespace {

constexpr uint32_t pagesPerSequence = (fakeContext + fakePageRows - 1) / fakePageRows;

// Arenas: 0 weights, 1 cache, 2 activations and logits.
constexpr uint64_t sumsOffset = 0;
constexpr uint64_t logitsOffset = 1024;
constexpr uint64_t logitsStride = 1088; // a multiple of 64 above 259 * 4

uint64_t mix(uint64_t value) { // splitmix64
  value += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

uint64_t contribution(int32_t token, uint32_t position) { return mix(mix(token) + position); }

uint32_t firstSeen(uint32_t position, bool window) {
  return window && position >= fakeWindow ? position - fakeWindow + 1 : 0;
}

float logit(uint64_t sum, uint32_t token) { return static_cast<float>(mix(sum + token) >> 40) / (1 << 21) - 4.0f; }

/// One launch: calls `body(grain)` for the grains that this worker claims.
template <typename Body> void launch(IngotTeam *team, uint32_t worker, uint64_t grains, Body body) {
  IngotShare *share = ingot_team_launch(team, worker, grains);
  while (ingot_team_claim(share))
    for (uint64_t grain = share->begin; grain < share->end; ++grain)
      body(grain);
}

template <bool hasWindow> void step(const IngotStep *step, uint8_t *const *arenas, IngotTeam *team, uint32_t worker) {
  auto *cache = reinterpret_cast<int32_t *>(arenas[1]);
  auto *sums = reinterpret_cast<uint64_t *>(arenas[2] + sumsOffset);
  auto slot = [&](int32_t sequence, uint32_t position) -> int32_t & {
    uint32_t logical = position / fakePageRows % (hasWindow ? fakeRingPages : pagesPerSequence);
    int32_t page = step->page_tables[sequence * step->pages_per_sequence + logical];
    return cache[page * fakePageRows + position % fakePageRows];
  };
  launch(team, worker, step->rows,
         [&](uint64_t row) { slot(step->row_sequences[row], step->positions[row]) = step->tokens[row]; });
  ingot_team_barrier(team, worker);
  launch(team, worker, step->wanted_rows, [&](uint64_t i) {
    uint32_t row = step->wanted[i];
    sums[i] = arenas[0] ? arenas[0][fakeWeightBytes - 1] : 0;
    for (int32_t p = firstSeen(step->positions[row], hasWindow); p <= step->positions[row]; ++p)
      sums[i] += contribution(slot(step->row_sequences[row], p), p);
  });
  ingot_team_barrier(team, worker);
  for (uint32_t i = 0; i < step->wanted_rows; ++i) {
    auto *logits = reinterpret_cast<float *>(arenas[2] + logitsOffset + i * logitsStride);
    launch(team, worker, fakeVocabulary, [&](uint64_t v) { logits[v] = logit(sums[i], v); });
  }
  if (worker == 0 && fakeStepHook)
    fakeStepHook(step);
}

/// GPT-2's spelling of a byte as a printable character.
std::string spellByte(unsigned byte) {
  auto isPrintable = [](unsigned b) {
    return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  };
  unsigned character = byte;
  if (!isPrintable(byte)) {
    character = 256;
    for (unsigned b = 0; b < byte; ++b)
      character += !isPrintable(b);
  }
  if (character < 0x80)
    return std::string(1, static_cast<char>(character));
  return {static_cast<char>(0xc0 | character >> 6), static_cast<char>(0x80 | (character & 0x3f))};
}

const std::string &tokenizerBytes() {
  static const std::string *bytes = [] {
    text::TokenizerDescription description;
    description.preTokenizer = "gpt-2";
    for (unsigned byte = 0; byte < 256; ++byte) {
      description.tokens.push_back(spellByte(byte));
      description.types.push_back(1);
    }
    description.tokens.insert(description.tokens.end(), {"<begin>", "<end>", "QZ"});
    description.types.insert(description.types.end(), {3, 3, 1});
    description.merges = {"Q Z"}; // one is the least
    description.beginOfSequence = fakeBegin;
    description.endOfSequence = fakeEnd;
    description.addBeginOfSequence = true;
    text::TokenizerContents contents;
    if (auto error = text::makeContents(description, contents)) {
      fprintf(stderr, "fake tokenizer: %s\n", error->c_str());
      abort();
    }
    return new const std::string(text::serialize(contents));
  }();
  return *bytes;
}

} // namespace

std::vector<float> fakeLogits(const std::vector<int32_t> &tokens, bool window) {
  uint64_t sum = 0;
  for (uint32_t p = firstSeen(tokens.size() - 1, window); p < tokens.size(); ++p)
    sum += contribution(tokens[p], p);
  std::vector<float> logits(fakeVocabulary);
  for (uint32_t v = 0; v < fakeVocabulary; ++v)
    logits[v] = logit(sum, v);
  return logits;
}

IngotDescriptor makeFakeDescriptor(const FakeOptions &options) {
  static const IngotRowRange ranges[] = {{1, 1, 7, 2, 7, 2, step<false>}, {2, fakeRows, 9, 2, 9, 2, step<false>}};
  static const IngotRowRange windowRanges[] = {{1, 1, 7, 2, 7, 2, step<true>}, {2, fakeRows, 9, 2, 9, 2, step<true>}};
  static const IngotVariant present[] = {{"future", uint64_t{1} << 63, ranges, 2, 0}, {"x86-64", 0, ranges, 2, 0}};
  static const IngotVariant withWindow = {"x86-64", 0, windowRanges, 2, 0};
  static const IngotTensor output = {"logits",       INGOT_ELEMENT_F32, 2, logitsOffset, logitsStride,
                                     fakeWantedRows, fakeVocabulary};
  static IngotArena arenas[] = {
      {"weights", 0, 64, INGOT_LIFETIME_CONSTANT},
      {"cache", sizeof(int32_t) * fakePageRows * pagesPerSequence * 2, 64, INGOT_LIFETIME_STATE},
      {"activations", logitsOffset + fakeWantedRows * logitsStride, 64, INGOT_LIFETIME_TRANSIENT}};
  static const IngotCacheGroup full = {
      "full", fakePageRows, fakeSequences * pagesPerSequence, 0, fakeContext, pagesPerSequence, 0, 4};
  static const IngotCacheGroup ring = {
      "window", fakePageRows, fakeSequences * fakeRingPages, fakeWindow, fakeContext, fakeRingPages, 0, 4};
  static const char report[] = R"({"licences": ["none: a test"], "plan": {"a": 1}})";
  // A deque, since its elements never move.
  static std::deque<IngotEntry> entries;
  IngotEntry &entry = entries.emplace_back(IngotEntry{
      "generate", INGOT_ENTRY_GENERATE, fakeSequences, fakeRows, fakeWantedRows, options.window ? &withWindow : present,
      options.futureCpu || options.window ? 1u : 2u, 1, &output, nullptr});
  bool hasWeights = options.externalWeights || options.embeddedWeights;
  arenas[0].bytes = hasWeights ? fakeWeightBytes : 0;

  IngotDescriptor descriptor = {};
  descriptor.magic = INGOT_ABI_MAGIC;
  descriptor.version = INGOT_ABI_VERSION;
  descriptor.size = sizeof(IngotDescriptor);
  descriptor.vocabulary = fakeVocabulary;
  descriptor.model_name = "fake";
  descriptor.compiler_version = "test";
  descriptor.layers = 1;
  descriptor.kernel_bodies = 1;
  descriptor.step_weight_bytes = 1000;
  if (options.model) {
    descriptor.entries = &entry;
    descriptor.entry_count = 1;
    descriptor.arenas = arenas;
    descriptor.arena_count = 3;
    descriptor.cache_groups = options.window ? &ring : &full;
    descriptor.cache_group_count = 1;
    descriptor.weights.bytes = hasWeights ? fakeWeightBytes : 0;
    descriptor.weights.external = options.externalWeights;
  }
  if (options.tokenizer)
    descriptor.tokenizer = {reinterpret_cast<const uint8_t *>(tokenizerBytes().data()), tokenizerBytes().size()};
  descriptor.report = {reinterpret_cast<const uint8_t *>(report), sizeof(report) - 1};
  return descriptor;
}

} // namespace ingot::runtime::test
