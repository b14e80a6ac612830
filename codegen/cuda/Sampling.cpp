//===- Sampling.cpp - functions that draw tokens --------------------------===//

#include "codegen/cuda/SourcePrinter.h"
#include "codegen/cuda/Tables.h"

using namespace ingot;
using namespace ingot::cuda;

std::string cuda::printSampling(const Tables &tables) {
  if (tables.parts == 0)
    return "";
  return fillIn(R"(/// The best candidates of each part of the vocabulary.
extern "C" __global__ void __launch_bounds__($threads) $candidates(
    const IngotCudaSampling *sampling, const float *logits, uint64_t *lists) {
  waitForEarlier();
  letLaterBegin();
  findCandidates<$vocabulary>(*sampling, logits, lists);
}

/// The next token.
extern "C" __global__ void __launch_bounds__($threads) $choose(
    const IngotCudaStep step, IngotCudaSampling *sampling, const uint64_t *lists, const uint32_t *ends,
    int32_t *tokens, const uint32_t *stop) {
  waitForEarlier();
  letLaterBegin();
  chooseToken<$parts>(step, *sampling, lists, ends, tokens, stop);
}

)",
                {{"threads", tables.choose.threads},
                 {"candidates", tables.candidates.name},
                 {"choose", tables.choose.name},
                 {"vocabulary", tables.outputColumns},
                 {"parts", tables.parts}});
}

std::string cuda::printLoop() {
  return R"(/// Whether the loop that this launch stands in runs once more.
extern "C" __global__ void )" INGOT_CUDA_LOOP_KERNEL R"((
    unsigned long long condition, const IngotCudaSampling *sampling) {
  setCondition(condition, sampling->going);
}
)";
}
