//===- arenas.cpp - one mapping per arena ---------------------------------===//

#include "runtime/cpu/arenas.h"
#include "runtime/core/error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>

namespace ingot::runtime {

#ifndef MADV_COLLAPSE // Linux 6.1; Debian 12's libc headers are older
#define MADV_COLLAPSE 25
#endif

constexpr uint64_t pageBytes = 4096;

Arenas::Arenas(const IngotDescriptor &descriptor, const uint8_t *weights) {
  for (uint32_t i = 0; i < descriptor.arena_count; ++i) {
    const IngotArena &arena = descriptor.arenas[i];
    if (arena.lifetime == INGOT_LIFETIME_CONSTANT) {
      if (arena.bytes > descriptor.weights.bytes)
        fail("arena %s: %llu bytes of weights are planned and %llu are there; "
             "compile the model again",
             arena.name, static_cast<unsigned long long>(arena.bytes),
             static_cast<unsigned long long>(descriptor.weights.bytes));
      addresses.push_back(const_cast<uint8_t *>(weights));
      continue;
    }
    // Mappings begin at a page; for a larger alignment map more and step up.
    uint64_t alignment =
        std::max<uint64_t>(arena.alignment, arena.bytes >= INGOT_HUGE_PAGE_BYTES ? INGOT_HUGE_PAGE_BYTES : pageBytes);
    uint64_t extra = alignment > pageBytes ? alignment : 0;
    uint64_t bytes = arena.bytes + extra;
    if (bytes == 0) {
      addresses.push_back(nullptr);
      continue;
    }
    void *memory = MAP_FAILED;
    if (bytes >= arena.bytes)
      memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      fail("arena %s: no memory for its %llu bytes: %s; free some, or compile "
           "with a smaller --context",
           arena.name, static_cast<unsigned long long>(arena.bytes), strerror(errno));
    mappings.push_back({memory, bytes});
    uint64_t address = reinterpret_cast<uint64_t>(memory);
    if (extra)
      address = (address + alignment - 1) / alignment * alignment;
    addresses.push_back(reinterpret_cast<uint8_t *>(address));
    // Whole huge pages only, so that no more becomes resident than was planned.
    Range huge = {addresses.back(), arena.bytes / INGOT_HUGE_PAGE_BYTES * INGOT_HUGE_PAGE_BYTES};
    if (huge.bytes && arena.lifetime == INGOT_LIFETIME_STATE)
      caches.push_back(huge);
    else if (huge.bytes)
      madvise(huge.address, huge.bytes, MADV_HUGEPAGE);
  }
}

void Arenas::useHugeCaches() {
  hugeCaches = true;
  // Hints: a kernel that cannot follow them leaves small pages, which are slower and right.
  for (const Range &range : caches) {
    madvise(range.address, range.bytes, MADV_HUGEPAGE);
    madvise(range.address, range.bytes, MADV_COLLAPSE);
  }
}

Arenas::~Arenas() {
  for (const Range &mapping : mappings)
    munmap(mapping.address, mapping.bytes);
}

} // namespace ingot::runtime
