//===- launch.cpp - running a kernel --------------------------------------===//

#include "checker/checker.h"
#include "driver/device.h"
#include "driver/memory.h"
#include "driver/module.h"
#include "driver/tasks.h"
#include "executor/block.h"
#include "executor/faults.h"
#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

namespace ingot::shim {

namespace {

uint64_t launches = 0;

/// Parameters as the kernel had them when it was launched.
struct Parameters {
  std::vector<std::vector<char>> values;
  std::vector<void *> pointers;

  Parameters(const Kernel &kernel, void **given) : values(kernel.parameters), pointers(kernel.parameters) {
    for (unsigned index = 0; index < kernel.parameters; ++index) {
      const char *value = static_cast<const char *>(given[index]);
      // A vector's memory is aligned for every type that a kernel takes (16 bytes).
      values[index].assign(value, value + kernel.parameterBytes[index]);
      pointers[index] = values[index].data();
    }
  }
};

std::string text(Index index) { return describe(index); }

void run(CUfunction function, Index grid, Index blockSize, unsigned sharedBytes, const Parameters &parameters) {
  const Kernel &kernel = *function->kernel;
  CUmod_st &module = *function->module;
  if (++launches == configuration().failLaunch)
    throw Failure("kernel " + std::string(kernel.name) + ": launch " + std::to_string(launches) +
                  " fails as INGOT_FAKE_CUDA_FAIL_LAUNCH asks");
  if (isRunningEarly() && configuration().image < 90)
    throw Failure("kernel " + std::string(kernel.name) +
                  ": begins before what it comes after has ended, and was compiled for devices on which nothing waits");
  Launch launch{&kernel, grid, blockSize, parameters.pointers.data(), isRunningEarly()};
  if (checker != nullptr)
    checker->beginLaunch(launch, *deviceRegion(), module.sharedRegion(sharedBytes), module.variableRegion());

  std::vector<uint64_t> order(static_cast<uint64_t>(grid.x) * grid.y * grid.z);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 random(configuration().seed + launches);
  if (configuration().seed != 0)
    std::shuffle(order.begin(), order.end(), random);
  catchFaults();
  char *shared = module.sharedBase();
  bool ok = true;
  for (uint64_t number : order) {
    // What nobody wrote is no number.
    for (const Variable &array : module.sharedArrays)
      memset(shared + array.offset, 0xff,
             std::min<size_t>(array.bytes, array.bytes == INGOT_SHIM_MOST_SHARED_BYTES ? sharedBytes : array.bytes));
    Index index{static_cast<unsigned>(number % grid.x), static_cast<unsigned>(number / grid.x % grid.y),
                static_cast<unsigned>(number / grid.x / grid.y)};
    unsigned firstWarp = configuration().seed != 0 ? static_cast<unsigned>(random() % 32) : 0;
    if (!block.run(launch, index, firstWarp)) {
      ok = false;
      break;
    }
  }
  if (checker != nullptr)
    checker->endLaunch();
  if (!ok)
    throw Failure(block.error());
}

} // namespace

CUresult launchTask(Task &task, CUfunction function, Index grid, Index blockSize, unsigned sharedBytes,
                    void **parameters, void **extra) {
  if (function == nullptr)
    return CUDA_ERROR_INVALID_HANDLE;
  const Kernel &kernel = *function->kernel;
  if (extra != nullptr)
    return refuse(CUDA_ERROR_NOT_SUPPORTED, "kernel %s: parameters given by `extra`", kernel.name);
  if (parameters == nullptr && kernel.parameters != 0)
    return refuse(CUDA_ERROR_INVALID_VALUE, "kernel %s: it has %u parameters, and none is given", kernel.name,
                  kernel.parameters);
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7fffffff || grid.y > 65535 || grid.z > 65535)
    return refuse(CUDA_ERROR_INVALID_VALUE, "kernel %s: a grid of %s blocks", kernel.name, text(grid).c_str());
  uint64_t threads = static_cast<uint64_t>(blockSize.x) * blockSize.y * blockSize.z;
  if (threads == 0 || threads > 1024 || blockSize.z > 64)
    return refuse(CUDA_ERROR_INVALID_VALUE, "kernel %s: a block of %s threads", kernel.name, text(blockSize).c_str());
  if (kernel.maxThreads != 0 && threads > kernel.maxThreads)
    return refuse(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "kernel %s: %lu threads in a block, and __launch_bounds__ has %u",
                  kernel.name, static_cast<unsigned long>(threads), kernel.maxThreads);
  if (sharedBytes > function->mostDynamicBytes)
    return refuse(CUDA_ERROR_INVALID_VALUE,
                  "kernel %s: %u bytes of dynamic shared memory; without cuFuncSetAttribute, %zu are allowed",
                  kernel.name, sharedBytes, function->mostDynamicBytes);
  if (function->staticSharedBytes > 48 << 10)
    return refuse(CUDA_ERROR_INVALID_VALUE, "kernel %s: %zu bytes of static shared memory; 49152 are allowed",
                  kernel.name, function->staticSharedBytes);
  if (function->staticSharedBytes + sharedBytes > mostSharedBytes())
    return refuse(CUDA_ERROR_INVALID_VALUE, "kernel %s: %zu bytes of shared memory; a block has %zu", kernel.name,
                  function->staticSharedBytes + sharedBytes, mostSharedBytes());
  auto copied = std::make_shared<Parameters>(kernel, parameters);
  double waves = static_cast<double>(threads) * grid.x * grid.y * grid.z / (configuration().multiprocessors * 2048.0);
  task.name = std::string("kernel ") + kernel.name;
  task.run = [=] { run(function, grid, blockSize, sharedBytes, *copied); };
  task.cost = 2e-6 * (1 + waves);
  task.isKernel = true;
  return CUDA_SUCCESS;
}

} // namespace ingot::shim

using namespace ingot::shim;

INGOT_FAKE_CUDA_API cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                                   unsigned blockY, unsigned blockZ, unsigned sharedBytes, CUstream stream,
                                   void **parameters, void **extra) {
  INGOT_FAKE_CUDA_ENTER
  Task task;
  if (CUresult state =
          launchTask(task, function, {gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes, parameters, extra);
      state != CUDA_SUCCESS)
    return state;
  return enqueue(stream, std::move(task));
}

INGOT_FAKE_CUDA_API cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function, void **parameters,
                                     void **extra) {
  INGOT_FAKE_CUDA_ENTER
  Task task;
  if (CUresult state = launchTask(task, function, {config->gridDimX, config->gridDimY, config->gridDimZ},
                                  {config->blockDimX, config->blockDimY, config->blockDimZ}, config->sharedMemBytes,
                                  parameters, extra);
      state != CUDA_SUCCESS)
    return state;
  for (unsigned index = 0; index < config->numAttrs; ++index) {
    const CUlaunchAttribute &attribute = config->attrs[index];
    // CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION; nothing, and a priority
    if (attribute.id == 6)
      task.isEarly = attribute.value[0] != 0;
    else if (attribute.id != 0 && attribute.id != 8)
      return refuse(CUDA_ERROR_NOT_SUPPORTED, "launch attribute %d is not known here", attribute.id);
  }
  return enqueue(config->hStream, std::move(task));
}
