//===- token_loop.h - tokens drawn on the device ----------------*- C++ -*-===//
//
// After a prompt, a text goes on without the host: a token is drawn from the logits,
// the arrays of the step are given it, the step runs, and so on until an end token, or
// as many as are wanted. Where the driver has loops in graphs (CUDA 12.4), all of that is
// one launch; the host reads tokens from its own memory as they come. With an older one,
// the host launches a graph for each token.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CUDA_TOKEN_LOOP_H
#define INGOT_RUNTIME_CUDA_TOKEN_LOOP_H

#include "runtime/core/machine.h"
#include "runtime/cuda/graph_builder.h"

#include <optional>

namespace ingot::runtime::cuda {

class TokenLoop {
public:
  /// Of one launch.
  static constexpr uint32_t mostTokens = 4096;

  /// Bytes of the device's memory that it needs.
  static uint64_t deviceBytes(const IngotCudaDescriptor &tables);

  /// What it takes part in.
  struct Parts {
    const FoundDevice &device;
    Context context;
    const IngotCudaDescriptor &tables;
    const IngotCudaProgram &program; ///< of one row
    const Launches &launches;
    StepArrays &arrays;
    Function candidates, choose; ///< of tables.sampler
    DeviceAddress logits;        ///< of the first wanted row
    DeviceAddress memory;        ///< `deviceBytes`
    Edges edges;
    Stream stream;
  };

  /// Fails with a message when the driver refuses it.
  explicit TokenLoop(const Parts &parts);

  /// Whether the device loops.
  bool isOnDevice() const { return again == nullptr; }

  /// Whether it draws as the options say.
  bool serves(const SamplerOptions &options) const;

  /// Begins to draw: see Executor::startGenerating.
  void start(const Generation &generation);

  /// See Executor::nextToken.
  std::optional<int32_t> next();

  /// See Executor::stopGenerating.
  uint32_t stop();

private:
  Function loadLoop() const;
  GraphNode addDraw(GraphBuilder &graph, const GraphBuilder::Nodes &after, Edges edges) const;
  void addLoop(GraphBuilder &graph, Function keepGoing, GraphNode drawn) const;
  void require(Result result) const;
  int32_t token(uint32_t index) const { return *static_cast<const volatile int32_t *>(tokens + index); }

  const Parts parts;
  const DriverApi &api;
  /// In the host's pinned memory: what the device is given first, a word that ends the loop, and what was drawn.
  IngotCudaSampling *sampling;
  uint32_t *ends;
  uint32_t *stopWord;
  int32_t *tokens;
  /// On the device.
  DeviceAddress state, endsOnDevice, lists;
  /// The first launch, and where the host loops, the others.
  GraphExecutable first = nullptr, again = nullptr;
  uint32_t wanted = 0, read = 0;
};

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_TOKEN_LOOP_H
