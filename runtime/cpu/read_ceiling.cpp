//===- read_ceiling.cpp - a plain streaming read --------------------------===//

#include "runtime/cpu/read_ceiling.h"

#include <algorithm>
#include <chrono>
#include <emmintrin.h>
#include <span>
#include <sys/mman.h>

namespace ingot::runtime {
namespace {

constexpr uint64_t lineBytes = 64;

struct Area {
  char *data;
  uint64_t bytes;

  std::span<char> share(uint32_t worker, uint32_t workers) const {
    uint64_t lines = bytes / lineBytes;
    return {data + lines * worker / workers * lineBytes, data + lines * (worker + 1) / workers * lineBytes};
  }
};

/// Writes first, so that each worker's pages exist, and near it.
void fill(void *area, IngotTeam *, uint32_t worker, uint32_t workers) {
  std::span<char> part = static_cast<Area *>(area)->share(worker, workers);
  std::fill(part.begin(), part.end(), static_cast<char>(worker + 1));
}

void read(void *area, IngotTeam *, uint32_t worker, uint32_t workers) {
  std::span<char> part = static_cast<Area *>(area)->share(worker, workers);
  // Several streams keep more of the prefetchers busy than one.
  constexpr uint64_t streams = 4;
  constexpr uint64_t vectorsPerLine = lineBytes / sizeof(__m128i);
  uint64_t stride = part.size() / streams / lineBytes * lineBytes;
  __m128i sums[vectorsPerLine] = {};
  for (uint64_t offset = 0; offset < stride; offset += lineBytes)
    for (uint64_t stream = 0; stream < streams; ++stream) {
      auto *line = reinterpret_cast<const __m128i *>(part.data() + stream * stride + offset);
      for (uint64_t i = 0; i < vectorsPerLine; ++i)
        sums[i] = _mm_add_epi64(sums[i], _mm_load_si128(line + i));
    }
  // Keeps the compiler from dropping loads whose sum nobody reads.
  for (__m128i &sum : sums)
    asm volatile("" : : "x"(sum));
}

} // namespace

double measureReadCeiling(Team &team) {
  Area area{nullptr, uint64_t{512} << 20};
  void *memory = mmap(nullptr, area.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return 0;
  madvise(memory, area.bytes, MADV_HUGEPAGE);
  area.data = static_cast<char *>(memory);
  team.run(fill, &area);
  double best = 0;
  for (int pass = 0; pass < 3; ++pass) {
    auto start = std::chrono::steady_clock::now();
    team.run(read, &area);
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(area.bytes) / seconds.count());
  }
  munmap(memory, area.bytes);
  return best;
}

} // namespace ingot::runtime
