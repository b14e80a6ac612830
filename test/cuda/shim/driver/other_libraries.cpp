//===- other_libraries.cpp - what fakes of other libraries ask the driver -===//

#include "driver/other_libraries.h"
#include "checker/checker.h"
#include "driver/device.h"
#include "driver/memory.h"
#include "driver/operations.h"

namespace ingot::shim {

bool hasContext() {
  std::lock_guard guard(driverLock());
  return contextState() == CUDA_SUCCESS;
}

bool isDeviceMemory(const void *address, size_t bytes) {
  std::lock_guard guard(driverLock());
  Allocation found = allocationOf(address, bytes);
  return found.base != nullptr && !found.pinned;
}

CUresult addOperation(CUstream stream, const std::string &name, std::vector<Touched> touched, std::function<void()> run,
                      double cost) {
  INGOT_FAKE_CUDA_ENTER
  Task task;
  task.name = name;
  task.cost = cost;
  task.run = [touched = std::move(touched), run = std::move(run)] {
    if (checker != nullptr)
      for (const Touched &part : touched)
        checker->transfer(part.writes ? const_cast<void *>(part.address) : nullptr,
                          part.writes ? nullptr : part.address, part.bytes, *deviceRegion());
    run();
  };
  return enqueue(stream, std::move(task));
}

void printLine(const std::string &line) { refuse(CUDA_SUCCESS, "%s", line.c_str()); }

} // namespace ingot::shim
