//===- team.cpp - threads, epochs and the barrier -------------------------===//

#include "runtime/cpu/team.h"

#include <climits>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

// About 20 microseconds at 40 cycles a pause: as long as waking a sleeper
// takes.
static constexpr uint32_t barrierSpins = 2000;

// Between steps the caller samples, decodes and prints: tens of microseconds.
static constexpr uint32_t stepSpins = 10000;

void IngotEpoch::waitBeyond(uint32_t seen, uint32_t spins) {
  for (uint32_t i = 0; i < spins; ++i) {
    if (value.load(std::memory_order_acquire) != seen)
      return;
    __builtin_ia32_pause();
  }
  // Sequentially consistent on both sides: either `advance` sees this sleeper,
  // or the kernel sees the new value and does not put it to sleep.
  sleepers.fetch_add(1);
  while (value.load() == seen)
    syscall(SYS_futex, &value, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
  sleepers.fetch_sub(1);
}

void IngotEpoch::advance() {
  value.fetch_add(1);
  if (sleepers.load())
    syscall(SYS_futex, &value, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void ingot_team_barrier(IngotTeam *team, uint32_t) {
  if (team->workers == 1)
    return;
  // The epoch cannot advance before we arrive, so this read is of the present
  // barrier.
  uint32_t epoch = team->barrier.value.load(std::memory_order_relaxed);
  if (team->arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == team->workers) {
    team->arrived.store(0, std::memory_order_relaxed);
    team->barrier.advance();
  } else {
    team->barrier.waitBeyond(epoch, barrierSpins);
  }
}

namespace ingot::runtime {

Team::Team(uint32_t workers) {
  // A thread that calls malloc or free gets a heap of its own, so what threads
  // start with lies here.
  auto enter = [](void *argument) -> void * {
    auto *thread = static_cast<Thread *>(argument);
    thread->team->work(thread->worker);
    return nullptr;
  };
  if (workers > 1)
    threads = new Thread[workers - 1];
  // Generated code keeps its buffers in arenas, so little stack is enough.
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 1 << 20);
  // Threads wait for the first run, so none reads the count before it is final.
  for (uint32_t worker = 1; worker < workers; ++worker) {
    Thread &thread = threads[worker - 1];
    thread = {this, worker, 0};
    if (pthread_create(&thread.handle, &attributes, enter, &thread) != 0)
      break;
    shared.workers = worker + 1;
  }
  pthread_attr_destroy(&attributes);
}

Team::~Team() {
  if (shared.workers > 1) {
    function = nullptr;
    start.advance();
    for (uint32_t worker = 1; worker < shared.workers; ++worker)
      pthread_join(threads[worker - 1].handle, nullptr);
  }
  delete[] threads;
}

void Team::run(Function newFunction, void *newContext) {
  if (shared.workers > 1) {
    function = newFunction;
    context = newContext;
    start.advance();
  }
  newFunction(newContext, &shared, 0, shared.workers);
  ingot_team_barrier(&shared, 0);
}

void Team::work(uint32_t worker) {
  for (uint32_t seen = 0;; ++seen) {
    start.waitBeyond(seen, stepSpins);
    if (!function)
      return;
    function(context, &shared, worker, shared.workers);
    ingot_team_barrier(&shared, worker);
  }
}

} // namespace ingot::runtime
