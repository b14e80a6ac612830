//===- checker.h - finds what is wrong with a kernel's accesses -*- C++ -*-===//
//
// Every byte of device memory and of shared memory has a shadow cell: whether it
// may be touched, whether it has a value, who wrote it last and who read it
// since. An access outside, a read of what nobody wrote, and two accesses in no
// order with a write among them end the launch.
//
// Order within a launch: threads of a block by __syncthreads, lanes of a warp by
// __syncwarp also. Shuffles and votes order nothing (CUDA C++ Programming Guide,
// "Warp Shuffle Functions": they imply no memory barrier). A block that reads an
// atomic variable comes after what another did before a __threadfence() followed
// by its own atomic operation on that variable.
//
// Kernels, copies and fills are ordered as streams, events and graphs say.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_CHECKER_CHECKER_H
#define INGOT_TEST_CUDA_SHIM_CHECKER_CHECKER_H

#include "checker/place.h"
#include "checker/shadow.h"
#include "driver/order_set.h"
#include "executor/block.h"
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>

namespace ingot::shim {

class Checker {
public:
  /// Something starts that was asked of the device, after the operations `before`.
  void beginOperation(uint64_t number, const OrderSet &before, const std::string &name);
  /// Of a copy or a fill; null where it is not the device's memory that is read or written.
  void transfer(void *to, const void *from, size_t bytes, const Region &device);

  /// A kernel starts. `shared` is its module's shared memory, `variables` are its module's.
  void beginLaunch(const Launch &launch, const Region &device, const Region &shared, const Region &variables);
  void endLaunch();
  void beginBlock();
  void blockBarrier();
  void warpBarrier(unsigned warp, unsigned lanes);
  void deviceFence();

  /// While paused, accesses are not looked at.
  void pause(bool on) { paused = on; }
  void access(const void *address, size_t bytes, Access access, const Place &place);
  void prefetch(const void *address, size_t bytes, const Place &place) const;
  void beginAsynchronousWrite(void *address, size_t bytes, const Place &place);
  void endAsynchronousWrite(void *address, size_t bytes, const Place &place);

private:
  /// What a thread has made visible to the device with a fence: all of its block's accesses before `interval`, and its
  /// own in that interval up to `clock`.
  struct Mark {
    uint32_t interval = 0, clock = 0;
  };
  using Marks = std::vector<Mark>;
  /// By a block's first interval.
  using Known = std::map<uint32_t, std::shared_ptr<const Marks>>;

  /// The region of some bytes; null for what is nobody else's concern: a thread's own stack, constants of the module.
  /// Ends the launch if a kernel may not touch them.
  const Region *find(const void *address, size_t bytes, Access access, const Place &place) const;
  bool ordered(const Record &earlier) const;
  bool orderedByFence(const Record &earlier) const;
  Record now(const Place &place, Access access);
  /// Checks an access, and keeps it.
  void keep(const Region &region, const char *first, size_t bytes, Access access, const Record &record,
            const Place &place);
  void keepByte(const Region &region, const char *byte, size_t left, Access access, const Record &record,
                const Place &place);
  void checkState(const Region &region, const char *byte, size_t bytes, Access access, const Place &place) const;
  void synchronize(const void *variable);

  [[noreturn]] void reportRace(const Region &region, const char *byte, size_t bytes, Access access,
                               const Record &earlier, bool earlierWrote, const Place &place) const;
  /// "kernel …, thread …, file.cu:12: reads 4 bytes at 'partial' + 12"
  std::string begin(const Region *region, const void *address, size_t bytes, Access access, const Place &place) const;
  Index blockOf(uint32_t interval) const;
  struct Begun {
    uint32_t interval;
    uint64_t number;
    std::string name;
  };
  const Begun &operationOf(uint32_t interval) const;
  Index threadIndex(unsigned number) const;

  bool paused = false;
  const Launch *launch = nullptr;
  const Region *device = nullptr, *shared = nullptr, *variables = nullptr;
  Places places;

  /// Intervals are what lies between two barriers of a block, numbered through the whole run.
  uint32_t interval = Record::firstInterval;
  uint32_t operationStart = Record::firstInterval;
  uint32_t blockStart = Record::firstInterval;
  /// All accesses before this interval come before this operation.
  uint32_t orderedStart = Record::firstInterval;
  OrderSet before;
  /// Operations that something to come may not be ordered after, this one last.
  std::deque<Begun> operations;
  /// First interval of every block of this launch that has begun, and the block.
  std::map<uint32_t, Index> blocks;
  /// For each thread, how far it knows each lane of its warp.
  std::vector<std::array<uint32_t, warpSize>> clocks;

  /// Per thread, its last fence; and what of these every thread knew at the last barrier.
  Marks fences, visibleFences;
  std::vector<Known> known;
  Known knownToBlock;
  /// By atomic variable.
  std::unordered_map<const void *, Known> released;
};

/// Null where kernels run unchecked.
extern Checker *checker;

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_CHECKER_CHECKER_H
