//===- team.h - the workers that run a step together ------------*- C++ -*-===//
//
// A fixed set of threads, of which the caller is worker 0. They run one
// function together and meet at barriers inside it. A worker that waits spins
// for a short while and then sleeps in the kernel, so that a decode step pays
// no system call while an idle program takes no CPU.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CPU_TEAM_H
#define INGOT_RUNTIME_CPU_TEAM_H

#include "runtime/abi.h"

#include <atomic>

/// A number that only grows (modulo 2^32) and that workers wait upon, alone on
/// its cache line.
struct alignas(64) IngotEpoch {
  std::atomic<uint32_t> value{0};
  std::atomic<uint32_t> sleepers{0};

  /// Returns once the value differs from `seen`; what was written before
  /// `advance` is visible then.
  void waitBeyond(uint32_t seen, uint32_t spins);

  /// Called by one thread at a time.
  void advance();
};

/// What all workers share. Opaque to generated code.
struct IngotTeam {
  uint32_t workers = 1; ///< constant while threads run
  alignas(64) std::atomic<uint32_t> arrived{0};
  IngotEpoch barrier;
};

namespace ingot::runtime {

class Team {
public:
  /// A worker's part of the work.
  using Function = void (*)(void *context, IngotTeam *team, uint32_t worker, uint32_t workers);

  /// Starts `workers` - 1 threads; fewer when the kernel refuses more, see
  /// `workers()`.
  explicit Team(uint32_t workers);
  ~Team();
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;

  uint32_t workers() const { return shared.workers; }

  /// Runs `function` on every worker and returns when all are done. What the
  /// caller wrote before is visible to the workers, and what they wrote to the
  /// caller after. Allocates nothing.
  void run(Function function, void *context);

private:
  struct Thread {
    Team *team;
    uint32_t worker;
    unsigned long handle; ///< pthread_t
  };
  void work(uint32_t worker);

  IngotTeam shared;
  IngotEpoch start;
  Function function = nullptr; ///< nullptr: leave
  void *context = nullptr;
  Thread *threads = nullptr; ///< of workers 1 and up
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CPU_TEAM_H
