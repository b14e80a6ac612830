//===- sampler.h - from logits to the next token ----------------*- C++ -*-===//
//
// The filters are llama.cpp's, in its order: repeat penalty, top-k, top-p,
// min-p, temperature. Randomness is a function of seed and position
// (Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC11), and no result depends on the host's libm, so a seed gives the same
// tokens wherever the logits are the same.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_SAMPLER_H
#define INGOT_RUNTIME_CORE_SAMPLER_H

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace ingot::runtime {

struct SamplerOptions {
  double temperature = 0.8;   ///< 0: always the most likely token
  int64_t topK = 40;          ///< 0: all
  double topP = 0.95;         ///< 1: all
  double minP = 0.05;         ///< 0: all; relative to the most likely token
  double repeatPenalty = 1.0; ///< 1: none; over the last 64 tokens
  uint64_t seed = 0;
};

/// Four random words of a 128-bit counter under a 64-bit key.
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, uint64_t key);

/// e^x for x <= 0 to within 2 units in the last place of a double, from
/// additions and multiplications alone.
double exponential(double x);

class Sampler {
public:
  /// Tokens before the next one to which the repeat penalty applies.
  static constexpr size_t penaltyWindow = 64;

  Sampler(const SamplerOptions &options, uint32_t vocabulary);

  /// Tells which token was appended, for the repeat penalty: prompt tokens too.
  void accept(int32_t token);

  /// Chooses the token for `position`. Applies the repeat penalty to the logits
  /// in place; allocates nothing. Returns -1 if the largest logit is no finite
  /// number.
  int32_t sample(std::span<float> logits, uint64_t position);

private:
  struct Candidate {
    float logit;
    int32_t token;
  };
  static bool isBetter(const Candidate &a, const Candidate &b);
  void penalize(std::span<float> logits) const;
  void takeBest(std::span<const float> logits, size_t count);
  size_t keepLikely(float best);

  SamplerOptions options;
  std::vector<Candidate> candidates; ///< the vocabulary is reserved
  std::vector<double> masses;        ///< likewise
  std::array<int32_t, penaltyWindow> recent{};
  uint64_t accepted = 0;
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_SAMPLER_H
