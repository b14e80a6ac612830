//===- shadow.cpp - what is known of every byte ---------------------------===//

#include "checker/shadow.h"
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

namespace ingot::shim {

Region::Region(Kind kind, char *base, size_t bytes) : kind(kind), base(base), size(bytes) {
  void *mapped =
      mmap(nullptr, bytes * sizeof(Cell), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) {
    perror("fake CUDA: error: no address space for the checker's cells");
    abort();
  }
  cells = static_cast<Cell *>(mapped);
}

Region::~Region() { munmap(cells, size * sizeof(Cell)); }

void Region::mark(const void *address, size_t bytes, uint32_t state) {
  Cell *first = cell(address);
  for (size_t byte = 0; byte < bytes; ++byte) {
    first[byte] = Cell();
    first[byte].write.interval = state;
  }
}

std::string Region::describe(const void *address) const {
  const char *byte = static_cast<const char *>(address);
  auto after = objects.upper_bound(byte);
  if (after == objects.begin())
    return "";
  const auto &[start, object] = *std::prev(after);
  return object.name + " + " + std::to_string(byte - start) + " (it has " + std::to_string(object.bytes) + " bytes)";
}

} // namespace ingot::shim
