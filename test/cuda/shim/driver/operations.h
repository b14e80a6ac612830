//===- operations.h - what streams are asked to do --------------*- C++ -*-===//
//
// Operations wait in their streams until the host waits for something: as late as
// they may, so that a host that reads before it has waited reads what was there
// before. An operation comes after the one before it in its stream, after events
// that its stream waits for, and after all that the host had waited for; of what
// is in no order, the seed chooses which goes first.
//
// Time is virtual: an operation starts when those it comes after have ended, and
// takes what its size says on a device of 25 GB/s to the host and 2 TB/s of its
// own. Events read this clock; the same program gives the same times.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DRIVER_OPERATIONS_H
#define INGOT_TEST_CUDA_SHIM_DRIVER_OPERATIONS_H

#include "driver/api.h"
#include "driver/order_set.h"
#include "executor/failure.h"
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ingot::shim {

/// The value of a conditional node's handle in one launch of its graph.
struct Condition {
  /// Whether it has a value: it was set, or the handle has one to begin with.
  bool known = false;
  unsigned value = 0;
  bool isSet = false;
  uint64_t setter = 0; ///< the number of the operation that set it last
};
using Conditions = std::map<uint64_t, Condition>;

struct Tasks;

/// What may be done in a stream or in a node of a graph.
struct Task {
  std::string name;
  /// Throws Failure.
  std::function<void()> run = nullptr;
  /// In seconds.
  double cost = 0;
  bool isKernel = false;
  /// Of a kernel: whether it may begin before what it comes after has ended.
  bool isEarly = false;
  /// Of a WHILE node: its handle, and what it repeats.
  uint64_t handle = 0;
  std::shared_ptr<const Tasks> body = nullptr;
};

/// Tasks that depend on each other: indices of earlier ones.
struct Tasks {
  std::vector<Task> list;
  std::vector<std::vector<size_t>> after;
};

struct Operation {
  Task task;
  std::vector<std::shared_ptr<Operation>> after;
  uint64_t number = 0;
  /// All that comes before it.
  OrderSet before;
  bool done = false;
  double earliest = 0, end = 0;
  /// Of the launch of a graph that it belongs to; null in a stream.
  std::shared_ptr<Conditions> conditions;
  /// Of a WHILE node: how often its body has begun.
  uint64_t iterations = 0;
};

/// Whether the kernel that runs may have begun before what it comes after has ended.
bool isRunningEarly();

/// Adds a task to a stream; where the stream is being captured, to its graph.
CUresult enqueue(CUstream stream, Task task);
/// Adds several as one operation of the stream. `conditions` are those of the graph's handles when it starts.
CUresult enqueueGraph(CUstream stream, const Tasks &tasks, Conditions conditions);

/// Runs what a stream was asked to do so far.
CUresult synchronize(CUstream stream);
CUresult synchronizeAll();
/// Drops all operations, streams and events.
void forgetOperations();

/// Seconds to start a copy and to move its bytes.
double transferCost(size_t bytes, bool host);

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_DRIVER_OPERATIONS_H
