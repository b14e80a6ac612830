//===- executor.h - a model on a GPU ----------------------------*- C++ -*-===//

#ifndef INGOT_RUNTIME_CUDA_EXECUTOR_H
#define INGOT_RUNTIME_CUDA_EXECUTOR_H

#include "runtime/core/machine.h"
#include "runtime/cuda/decode_graph.h"
#include "runtime/cuda/probes.h"
#include "runtime/cuda/products.h"
#include "runtime/cuda/token_loop.h"

/// The device code of this executable, as nvcc made it; written when it is linked.
extern "C" const IngotBlob ingot_cuda_image;

namespace ingot::runtime::cuda {

/// How the launches of a step get to the device.
enum class LaunchMode {
  Graph,      ///< all of a step of few rows at once, each begun early where that can be; of other steps as in a stream
  PlainGraph, ///< the same, each begun when those before it have ended
  Stream,     ///< one after the other, without waiting
  OneByOne,   ///< waiting for each, so that a failure is of a kernel that has a name
};

class CudaExecutor : public Executor {
public:
  /// Loads the kernels and the weights. Fails with a message when that cannot be.
  CudaExecutor(const FoundDevice &device, const IngotDescriptor &descriptor, const IngotEntry &entry,
               const IngotCudaDescriptor &tables, LaunchMode mode, bool autotune);

  const IngotVariant &variant() const override { return entry.variants[0]; }
  void run(const IngotStep &step, const IngotRowRange &range) override;
  float *logits(uint32_t wanted) const override;
  uint32_t mostGenerated(const SamplerOptions &options) const override;
  void startGenerating(const Generation &generation) override { loop->start(generation); }
  std::optional<int32_t> nextToken() override { return loop->next(); }
  uint32_t stopGenerating() override { return loop->stop(); }
  /// Weights are there when the executor is.
  void finishLoading() override {}
  std::optional<MachineLimits> measureLimits() override;
  void describe(JsonWriter &writer) const override;
  void measureCopies(JsonWriter &writer) override;

private:
  std::vector<Function> loadKernels();
  Function loadKernel(const char *name);
  Edges chooseEdges(Function function) const;
  void makeGraphs(Context context);
  uint64_t countFreeBytes() const;
  void *allocatePinned(uint64_t bytes);
  void loadWeights(const IngotDescriptor &descriptor);
  /// Of what the loop has of the device's memory, behind the arrays of steps.
  uint64_t loopOffset() const { return (arrays.bytes() + 255) / 256 * 256; }
  Transfer transferOfArrays() const;
  Transfer transferOfLogits(uint32_t rows) const;
  const IngotCudaProgram &programFor(uint32_t rows) const;
  const DecodeGraph *graphFor(const IngotStep &step) const;
  void runInStream(const IngotCudaProgram &program, const IngotStep &step);
  [[noreturn]] void failAt(const IngotCudaProgram &program, const Launch &launch, const std::string &reason) const;

  const FoundDevice &device;
  const DriverApi &api;
  const IngotEntry &entry;
  const IngotCudaDescriptor &tables;
  const LaunchMode mode;
  Edges edges = Edges::Full; ///< of graphs
  Stream stream = nullptr;
  Module module = nullptr;
  StepArrays arrays;
  std::optional<DeviceMemory> memory;
  std::optional<Products> products; ///< where programs have some
  std::optional<Launches> launches;
  std::vector<DecodeGraph> graphs; ///< of few rows, ascending; none unless by graphs
  std::optional<TokenLoop> loop;   ///< none unless by graphs
  std::optional<Probes> probes;
  /// What a token reads of the weights.
  DeviceAddress readFrom = 0;
  uint64_t readBytes = 0;
  uint64_t freeAtStart = 0; ///< bytes of the device's memory, once all was loaded
  float *output = nullptr;  ///< pinned, [entry.wanted_rows] rows of tables.output_stride bytes
};

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_EXECUTOR_H
