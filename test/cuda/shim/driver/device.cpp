//===- device.cpp - the emulated device and its state ---------------------===//

#include "driver/device.h"
#include "checker/checker.h"
#include "driver/memory.h"
#include "driver/operations.h"
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <optional>

struct CUctx_st {
  int unused;
};

namespace ingot::shim {

namespace {

bool initialized = false;
CUctx_st primary, created;
thread_local CUcontext currentContext = nullptr;
CUresult broken = CUDA_SUCCESS;
std::string lastError;

uint64_t number(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  if (text == nullptr)
    return otherwise;
  char *end = nullptr;
  errno = 0;
  uint64_t value = strtoull(text, &end, 10);
  if (end == text || *end != 0 || errno != 0) {
    fprintf(stderr, "fake CUDA: error: %s=%s is no number\n", name, text);
    exit(2);
  }
  return value;
}

Configuration read() {
  Configuration found;
  found.devices = static_cast<int>(number("INGOT_FAKE_CUDA_DEVICES", 1));
  found.driverVersion = static_cast<int>(number("INGOT_FAKE_CUDA_DRIVER_VERSION", 13000));
  found.capability = static_cast<int>(number("INGOT_FAKE_CUDA_CAPABILITY", 80));
  found.image = static_cast<int>(number("INGOT_FAKE_CUDA_IMAGE", found.capability == 90 ? 90 : 80));
  found.multiprocessors = static_cast<int>(number("INGOT_FAKE_CUDA_MULTIPROCESSORS", 108));
  found.memory = number("INGOT_FAKE_CUDA_MEMORY", found.memory);
  found.check = number("INGOT_FAKE_CUDA_CHECK", 0) != 0;
  found.seed = number("INGOT_FAKE_CUDA_SEED", 0);
  found.failLaunch = number("INGOT_FAKE_CUDA_FAIL_LAUNCH", 0);
  if (const char *path = getenv("INGOT_FAKE_CUDA_MODULE"))
    found.module = path;
  return found;
}

struct Name {
  CUresult result;
  const char *name, *text;
};

constexpr Name names[] = {
    {CUDA_SUCCESS, "CUDA_SUCCESS", "no error"},
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {CUDA_ERROR_NOT_INITIALIZED, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {CUDA_ERROR_INVALID_DEVICE, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {CUDA_ERROR_INVALID_IMAGE, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {CUDA_ERROR_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, "CUDA_ERROR_NO_BINARY_FOR_GPU",
     "no kernel image is available for execution on the device"},
    {CUDA_ERROR_INVALID_HANDLE, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {CUDA_ERROR_ILLEGAL_STATE, "CUDA_ERROR_ILLEGAL_STATE", "the operation cannot be performed in the present state"},
    {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {CUDA_ERROR_NOT_READY, "CUDA_ERROR_NOT_READY", "device not ready"},
    {CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "too many resources requested for launch"},
    {CUDA_ERROR_LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CUDA_ERROR_NOT_SUPPORTED, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
};

const Name *nameOf(CUresult result) {
  for (const Name &name : names)
    if (name.result == result)
      return &name;
  return nullptr;
}

std::optional<int> attribute(CUdevice_attribute wanted) {
  const Configuration &device = configuration();
  switch (wanted) {
  case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y:
    return 1024;
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z:
    return 64;
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X:
    return 0x7fffffff;
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z:
    return 65535;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
    return 48 << 10;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
    return static_cast<int>(mostSharedBytes());
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
    return static_cast<int>(mostSharedBytes()) + 1024;
  case CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK:
    return 1024;
  case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
    return 32;
  case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:
  case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR:
    return 65536;
  case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
    return 1410000; // kHz
  case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:
    return 1215000; // kHz
  case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:
    return 5120; // bits
  case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
    return 40 << 20;
  case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
    return device.multiprocessors;
  case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:
    return 2048;
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR:
    return 32;
  case CU_DEVICE_ATTRIBUTE_INTEGRATED:
    return 0;
  case CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY:
  case CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS:
  case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
    return 1;
  case CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT:
    return 2;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
    return device.capability / 10;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
    return device.capability % 10;
  case CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH:
    return 0; // Blocks run one after another.
  }
  return std::nullopt;
}

} // namespace

const Configuration &configuration() {
  static const Configuration found = read();
  return found;
}

size_t mostSharedBytes() {
  switch (configuration().capability) {
  case 80:
  case 87:
    return 163 << 10;
  case 86:
  case 89:
  case 120:
    return 99 << 10;
  default:
    return 227 << 10;
  }
}

std::recursive_mutex &driverLock() {
  static std::recursive_mutex lock;
  return lock;
}

CUresult refuse(CUresult result, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("fake CUDA: error: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  return result;
}

void breakContext(CUresult result, const std::string &message) {
  broken = result;
  lastError = message;
  fprintf(stderr, "fake CUDA: error: %s\n", message.c_str());
}

CUresult contextState() {
  if (!initialized)
    return CUDA_ERROR_NOT_INITIALIZED;
  if (currentContext == nullptr)
    return CUDA_ERROR_INVALID_CONTEXT;
  return broken;
}

namespace {

CUresult reset() {
  forgetOperations();
  freeAll();
  broken = CUDA_SUCCESS;
  lastError.clear();
  return CUDA_SUCCESS;
}

CUresult checkDevice(CUdevice device) {
  if (!initialized)
    return CUDA_ERROR_NOT_INITIALIZED;
  return device >= 0 && device < configuration().devices ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

} // namespace

} // namespace ingot::shim

using namespace ingot::shim;

/// What the last launch failed with, or an empty text; of the fake driver alone.
extern "C" __attribute__((visibility("default"))) const char *ingotFakeCudaError() { return lastError.c_str(); }

INGOT_FAKE_CUDA_API cuInit(unsigned flags) {
  if (flags != 0)
    return CUDA_ERROR_INVALID_VALUE;
  if (configuration().devices == 0)
    return CUDA_ERROR_NO_DEVICE;
  initialized = true;
  if (configuration().check && checker == nullptr)
    checker = new Checker;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuDriverGetVersion(int *version) {
  *version = configuration().driverVersion;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuGetErrorName(CUresult result, const char **text) {
  const Name *name = nameOf(result);
  *text = name != nullptr ? name->name : nullptr;
  return name != nullptr ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

INGOT_FAKE_CUDA_API cuGetErrorString(CUresult result, const char **text) {
  const Name *name = nameOf(result);
  *text = name != nullptr ? name->text : nullptr;
  return name != nullptr ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

INGOT_FAKE_CUDA_API cuGetProcAddress_v2(const char *symbol, void **function, int, uint64_t, int *status) {
  // A name without version means the newest one.
  for (const char *version : {"_v2", ""}) {
    *function = dlsym(RTLD_DEFAULT, (std::string(symbol) + version).c_str());
    if (*function == nullptr) {
      Dl_info self;
      dladdr(reinterpret_cast<void *>(cuInit), &self);
      void *library = dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD);
      *function = dlsym(library, (std::string(symbol) + version).c_str());
    }
    if (*function != nullptr)
      break;
  }
  if (status != nullptr)
    *status = *function != nullptr ? 0 : 1;
  return *function != nullptr ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

INGOT_FAKE_CUDA_API cuDeviceGetCount(int *count) {
  if (!initialized)
    return CUDA_ERROR_NOT_INITIALIZED;
  *count = configuration().devices;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuDeviceGet(CUdevice *device, int ordinal) {
  if (CUresult state = checkDevice(ordinal); state != CUDA_SUCCESS)
    return state;
  *device = ordinal;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuDeviceGetName(char *name, int length, CUdevice device) {
  if (CUresult state = checkDevice(device); state != CUDA_SUCCESS)
    return state;
  snprintf(name, static_cast<size_t>(length), "Ingot's fake device");
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
  if (CUresult state = checkDevice(device); state != CUDA_SUCCESS)
    return state;
  *bytes = configuration().memory;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuDeviceGetAttribute(int *value, CUdevice_attribute wanted, CUdevice device) {
  if (CUresult state = checkDevice(device); state != CUDA_SUCCESS)
    return state;
  std::optional<int> found = attribute(wanted);
  if (!found)
    return refuse(CUDA_ERROR_INVALID_VALUE, "device attribute %d is not known here", static_cast<int>(wanted));
  *value = *found;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  if (CUresult state = checkDevice(device); state != CUDA_SUCCESS)
    return state;
  *context = &primary;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuDevicePrimaryCtxRelease_v2(CUdevice device) { return checkDevice(device); }

INGOT_FAKE_CUDA_API cuDevicePrimaryCtxReset_v2(CUdevice device) {
  std::lock_guard guard(driverLock());
  if (CUresult state = checkDevice(device); state != CUDA_SUCCESS)
    return state;
  return reset();
}

INGOT_FAKE_CUDA_API cuCtxCreate_v2(CUcontext *context, unsigned, CUdevice device) {
  if (CUresult state = checkDevice(device); state != CUDA_SUCCESS)
    return state;
  *context = currentContext = &created;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuCtxDestroy_v2(CUcontext context) {
  std::lock_guard guard(driverLock());
  if (context != &created)
    return CUDA_ERROR_INVALID_CONTEXT;
  if (currentContext == context)
    currentContext = nullptr;
  return reset();
}

INGOT_FAKE_CUDA_API cuCtxSetCurrent(CUcontext context) {
  if (!initialized)
    return CUDA_ERROR_NOT_INITIALIZED;
  if (context != nullptr && context != &primary && context != &created)
    return CUDA_ERROR_INVALID_CONTEXT;
  currentContext = context;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuCtxGetCurrent(CUcontext *context) {
  *context = currentContext;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuCtxGetDevice(CUdevice *device) {
  *device = 0;
  return currentContext != nullptr ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

INGOT_FAKE_CUDA_API cuCtxSynchronize() {
  INGOT_FAKE_CUDA_ENTER
  return synchronizeAll();
}
