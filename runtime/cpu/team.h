//===- team.h - the workers that run a step together ------------*- C++ -*-===//
//
// A fixed set of workers that run one function together and meet at barriers
// inside it. Each thread, of which the caller is the first, runs one worker, or
// several in turn where there are more workers than threads: it then changes
// worker at each barrier, without the kernel. A thread that waits spins for a
// while and then sleeps, so that a decode step pays no system call while an
// idle program takes no CPU.
//
// How long it spins is learnt, as KVM learns how long to poll before it halts a
// CPU (Linux Documentation/virt/kvm/halt-polling.rst): where the others'
// threads do not run, because other programs have the CPUs, a spinning thread
// only keeps them from running.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CPU_TEAM_H
#define INGOT_RUNTIME_CPU_TEAM_H

#include "runtime/abi.h"
#include "runtime/cpu/share.h"

#include <atomic>
#include <pthread.h>
#include <span>
#include <ucontext.h>
#include <vector>

namespace ingot::runtime {

/// Whether one thread's next wait spins, by how the last ones ended.
class SpinBudget {
public:
  /// Time stamps to spin for; 0: sleep at once.
  uint64_t next();

  void spinPaid();
  void spinFailed();

private:
  /// Waits until the next attempt after one that failed.
  static constexpr uint32_t shortestPause = 8;
  static constexpr uint32_t longestPause = 512;

  uint32_t pause = 0;     ///< of the last failure; 0: the last attempt paid
  uint32_t remaining = 0; ///< of it
};

/// A number that only grows (modulo 2^32) and that threads wait upon, alone on
/// its cache line.
struct alignas(64) Epoch {
  std::atomic<uint32_t> value{0};
  std::atomic<uint32_t> sleepers{0};

  /// Returns once the value differs from `seen`; what was written before
  /// `advance` is visible then.
  void waitBeyond(uint32_t seen, SpinBudget &budget);

  /// Called by one thread at a time.
  void advance();
};

class Team;

/// One worker. All but `context` and `budget` is constant while threads run.
struct alignas(64) Member {
  Team *team;
  uint32_t worker;
  bool isLast;                      ///< of its thread's workers
  SpinBudget budget;                ///< at barriers
  Member *next = nullptr;           ///< who runs while this one waits; nullptr: alone on its thread
  ucontext_t *afterwards = nullptr; ///< who runs once this one's part is done
  ucontext_t context;               ///< where this one waits
};

} // namespace ingot::runtime

/// What all workers share. Opaque to generated code.
struct IngotTeam {
  // Constant while threads run.
  uint32_t workers = 1;
  uint32_t threads = 1;
  std::vector<ingot::runtime::Member> members; ///< [workers]
  std::vector<ingot::runtime::Share> shares;   ///< [workers]

  alignas(64) std::atomic<uint32_t> arrived{0};
  ingot::runtime::Epoch barrier;
};

namespace ingot::runtime {

class Team {
public:
  /// A worker's part of the work.
  using Function = void (*)(void *context, IngotTeam *team, uint32_t worker);

  /// Starts `mostThreads` - 1 threads, but no more than one for each worker;
  /// fewer when the kernel refuses more. Fewer workers, see `workers()`, when it
  /// has no memory for those that share a thread.
  Team(uint32_t workers, uint32_t mostThreads);
  ~Team();
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;

  uint32_t workers() const { return shared.workers; }

  /// Keeps each thread, the caller's too, on one of these CPUs, in turn. False
  /// when the kernel refuses.
  bool pin(std::span<const uint32_t> cpus);

  /// Runs `function` on every worker and returns when all are done. What the
  /// caller wrote before is visible to the workers, and what they wrote to the
  /// caller after. Allocates nothing.
  void run(Function function, void *context);

private:
  struct Thread {
    Team *team;
    Member *first;
    SpinBudget budget; ///< between runs
    pthread_t handle;
    ucontext_t context; ///< where it waits for its workers, unless there is but one
  };
  void assignMembers(Thread &thread, uint32_t begin, uint32_t end);
  void runMember(Member &member);
  void runMembers(Thread &thread);
  void serve(Thread &thread);

  IngotTeam shared;
  Epoch start;
  Function function = nullptr; ///< nullptr: leave
  void *context = nullptr;
  std::vector<Thread> threads; ///< the caller's first
  uint8_t *stacks = nullptr;   ///< of workers that share a thread
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CPU_TEAM_H
