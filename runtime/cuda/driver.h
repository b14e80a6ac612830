//===- driver.h - the CUDA driver API, opened at start ----------*- C++ -*-===//
//
// The executable runs wherever NVIDIA's driver is, and links against none of it:
// libcuda.so.1 is opened by name, and its functions by theirs. Declared here is what
// is called, with the values and layouts of cuda.h.
//
// Source: CUDA Driver API, https://docs.nvidia.com/cuda/cuda-driver-api
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CUDA_DRIVER_H
#define INGOT_RUNTIME_CUDA_DRIVER_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace ingot::runtime::cuda {

using Result = int;
using Device = int;
using DeviceAddress = uint64_t;
using Context = struct ContextHandle *;
using Module = struct ModuleHandle *;
using Function = struct FunctionHandle *;
using Stream = struct StreamHandle *;
using Event = struct EventHandle *;
using Graph = struct GraphHandle *;
using GraphNode = struct GraphNodeHandle *;
using GraphExecutable = struct GraphExecutableHandle *;
/// CUgraphConditionalHandle
using ConditionHandle = uint64_t;

inline constexpr Result success = 0, notReady = 600;

/// Since when graphs have loops, and edges over which a kernel begins early: see FoundDevice::driverVersion.
inline constexpr int firstVersionWithLoops = 12040, firstVersionWithProgrammaticEdges = 12030;

/// CUdevice_attribute
inline constexpr int multiprocessorCount = 16, capabilityMajor = 75, capabilityMinor = 76;
/// CUfunction_attribute
inline constexpr int ptxVersion = 5, mostDynamicSharedBytes = 8;
/// CU_STREAM_NON_BLOCKING, CU_EVENT_DISABLE_TIMING
inline constexpr unsigned nonBlockingStream = 1, plainEvent = 0, eventWithoutTime = 2;

/// CUmemorytype
inline constexpr int hostMemory = 1, deviceMemory = 2;

/// CUDA_KERNEL_NODE_PARAMS
struct KernelNode {
  Function function;
  unsigned gridX, gridY, gridZ;
  unsigned blockX, blockY, blockZ;
  unsigned sharedBytes;
  void **parameters;
  void **extra;
  void *kernel; ///< null: `function` says what runs
  Context context;
};

/// CUDA_MEMCPY3D; offsets are in bytes, pitches and heights of no importance to one row.
struct Copy {
  size_t fromX, fromY, fromZ, fromLevel;
  int fromKind;
  const void *fromHost;
  DeviceAddress fromDevice;
  void *fromArray, *reserved0;
  size_t fromPitch, fromHeight;
  size_t toX, toY, toZ, toLevel;
  int toKind;
  void *toHost;
  DeviceAddress toDevice;
  void *toArray, *reserved1;
  size_t toPitch, toHeight;
  size_t bytes, height, depth;
};

/// CU_GRAPH_COND_ASSIGN_DEFAULT; CU_GRAPH_NODE_TYPE_CONDITIONAL; CU_GRAPH_COND_TYPE_WHILE
inline constexpr unsigned startsWithDefault = 1;
inline constexpr int conditionalNode = 13, whileNode = 1;

/// CUDA_CONDITIONAL_NODE_PARAMS
struct ConditionalNode {
  ConditionHandle handle;
  int kind;
  unsigned size;
  Graph *bodies; ///< where the driver puts them
  Context context;
};

/// CUgraphNodeParams
struct NodeParameters {
  int kind;
  int reserved0[3];
  union {
    long long reserved1[29];
    ConditionalNode conditional;
  };
  long long reserved2;
};

/// CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC; CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC
inline constexpr unsigned char programmaticDependency = 1, programmaticPort = 1;

/// CUgraphEdgeData
struct EdgeData {
  unsigned char fromPort, toPort, kind, reserved[5];
};

/// Functions by their names in the library, where _v2 tells a layout from an older one.
struct DriverApi {
  Result (*cuInit)(unsigned flags);
  Result (*cuDriverGetVersion)(int *version);
  Result (*cuGetErrorName)(Result result, const char **text);
  Result (*cuGetErrorString)(Result result, const char **text);
  Result (*cuDeviceGetCount)(int *count);
  Result (*cuDeviceGet)(Device *device, int ordinal);
  Result (*cuDeviceGetName)(char *name, int length, Device device);
  Result (*cuDeviceGetAttribute)(int *value, int attribute, Device device);
  Result (*cuDevicePrimaryCtxRetain)(Context *context, Device device);
  Result (*cuCtxSetCurrent)(Context context);
  Result (*cuMemGetInfo_v2)(size_t *free, size_t *total);
  Result (*cuMemAlloc_v2)(DeviceAddress *address, size_t bytes);
  Result (*cuMemHostAlloc)(void **address, size_t bytes, unsigned flags);
  Result (*cuMemFreeHost)(void *address);
  Result (*cuMemcpyHtoDAsync_v2)(DeviceAddress to, const void *from, size_t bytes, Stream stream);
  Result (*cuMemcpyDtoHAsync_v2)(void *to, DeviceAddress from, size_t bytes, Stream stream);
  Result (*cuMemsetD8Async)(DeviceAddress to, unsigned char value, size_t count, Stream stream);
  Result (*cuModuleLoadData)(Module *module, const void *image);
  Result (*cuModuleGetFunction)(Function *function, Module module, const char *name);
  Result (*cuFuncGetAttribute)(int *value, int attribute, Function function);
  Result (*cuFuncSetAttribute)(Function function, int attribute, int value);
  Result (*cuLaunchKernel)(Function function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                           unsigned blockY, unsigned blockZ, unsigned sharedBytes, Stream stream, void **parameters,
                           void **extra);
  Result (*cuStreamCreate)(Stream *stream, unsigned flags);
  Result (*cuStreamSynchronize)(Stream stream);
  Result (*cuEventCreate)(Event *event, unsigned flags);
  Result (*cuEventRecord)(Event event, Stream stream);
  Result (*cuEventSynchronize)(Event event);
  Result (*cuEventElapsedTime)(float *milliseconds, Event start, Event end);
  Result (*cuEventDestroy_v2)(Event event);
  Result (*cuGraphCreate)(Graph *graph, unsigned flags);
  Result (*cuGraphAddMemcpyNode)(GraphNode *node, Graph graph, const GraphNode *after, size_t count, const Copy *copy,
                                 Context context);
  Result (*cuGraphAddKernelNode_v2)(GraphNode *node, Graph graph, const GraphNode *after, size_t count,
                                    const KernelNode *kernel);
  Result (*cuGraphInstantiateWithFlags)(GraphExecutable *executable, Graph graph, unsigned long long flags);
  Result (*cuGraphDestroy)(Graph graph);
  Result (*cuGraphUpload)(GraphExecutable executable, Stream stream);
  Result (*cuGraphLaunch)(GraphExecutable executable, Stream stream);
  Result (*cuStreamQuery)(Stream stream);
  /// Null where the driver is for an older CUDA than 12.3.
  Result (*cuGraphAddDependencies_v2)(Graph graph, const GraphNode *from, const GraphNode *to, const EdgeData *edges,
                                      size_t count);
  /// These two are null where the driver is for an older CUDA than 12.4.
  Result (*cuGraphConditionalHandleCreate)(ConditionHandle *handle, Graph graph, Context context, unsigned value,
                                           unsigned flags);
  Result (*cuGraphAddNode_v2)(GraphNode *node, Graph graph, const GraphNode *after, const EdgeData *edges, size_t count,
                              NodeParameters *parameters);
};

/// What a machine has of a GPU.
struct FoundDevice {
  DriverApi api;
  Device device;
  std::string name;
  /// 10 * major + minor
  int capability;
  /// Of CUDA that the driver is for: 1000 * major + 10 * minor.
  int driverVersion;
};

/// Opens the driver and looks at device `ordinal`. False with one line in `error` that says what is needed and what was
/// found instead.
bool findDevice(int ordinal, FoundDevice &found, std::string &error);

/// "8.0"
std::string spellCapability(int capability);

/// "CUDA_ERROR_LAUNCH_FAILED, unspecified launch failure"
std::string describe(const DriverApi &api, Result result);

/// Fails with one line that begins with `what` unless `result` is success.
void check(const DriverApi &api, Result result, const char *what);

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_DRIVER_H
