//===- executor.cpp - a model on a GPU ------------------------------------===//
//
// What it takes of the driver goes back when the process ends, which no executor
// outlives.
//
//===----------------------------------------------------------------------===//

#include "runtime/cuda/executor.h"
#include "runtime/core/error.h"
#include "runtime/core/weights.h"
#include "runtime/cuda/upload.h"

namespace ingot::runtime::cuda {
namespace {

std::string spellVersion(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

} // namespace

CudaExecutor::CudaExecutor(const FoundDevice &device, const IngotDescriptor &descriptor, const IngotEntry &entry,
                           const IngotCudaDescriptor &tables, LaunchMode mode)
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
  memory.emplace(device, tables, arrays.bytes());
  arrays.place(static_cast<uint8_t *>(allocatePinned(arrays.bytes())), memory->step());
  output = static_cast<float *>(allocatePinned(uint64_t{entry.wanted_rows} * tables.output_stride));
  prepareLaunches(functions);
  loadWeights(descriptor);
}

std::vector<Function> CudaExecutor::loadKernels() {
  Module module = nullptr;
  if (Result result = api.cuModuleLoadData(&module, ingot_cuda_image.data); result != success)
    fail("the kernels cannot be loaded on %s, of compute capability %s, by a driver for CUDA %s: %s; install a newer "
         "driver, or compile the model with an older CUDA toolkit",
         device.name.c_str(), spellCapability(device.capability).c_str(), spellVersion(device.driverVersion).c_str(),
         cuda::describe(api, result).c_str());
  std::vector<Function> functions;
  for (uint32_t i = 0; i < tables.kernel_count; ++i) {
    const IngotCudaKernel &kernel = tables.kernels[i];
    Function function = nullptr;
    Result result = api.cuModuleGetFunction(&function, module, kernel.name);
    // What a kernel may have without asking.
    constexpr uint32_t plainSharedBytes = 48 << 10;
    if (result == success && kernel.shared_bytes > plainSharedBytes)
      result = api.cuFuncSetAttribute(function, mostDynamicSharedBytes, static_cast<int>(kernel.shared_bytes));
    if (result != success)
      fail("kernel %s cannot be loaded on %s: %s; compile the model again", kernel.name, device.name.c_str(),
           cuda::describe(api, result).c_str());
    functions.push_back(function);
  }
  return functions;
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
    if (arena.bytes > descriptor.weights.bytes)
      fail("arena %s: %llu bytes of weights are planned and %llu are there; compile the model again", arena.name,
           static_cast<unsigned long long>(arena.bytes), static_cast<unsigned long long>(descriptor.weights.bytes));
    upload(api, stream, memory->arena(i), weights.data(), arena.bytes);
  }
  check(api, api.cuStreamSynchronize(stream), what);
}

void CudaExecutor::prepareLaunches(const std::vector<Function> &functions) {
  for (uint32_t p = 0; p < tables.program_count; ++p)
    for (uint32_t i = 0; i < tables.programs[p].launch_count; ++i) {
      const IngotCudaLaunch &row = tables.launches[tables.programs[p].first_launch + i];
      Launch launch = {&row, &tables.kernels[row.kernel], functions[row.kernel], arrays.rowCount(row.wanted), {}, {}};
      for (uint32_t k = 0; k < launch.kernel->buffers; ++k)
        launch.buffers.push_back(memory->locate(tables.buffers[row.first_buffer + k]));
      launches.push_back(std::move(launch));
    }
  // Addresses hold now that nothing moves any more.
  for (Launch &launch : launches) {
    launch.parameters = {const_cast<IngotCudaStep *>(&arrays.parameter()), &launch.rowCount};
    for (DeviceAddress &buffer : launch.buffers)
      launch.parameters.push_back(&buffer);
  }
}

const IngotCudaProgram &CudaExecutor::programFor(uint32_t rows) const {
  for (uint32_t i = 0; i < tables.program_count; ++i)
    if (rows >= tables.programs[i].first_row && rows <= tables.programs[i].last_row)
      return tables.programs[i];
  fail("no program for steps of %u rows; compile the model again", rows);
}

void CudaExecutor::failAt(const IngotCudaProgram &program, const Launch &launch, Result result) const {
  fail("kernel %s, launch %u of %u of %s, failed on %s: %s", launch.kernel->name,
       static_cast<unsigned>(launch.row - (tables.launches + program.first_launch)) + 1, program.launch_count,
       program.name, device.name.c_str(), cuda::describe(api, result).c_str());
}

void CudaExecutor::launch(const IngotCudaProgram &program, const Launch &launch, const IngotStep &step) {
  const uint32_t rows = launch.row->wanted ? step.wanted_rows : step.rows;
  if (rows == 0)
    return;
  const uint32_t blocks = (rows + launch.row->rows_per_block - 1) / launch.row->rows_per_block;
  Result result =
      api.cuLaunchKernel(launch.function, launch.row->grid_x, blocks, 1, launch.kernel->threads, 1, 1,
                         launch.kernel->shared_bytes, stream, const_cast<void **>(launch.parameters.data()), nullptr);
  if (result == success && mode == LaunchMode::OneByOne)
    result = api.cuStreamSynchronize(stream);
  if (result != success)
    failAt(program, launch, result);
}

void CudaExecutor::run(const IngotStep &step, const IngotRowRange &) {
  const IngotCudaProgram &program = programFor(step.rows);
  arrays.fill(step);
  check(api, api.cuMemcpyHtoDAsync_v2(arrays.device(), arrays.host(), arrays.bytes(), stream),
        "the step cannot be copied to the GPU");
  for (uint32_t i = 0; i < program.launch_count; ++i)
    launch(program, launches[program.first_launch + i], step);
  if (step.wanted_rows)
    check(api,
          api.cuMemcpyDtoHAsync_v2(output, memory->locate(tables.output),
                                   uint64_t{step.wanted_rows} * tables.output_stride, stream),
          "the logits cannot be copied from the GPU");
  if (Result result = api.cuStreamSynchronize(stream); result != success)
    fail("a kernel of %s, for %u rows from position %d on, failed on %s: %s; --launch=one-by-one says which",
         program.name, step.rows, step.positions[0], device.name.c_str(), cuda::describe(api, result).c_str());
}

float *CudaExecutor::logits(uint32_t wanted) const {
  return output + uint64_t{wanted} * (tables.output_stride / sizeof(float));
}

void CudaExecutor::describe(JsonWriter &writer) const {
  writer.text("device", device.name);
  writer.text("compute_capability", spellCapability(device.capability));
  writer.text("driver", "CUDA " + spellVersion(device.driverVersion));
  writer.number("device_memory_bytes", memory->bytes());
}

} // namespace ingot::runtime::cuda
