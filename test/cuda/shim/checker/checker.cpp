//===- checker.cpp - finds what is wrong with a kernel's accesses ---------===//

#include "checker/checker.h"
#include <algorithm>
#include <bit>
#include <cstring>
#include <dlfcn.h>

extern "C" ingot::shim::Index ingot_shim_block_index;

namespace ingot::shim {

Checker *checker = nullptr;

namespace {

const char *verb(Access access) {
  switch (access) {
  case Access::read:
    return "reads";
  case Access::write:
    return "writes";
  case Access::atomic:
    return "changes atomically";
  case Access::prefetch:
    return "asks for";
  }
  __builtin_unreachable();
}

std::string bytesText(size_t bytes) { return bytes == 1 ? "1 byte" : std::to_string(bytes) + " bytes"; }

/// Whether an address lies in a loaded file, where constants lie too.
bool inLoadedFile(const void *address) {
  Dl_info info;
  return dladdr(address, &info) != 0;
}

} // namespace

void Checker::beginOperation(uint64_t number, const OrderSet &earlier, const std::string &name) {
  operationStart = orderedStart = ++interval;
  before = earlier;
  while (!operations.empty() && operations.front().number < before.all())
    operations.pop_front();
  for (const Begun &operation : operations)
    if (!before.contains(operation.number)) {
      orderedStart = operation.interval;
      break;
    }
  operations.push_back({interval, number, name});
}

void Checker::transfer(void *to, const void *from, size_t bytes, const Region &memory) {
  Place nowhere;
  Record record{interval, 0, places.number(nowhere) << 2};
  const char *source = static_cast<const char *>(from);
  char *target = static_cast<char *>(to);
  if (source != nullptr && memory.contains(source))
    keep(memory, source, bytes, Access::read, record, nowhere);
  if (target == nullptr || !memory.contains(target))
    return;
  keep(memory, target, bytes, Access::write, record, nowhere);
  // A copy of what has no value has none either.
  if (source != nullptr && memory.contains(source))
    for (size_t byte = 0; byte < bytes; ++byte)
      if (memory.cell(source + byte)->write.interval == Record::unwritten)
        memory.cell(target + byte)->write.interval = Record::unwritten;
}

const Checker::Begun &Checker::operationOf(uint32_t of) const {
  auto after = std::upper_bound(operations.begin(), operations.end(), of,
                                [](uint32_t value, const Begun &operation) { return value < operation.interval; });
  return *std::prev(after);
}

void Checker::beginLaunch(const Launch &starting, const Region &deviceMemory, const Region &sharedMemory,
                          const Region &moduleVariables) {
  launch = &starting;
  device = &deviceMemory;
  shared = &sharedMemory;
  variables = &moduleVariables;
  paused = false;
  blocks.clear();
  released.clear();
}

void Checker::endLaunch() { launch = nullptr; }

void Checker::beginBlock() {
  blockStart = ++interval;
  blocks[blockStart] = ingot_shim_block_index;
  size_t threads = static_cast<size_t>(launch->block.x) * launch->block.y * launch->block.z;
  clocks.assign(threads, {});
  for (size_t thread = 0; thread < threads; ++thread)
    clocks[thread][thread % warpSize] = 1;
  fences.assign(threads, {});
  visibleFences.assign(threads, {});
  known.assign(threads, {});
  knownToBlock.clear();
}

void Checker::blockBarrier() {
  ++interval;
  visibleFences = fences;
  for (Known &thread : known) {
    for (auto &[from, marks] : thread)
      knownToBlock[from] = marks;
    thread.clear();
  }
}

void Checker::warpBarrier(unsigned warp, unsigned lanes) {
  std::array<uint32_t, warpSize> all{};
  size_t first = static_cast<size_t>(warp) * warpSize;
  for (unsigned left = lanes; left != 0; left &= left - 1)
    for (unsigned lane = 0; lane < warpSize; ++lane)
      all[lane] = std::max(all[lane], clocks[first + static_cast<unsigned>(std::countr_zero(left))][lane]);
  for (unsigned left = lanes; left != 0; left &= left - 1) {
    auto lane = static_cast<unsigned>(std::countr_zero(left));
    clocks[first + lane] = all;
    ++clocks[first + lane][lane];
  }
}

void Checker::deviceFence() {
  const Thread &thread = *block.thread();
  uint32_t &clock = clocks[thread.number][thread.lane()];
  fences[thread.number] = {interval, clock};
  ++clock;
}

void Checker::synchronize(const void *variable) {
  unsigned thread = block.thread()->number;
  Known &there = released[variable];
  for (auto &[from, marks] : there)
    known[thread][from] = marks;
  Marks marks = visibleFences;
  marks[thread] = fences[thread];
  there[blockStart] = std::make_shared<const Marks>(std::move(marks));
}

bool Checker::orderedByFence(const Record &earlier) const {
  if (knownToBlock.empty() && known[block.thread()->number].empty())
    return false;
  uint32_t from = std::prev(blocks.upper_bound(earlier.interval))->first;
  for (const Known *view : {&known[block.thread()->number], &knownToBlock}) {
    auto found = view->find(from);
    if (found == view->end())
      continue;
    if (earlier.atomic())
      return true;
    const Marks &marks = *found->second;
    for (const Mark &mark : marks)
      if (earlier.interval < mark.interval)
        return true;
    const Mark &own = marks[earlier.thread()];
    if (earlier.interval == own.interval && earlier.clock() <= own.clock)
      return true;
  }
  return false;
}

bool Checker::ordered(const Record &earlier) const {
  if (earlier.interval < orderedStart)
    return true;
  if (earlier.interval < operationStart)
    return before.contains(operationOf(earlier.interval).number);
  if (block.thread() == nullptr)
    return true;
  if (earlier.interval < blockStart)
    return orderedByFence(earlier);
  if (earlier.interval < interval)
    return true;
  const Thread &thread = *block.thread();
  if (earlier.thread() == thread.number)
    return true;
  return earlier.thread() / warpSize == thread.warp() &&
         clocks[thread.number][earlier.thread() % warpSize] >= earlier.clock();
}

Record Checker::now(const Place &place, Access access) {
  const Thread &thread = *block.thread();
  return {interval, thread.number << 22 | clocks[thread.number][thread.lane()],
          places.number(place) << 2 | (access == Access::atomic ? 1u : 0u)};
}

std::string Checker::begin(const Region *region, const void *address, size_t bytes, Access access,
                           const Place &place) const {
  std::string who =
      block.thread() != nullptr ? describeCurrentThread() + ", " + describe(place) : operations.back().name;
  std::string text = who + ": " + verb(access) + " " + bytesText(bytes) + " at ";
  std::string object = region != nullptr ? region->describe(address) : "";
  if (object.empty()) {
    char pointer[32];
    snprintf(pointer, sizeof pointer, "%p", address);
    return text + pointer;
  }
  return text + object;
}

Index Checker::blockOf(uint32_t of) const { return std::prev(blocks.upper_bound(of))->second; }

Index Checker::threadIndex(unsigned number) const {
  unsigned x = launch->block.x, y = launch->block.y;
  return {number % x, number / x % y, number / x / y};
}

const Region *Checker::find(const void *address, size_t bytes, Access access, const Place &place) const {
  for (const Region *region : {shared, device, variables})
    if (region->contains(address))
      return region;
  const Thread *owner = block.stackOwner(address);
  if (owner == block.thread())
    return nullptr;
  if (owner != nullptr)
    block.abandon(begin(nullptr, address, bytes, access, place) + ", in the local memory of thread " +
                  describe(owner->index));
  if (access == Access::read && inLoadedFile(address))
    return nullptr;
  block.abandon(begin(nullptr, address, bytes, access, place) + ", which is no memory of the device");
}

void Checker::checkState(const Region &region, const char *byte, size_t bytes, Access access,
                         const Place &place) const {
  const Record &write = region.cell(byte)->write;
  if (write.interval >= Record::firstInterval && !write.underWay() &&
      (region.kind != Region::Kind::shared || write.interval >= blockStart))
    return;
  auto report = [&](const std::string &what) {
    block.abandon(begin(&region, byte, bytes, access, place) + ": " + what);
  };
  if (write.interval == Record::outside)
    report(region.kind == Region::Kind::shared ? "out of bounds of the block's shared memory" : "out of bounds");
  if (write.interval == Record::freed)
    report("the memory has been freed");
  if (write.underWay() && (region.kind != Region::Kind::shared || write.interval >= blockStart))
    report("an asynchronous copy to it, started by thread " + describe(threadIndex(write.thread())) + " at " +
           describe(places[write.place()]) + ", has not been waited for");
  bool unwritten =
      write.interval == Record::unwritten || (region.kind == Region::Kind::shared && write.interval < blockStart);
  // Copies may be of what has no value (padding, rows that nobody asked for).
  if (unwritten && (access == Access::read || access == Access::atomic) && block.thread() != nullptr)
    report("uninitialised: nobody has written it");
}

void Checker::access(const void *address, size_t bytes, Access access, const Place &place) {
  if (paused || launch == nullptr || block.thread() == nullptr || bytes == 0)
    return;
  const Region *region = find(address, bytes, access, place);
  if (region == nullptr)
    return;
  if (region != shared && !block.thread()->hasWaited)
    block.abandon(begin(region, address, bytes, access, place) +
                  ": this thread has not waited for the kernels that its own comes after");
  const char *first = static_cast<const char *>(address);
  Record record = now(place, access);
  if (access == Access::atomic)
    synchronize(address);
  keep(*region, first, bytes, access, record, place);
}

void Checker::keep(const Region &region, const char *first, size_t bytes, Access access, const Record &record,
                   const Place &place) {
  // Bytes of one object mostly have one history: what came out for one holds for the next.
  Cell before, after;
  for (const char *byte = first; byte < first + bytes; ++byte) {
    Cell &cell = *region.cell(byte);
    if (byte == first || memcmp(&cell, &before, sizeof cell) != 0) {
      before = cell;
      keepByte(region, byte, static_cast<size_t>(first + bytes - byte), access, record, place);
      after = cell;
    } else {
      cell = after;
    }
  }
}

void Checker::keepByte(const Region &region, const char *byte, size_t left, Access access, const Record &record,
                       const Place &place) {
  checkState(region, byte, left, access, place);
  Cell &cell = *region.cell(byte);
  auto races = [&](const Record &earlier) {
    // What an earlier block did to shared memory was to its own.
    if (region.kind == Region::Kind::shared && earlier.interval < blockStart)
      return false;
    return !(record.atomic() && earlier.atomic()) && !ordered(earlier);
  };
  if (cell.write.interval >= Record::firstInterval && races(cell.write))
    reportRace(region, byte, left, access, cell.write, true, place);
  // Another thread's atomic change, hidden by one of this thread's.
  if (cell.reads[1].atomic() && races(cell.reads[1]))
    reportRace(region, byte, left, access, cell.reads[1], true, place);
  if (access == Access::read) {
    Record &last = cell.reads[0];
    if (!cell.reads[1].atomic() && !ordered(last))
      cell.reads[1] = last;
    last = record;
    return;
  }
  for (const Record &read : cell.reads)
    if (races(read))
      reportRace(region, byte, left, access, read, false, place);
  Record hidden;
  if (record.atomic() && cell.write.atomic())
    hidden = ordered(cell.write) ? cell.reads[1] : cell.write;
  cell = Cell{record, {Record(), hidden}};
}

void Checker::prefetch(const void *address, size_t bytes, const Place &place) const {
  const char *first = static_cast<const char *>(address);
  if (const Region *region = find(address, bytes, Access::prefetch, place))
    for (size_t byte = 0; byte < bytes; ++byte)
      checkState(*region, first + byte, bytes - byte, Access::prefetch, place);
}

void Checker::beginAsynchronousWrite(void *address, size_t bytes, const Place &place) {
  access(address, bytes, Access::write, place);
  if (const Region *region = find(address, bytes, Access::write, place))
    for (size_t byte = 0; byte < bytes; ++byte)
      region->cell(static_cast<char *>(address) + byte)->write.placeAndKind |= 2;
}

void Checker::endAsynchronousWrite(void *address, size_t bytes, const Place &place) {
  if (const Region *region = find(address, bytes, Access::write, place))
    for (size_t byte = 0; byte < bytes; ++byte)
      region->cell(static_cast<char *>(address) + byte)->write.placeAndKind &= ~2u;
  access(address, bytes, Access::write, place);
}

void Checker::reportRace(const Region &region, const char *byte, size_t bytes, Access access, const Record &earlier,
                         bool earlierWrote, const Place &place) const {
  if (earlier.interval < operationStart)
    block.abandon(begin(&region, byte, bytes, access, place) + ": race: " + operationOf(earlier.interval).name +
                  (earlierWrote ? " wrote it" : " read it") + ", and nothing orders the two operations");
  bool sameBlock = earlier.interval >= blockStart;
  std::string who = sameBlock ? "thread " + describe(threadIndex(earlier.thread()))
                              : "block " + describe(blockOf(earlier.interval)) + ", thread " +
                                    describe(threadIndex(earlier.thread()));
  std::string needed = !sameBlock ? "blocks of a launch run in no order"
                       : earlier.thread() / warpSize == block.thread()->warp()
                           ? "with no __syncwarp() or __syncthreads() between"
                           : "with no __syncthreads() between";
  const char *what = earlier.atomic() ? " changed it atomically at " : earlierWrote ? " wrote it at " : " read it at ";
  block.abandon(begin(&region, byte, bytes, access, place) + ": race: " + who + what +
                describe(places[earlier.place()]) + ", " + needed);
}

void noteAccess(const void *address, size_t bytes, Access access, Site site) {
  if (checker != nullptr)
    checker->access(address, bytes, access, Place(site));
}

void deviceFence() {
  if (checker != nullptr)
    checker->deviceFence();
}

} // namespace ingot::shim
