//===- decode_graph.cpp - a step of one row as one launch -----------------===//

#include "runtime/cuda/decode_graph.h"

namespace ingot::runtime::cuda {

DecodeGraph::DecodeGraph(const DriverApi &api, Context context, const IngotCudaDescriptor &tables,
                         const IngotCudaProgram &program, const Launches &launches, const Transfer &arrays,
                         const Transfer &logits)
    : api(api) {
  constexpr const char *what = "the step of one row cannot become a graph; --launch=stream does without";
  Graph graph = nullptr;
  check(api, api.cuGraphCreate(&graph, 0), what);

  Copy copy = {};
  copy.fromKind = hostMemory;
  copy.fromHost = arrays.host;
  copy.toKind = deviceMemory;
  copy.toDevice = arrays.device;
  copy.bytes = arrays.bytes;
  copy.height = copy.depth = 1;
  GraphNode arrived = nullptr;
  check(api, api.cuGraphAddMemcpyNode(&arrived, graph, nullptr, 0, &copy, context), what);

  std::vector<GraphNode> nodes, awaited;
  std::vector<bool> isAwaited(program.launch_count);
  for (const Launch &launch : launches.of(program)) {
    awaited.clear();
    for (uint32_t i = 0; i < launch.row->await_count; ++i) {
      const uint32_t index = tables.awaits[launch.row->first_await + i];
      awaited.push_back(nodes[index]);
      isAwaited[index] = true;
    }
    if (awaited.empty())
      awaited.push_back(arrived);
    KernelNode kernel = {};
    kernel.function = launch.function;
    kernel.gridX = launch.row->grid_x;
    kernel.gridY = launch.blocks(/*rows=*/1, /*wantedRows=*/1);
    kernel.blockX = launch.kernel->threads;
    kernel.gridZ = kernel.blockY = kernel.blockZ = 1;
    kernel.sharedBytes = launch.kernel->shared_bytes;
    kernel.parameters = const_cast<void **>(launch.parameters.data());
    nodes.push_back(nullptr);
    check(api, api.cuGraphAddKernelNode_v2(&nodes.back(), graph, awaited.data(), awaited.size(), &kernel), what);
  }

  // The step is done when the logits are back: they wait for all that nobody waits for.
  awaited.clear();
  for (size_t i = 0; i < nodes.size(); ++i)
    if (!isAwaited[i])
      awaited.push_back(nodes[i]);
  copy = {};
  copy.fromKind = deviceMemory;
  copy.fromDevice = logits.device;
  copy.toKind = hostMemory;
  copy.toHost = logits.host;
  copy.bytes = logits.bytes;
  copy.height = copy.depth = 1;
  GraphNode returned = nullptr;
  check(api, api.cuGraphAddMemcpyNode(&returned, graph, awaited.data(), awaited.size(), &copy, context), what);

  check(api, api.cuGraphInstantiateWithFlags(&executable, graph, 0), what);
  check(api, api.cuGraphDestroy(graph), what);
}

} // namespace ingot::runtime::cuda
