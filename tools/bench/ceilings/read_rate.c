//===- read_rate.c - how fast this machine reads memory -------------------===//
//
// usage: read_rate THREADS BYTES
//
// Reads BYTES again and again, each thread its contiguous share, and does next to nothing with them. A core's hardware
// prefetchers follow one stream worse than several, and differently with huge pages, so several patterns are tried.
// Prints one line per pattern: its name, a tab, bytes per second. The ceiling is the largest. BYTES is meant to be what
// a model reads per token: whatever part of that stays in the cache from one token to the next does so here too.
//
//===----------------------------------------------------------------------===//

#include "workers.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { LineBytes = 64, HugePage = 2 << 20, BytesPerPattern = 768 << 20 };

typedef uint64_t Line __attribute__((vector_size(LineBytes)));

static const Line *data;
static size_t lines, passes;
static int streamCount, linesAhead;
static volatile uint64_t sums[MostThreads][8];

/// Sums `count` lines as `streams` runs side by side, prefetching `ahead` lines before each is read.
static inline __attribute__((always_inline)) Line sumStreams(const Line *share, size_t count, int streams, int ahead) {
  Line sum[8] = {{0}};
  size_t length = count / (size_t)streams;
  for (size_t i = 0; i < length; ++i)
    for (int stream = 0; stream < streams; ++stream) {
      const Line *line = share + (size_t)stream * length + i;
      if (ahead)
        __builtin_prefetch(line + ahead, 0, 0);
      sum[stream] += *line;
    }
  for (int stream = 1; stream < streams; ++stream)
    sum[0] += sum[stream];
  return sum[0];
}

static void readShare(int worker) {
  size_t count = lines / (size_t)threadCount;
  const Line *share = data + (size_t)worker * count;
  Line sum = {0};
  for (size_t pass = 0; pass < passes; ++pass)
    switch (streamCount * 1000 + linesAhead) {
    case 1000:
      sum += sumStreams(share, count, 1, 0);
      break;
    case 4000:
      sum += sumStreams(share, count, 4, 0);
      break;
    case 8000:
      sum += sumStreams(share, count, 8, 0);
      break;
    case 1016:
      sum += sumStreams(share, count, 1, 16);
      break;
    case 4016:
      sum += sumStreams(share, count, 4, 16);
      break;
    case 1032:
      sum += sumStreams(share, count, 1, 32);
      break;
    }
  for (int i = 0; i < 8; ++i)
    sums[worker][i] = sum[i];
}

int main(int count, char **arguments) {
  parseThreadCount(count, arguments);
  unsigned long long bytes = count > 2 ? strtoull(arguments[2], NULL, 10) : 0;
  if (bytes < (1 << 20)) {
    fprintf(stderr, "the second argument is the number of bytes, at least 1048576\n");
    return 2;
  }
  lines = bytes / LineBytes;
  passes = BytesPerPattern / bytes + 1;
  static const int patterns[][2] = {{1, 0}, {4, 0}, {8, 0}, {1, 16}, {4, 16}, {1, 32}};
  for (int huge = 0; huge <= 1; ++huge) {
    size_t mapped = (bytes + HugePage - 1) / HugePage * HugePage;
    void *memory = aligned_alloc(HugePage, mapped);
    if (!memory) {
      fprintf(stderr, "no memory for %llu bytes\n", bytes);
      return 1;
    }
    madvise(memory, mapped, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    memset(memory, 1, mapped);
    data = memory;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; ++i) {
      streamCount = patterns[i][0], linesAhead = patterns[i][1];
      double seconds = secondsOf(readShare);
      double read = (double)(lines / (size_t)threadCount * (size_t)threadCount * LineBytes) * (double)passes;
      printf("%d streams, prefetch %d bytes, %s pages\t%.0f\n", streamCount, linesAhead * LineBytes,
             huge ? "huge" : "small", read / seconds);
    }
    free(memory);
  }
  return 0;
}
