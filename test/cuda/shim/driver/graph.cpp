//===- graph.cpp - graphs of operations -----------------------------------===//

#include "driver/graph.h"
#include "driver/device.h"
#include "driver/tasks.h"
#include <algorithm>
#include <set>

using namespace ingot::shim;

struct CUgraphNode_st {
  CUgraph graph;
  size_t index;
  /// Of a conditional node.
  CUgraph body = nullptr;
};

namespace {
/// Of a conditional node.
struct Handle {
  unsigned initial;
  /// CU_GRAPH_COND_ASSIGN_DEFAULT
  bool hasInitial;
  bool isUsed;
};

/// A conditional node, by its place in the graph.
struct Conditional {
  size_t node;
  uint64_t handle;
  CUgraph body;
};
} // namespace

struct CUgraph_st {
  Tasks tasks;
  std::vector<std::unique_ptr<CUgraphNode_st>> nodes;
  std::map<uint64_t, Handle> handles;
  std::vector<Conditional> conditionals;
  /// Whether it belongs to a conditional node.
  bool isBody = false;
};

struct CUgraphExec_st {
  Tasks tasks;
  /// When a launch starts.
  Conditions conditions;
};

namespace ingot::shim {

namespace {

std::set<CUgraph> graphs;
std::set<CUgraphExec> executables;
uint64_t lastHandle = 0;

/// Frees a graph and the bodies of its conditional nodes.
void destroy(CUgraph graph) {
  for (const Conditional &conditional : graph->conditionals)
    destroy(conditional.body);
  graphs.erase(graph);
  delete graph;
}

/// The tasks of a graph and of what it repeats; adds the values of their handles to `conditions`.
CUresult collect(CUgraph graph, Tasks &tasks, Conditions &conditions) {
  tasks = graph->tasks;
  for (const auto &[number, handle] : graph->handles) {
    if (!handle.isUsed)
      return refuse(CUDA_ERROR_INVALID_VALUE, "a conditional handle of the graph belongs to no node");
    conditions[number] = {handle.hasInitial, handle.initial};
  }
  for (const Conditional &conditional : graph->conditionals) {
    auto body = std::make_shared<Tasks>();
    if (CUresult state = collect(conditional.body, *body, conditions); state != CUDA_SUCCESS)
      return state;
    tasks.list[conditional.node].handle = conditional.handle;
    tasks.list[conditional.node].body = std::move(body);
  }
  return CUDA_SUCCESS;
}

/// Gives a new node its place; `node` may be null.
CUresult insert(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies, size_t count, Task task) {
  std::vector<size_t> after;
  for (size_t index = 0; index < count; ++index) {
    if (dependencies[index]->graph != graph)
      return refuse(CUDA_ERROR_INVALID_VALUE, "a node depends on a node of another graph");
    after.push_back(dependencies[index]->index);
  }
  size_t index = addNode(graph, std::move(task), std::move(after));
  *node = graph->nodes[index].get();
  return CUDA_SUCCESS;
}

CUresult kernelTask(Task &task, const CUDA_KERNEL_NODE_PARAMS &of) {
  return launchTask(task, of.func, {of.gridDimX, of.gridDimY, of.gridDimZ}, {of.blockDimX, of.blockDimY, of.blockDimZ},
                    of.sharedMemBytes, of.kernelParams, of.extra);
}

/// One row of bytes between linear memories.
CUresult transferTask(Task &task, const CUDA_MEMCPY3D &copy) {
  if (copy.Height > 1 || copy.Depth > 1 || copy.srcY != 0 || copy.srcZ != 0 || copy.dstY != 0 || copy.dstZ != 0 ||
      copy.srcMemoryType == CU_MEMORYTYPE_ARRAY || copy.dstMemoryType == CU_MEMORYTYPE_ARRAY)
    return refuse(CUDA_ERROR_NOT_SUPPORTED, "a memcpy node copies one row of bytes between linear memories here");
  const char *from = copy.srcMemoryType == CU_MEMORYTYPE_HOST ? static_cast<const char *>(copy.srcHost)
                                                              : reinterpret_cast<const char *>(copy.srcDevice);
  char *to = copy.dstMemoryType == CU_MEMORYTYPE_HOST ? static_cast<char *>(copy.dstHost)
                                                      : reinterpret_cast<char *>(copy.dstDevice);
  return copyTask(task, to + copy.dstXInBytes, from + copy.srcXInBytes, copy.WidthInBytes, false);
}

/// Adds one edge.
CUresult connect(CUgraph graph, CUgraphNode from, CUgraphNode to, const CUgraphEdgeData &edge) {
  if (from->graph != graph || to->graph != graph)
    return refuse(CUDA_ERROR_INVALID_VALUE, "an edge goes from or to a node of another graph");
  Tasks &tasks = graph->tasks;
  std::vector<size_t> &after = tasks.after[to->index];
  if (std::find(after.begin(), after.end(), from->index) != after.end())
    return refuse(CUDA_ERROR_INVALID_VALUE, "an edge of a graph is added twice");
  if (from->index >= to->index)
    return refuse(CUDA_ERROR_NOT_SUPPORTED, "edges go from an older node to a newer one here");
  if (edge.to_port != 0 ||
      std::any_of(std::begin(edge.reserved), std::end(edge.reserved), [](int byte) { return byte; }))
    return refuse(CUDA_ERROR_INVALID_VALUE, "an edge's port of arrival and what is reserved must be 0");
  if (edge.type == CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC) {
    if (!tasks.list[from->index].isKernel || !tasks.list[to->index].isKernel)
      return refuse(CUDA_ERROR_INVALID_VALUE, "a programmatic edge may only be used between kernel nodes");
    if (edge.from_port != programmaticPort && edge.from_port != launchOrderPort)
      return refuse(CUDA_ERROR_INVALID_VALUE, "a programmatic edge leaves from port %u", edge.from_port);
    if (graph->isBody)
      return refuse(CUDA_ERROR_NOT_SUPPORTED,
                    "programmatic edges in the body of a conditional node are not known here");
    tasks.list[to->index].isEarly = true;
  } else if (edge.type != CU_GRAPH_DEPENDENCY_TYPE_DEFAULT || edge.from_port != 0) {
    return refuse(CUDA_ERROR_NOT_SUPPORTED, "edges of type %u from port %u are not known here", edge.type,
                  edge.from_port);
  }
  after.push_back(from->index);
  return CUDA_SUCCESS;
}

} // namespace

CUgraph newGraph() { return *graphs.insert(new CUgraph_st).first; }

size_t addNode(CUgraph graph, Task task, std::vector<size_t> after) {
  size_t index = graph->tasks.list.size();
  graph->tasks.list.push_back(std::move(task));
  graph->tasks.after.push_back(std::move(after));
  graph->nodes.push_back(std::make_unique<CUgraphNode_st>(CUgraphNode_st{graph, index}));
  return index;
}

bool hasSuccessor(CUgraph graph, size_t node) {
  return std::any_of(graph->tasks.after.begin(), graph->tasks.after.end(), [node](const std::vector<size_t> &after) {
    return std::find(after.begin(), after.end(), node) != after.end();
  });
}

} // namespace ingot::shim

INGOT_FAKE_CUDA_API cuGraphCreate(CUgraph *graph, unsigned) {
  INGOT_FAKE_CUDA_ENTER
  *graph = newGraph();
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuGraphDestroy(CUgraph graph) {
  INGOT_FAKE_CUDA_ENTER
  if (!graphs.contains(graph))
    return CUDA_ERROR_INVALID_HANDLE;
  if (graph->isBody)
    return refuse(CUDA_ERROR_INVALID_VALUE, "the body of a conditional node goes with the graph of the node");
  destroy(graph);
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
  INGOT_FAKE_CUDA_ENTER
  if (!graphs.contains(graph))
    return CUDA_ERROR_INVALID_HANDLE;
  for (size_t index = 0; nodes != nullptr && index < std::min(*count, graph->nodes.size()); ++index)
    nodes[index] = graph->nodes[index].get();
  *count = graph->nodes.size();
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuGraphAddKernelNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                                            size_t count, const CUDA_KERNEL_NODE_PARAMS *parameters) {
  INGOT_FAKE_CUDA_ENTER
  if (!graphs.contains(graph))
    return CUDA_ERROR_INVALID_HANDLE;
  Task task;
  if (CUresult state = kernelTask(task, *parameters); state != CUDA_SUCCESS)
    return state;
  return insert(node, graph, dependencies, count, std::move(task));
}

INGOT_FAKE_CUDA_API cuGraphAddMemcpyNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                                         size_t count, const CUDA_MEMCPY3D *copy, CUcontext) {
  INGOT_FAKE_CUDA_ENTER
  if (!graphs.contains(graph))
    return CUDA_ERROR_INVALID_HANDLE;
  Task task;
  if (CUresult state = transferTask(task, *copy); state != CUDA_SUCCESS)
    return state;
  return insert(node, graph, dependencies, count, std::move(task));
}

INGOT_FAKE_CUDA_API cuGraphAddMemsetNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                                         size_t count, const CUDA_MEMSET_NODE_PARAMS *parameters, CUcontext) {
  INGOT_FAKE_CUDA_ENTER
  if (!graphs.contains(graph))
    return CUDA_ERROR_INVALID_HANDLE;
  if (parameters->height > 1)
    return refuse(CUDA_ERROR_NOT_SUPPORTED, "a memset node sets one row here");
  Task task;
  if (CUresult state = fillTask(task, reinterpret_cast<void *>(parameters->dst), parameters->value,
                                parameters->elementSize, parameters->width);
      state != CUDA_SUCCESS)
    return state;
  return insert(node, graph, dependencies, count, std::move(task));
}

INGOT_FAKE_CUDA_API cuGraphAddEmptyNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                                        size_t count) {
  INGOT_FAKE_CUDA_ENTER
  if (!graphs.contains(graph))
    return CUDA_ERROR_INVALID_HANDLE;
  return insert(node, graph, dependencies, count, {"an empty node", nullptr, 0});
}

INGOT_FAKE_CUDA_API cuGraphAddDependencies_v2(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                                              const CUgraphEdgeData *edges, size_t count) {
  INGOT_FAKE_CUDA_ENTER
  if (configuration().driverVersion < 12030)
    return CUDA_ERROR_NOT_SUPPORTED;
  if (!graphs.contains(graph))
    return CUDA_ERROR_INVALID_HANDLE;
  for (size_t index = 0; index < count; ++index)
    if (CUresult state = connect(graph, from[index], to[index], edges != nullptr ? edges[index] : CUgraphEdgeData{});
        state != CUDA_SUCCESS)
      return state;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuGraphConditionalHandleCreate(CUgraphConditionalHandle *handle, CUgraph graph, CUcontext,
                                                   unsigned initial, unsigned flags) {
  INGOT_FAKE_CUDA_ENTER
  if (configuration().driverVersion < 12040)
    return CUDA_ERROR_NOT_SUPPORTED;
  if (!graphs.contains(graph))
    return CUDA_ERROR_INVALID_HANDLE;
  if (flags > 1) // CU_GRAPH_COND_ASSIGN_DEFAULT
    return CUDA_ERROR_INVALID_VALUE;
  *handle = ++lastHandle;
  graph->handles[*handle] = {initial, flags == 1, false};
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuGraphAddNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                                      const CUgraphEdgeData *edges, size_t count, CUgraphNodeParams *parameters) {
  INGOT_FAKE_CUDA_ENTER
  if (!graphs.contains(graph))
    return CUDA_ERROR_INVALID_HANDLE;
  if (edges != nullptr)
    return refuse(CUDA_ERROR_NOT_SUPPORTED, "edges with data are not known here");
  CUDA_CONDITIONAL_NODE_PARAMS &of = parameters->conditional;
  if (parameters->type != CU_GRAPH_NODE_TYPE_CONDITIONAL || of.type != CU_GRAPH_COND_TYPE_WHILE)
    return refuse(CUDA_ERROR_NOT_SUPPORTED, "of nodes by cuGraphAddNode, WHILE nodes alone are known here");
  if (of.size != 1)
    return refuse(CUDA_ERROR_INVALID_VALUE, "a WHILE node has one body, not %u", of.size);
  auto handle = graph->handles.find(of.handle);
  if (handle == graph->handles.end())
    return refuse(CUDA_ERROR_INVALID_VALUE, "the handle of a conditional node was not made for its graph");
  if (handle->second.isUsed)
    return refuse(CUDA_ERROR_INVALID_VALUE, "the handle of a conditional node belongs to another node");
  if (CUresult state = insert(node, graph, dependencies, count, {"a WHILE node"}); state != CUDA_SUCCESS)
    return state;
  handle->second.isUsed = true;
  CUgraph body = newGraph();
  body->isBody = true;
  graph->conditionals.push_back({(*node)->index, of.handle, body});
  // The array is the driver's, and lives as long as the node.
  of.phGraph_out = &graph->nodes[(*node)->index]->body;
  *of.phGraph_out = body;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph, unsigned long long) {
  INGOT_FAKE_CUDA_ENTER
  if (!graphs.contains(graph))
    return CUDA_ERROR_INVALID_HANDLE;
  if (graph->isBody)
    return refuse(CUDA_ERROR_INVALID_VALUE, "the body of a conditional node runs in the graph of the node");
  auto made = std::make_unique<CUgraphExec_st>();
  if (CUresult state = collect(graph, made->tasks, made->conditions); state != CUDA_SUCCESS)
    return state;
  *executable = *executables.insert(made.release()).first;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuGraphExecKernelNodeSetParams_v2(CUgraphExec executable, CUgraphNode node,
                                                      const CUDA_KERNEL_NODE_PARAMS *parameters) {
  INGOT_FAKE_CUDA_ENTER
  if (!executables.contains(executable) || node->index >= executable->tasks.list.size())
    return CUDA_ERROR_INVALID_HANDLE;
  return kernelTask(executable->tasks.list[node->index], *parameters);
}

INGOT_FAKE_CUDA_API cuGraphUpload(CUgraphExec executable, CUstream) {
  INGOT_FAKE_CUDA_ENTER
  return executables.contains(executable) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

INGOT_FAKE_CUDA_API cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  INGOT_FAKE_CUDA_ENTER
  if (!executables.contains(executable))
    return CUDA_ERROR_INVALID_HANDLE;
  return enqueueGraph(stream, executable->tasks, executable->conditions);
}

INGOT_FAKE_CUDA_API cuGraphExecDestroy(CUgraphExec executable) {
  INGOT_FAKE_CUDA_ENTER
  if (executables.erase(executable) == 0)
    return CUDA_ERROR_INVALID_HANDLE;
  delete executable;
  return CUDA_SUCCESS;
}
