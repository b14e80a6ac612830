//===- driver.cpp - the CUDA driver API, opened at start ------------------===//

#include "runtime/cuda/driver.h"
#include "runtime/core/error.h"
#include "runtime/cuda/symbols.h"
#include "runtime/cuda/tables.h"

#include <dlfcn.h>

namespace ingot::runtime::cuda {
namespace {

constexpr const char *libraryName = "libcuda.so.1";

/// The rest of a message about something that is missing.
std::string need() {
  return "; the model runs on an NVIDIA GPU of compute capability " + spellCapability(INGOT_CUDA_CAPABILITY) +
         " or newer, with NVIDIA's driver";
}

/// The name of the first function that is not there, or nullptr.
const char *loadFunctions(void *library, DriverApi &api) {
  const Symbol symbols[] = {INGOT_SYMBOL(api, cuInit),
                            INGOT_SYMBOL(api, cuDriverGetVersion),
                            INGOT_SYMBOL(api, cuGetErrorName),
                            INGOT_SYMBOL(api, cuGetErrorString),
                            INGOT_SYMBOL(api, cuDeviceGetCount),
                            INGOT_SYMBOL(api, cuDeviceGet),
                            INGOT_SYMBOL(api, cuDeviceGetName),
                            INGOT_SYMBOL(api, cuDeviceGetAttribute),
                            INGOT_SYMBOL(api, cuDevicePrimaryCtxRetain),
                            INGOT_SYMBOL(api, cuCtxSetCurrent),
                            INGOT_SYMBOL(api, cuMemGetInfo_v2),
                            INGOT_SYMBOL(api, cuMemAlloc_v2),
                            INGOT_SYMBOL(api, cuMemHostAlloc),
                            INGOT_SYMBOL(api, cuMemFreeHost),
                            INGOT_SYMBOL(api, cuMemcpyHtoDAsync_v2),
                            INGOT_SYMBOL(api, cuMemcpyDtoHAsync_v2),
                            INGOT_SYMBOL(api, cuMemsetD8Async),
                            INGOT_SYMBOL(api, cuModuleLoadData),
                            INGOT_SYMBOL(api, cuModuleGetFunction),
                            INGOT_SYMBOL(api, cuFuncGetAttribute),
                            INGOT_SYMBOL(api, cuFuncSetAttribute),
                            INGOT_SYMBOL(api, cuLaunchKernel),
                            INGOT_SYMBOL(api, cuStreamCreate),
                            INGOT_SYMBOL(api, cuStreamSynchronize),
                            INGOT_SYMBOL(api, cuEventCreate),
                            INGOT_SYMBOL(api, cuEventRecord),
                            INGOT_SYMBOL(api, cuEventSynchronize),
                            INGOT_SYMBOL(api, cuEventElapsedTime),
                            INGOT_SYMBOL(api, cuEventDestroy_v2),
                            INGOT_SYMBOL(api, cuGraphCreate),
                            INGOT_SYMBOL(api, cuGraphAddMemcpyNode),
                            INGOT_SYMBOL(api, cuGraphAddKernelNode_v2),
                            INGOT_SYMBOL(api, cuGraphInstantiateWithFlags),
                            INGOT_SYMBOL(api, cuGraphDestroy),
                            INGOT_SYMBOL(api, cuGraphUpload),
                            INGOT_SYMBOL(api, cuGraphLaunch),
                            INGOT_SYMBOL(api, cuStreamQuery),
                            INGOT_NEWER_SYMBOL(api, cuGraphAddDependencies_v2),
                            INGOT_NEWER_SYMBOL(api, cuGraphConditionalHandleCreate),
                            INGOT_NEWER_SYMBOL(api, cuGraphAddNode_v2)};
  static_assert(sizeof(symbols) / sizeof(Symbol) == sizeof(DriverApi) / sizeof(void *), "every function is loaded");
  return findSymbols(library, symbols);
}

} // namespace

std::string spellCapability(int capability) {
  return std::to_string(capability / 10) + "." + std::to_string(capability % 10);
}

std::string describe(const DriverApi &api, Result result) {
  const char *name = nullptr, *text = nullptr;
  if (api.cuGetErrorName(result, &name) != success || !name)
    return "error " + std::to_string(result) + " of the driver";
  if (api.cuGetErrorString(result, &text) != success || !text)
    return name;
  return std::string(name) + ", " + text;
}

void check(const DriverApi &api, Result result, const char *what) {
  if (result != success)
    fail("%s: %s", what, describe(api, result).c_str());
}

bool findDevice(int ordinal, FoundDevice &found, std::string &error) {
  void *library = dlopen(libraryName, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    error = "no driver for an NVIDIA GPU found: " + std::string(dlerror()) + need();
    return false;
  }
  if (const char *missing = loadFunctions(library, found.api)) {
    error =
        std::string(libraryName) + ": has no " + missing + ", so that it is no driver for CUDA 12 or newer" + need();
    return false;
  }
  const DriverApi &api = found.api;
  auto step = [&](Result result, const char *what) {
    if (result != success)
      error = "no NVIDIA GPU can be used: " + std::string(what) + " says " + describe(api, result) + need();
    return result == success;
  };
  int count = 0, major = 0, minor = 0;
  if (!step(api.cuInit(0), "cuInit") || !step(api.cuDriverGetVersion(&found.driverVersion), "cuDriverGetVersion") ||
      !step(api.cuDeviceGetCount(&count), "cuDeviceGetCount"))
    return false;
  if (ordinal >= count) {
    error = "--device " + std::to_string(ordinal) + ": the driver sees " + std::to_string(count) +
            " GPU(s), numbered from 0" + need();
    return false;
  }
  char name[256] = {};
  if (!step(api.cuDeviceGet(&found.device, ordinal), "cuDeviceGet") ||
      !step(api.cuDeviceGetName(name, sizeof(name) - 1, found.device), "cuDeviceGetName") ||
      !step(api.cuDeviceGetAttribute(&major, capabilityMajor, found.device), "cuDeviceGetAttribute") ||
      !step(api.cuDeviceGetAttribute(&minor, capabilityMinor, found.device), "cuDeviceGetAttribute"))
    return false;
  found.name = name;
  found.capability = 10 * major + minor;
  if (found.capability < INGOT_CUDA_CAPABILITY) {
    error = "the GPU " + found.name + " is of compute capability " + spellCapability(found.capability) + need();
    return false;
  }
  return true;
}

} // namespace ingot::runtime::cuda
