//===- executor.cpp - a model on a GPU ------------------------------------===//
//
// What it takes of the driver goes back when the process ends, which no executor
// outlives.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/executor.h"
#include "runtime/core/error.h"
#include "runtime/core/weights.h"
#include "runtime/cuda/generate.h"
#include "runtime/cuda/upload.h"

#include <algorithm>

namespace ingot::runtime::cuda {
namespace {

std::string spellVersion(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

const char *spell(LaunchMode mode) {
  switch (mode) {
  case LaunchMode::Graph:
    return "graph";
  case LaunchMode::PlainGraph:
    return "plain-graph";
  case LaunchMode::Stream:
    return "stream";
  case LaunchMode::OneByOne:
    return "one-by-one";
  }
  return "unknown";
}

} // namespace

CudaExecutor::CudaExecutor(const FoundDevice &device, const IngotDescriptor &descriptor, const IngotEntry &entry,
                           const IngotCudaDescriptor &tables, LaunchMode mode, bool autotune)
    : device(device), api(device.api), entry(entry), tables(tables), mode(mode), arrays(descriptor, entry) {
  if (tables.version != INGOT_CUDA_VERSION || tables.size != sizeof(IngotCudaDescriptor) ||
      tables.arena_count != descriptor.arena_count)
    fail("launch tables and runtime are of different versions; compile the model again");
  Context context = nullptr;
  check(api, api.cuDevicePrimaryCtxRetain(&context, device.device), "the GPU cannot be used");
  check(api, api.cuCtxSetCurrent(context), "the GPU cannot be used");
  check(api, api.cuStreamCreate(&stream, nonBlockingStream), "the GPU cannot be used");
  // Before memory is measured, since code takes some.
  std::vector<Function> functions = loadKernels();
  if (tables.product_count)
    products.emplace(device, tables, autotune);
  memory.emplace(device, tables, loopOffset() + TokenLoop::deviceBytes(tables));
  arrays.place(static_cast<uint8_t *>(allocatePinned(arrays.bytes())), memory->step());
  output = static_cast<float *>(allocatePinned(uint64_t{entry.wanted_rows} * tables.output_stride));
  launches.emplace(tables, functions, *memory, arrays);
  if (mode == LaunchMode::Graph)
    edges = chooseEdges(functions.front());
  if (mode == LaunchMode::Graph || mode == LaunchMode::PlainGraph)
    makeGraphs(context);
  loadWeights(descriptor);
  probes.emplace(device, stream, loadKernel(tables.reader));
  freeAtStart = countFreeBytes();
}

uint64_t CudaExecutor::countFreeBytes() const {
  size_t free = 0, all = 0;
  check(api, api.cuMemGetInfo_v2(&free, &all), "the GPU's memory cannot be measured");
  return free;
}

std::vector<Function> CudaExecutor::loadKernels() {
  if (Result result = api.cuModuleLoadData(&module, ingot_cuda_image.data); result != success)
    fail("the kernels cannot be loaded on %s, of compute capability %s, by a driver for CUDA %s: %s; install a newer "
         "driver, or compile the model with an older CUDA toolkit",
         device.name.c_str(), spellCapability(device.capability).c_str(), spellVersion(device.driverVersion).c_str(),
         cuda::describe(api, result).c_str());
  std::vector<Function> functions;
  for (uint32_t i = 0; i < tables.kernel_count; ++i) {
    const IngotCudaKernel &kernel = tables.kernels[i];
    functions.push_back(loadKernel(kernel.name));
    // What a kernel may have without asking.
    constexpr uint32_t plainSharedBytes = 48 << 10;
    if (kernel.shared_bytes <= plainSharedBytes)
      continue;
    Result result =
        api.cuFuncSetAttribute(functions.back(), mostDynamicSharedBytes, static_cast<int>(kernel.shared_bytes));
    if (result != success)
      fail("kernel %s cannot have %u bytes of shared memory on %s: %s; compile the model again", kernel.name,
           kernel.shared_bytes, device.name.c_str(), cuda::describe(api, result).c_str());
  }
  return functions;
}

/// Where the driver loads modules lazily, this is when it loads the kernel: nothing is left for the first launch.
/// Source: CUDA Programming Guide, "Lazy Loading".
Function CudaExecutor::loadKernel(const char *name) {
  Function function = nullptr;
  if (Result result = api.cuModuleGetFunction(&function, module, name); result != success)
    fail("kernel %s cannot be loaded on %s: %s; compile the model again", name, device.name.c_str(),
         cuda::describe(api, result).c_str());
  return function;
}

void *CudaExecutor::allocatePinned(uint64_t bytes) {
  void *address = nullptr;
  if (Result result = api.cuMemHostAlloc(&address, bytes, 0); result != success)
    fail("no %llu bytes of pinned memory: %s", static_cast<unsigned long long>(bytes),
         cuda::describe(api, result).c_str());
  return address;
}

void CudaExecutor::loadWeights(const IngotDescriptor &descriptor) {
  constexpr const char *what = "the GPU's memory cannot be written";
  Weights weights(descriptor);
  weights.startPopulating();
  for (uint32_t i = 0; i < tables.arena_count; ++i) {
    const IngotCudaArena &arena = tables.arenas[i];
    if (!arena.bytes || arena.lifetime == INGOT_LIFETIME_TRANSIENT)
      continue;
    if (arena.lifetime == INGOT_LIFETIME_STATE) {
      check(api, api.cuMemsetD8Async(memory->arena(i), 0, arena.bytes, stream), what);
      continue;
    }
    // As they lie in the order in which a step reads them, an embedding's table that the head does not share comes
    // first.
    readBytes = std::min(descriptor.step_weight_bytes, arena.bytes) / Probes::granule * Probes::granule;
    readFrom = memory->arena(i) + (arena.bytes - readBytes) / Probes::granule * Probes::granule;
    if (tables.fill_count) {
      std::vector<Function> generators;
      for (uint32_t k = 0; k < tables.generator_count; ++k)
        generators.push_back(loadKernel(tables.generators[k]));
      generate(api, stream, tables, generators, memory->arena(i));
      continue;
    }
    if (arena.bytes > descriptor.weights.bytes)
      fail("arena %s: %llu bytes of weights are planned and %llu are there; compile the model again", arena.name,
           static_cast<unsigned long long>(arena.bytes), static_cast<unsigned long long>(descriptor.weights.bytes));
    upload(api, stream, memory->arena(i), weights.data(), arena.bytes);
  }
  check(api, api.cuStreamSynchronize(stream), what);
}

/// What the driver knows, and what `function`, as any other of the image that it loaded, was compiled for: of PTX for
/// an older device, which it has compiled for this one, nothing waits.
Edges CudaExecutor::chooseEdges(Function function) const {
  if (device.driverVersion < firstVersionWithProgrammaticEdges || !api.cuGraphAddDependencies_v2)
    return Edges::Full;
  int compiledFor = 0;
  check(api, api.cuFuncGetAttribute(&compiledFor, ptxVersion, function), "the kernels cannot be looked at");
  return compiledFor >= INGOT_CUDA_WAITING_CAPABILITY ? Edges::Programmatic : Edges::Full;
}

void CudaExecutor::makeGraphs(Context context) {
  const uint32_t bound = std::min({uint32_t{INGOT_CUDA_MOST_GRAPH_ROWS}, entry.rows, entry.wanted_rows});
  for (uint32_t first = 1; first <= bound; first = programFor(first).last_row + 1) {
    const IngotCudaProgram &program = programFor(first);
    // Blocks beyond a step's rows return in programs of few rows only.
    const uint32_t last = program.last_row > INGOT_CUDA_MOST_GRAPH_ROWS ? first : std::min(program.last_row, bound);
    graphs.emplace_back(api, context, tables, program, last, *launches, transferOfArrays(), transferOfLogits(last),
                        edges, stream);
  }
  if (tables.sampler.parts > 0)
    loop.emplace(TokenLoop::Parts{device, context, tables, programFor(1), *launches, arrays,
                                  loadKernel(tables.sampler.candidates.name), loadKernel(tables.sampler.choose.name),
                                  memory->locate(tables.output), memory->step() + loopOffset(), edges, stream});
}

const DecodeGraph *CudaExecutor::graphFor(const IngotStep &step) const {
  for (const DecodeGraph &graph : graphs)
    if (graph.serves(step.rows) && step.wanted_rows == step.rows)
      return &graph;
  return nullptr;
}

const IngotCudaProgram &CudaExecutor::programFor(uint32_t rows) const {
  for (uint32_t i = 0; i < tables.program_count; ++i)
    if (rows >= tables.programs[i].first_row && rows <= tables.programs[i].last_row)
      return tables.programs[i];
  fail("no program for steps of %u rows; compile the model again", rows);
}

void CudaExecutor::failAt(const IngotCudaProgram &program, const Launch &launch, const std::string &reason) const {
  fail("kernel %s, launch %u of %u of %s, failed on %s: %s", launch.name,
       static_cast<unsigned>(launch.row - (tables.launches + program.first_launch)) + 1, program.launch_count,
       program.name, device.name.c_str(), reason.c_str());
}

Transfer CudaExecutor::transferOfArrays() const { return {arrays.host(), arrays.device(), arrays.bytes()}; }

Transfer CudaExecutor::transferOfLogits(uint32_t rows) const {
  return {output, memory->locate(tables.output), uint64_t{rows} * tables.output_stride};
}

void CudaExecutor::runInStream(const IngotCudaProgram &program, const IngotStep &step) {
  Transfer to = transferOfArrays(), from = transferOfLogits(step.wanted_rows);
  check(api, api.cuMemcpyHtoDAsync_v2(to.device, to.host, to.bytes, stream), "the step cannot be copied to the GPU");
  for (const Launch &launch : launches->of(program)) {
    const uint32_t blocks = launch.blocks(step.rows, step.wanted_rows);
    if (blocks == 0)
      continue;
    Result result = success;
    if (!launch.kernel) {
      if (LtStatus status = products->run(launch, blocks, program.last_row, stream); status != ltSuccess)
        failAt(program, launch, products->describe(status));
    } else {
      result = api.cuLaunchKernel(launch.function, launch.row->grid_x, blocks, 1, launch.kernel->threads, 1, 1,
                                  launch.kernel->shared_bytes, stream, const_cast<void **>(launch.parameters.data()),
                                  nullptr);
    }
    if (result == success && mode == LaunchMode::OneByOne)
      result = api.cuStreamSynchronize(stream);
    if (result != success)
      failAt(program, launch, cuda::describe(api, result));
  }
  if (from.bytes)
    check(api, api.cuMemcpyDtoHAsync_v2(from.host, from.device, from.bytes, stream),
          "the logits cannot be copied from the GPU");
}

void CudaExecutor::run(const IngotStep &step, const IngotRowRange &) {
  const IngotCudaProgram &program = programFor(step.rows);
  arrays.fill(step);
  Result result = success;
  if (const DecodeGraph *graph = graphFor(step))
    result = graph->launch(stream);
  else
    runInStream(program, step);
  if (result == success)
    result = api.cuStreamSynchronize(stream);
  if (result != success)
    fail("a kernel of %s, for %u rows from position %d on, failed on %s: %s; --launch=one-by-one says which",
         program.name, step.rows, step.positions[0], device.name.c_str(), cuda::describe(api, result).c_str());
}

float *CudaExecutor::logits(uint32_t wanted) const {
  return output + uint64_t{wanted} * (tables.output_stride / sizeof(float));
}

uint32_t CudaExecutor::mostGenerated(const SamplerOptions &options) const {
  return loop && loop->serves(options) ? TokenLoop::mostTokens : 0;
}

void CudaExecutor::describe(JsonWriter &writer) const {
  writer.text("device", device.name);
  writer.text("compute_capability", spellCapability(device.capability));
  writer.text("driver", "CUDA " + spellVersion(device.driverVersion));
  writer.number("device_memory_bytes", memory->bytes());
  writer.number("device_memory_bytes_since_start",
                static_cast<double>(freeAtStart) - static_cast<double>(countFreeBytes()));
  writer.text("launch", spell(mode));
  if (!graphs.empty())
    writer.text("edges", edges == Edges::Programmatic ? "programmatic" : "full");
  if (products)
    writer.number("cublaslt_version", products->version());
  writer.text("token_loop", loop && loop->isOnDevice() ? "device" : "host");
}

std::optional<MachineLimits> CudaExecutor::measureLimits() {
  if (!readBytes)
    return std::nullopt;
  return MachineLimits{probes->measureReads(readFrom, readBytes, memory->step()), /*nanosecondsOfBarrier=*/0};
}

void CudaExecutor::measureCopies(JsonWriter &writer) {
  if (!readBytes)
    return;
  CopyRates rates = probes->measureCopies(readFrom, readBytes);
  writer.number("host_to_device_bytes_per_second", rates.toDevice);
  writer.number("device_to_host_bytes_per_second", rates.toHost);
}

} // namespace ingot::runtime::cuda
