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

  std::vector<GraphNode> nodes, awaited;
  auto addCopy = [&](const Transfer &transfer, bool toDevice) {
    Copy copy = {};
    copy.fromKind = toDevice ? hostMemory : deviceMemory;
    copy.toKind = toDevice ? deviceMemory : hostMemory;
    (toDevice ? copy.toDevice : copy.fromDevice) = transfer.device;
    if (toDevice)
      copy.fromHost = transfer.host;
    else
      copy.toHost = transfer.host;
    copy.bytes = transfer.bytes;
    copy.height = copy.depth = 1;
    GraphNode node = nullptr;
    check(api, api.cuGraphAddMemcpyNode(&node, graph, awaited.data(), awaited.size(), &copy, context), what);
    return node;
  };
  GraphNode arrived = addCopy(arrays, /*toDevice=*/true);

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
  addCopy(logits, /*toDevice=*/false);

  check(api, api.cuGraphInstantiateWithFlags(&executable, graph, 0), what);
  check(api, api.cuGraphDestroy(graph), what);
}

} // namespace ingot::runtime::cuda
