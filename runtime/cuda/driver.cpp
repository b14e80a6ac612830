//===- driver.cpp - the CUDA driver API, opened at start ------------------===//

#include "runtime/cuda/driver.h"
#include "runtime/core/error.h"
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
  struct Entry {
    const char *name;
    void *function; ///< where its address goes
  };
#define INGOT_ENTRY(name)                                                                                              \
  Entry { #name, &api.name }
  const Entry entries[] = {INGOT_ENTRY(cuInit),
                           INGOT_ENTRY(cuDriverGetVersion),
                           INGOT_ENTRY(cuGetErrorName),
                           INGOT_ENTRY(cuGetErrorString),
                           INGOT_ENTRY(cuDeviceGetCount),
                           INGOT_ENTRY(cuDeviceGet),
                           INGOT_ENTRY(cuDeviceGetName),
                           INGOT_ENTRY(cuDeviceGetAttribute),
                           INGOT_ENTRY(cuDevicePrimaryCtxRetain),
                           INGOT_ENTRY(cuCtxSetCurrent),
                           INGOT_ENTRY(cuMemGetInfo_v2),
                           INGOT_ENTRY(cuMemAlloc_v2),
                           INGOT_ENTRY(cuMemHostAlloc),
                           INGOT_ENTRY(cuMemFreeHost),
                           INGOT_ENTRY(cuMemcpyHtoDAsync_v2),
                           INGOT_ENTRY(cuMemcpyDtoHAsync_v2),
                           INGOT_ENTRY(cuMemsetD8Async),
                           INGOT_ENTRY(cuModuleLoadData),
                           INGOT_ENTRY(cuModuleGetFunction),
                           INGOT_ENTRY(cuFuncSetAttribute),
                           INGOT_ENTRY(cuLaunchKernel),
                           INGOT_ENTRY(cuStreamCreate),
                           INGOT_ENTRY(cuStreamSynchronize),
                           INGOT_ENTRY(cuEventCreate),
                           INGOT_ENTRY(cuEventRecord),
                           INGOT_ENTRY(cuEventSynchronize),
                           INGOT_ENTRY(cuEventElapsedTime),
                           INGOT_ENTRY(cuEventDestroy_v2),
                           INGOT_ENTRY(cuGraphCreate),
                           INGOT_ENTRY(cuGraphAddMemcpyNode),
                           INGOT_ENTRY(cuGraphAddKernelNode_v2),
                           INGOT_ENTRY(cuGraphInstantiateWithFlags),
                           INGOT_ENTRY(cuGraphDestroy),
                           INGOT_ENTRY(cuGraphLaunch)};
#undef INGOT_ENTRY
  static_assert(sizeof(entries) / sizeof(Entry) == sizeof(DriverApi) / sizeof(void *), "every function is loaded");
  for (const Entry &entry : entries) {
    void *address = dlsym(library, entry.name);
    if (!address)
      return entry.name;
    *static_cast<void **>(entry.function) = address;
  }
  return nullptr;
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
