//===- block.h - the threads of one block -----------------------*- C++ -*-===//
//
// One block runs at a time, its threads as fibres of one operating-system
// thread. A thread runs until it has to wait for others; then the next one that
// can run goes on, lane after lane and warp after warp. So a run is a function
// of the input and of the seed alone.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_EXECUTOR_BLOCK_H
#define INGOT_TEST_CUDA_SHIM_EXECUTOR_BLOCK_H

#include "executor/fibre.h"
#include "executor/interface.h"
#include <string>
#include <vector>

namespace ingot::shim {

struct Thread {
  enum class State : uint8_t { ready, atBarrier, inCollective, returned };

  Context context;
  Index index;
  /// In the block, x running fastest; warps are 32 in a row.
  unsigned number;
  State state;
  /// What it waits for, unless it is ready or has returned.
  Site site;
  const Collective *kind;
  unsigned mask;
  void *arguments;
  /// For the kernels that this one comes after.
  bool hasWaited;

  unsigned warp() const { return number / warpSize; }
  unsigned lane() const { return number % warpSize; }
};

/// A kernel that runs.
struct Launch {
  const Kernel *kernel;
  Index grid, block;
  /// As for cuLaunchKernel.
  void *const *parameters;
  /// Whether it may have begun before what it comes after has ended.
  bool isEarly;
};

class Block {
public:
  /// Runs one block of a launch; false when it failed (then error() says why).
  bool run(const Launch &launch, Index blockIndex, unsigned firstWarp);

  int barrier(Reduction reduction, int predicate, Site site);
  void collective(const Collective &kind, unsigned mask, void *arguments, Site site);
  void waitForEarlier() { current->hasWaited = true; }
  /// Leaves the block for good, from one of its threads; elsewhere, throws a Failure.
  [[noreturn]] void abandon(std::string message);

  /// The thread that runs; null outside a launch.
  const Thread *thread() const { return current; }
  const Thread &thread(unsigned number) const { return threads[number]; }
  /// Lanes of a warp that have not returned.
  unsigned alive(unsigned warp) const { return aliveLanes[warp]; }
  const Launch *launch() const { return running; }
  const std::string &error() const { return failure; }
  /// The thread whose stack holds an address, or null.
  const Thread *stackOwner(const void *address) const;
  /// Whether an address is one that the current thread reaches when its stack is full.
  bool isBelowStack(const void *address) const;

private:
  static void enter();
  [[noreturn]] void leaveThread();
  /// Lets other threads run until this one, which is not, is ready again.
  void wait();
  /// The next thread that can run; null if there is none.
  Thread *nextReady();
  void makeReady(unsigned warp, unsigned lanes);
  /// Completes an operation of a warp if all lanes that it waits for have come.
  bool tryComplete(unsigned warp, const Collective &kind, unsigned mask, Site site);
  [[noreturn]] void reportDeadlock();

  Stacks stacks;
  std::vector<Thread> threads;
  std::vector<unsigned> readyLanes, aliveLanes;
  Thread *current = nullptr;
  Context launcher = nullptr;
  const Launch *running = nullptr;
  std::string failure;

  unsigned returned = 0;
  unsigned arrived = 0;
  Site barrierSite;
  Reduction barrierReduction = Reduction::none;
  int barrierValue = 0, barrierResult = 0;
};

/// The block that runs, or ran last.
extern Block block;

/// "kernel NAME, block (0, 0, 0), thread (1, 0, 0)": where the current thread is.
std::string describeCurrentThread();
/// "(x, y, z)"
std::string describe(Index index);
/// "file.cu:12"
std::string describe(Site site);

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_EXECUTOR_BLOCK_H
