//===- decode_graph.cpp - a step of few rows as one launch ----------------===//

#include "runtime/cuda/decode_graph.h"

namespace ingot::runtime::cuda {

DecodeGraph::DecodeGraph(const DriverApi &api, Context context, const IngotCudaDescriptor &tables,
                         const IngotCudaProgram &program, uint32_t mostRows, const Launches &launches,
                         const Transfer &arrays, const Transfer &logits, Edges edges, Stream stream)
    : api(api), firstRow(program.first_row), lastRow(mostRows) {
  GraphBuilder graph(api, context, "steps of few rows cannot become graphs; --launch=stream does without");
  GraphNode arrived = graph.copyToDevice(arrays, {});
  // The step is done when the logits are back: they wait for all that nobody waits for.
  graph.copyToHost(logits, graph.step(tables, program, launches, mostRows, {arrived}, edges));
  executable = graph.instantiate(stream);
}

} // namespace ingot::runtime::cuda
