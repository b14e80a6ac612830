//===- token_source.cpp - the tokens of a text, one by one ----------------===//

#include "runtime/core/token_source.h"

#include <algorithm>

namespace ingot::runtime {
namespace {

/// Draws from the logits of steps of its own.
class HostSource : public TokenSource {
public:
  HostSource(Model &model, Sequence &sequence, Speculation *speculation, const SamplerOptions &options,
             std::span<const int32_t> prompt)
      : model(model), sequence(sequence), speculation(speculation), sampler(options, model.descriptor.vocabulary) {
    for (int32_t token : prompt)
      sampler.accept(token);
  }

  std::optional<int32_t> next(uint64_t most) override {
    float *logits = sequence.logits(0);
    if (last) {
      sampler.accept(*last);
      logits = speculation ? speculation->append(*last, std::min<uint64_t>(most - 1, UINT32_MAX))
                           : sequence.append({&*last, 1});
    }
    if (!logits)
      return std::nullopt;
    last = sampler.sample({logits, model.descriptor.vocabulary}, length());
    return last;
  }

  uint32_t length() const override { return speculation ? speculation->length() : sequence.length(); }

private:
  Model &model;
  Sequence &sequence;
  Speculation *speculation;
  Sampler sampler;
  std::optional<int32_t> last;
};

/// Has the executor draw.
class ExecutorSource : public TokenSource {
public:
  ExecutorSource(Model &model, Sequence &sequence, const SamplerOptions &options, std::span<const int32_t> prompt,
                 const std::function<bool(int32_t)> &isEnd)
      : model(model), sequence(sequence), options(options) {
    for (uint32_t token = 0; isEnd && token < model.descriptor.vocabulary; ++token)
      if (isEnd(static_cast<int32_t>(token)))
        ends.push_back(static_cast<int32_t>(token));
    recent.reserve(Sampler::penaltyWindow);
    for (int32_t token : prompt)
      accept(token);
  }
  ~ExecutorSource() override { finish(); }

  std::optional<int32_t> next(uint64_t most) override {
    if (taken == begun) {
      const bool goesOn = begun > 0;
      finish();
      if (goesOn && !sequence.append({&recent.back(), 1}))
        return std::nullopt;
      begun = static_cast<uint32_t>(
          std::min<uint64_t>({most, model.executor->mostGenerated(options), uint64_t{sequence.remaining()} + 1}));
      model.executor->startGenerating({options, recent, ends, sequence.length(), begun});
    }
    std::optional<int32_t> token = model.executor->nextToken();
    if (token && *token >= 0) {
      ++taken;
      accept(*token);
    }
    return token;
  }

  uint32_t length() const override { return sequence.length() + std::max(taken, 1u) - 1; }

  void finish() override {
    if (begun == 0)
      return;
    const uint32_t drawn = model.executor->stopGenerating();
    sequence.noteAppended(std::max(drawn, 1u) - 1);
    begun = taken = 0;
  }

private:
  void accept(int32_t token) {
    if (recent.size() == Sampler::penaltyWindow)
      recent.erase(recent.begin());
    recent.push_back(token);
  }

  Model &model;
  Sequence &sequence;
  const SamplerOptions options;
  std::vector<int32_t> ends;
  std::vector<int32_t> recent;
  /// Tokens of the generation that runs: asked for, and returned.
  uint32_t begun = 0, taken = 0;
};

} // namespace

std::unique_ptr<TokenSource> makeTokenSource(Model &model, Sequence &sequence, Speculation *speculation,
                                             const SamplerOptions &options, std::span<const int32_t> prompt,
                                             const std::function<bool(int32_t)> &isEnd) {
  if (!speculation && model.executor->mostGenerated(options) > 0)
    return std::make_unique<ExecutorSource>(model, sequence, options, prompt, isEnd);
  return std::make_unique<HostSource>(model, sequence, speculation, options, prompt);
}

} // namespace ingot::runtime
