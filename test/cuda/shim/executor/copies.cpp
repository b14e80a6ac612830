//===- copies.cpp - asynchronous copies to shared memory ------------------===//

#include "executor/copies.h"
#include "checker/checker.h"
#include "executor/block.h"
#include <cstring>
#include <deque>

namespace ingot::shim {

namespace {

struct Copy {
  void *shared;
  const void *global;
  unsigned bytes, sourceBytes;
  unsigned group;
  Site site;
};

struct ThreadCopies {
  std::deque<Copy> pending;
  unsigned openGroup = 0;
};

std::vector<ThreadCopies> copies;

ThreadCopies &mine() { return copies[block.thread()->number]; }

} // namespace

void beginCopies(unsigned threads) {
  copies.resize(threads);
  for (ThreadCopies &thread : copies) {
    thread.pending.clear();
    thread.openGroup = 0;
  }
}

bool unfinishedCopies(unsigned thread) { return !copies[thread].pending.empty(); }

void copyAsync(void *shared, const void *global, unsigned bytes, unsigned sourceBytes, Site site) {
  if (bytes != 4 && bytes != 8 && bytes != 16)
    fail(site, "an asynchronous copy has 4, 8 or 16 bytes, not %u", bytes);
  if (sourceBytes > bytes)
    fail(site, "an asynchronous copy of %u bytes reads %u", bytes, sourceBytes);
  if (reinterpret_cast<uintptr_t>(shared) % bytes != 0 || reinterpret_cast<uintptr_t>(global) % bytes != 0)
    fail(site, "an asynchronous copy of %u bytes from %p to %p is not aligned to its size", bytes, global, shared);
  if (checker != nullptr) {
    checker->access(global, sourceBytes, Access::read, Place(site));
    checker->beginAsynchronousWrite(shared, bytes, Place(site));
  }
  mine().pending.push_back({shared, global, bytes, sourceBytes, mine().openGroup, site});
}

void copyAsyncCommit() { ++mine().openGroup; }

void copyAsyncWait(unsigned pending, Site) {
  ThreadCopies &thread = mine();
  while (!thread.pending.empty() && thread.pending.front().group + pending < thread.openGroup) {
    Copy copy = thread.pending.front();
    thread.pending.pop_front();
    if (checker != nullptr) {
      checker->access(copy.global, copy.sourceBytes, Access::read, Place(copy.site));
      checker->endAsynchronousWrite(copy.shared, copy.bytes, Place(copy.site));
    }
    memcpy(copy.shared, copy.global, copy.sourceBytes);
    memset(static_cast<char *>(copy.shared) + copy.sourceBytes, 0, copy.bytes - copy.sourceBytes);
  }
}

} // namespace ingot::shim
