//===- team.cpp - threads, epochs and the barrier -------------------------===//

#include "runtime/cpu/team.h"

#include <algorithm>
#include <climits>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ingot::runtime {

// 130 to 260 microseconds at 4 to 2 GHz: longer than the kernel takes to wake a
// thread on an idle CPU of a virtual machine. Were it shorter, two threads that
// wake each other would never find each other spinning again.
static constexpr uint64_t longestSpin = 1 << 19;

// Generated code keeps its buffers in arenas, so little stack is enough.
static constexpr size_t stackBytes = 1 << 20;
static constexpr size_t guardBytes = 4096;

uint64_t SpinBudget::next() {
  if (remaining == 0)
    return longestSpin;
  --remaining;
  return 0;
}

void SpinBudget::spinPaid() { pause /= 2; }

void SpinBudget::spinFailed() {
  pause = std::clamp(2 * pause, shortestPause, longestPause);
  remaining = pause;
}

void Epoch::waitBeyond(uint32_t seen, SpinBudget &budget) {
  if (uint64_t spin = budget.next()) {
    // Others mostly come at once, so the clock is read after a first look only.
    uint64_t begin = 0;
    do {
      for (int i = 0; i < 8; ++i) {
        if (value.load(std::memory_order_acquire) != seen)
          return budget.spinPaid();
        __builtin_ia32_pause();
      }
      begin = begin ? begin : __builtin_ia32_rdtsc();
    } while (__builtin_ia32_rdtsc() - begin < spin);
    budget.spinFailed();
  }
  // Sequentially consistent on both sides: either `advance` sees this sleeper,
  // or the kernel sees the new value and does not put it to sleep.
  sleepers.fetch_add(1);
  while (value.load() == seen)
    syscall(SYS_futex, &value, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
  sleepers.fetch_sub(1);
}

void Epoch::advance() {
  value.fetch_add(1);
  if (sleepers.load())
    syscall(SYS_futex, &value, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

/// A barrier between threads.
static void meet(IngotTeam &team, SpinBudget &budget) {
  if (team.threads == 1)
    return;
  // The epoch cannot advance before we arrive, so this read is of the present
  // barrier.
  uint32_t epoch = team.barrier.value.load(std::memory_order_relaxed);
  if (team.arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == team.threads) {
    team.arrived.store(0, std::memory_order_relaxed);
    team.barrier.advance();
  } else {
    team.barrier.waitBeyond(epoch, budget);
  }
}

/// A stack for each worker that shares its thread, one after the other; nullptr
/// when there is no memory. Each ends in a page that nobody may touch.
static uint8_t *mapStacks(uint32_t count) {
  void *memory = mmap(nullptr, count * stackBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED)
    return nullptr;
  auto *stacks = static_cast<uint8_t *>(memory);
  for (uint32_t i = 0; i < count; ++i)
    mprotect(stacks + i * stackBytes, guardBytes, PROT_NONE);
  return stacks;
}

Team::Team(uint32_t workers, uint32_t mostThreads) {
  // A thread that calls malloc or free gets a heap of its own, so what threads
  // start with lies here.
  auto enter = [](void *argument) -> void * {
    auto *thread = static_cast<Thread *>(argument);
    thread->team->serve(*thread);
    return nullptr;
  };
  threads.resize(std::clamp(mostThreads, 1u, workers));
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stackBytes);
  // Threads wait for the first run, so none reads what is set up below.
  for (uint32_t i = 1; i < threads.size(); ++i) {
    threads[i].team = this;
    if (pthread_create(&threads[i].handle, &attributes, enter, &threads[i]) != 0)
      break;
    shared.threads = i + 1;
  }
  pthread_attr_destroy(&attributes);
  threads[0].handle = pthread_self();
  if (workers > shared.threads)
    stacks = mapStacks(workers);
  shared.workers = stacks ? workers : shared.threads;
  shared.members.resize(shared.workers);
  shared.shares = std::vector<Share>(shared.workers);
  for (uint32_t i = 0; i < shared.workers; ++i) {
    shared.shares[i].team = &shared;
    shared.shares[i].worker = i;
  }
  for (uint32_t i = 0; i < shared.threads; ++i)
    assignMembers(threads[i], uint64_t{shared.workers} * i / shared.threads,
                  uint64_t{shared.workers} * (i + 1) / shared.threads);
}

void Team::assignMembers(Thread &thread, uint32_t begin, uint32_t end) {
  thread.first = &shared.members[begin];
  for (uint32_t worker = begin; worker < end; ++worker) {
    Member &member = shared.members[worker];
    bool isLast = worker + 1 == end;
    member.team = this;
    member.worker = worker;
    member.isLast = isLast;
    if (end - begin == 1)
      return;
    member.next = isLast ? thread.first : &member + 1;
    member.afterwards = isLast ? &thread.context : &member.next->context;
    getcontext(&member.context);
    member.context.uc_stack.ss_sp = stacks + worker * stackBytes;
    member.context.uc_stack.ss_size = stackBytes;
    // A context takes numbers of 32 bits only.
    auto address = reinterpret_cast<uint64_t>(&member);
    auto enter = [](uint32_t low, uint32_t high) {
      auto *member = reinterpret_cast<Member *>(uint64_t{high} << 32 | low);
      for (;;) {
        member->team->runMember(*member);
        swapcontext(&member->context, member->afterwards);
      }
    };
    makecontext(&member.context, reinterpret_cast<void (*)()>(+enter), 2, static_cast<uint32_t>(address),
                static_cast<uint32_t>(address >> 32));
  }
}

Team::~Team() {
  if (shared.threads > 1) {
    function = nullptr;
    start.advance();
    for (uint32_t i = 1; i < shared.threads; ++i)
      pthread_join(threads[i].handle, nullptr);
  }
  if (stacks)
    munmap(stacks, shared.workers * stackBytes);
}

bool Team::pin(std::span<const uint32_t> cpus) {
  for (uint32_t i = 0; i < shared.threads; ++i) {
    uint32_t cpu = cpus[i % cpus.size()];
    std::vector<unsigned long> mask(cpu / (8 * sizeof(unsigned long)) + 1);
    size_t bytes = mask.size() * sizeof(unsigned long);
    auto *set = reinterpret_cast<cpu_set_t *>(mask.data());
    CPU_SET_S(cpu, bytes, set);
    if (pthread_setaffinity_np(threads[i].handle, bytes, set) != 0)
      return false;
  }
  return true;
}

void Team::runMember(Member &member) { function(context, &shared, member.worker); }

/// All of a thread's workers, and the barrier that ends a run.
void Team::runMembers(Thread &thread) {
  if (thread.first->next)
    swapcontext(&thread.context, &thread.first->context);
  else
    runMember(*thread.first);
  meet(shared, thread.first->budget);
}

void Team::run(Function newFunction, void *newContext) {
  function = newFunction;
  context = newContext;
  if (shared.threads > 1)
    start.advance();
  runMembers(threads[0]);
}

void Team::serve(Thread &thread) {
  for (uint32_t seen = 0;; ++seen) {
    start.waitBeyond(seen, thread.budget);
    if (!function)
      return;
    runMembers(thread);
  }
}

} // namespace ingot::runtime

void ingot_team_barrier(IngotTeam *team, uint32_t worker) {
  if (team->workers == 1)
    return;
  ingot::runtime::Member &member = team->members[worker];
  // The last of a thread's workers to come waits for the other threads, and all
  // go on in the same order.
  if (member.isLast)
    ingot::runtime::meet(*team, member.budget);
  if (member.next)
    swapcontext(&member.context, &member.next->context);
}
