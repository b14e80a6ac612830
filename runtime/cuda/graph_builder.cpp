//===- graph_builder.cpp - graphs of copies and launches ------------------===//

#include "runtime/cuda/graph_builder.h"

#include <algorithm>

namespace ingot::runtime::cuda {

GraphBuilder::GraphBuilder(const DriverApi &api, Context context, const char *what)
    : api(api), context(context), what(what) {
  check(api, api.cuGraphCreate(&graph, 0), what);
}

GraphNode GraphBuilder::copy(Copy copy, uint64_t bytes, const Nodes &after) {
  copy.bytes = bytes;
  copy.height = copy.depth = 1;
  GraphNode node = nullptr;
  check(api, api.cuGraphAddMemcpyNode(&node, graph, after.data(), after.size(), &copy, context), what);
  return node;
}

GraphNode GraphBuilder::copyToDevice(const Transfer &transfer, const Nodes &after) {
  Copy row = {};
  row.fromKind = hostMemory;
  row.fromHost = transfer.host;
  row.toKind = deviceMemory;
  row.toDevice = transfer.device;
  return copy(row, transfer.bytes, after);
}

GraphNode GraphBuilder::copyToHost(const Transfer &transfer, const Nodes &after) {
  Copy row = {};
  row.fromKind = deviceMemory;
  row.fromDevice = transfer.device;
  row.toKind = hostMemory;
  row.toHost = transfer.host;
  return copy(row, transfer.bytes, after);
}

GraphNode GraphBuilder::launch(Function function, uint32_t gridX, uint32_t gridY, const IngotCudaKernel &kernel,
                               std::span<void *const> parameters, const Nodes &after, Edges edges) {
  KernelNode launch = {};
  launch.function = function;
  launch.gridX = gridX;
  launch.gridY = gridY;
  launch.blockX = kernel.threads;
  launch.gridZ = launch.blockY = launch.blockZ = 1;
  launch.sharedBytes = kernel.shared_bytes;
  launch.parameters = const_cast<void **>(parameters.data());
  GraphNode node = nullptr;
  // What has ended before the one kernel that is waited for is known to have ended, since that one has waited too. Of
  // several, NVIDIA's documentation does not say what a wait is for.
  if (edges == Edges::Programmatic && after.size() == 1 && std::ranges::find(kernels, after[0]) != kernels.end()) {
    constexpr EdgeData early = {programmaticPort, 0, programmaticDependency, {}};
    check(api, api.cuGraphAddKernelNode_v2(&node, graph, nullptr, 0, &launch), what);
    check(api, api.cuGraphAddDependencies_v2(graph, after.data(), &node, &early, 1), what);
  } else {
    check(api, api.cuGraphAddKernelNode_v2(&node, graph, after.data(), after.size(), &launch), what);
  }
  kernels.push_back(node);
  return node;
}

GraphBuilder::Nodes GraphBuilder::step(const IngotCudaDescriptor &tables, const IngotCudaProgram &program,
                                       const Launches &launches, uint32_t rows, const Nodes &after, Edges edges) {
  Nodes nodes, awaited;
  std::vector<bool> isAwaited(program.launch_count);
  // Of each launch, those that it comes after.
  std::vector<std::vector<bool>> before;
  for (const Launch &row : launches.of(program)) {
    const std::span awaits(tables.awaits + row.row->first_await, row.row->await_count);
    std::vector<bool> &mine = before.emplace_back(program.launch_count);
    for (uint32_t index : awaits)
      for (uint32_t i = 0; i < index; ++i)
        mine[i] = mine[i] || before[index][i];
    awaited.clear();
    for (uint32_t index : awaits) {
      // What another one comes after needs no edge; where one is left, it may be programmatic.
      if (!mine[index])
        awaited.push_back(nodes[index]);
      isAwaited[index] = true;
    }
    for (uint32_t index : awaits)
      mine[index] = true;
    nodes.push_back(launch(row.function, row.row->grid_x, row.blocks(rows, rows), *row.kernel, row.parameters,
                           awaited.empty() ? after : awaited, edges));
  }
  Nodes last;
  for (size_t i = 0; i < nodes.size(); ++i)
    if (!isAwaited[i])
      last.push_back(nodes[i]);
  return last;
}

ConditionHandle GraphBuilder::condition() {
  ConditionHandle handle = 0;
  check(api, api.cuGraphConditionalHandleCreate(&handle, graph, context, /*value=*/0, startsWithDefault), what);
  return handle;
}

GraphBuilder GraphBuilder::loop(ConditionHandle condition, const Nodes &after) {
  NodeParameters parameters = {};
  parameters.kind = conditionalNode;
  parameters.conditional = {condition, whileNode, /*size=*/1, /*bodies=*/nullptr, context};
  GraphNode node = nullptr;
  check(api, api.cuGraphAddNode_v2(&node, graph, after.data(), /*edges=*/nullptr, after.size(), &parameters), what);
  return GraphBuilder(api, context, what, parameters.conditional.bodies[0]);
}

GraphExecutable GraphBuilder::instantiate(Stream stream) {
  GraphExecutable executable = nullptr;
  check(api, api.cuGraphInstantiateWithFlags(&executable, graph, 0), what);
  check(api, api.cuGraphDestroy(graph), what);
  // Otherwise the first launch would take the memory that the graph needs on the device.
  check(api, api.cuGraphUpload(executable, stream), what);
  graph = nullptr;
  return executable;
}

} // namespace ingot::runtime::cuda
