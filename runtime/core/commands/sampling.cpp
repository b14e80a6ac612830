//===- sampling.cpp - options of how tokens are drawn ---------------------===//

#include "runtime/core/commands/commands.h"
#include "runtime/core/process.h"

#include <sys/random.h>

namespace ingot::runtime {

void Sampling::declareOptions(Options &command) {
  command.real({"--temperature", "--temp"}, "0 takes the most likely token (default 0.8)", 0, 1000,
               options.temperature);
  command.integer({"--top-k"}, "most likely tokens kept, 0 all (default 40)", 0, INT32_MAX, options.topK);
  command.real({"--top-p"}, "probability mass kept, 1 all (default 0.95)", 0, 1, options.topP);
  command.real({"--min-p"}, "least probability relative to the best, 0 any (default 0.05)", 0, 1, options.minP);
  command.real({"--repeat-penalty"}, "of the last 64 tokens, 1 none (default 1)", 0.001, 1000, options.repeatPenalty);
  command.integer({"-s", "--seed"}, "of the sampler; -1 takes one (default)", -1, INT64_MAX, seed);
}

uint64_t randomSeed() {
  uint32_t seed = 0;
  if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
    seed = static_cast<uint32_t>(now() * 1e9);
  return seed;
}

void Sampling::chooseSeed() { options.seed = seed >= 0 ? static_cast<uint64_t>(seed) : randomSeed(); }

} // namespace ingot::runtime
