//===- decode_graph.h - a step of few rows as one launch --------*- C++ -*-===//
//
// Decoding repeats the same step for every token of its sequences: the arrays of the
// step to the device, the launches, the logits back. As a graph the driver takes it in
// one call, and starts a kernel as soon as those that it awaits have ended, or let it
// begin. Nothing in it changes with the text: positions and lengths stand in the arrays.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CUDA_DECODE_GRAPH_H
#define INGOT_RUNTIME_CUDA_DECODE_GRAPH_H

#include "runtime/cuda/graph_builder.h"

namespace ingot::runtime::cuda {

class DecodeGraph {
public:
  /// Steps of as many rows as `program` serves, but at most `mostRows`, all of whose logits are wanted. `logits` are of
  /// `mostRows` rows. Fails with a message when the driver refuses it.
  DecodeGraph(const DriverApi &api, Context context, const IngotCudaDescriptor &tables, const IngotCudaProgram &program,
              uint32_t mostRows, const Launches &launches, const Transfer &arrays, const Transfer &logits, Edges edges,
              Stream stream);

  bool serves(uint32_t rows) const { return rows >= firstRow && rows <= lastRow; }

  /// Asks for the step, whose arrays stand in the host's memory.
  Result launch(Stream stream) const { return api.cuGraphLaunch(executable, stream); }

private:
  const DriverApi &api;
  uint32_t firstRow, lastRow;
  GraphExecutable executable;
};

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_DECODE_GRAPH_H
