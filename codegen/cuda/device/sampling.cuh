//===- sampling.cuh - from logits to the next token -----------------------===//
//
// What runtime/core/sampler.h does on the host, with the same result: the same order of
// candidates, the same sums in the same order, each operation rounded once (no fused
// multiplication and addition), the same random words. Blocks find the best candidates
// of parts of the vocabulary; one block merges them, draws, and prepares the next step.
//
//===----------------------------------------------------------------------===//

namespace ingot {

constexpr int samplingThreads = INGOT_CUDA_SAMPLING_THREADS, partTokens = INGOT_CUDA_PART_TOKENS;

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

/// A token and its logit as one number: the better candidate is the larger one, of equal logits the smaller token. No
/// number at all is worst; 0 is no candidate.
__device__ __forceinline__ uint64_t candidateOf(float logit, uint32_t token) {
  // -0 becomes 0.
  const uint32_t bits = __float_as_uint(logit + 0.0f);
  const uint32_t ordered = logit != logit ? 0 : (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
  return static_cast<uint64_t>(ordered) << 32 | ~token;
}
__device__ __forceinline__ uint32_t tokenOf(uint64_t candidate) { return ~static_cast<uint32_t>(candidate); }
__device__ __forceinline__ float logitOf(uint64_t candidate) {
  const uint32_t ordered = static_cast<uint32_t>(candidate >> 32);
  return __uint_as_float((ordered >> 31) != 0 ? ordered ^ 0x80000000u : ~ordered);
}

/// The largest number that a thread of the block has, for all of them. Calls take turns with two buffers, so that one
/// barrier is enough.
__device__ __forceinline__ uint64_t largestOfBlock(uint64_t value, int turn) {
  __shared__ uint64_t ofWarp[2][samplingThreads / 32];
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) {
    const uint64_t other = __shfl_xor_sync(0xffffffffu, value, offset);
    value = other > value ? other : value;
  }
  if (threadIdx.x % 32 == 0)
    ofWarp[turn % 2][threadIdx.x / 32] = value;
  __syncthreads();
#pragma unroll
  for (int warp = 0; warp < samplingThreads / 32; ++warp) {
    const uint64_t other = ofWarp[turn % 2][warp];
    value = other > value ? other : value;
  }
  return value;
}

/// How many candidates a draw looks at.
__device__ __forceinline__ int countCandidates(const IngotCudaSampling &sampling) {
  return sampling.temperature > 0 ? static_cast<int>(sampling.top_k) : 1;
}

/// The best candidates of the tokens of one part, best first; 0 where the part has none left.
template <int vocabulary>
__device__ __forceinline__ void findCandidates(const IngotCudaSampling &sampling, const float *logits,
                                               uint64_t *candidates) {
  constexpr int own = partTokens / samplingThreads;
  __shared__ int32_t recent[INGOT_CUDA_PENALTY_WINDOW];
  const uint64_t accepted = sampling.accepted;
  const double penalty = sampling.repeat_penalty;
  const int penalized = penalty == 1                           ? 0
                        : accepted < INGOT_CUDA_PENALTY_WINDOW ? static_cast<int>(accepted)
                                                               : INGOT_CUDA_PENALTY_WINDOW;
  if (threadIdx.x < penalized)
    recent[threadIdx.x] = sampling.recent[threadIdx.x];
  __syncthreads();

  uint64_t values[own], best = 0;
#pragma unroll
  for (int i = 0; i < own; ++i) {
    const int token = blockIdx.x * partTokens + i * samplingThreads + threadIdx.x;
    values[i] = 0;
    if (token < vocabulary) {
      float logit = logits[token];
      for (int k = 0; k < penalized; ++k)
        if (recent[k] == token) {
          logit = static_cast<float>(logit <= 0 ? __dmul_rn(logit, penalty) : __ddiv_rn(logit, penalty));
          break;
        }
      values[i] = candidateOf(logit, token);
    }
    best = values[i] > best ? values[i] : best;
  }
  uint64_t *ofPart = candidates + static_cast<uint64_t>(blockIdx.x) * INGOT_CUDA_MOST_CANDIDATES;
  const int count = countCandidates(sampling);
  for (int n = 0; n < count; ++n) {
    const uint64_t found = largestOfBlock(best, n);
    if (threadIdx.x == 0)
      ofPart[n] = found;
    if (best != found || found == 0)
      continue;
    best = 0;
#pragma unroll
    for (int i = 0; i < own; ++i)
      best = values[i] < found && values[i] > best ? values[i] : best;
  }
}

//===----------------------------------------------------------------------===//
// The draw
//===----------------------------------------------------------------------===//

/// e^x for x <= 0, as `exponential` of runtime/core/sampler.cpp.
__device__ __forceinline__ double exponential(double x) {
  if (!(x > -700))
    return 0;
  const int64_t k = static_cast<int64_t>(__dadd_rn(__dmul_rn(x, 1.44269504088896338700), -0.5));
  const double exponent = static_cast<double>(k);
  double r = __dadd_rn(x, -__dmul_rn(exponent, 6.93147180369123816490e-01));
  r = __dadd_rn(r, -__dmul_rn(exponent, 1.90821492927058770002e-10));
  double sum = 0;
  // 1 / n!
  constexpr double inverses[] = {1.0,
                                 1.0,
                                 1.0 / 2,
                                 1.0 / 6,
                                 1.0 / 24,
                                 1.0 / 120,
                                 1.0 / 720,
                                 1.0 / 5040,
                                 1.0 / 40320,
                                 1.0 / 362880,
                                 1.0 / 3628800,
                                 1.0 / 39916800,
                                 1.0 / 479001600,
                                 1.0 / 6227020800,
                                 1.0 / 87178291200};
#pragma unroll
  for (int n = 14; n >= 0; --n)
    sum = __dadd_rn(__dmul_rn(sum, r), inverses[n]);
  return __dmul_rn(sum, __longlong_as_double((k + 1023) << 52));
}

/// A random number from [0, 1) for a position: Philox4x32-10, as `philox` of runtime/core/sampler.cpp.
__device__ __forceinline__ double uniformAt(uint64_t position, uint64_t seed) {
  uint32_t a = static_cast<uint32_t>(position), b = static_cast<uint32_t>(position >> 32), c = 0, d = 0;
  uint32_t key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint32_t high0 = __umulhi(0xD2511F53u, a), low0 = 0xD2511F53u * a;
    const uint32_t high1 = __umulhi(0xCD9E8D57u, c), low1 = 0xCD9E8D57u * c;
    a = high1 ^ b ^ key0;
    b = low1;
    c = high0 ^ d ^ key1;
    d = low0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  const uint64_t word = static_cast<uint64_t>(a) << 32 | b;
  return __dmul_rn(static_cast<double>(word >> 11), 1.0 / 9007199254740992.0); // 2^-53
}

/// Of `count` candidates, best first, the number of the drawn one. `plain` holds their masses, `tempered` those at the
/// temperature, which become sums. For one thread.
__device__ __forceinline__ int draw(const IngotCudaSampling &sampling, int count, const double *plain,
                                    double *tempered) {
  int kept = count;
  if (sampling.top_p < 1 || sampling.min_p > 0) {
    double total = 0, cumulative = 0;
    for (int i = 0; i < count; ++i)
      total = __dadd_rn(total, plain[i]);
    const double enough = __dmul_rn(sampling.top_p, total);
    for (int i = 0; i < count; ++i) {
      if (i > 0 && plain[i] < sampling.min_p) {
        kept = i;
        break;
      }
      cumulative = __dadd_rn(cumulative, plain[i]);
      if (sampling.top_p < 1 && cumulative >= enough) {
        kept = i + 1;
        break;
      }
    }
  }
  double total = 0;
  for (int i = 0; i < kept; ++i)
    tempered[i] = total = __dadd_rn(total, tempered[i]);
  const double drawn = __dmul_rn(uniformAt(sampling.position, sampling.seed), total);
  for (int i = 0; i < kept; ++i)
    if (tempered[i] > drawn)
      return i;
  return kept - 1;
}

/// Chooses the next token from the candidates of all parts, writes it for the host, and has the next step begin with it
/// unless it is the last. One block.
template <int parts>
__device__ __forceinline__ void chooseToken(const IngotCudaStep &step, IngotCudaSampling &sampling,
                                            const uint64_t *candidates, const uint32_t *ends, volatile int32_t *tokens,
                                            const volatile uint32_t *stop) {
  static_assert(parts <= samplingThreads, "a thread for every part");
  __shared__ uint64_t best[INGOT_CUDA_MOST_CANDIDATES];
  __shared__ double plain[INGOT_CUDA_MOST_CANDIDATES], tempered[INGOT_CUDA_MOST_CANDIDATES];
  const int count = countCandidates(sampling);
  // From the host's memory: asked for early, needed late.
  const uint32_t stopped = threadIdx.x == 0 ? *stop : 0;
  // A thread has the list of one part, and of it the best candidate that is left and the one after it.
  const uint64_t *list = candidates + static_cast<uint64_t>(threadIdx.x) * INGOT_CUDA_MOST_CANDIDATES;
  int taken = 0;
  uint64_t first = threadIdx.x < parts ? list[0] : 0;
  uint64_t second = threadIdx.x < parts && count > 1 ? list[1] : 0;
  for (int n = 0; n < count; ++n) {
    const uint64_t found = largestOfBlock(first, n);
    if (threadIdx.x == 0)
      best[n] = found;
    if (first != found || found == 0)
      continue;
    first = second;
    ++taken;
    second = taken + 1 < count ? list[taken + 1] : 0;
  }
  __syncthreads();

  const double largest = logitOf(best[0]);
  const double temperature = sampling.temperature;
  if (temperature > 0)
    for (int i = threadIdx.x; i < count; i += samplingThreads) {
      const double distance = __dadd_rn(logitOf(best[i]), -largest);
      plain[i] = exponential(distance);
      tempered[i] = exponential(__ddiv_rn(distance, temperature));
    }
  __syncthreads();
  if (threadIdx.x != 0)
    return;

  // The largest logit is no finite number: there is no token.
  int32_t token = -1;
  if ((best[0] >> 32) != 0 && __dadd_rn(largest, -largest) == 0)
    token = static_cast<int32_t>(tokenOf(best[temperature > 0 ? draw(sampling, count, plain, tempered) : 0]));
  const bool ended = token < 0 || (ends[token / 32] >> token % 32 & 1) != 0;
  const bool going = !ended && sampling.remaining > 1 && stopped == 0;
  if (going) {
    // The arrays of the step are the runtime's, and constant for every other kernel.
    *const_cast<int32_t *>(step.tokens) = token;
    *const_cast<int32_t *>(step.positions) = static_cast<int32_t>(sampling.position);
    sampling.recent[sampling.accepted % INGOT_CUDA_PENALTY_WINDOW] = token;
    ++sampling.accepted;
    ++sampling.position;
    --sampling.remaining;
  }
  sampling.going = going ? 1 : 0;
  tokens[sampling.produced] = token;
  ++sampling.produced;
}

} // namespace ingot
