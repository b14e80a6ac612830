//===- decode_graph.h - a step of one row as one launch ---------*- C++ -*-===//
//
// Decoding repeats the same step for every token: the arrays of the step to the device,
// the launches, the logits back. As a graph the driver takes it in one call, and starts
// a kernel as soon as those that it awaits have ended. Nothing in it changes with the
// text: positions and lengths stand in the arrays.
//
// Source: CUDA Driver API, "Graph Management"
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CUDA_DECODE_GRAPH_H
#define INGOT_RUNTIME_CUDA_DECODE_GRAPH_H

#include "runtime/cuda/launches.h"

namespace ingot::runtime::cuda {

/// Bytes that go from the host's pinned memory to the device, or back.
struct Transfer {
  void *host;
  DeviceAddress device;
  uint64_t bytes;
};

class DecodeGraph {
public:
  /// The step of one row, whose logits are wanted. Fails with a message when the driver refuses it.
  DecodeGraph(const DriverApi &api, Context context, const IngotCudaDescriptor &tables, const IngotCudaProgram &program,
              const Launches &launches, const Transfer &arrays, const Transfer &logits);

  /// Asks for the step, whose arrays stand in the host's memory.
  Result launch(Stream stream) const { return api.cuGraphLaunch(executable, stream); }

private:
  const DriverApi &api;
  GraphExecutable executable = nullptr;
};

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_DECODE_GRAPH_H
