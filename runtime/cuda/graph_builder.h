//===- graph_builder.h - graphs of copies and launches ----------*- C++ -*-===//
//
// Source: CUDA Driver API, "Graph Management"
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CUDA_GRAPH_BUILDER_H
#define INGOT_RUNTIME_CUDA_GRAPH_BUILDER_H

#include "runtime/cuda/launches.h"

namespace ingot::runtime::cuda {

/// Bytes that go from the host's pinned memory to the device, or back.
struct Transfer {
  void *host;
  DeviceAddress device;
  uint64_t bytes;
};

/// How a kernel comes after others.
enum class Edges {
  Full,         ///< begins when they have ended
  Programmatic, ///< where it comes after one alone, begins before that one has ended, and waits for it: both must be
                ///< kernels of the text, of an image for INGOT_CUDA_WAITING_CAPABILITY
};

/// Adds nodes to one graph. Fails with a message that begins with `what` when the driver refuses one.
class GraphBuilder {
public:
  using Nodes = std::vector<GraphNode>;

  /// A new graph.
  GraphBuilder(const DriverApi &api, Context context, const char *what);

  GraphNode copyToDevice(const Transfer &transfer, const Nodes &after);
  GraphNode copyToHost(const Transfer &transfer, const Nodes &after);

  /// A kernel of blocks along x and y; `parameters` are addresses of its parameters, which are read here.
  GraphNode launch(Function function, uint32_t gridX, uint32_t gridY, const IngotCudaKernel &kernel,
                   std::span<void *const> parameters, const Nodes &after, Edges edges);

  /// All launches of a program, with the blocks for `rows` rows whose logits are all wanted; its edges are the awaits
  /// of the tables, but for those that follow from others. Returns those that no other one awaits.
  Nodes step(const IngotCudaDescriptor &tables, const IngotCudaProgram &program, const Launches &launches,
             uint32_t rows, const Nodes &after, Edges edges);

  /// A condition for a loop of this graph; 0 when the graph is launched.
  ConditionHandle condition();

  /// A node that repeats a body while `condition` is not 0: the body, which is part of this graph.
  GraphBuilder loop(ConditionHandle condition, const Nodes &after);

  /// Ends the building: the graph as the driver launches it, and in `stream` its way to the device.
  GraphExecutable instantiate(Stream stream);

private:
  GraphBuilder(const DriverApi &api, Context context, const char *what, Graph graph)
      : api(api), context(context), what(what), graph(graph) {}
  /// A row of bytes between the ends that `copy` names.
  GraphNode copy(Copy copy, uint64_t bytes, const Nodes &after);

  const DriverApi &api;
  Context context;
  const char *what;
  Graph graph = nullptr;
  Nodes kernels;
};

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_GRAPH_BUILDER_H
