//===- read_ceiling.cpp - a plain streaming read --------------------------===//

#include "runtime/cpu/read_ceiling.h"

#include <algorithm>
#include <chrono>
#include <emmintrin.h>

namespace ingot::runtime {
namespace {

constexpr uint64_t lineBytes = 64;
/// Of one worker: they keep more of a core's prefetchers busy than one does.
constexpr uint64_t streams = 4;
/// A pass reads at least so much: a millisecond of a fast cache.
constexpr uint64_t leastBytesPerPass = uint64_t{64} << 20;

struct Pass {
  const uint8_t *data;
  uint64_t linesPerStream; ///< of each worker
  uint64_t repetitions;

  uint64_t bytes(uint32_t workers) const { return repetitions * workers * streams * linesPerStream * lineBytes; }
};

void read(void *context, IngotTeam *, uint32_t worker) {
  const Pass &pass = *static_cast<Pass *>(context);
  constexpr uint64_t vectorsPerLine = lineBytes / sizeof(__m128i);
  const uint64_t stride = pass.linesPerStream * lineBytes;
  const uint8_t *share = pass.data + worker * streams * stride;
  __m128i sums[vectorsPerLine] = {};
  for (uint64_t repetition = 0; repetition < pass.repetitions; ++repetition)
    for (uint64_t offset = 0; offset < stride; offset += lineBytes)
      for (uint64_t stream = 0; stream < streams; ++stream) {
        auto *line = reinterpret_cast<const __m128i *>(share + stream * stride + offset);
        for (uint64_t i = 0; i < vectorsPerLine; ++i)
          sums[i] = _mm_add_epi64(sums[i], _mm_load_si128(line + i));
      }
  // Keeps the compiler from dropping loads whose sum nobody reads.
  for (__m128i &sum : sums)
    asm volatile("" : : "x"(sum));
}

} // namespace

double measureReadCeiling(Team &team, std::span<const uint8_t> bytes) {
  const uint32_t workers = team.workers();
  Pass pass{bytes.data(), bytes.size() / lineBytes / (workers * streams), 1};
  if (!pass.linesPerStream)
    return 0;
  pass.repetitions = std::max<uint64_t>(1, leastBytesPerPass / pass.bytes(workers));
  double best = 0;
  for (int attempt = 0; attempt < 3; ++attempt) {
    auto start = std::chrono::steady_clock::now();
    team.run(read, &pass);
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(pass.bytes(workers)) / seconds.count());
  }
  return best;
}

} // namespace ingot::runtime
