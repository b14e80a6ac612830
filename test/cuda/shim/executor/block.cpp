//===- block.cpp - scheduling the threads of a block --------------------===//

#include "executor/block.h"
#include "checker/checker.h"
#include "executor/copies.h"
#include "executor/failure.h"
#include <bit>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

// What emitted text reads as threadIdx, blockIdx, blockDim and gridDim (see device/threads.h). They are constants for a
// thread, and switching sets them.
extern "C" {
INGOT_SHIM_EXPORT ingot::shim::Index ingot_shim_thread_index;
INGOT_SHIM_EXPORT ingot::shim::Index ingot_shim_block_index;
INGOT_SHIM_EXPORT ingot::shim::Index ingot_shim_block_dimension;
INGOT_SHIM_EXPORT ingot::shim::Index ingot_shim_grid_dimension;
}

namespace ingot::shim {

Block block;

namespace {

unsigned lanesAfter(unsigned lane) { return lane == 31 ? 0 : ~0u << (lane + 1); }

std::string lanesText(unsigned lanes) {
  char text[16];
  snprintf(text, sizeof text, "0x%08x", lanes);
  return text;
}

} // namespace

std::string describe(Index index) {
  return "(" + std::to_string(index.x) + ", " + std::to_string(index.y) + ", " + std::to_string(index.z) + ")";
}

std::string describe(Site site) {
  std::string file = site.file_name();
  return file.substr(file.rfind('/') + 1) + ":" + std::to_string(site.line());
}

std::string describeCurrentThread() {
  const Launch *launch = block.launch();
  if (launch == nullptr || block.thread() == nullptr)
    return "outside a kernel";
  return std::string("kernel ") + launch->kernel->name + ", block " + describe(ingot_shim_block_index) + ", thread " +
         describe(block.thread()->index);
}

const Thread *Block::stackOwner(const void *address) const {
  size_t index = stacks.indexOf(address);
  return index < threads.size() ? &threads[index] : nullptr;
}

bool Block::isBelowStack(const void *address) const {
  const char *bottom = stacks.bottom(current->number);
  return address < bottom && address >= bottom - Stacks::guard;
}

bool Block::run(const Launch &launch, Index blockIndex, unsigned firstWarp) {
  unsigned count = launch.block.x * launch.block.y * launch.block.z;
  unsigned warps = (count + warpSize - 1) / warpSize;
  stacks.reserve(count);
  running = &launch;
  failure.clear();
  returned = arrived = 0;
  threads.resize(count);
  readyLanes.assign(warps, 0);
  aliveLanes.assign(warps, 0);
  Index index{0, 0, 0};
  for (unsigned number = 0; number < count; ++number) {
    Thread &thread = threads[number];
    thread.context = stacks.start(number, enter);
    thread.index = index;
    thread.number = number;
    thread.state = Thread::State::ready;
    thread.hasWaited = !launch.isEarly;
    readyLanes[thread.warp()] |= 1u << thread.lane();
    if (++index.x == launch.block.x) {
      index.x = 0;
      if (++index.y == launch.block.y) {
        index.y = 0;
        ++index.z;
      }
    }
  }
  aliveLanes = readyLanes;
  ingot_shim_block_index = blockIndex;
  ingot_shim_block_dimension = launch.block;
  ingot_shim_grid_dimension = launch.grid;
  beginCopies(count);
  if (checker != nullptr)
    checker->beginBlock();

  current = &threads[firstWarp % warps * warpSize];
  ingot_shim_thread_index = current->index;
  ingot_shim_switch(&launcher, current->context);
  current = nullptr;
  return failure.empty();
}

void Block::enter() {
  block.running->kernel->call(block.running->parameters);
  block.leaveThread();
}

void Block::leaveThread() {
  if (arrived != 0)
    fail(barrierSite, "this thread has returned while others of its block wait at this __syncthreads()");
  if (unfinishedCopies(current->number))
    fail(Site(), "this thread has returned before all of its asynchronous copies were waited for");
  if (!current->hasWaited)
    fail(Site(), "this thread has returned and never waited for the kernels that its own comes after");
  Thread &self = *current;
  unsigned bit = 1u << self.lane();
  self.state = Thread::State::returned;
  readyLanes[self.warp()] &= ~bit;
  aliveLanes[self.warp()] &= ~bit;
  ++returned;
  // Others of the warp may have waited only for this one.
  for (unsigned lanes = aliveLanes[self.warp()] & ~readyLanes[self.warp()]; lanes != 0; lanes &= lanes - 1) {
    Thread &other = threads[self.warp() * warpSize + static_cast<unsigned>(std::countr_zero(lanes))];
    if (other.state == Thread::State::inCollective && tryComplete(self.warp(), *other.kind, other.mask, other.site))
      break;
  }
  Context nowhere;
  if (returned == threads.size())
    ingot_shim_switch(&nowhere, launcher);
  Thread *next = nextReady();
  if (next == nullptr)
    reportDeadlock();
  current = next;
  ingot_shim_thread_index = next->index;
  ingot_shim_switch(&nowhere, next->context);
  abort(); // A thread that has returned is never resumed.
}

void Block::abandon(std::string message) {
  if (current == nullptr)
    throw Failure(message);
  failure = std::move(message);
  Context nowhere;
  ingot_shim_switch(&nowhere, launcher);
  abort(); // Nor is one whose launch has failed.
}

Thread *Block::nextReady() {
  unsigned warp = current->warp();
  if (unsigned lanes = readyLanes[warp]) {
    unsigned later = lanes & lanesAfter(current->lane());
    return &threads[warp * warpSize + static_cast<unsigned>(std::countr_zero(later != 0 ? later : lanes))];
  }
  for (unsigned step = 1; step < readyLanes.size(); ++step) {
    unsigned other = warp + step < readyLanes.size() ? warp + step : warp + step - readyLanes.size();
    if (readyLanes[other] != 0)
      return &threads[other * warpSize + static_cast<unsigned>(std::countr_zero(readyLanes[other]))];
  }
  return nullptr;
}

void Block::wait() {
  Thread &self = *current;
  Thread *next = nextReady();
  if (next == nullptr)
    reportDeadlock();
  current = next;
  ingot_shim_thread_index = next->index;
  ingot_shim_switch(&self.context, next->context);
}

void Block::makeReady(unsigned warp, unsigned lanes) {
  readyLanes[warp] |= lanes;
  for (; lanes != 0; lanes &= lanes - 1)
    threads[warp * warpSize + static_cast<unsigned>(std::countr_zero(lanes))].state = Thread::State::ready;
}

void Block::reportDeadlock() {
  std::string message = "no thread of the block can go on:";
  unsigned listed = 0;
  for (const Thread &thread : threads) {
    if (thread.state == Thread::State::returned)
      continue;
    if (++listed > 4) {
      message += " …";
      break;
    }
    message += " thread " + describe(thread.index) + " waits at " + describe(thread.site) + " in ";
    message += thread.state == Thread::State::atBarrier
                   ? std::string("__syncthreads")
                   : std::string(thread.kind->name) + " for lanes " + lanesText(thread.mask);
    message += ";";
  }
  fail(current->site, "%s", message.c_str());
}

int Block::barrier(Reduction reduction, int predicate, Site site) {
  Thread &self = *current;
  if (returned != 0)
    fail(site, "a thread has come to __syncthreads() after %u of its block have returned", returned);
  if (arrived == 0) {
    barrierSite = site;
    barrierReduction = reduction;
    barrierValue = reduction == Reduction::all;
  } else if (site.line() != barrierSite.line() || site.column() != barrierSite.column() ||
             reduction != barrierReduction) {
    fail(site, "a thread has come to this __syncthreads() while others of its block wait at the one at %s",
         describe(barrierSite).c_str());
  }
  switch (reduction) {
  case Reduction::none:
    break;
  case Reduction::sum:
    barrierValue += predicate != 0;
    break;
  case Reduction::all:
    barrierValue &= predicate != 0;
    break;
  case Reduction::any:
    barrierValue |= predicate != 0;
    break;
  }
  if (++arrived < threads.size()) {
    self.state = Thread::State::atBarrier;
    self.site = site;
    readyLanes[self.warp()] &= ~(1u << self.lane());
    wait();
    return barrierResult;
  }
  arrived = 0;
  barrierResult = barrierValue;
  if (checker != nullptr)
    checker->blockBarrier();
  for (unsigned warp = 0; warp < readyLanes.size(); ++warp)
    makeReady(warp, aliveLanes[warp]);
  return barrierResult;
}

bool Block::tryComplete(unsigned warp, const Collective &kind, unsigned mask, Site site) {
  unsigned expected = mask & aliveLanes[warp];
  if ((readyLanes[warp] & expected) != 0)
    return false;
  void *arguments[warpSize] = {};
  for (unsigned lanes = expected; lanes != 0; lanes &= lanes - 1) {
    auto lane = static_cast<unsigned>(std::countr_zero(lanes));
    Thread &thread = threads[warp * warpSize + lane];
    if (thread.state != Thread::State::inCollective || thread.kind != &kind || thread.mask != mask)
      return false; // It may yet come here when what it waits for has happened; if not, that is a deadlock.
    arguments[lane] = thread.arguments;
  }
  if (kind.aligned && expected != mask)
    fail(site, "%s needs every lane of the warp, but lanes %s have returned", kind.name,
         lanesText(mask & ~expected).c_str());
  if (kind.complete != nullptr) {
    // The shim's own access to what the lanes brought is no access of a thread.
    if (checker != nullptr)
      checker->pause(true);
    kind.complete(arguments, expected, site);
    if (checker != nullptr)
      checker->pause(false);
  }
  if (kind.ordersMemory && checker != nullptr)
    checker->warpBarrier(warp, expected);
  makeReady(warp, expected);
  return true;
}

void Block::collective(const Collective &kind, unsigned mask, void *arguments, Site site) {
  Thread &self = *current;
  unsigned warp = self.warp();
  if ((mask >> self.lane() & 1) == 0)
    fail(site, "%s: the mask %s does not name the lane that calls (%u)", kind.name, lanesText(mask).c_str(),
         self.lane());
  self.state = Thread::State::inCollective;
  self.site = site;
  self.kind = &kind;
  self.mask = mask;
  self.arguments = arguments;
  readyLanes[warp] &= ~(1u << self.lane());
  if (!tryComplete(warp, kind, mask, site))
    wait();
}

int blockBarrier(Reduction reduction, int predicate, Site site) { return block.barrier(reduction, predicate, site); }

void collective(const Collective &kind, unsigned mask, void *arguments, Site site) {
  block.collective(kind, mask, arguments, site);
}

void waitForEarlier() { block.waitForEarlier(); }

void prefetch(const void *address, size_t bytes, Site site) {
  if (checker != nullptr)
    return checker->prefetch(address, bytes, Place(site));
  const volatile char *first = static_cast<const char *>(address);
  static_cast<void>(first[0]);
  static_cast<void>(first[bytes - 1]);
}

unsigned laneIndex() { return block.thread()->lane(); }

void fail(Site site, const char *format, ...) {
  char text[2048];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  std::string where = site.line() != 0 ? ", " + describe(site) : "";
  block.abandon(describeCurrentThread() + where + ": " + text);
}

} // namespace ingot::shim
