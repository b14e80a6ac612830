//===- graph.h - graphs of operations ---------------------------*- C++ -*-===//
//
// A graph is a list of tasks, each with the earlier ones after which it comes. It
// is made node by node or captured from streams; an executable graph is a copy.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DRIVER_GRAPH_H
#define INGOT_TEST_CUDA_SHIM_DRIVER_GRAPH_H

#include "driver/operations.h"

namespace ingot::shim {

CUgraph newGraph();
/// Returns the index of the node.
size_t addNode(CUgraph graph, Task task, std::vector<size_t> after);
bool hasSuccessor(CUgraph graph, size_t node);

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_DRIVER_GRAPH_H
