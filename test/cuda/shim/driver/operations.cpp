//===- operations.cpp - what streams are asked to do ----------------------===//

#include "driver/operations.h"
#include "checker/checker.h"
#include "driver/device.h"
#include "driver/graph.h"
#include <algorithm>
#include <random>
#include <set>

using namespace ingot::shim;

struct CUstream_st {
  std::shared_ptr<Operation> last;
  /// Does not wait for the null stream, nor the null stream for it.
  bool nonBlocking = false;
  /// The graph into which it is captured, and the nodes after which its next one comes.
  CUgraph capture = nullptr;
  bool capturesForOther = false;
  std::vector<size_t> captureAfter;
};

struct CUevent_st {
  std::shared_ptr<Operation> recorded;
  CUgraph capture = nullptr;
  std::vector<size_t> captureAfter;
};

namespace ingot::shim {

namespace {

CUstream_st nullStream;
std::set<CUstream> streams;
std::set<CUevent> events;
std::vector<std::weak_ptr<Operation>> waiting;
uint64_t nextNumber = 0;
OrderSet knownToHost;
double hostTime = 0;

/// A loop that runs more often than any text is long does not end.
constexpr uint64_t mostIterations = 100000;
/// What runs now.
const Operation *running = nullptr;

/// Null if the handle is none.
CUstream streamOf(CUstream handle) {
  if (handle == nullptr || handle == reinterpret_cast<CUstream>(1)) // CU_STREAM_LEGACY
    return &nullStream;
  return streams.contains(handle) ? handle : nullptr;
}

std::shared_ptr<Operation> add(Task task, std::vector<std::shared_ptr<Operation>> after) {
  auto operation = std::make_shared<Operation>();
  operation->task = std::move(task);
  operation->number = nextNumber++;
  operation->before = knownToHost;
  operation->earliest = hostTime;
  for (const std::shared_ptr<Operation> &earlier : after) {
    operation->before.insert(earlier->before);
    operation->before.insert(earlier->number);
  }
  operation->after = std::move(after);
  waiting.push_back(operation);
  return operation;
}

/// What the next operation of a stream comes after, whatever it is.
std::vector<std::shared_ptr<Operation>> predecessors(CUstream stream) {
  std::vector<std::shared_ptr<Operation>> after;
  auto take = [&](const CUstream_st &other) {
    if (other.last)
      after.push_back(other.last);
  };
  take(*stream);
  if (stream == &nullStream) {
    for (CUstream other : streams)
      if (!other->nonBlocking)
        take(*other);
  } else if (!stream->nonBlocking) {
    take(nullStream);
  }
  return after;
}

CUresult runOne(Operation &operation) {
  double start = operation.earliest;
  for (const std::shared_ptr<Operation> &earlier : operation.after)
    start = std::max(start, earlier->end);
  operation.end = start + operation.task.cost;
  operation.done = true;
  operation.after.clear();
  if (CUresult state = contextState(); state != CUDA_SUCCESS)
    return state;
  if (!operation.task.run)
    return CUDA_SUCCESS;
  if (checker != nullptr)
    checker->beginOperation(operation.number, operation.before, operation.task.name);
  running = &operation;
  CUresult result = CUDA_SUCCESS;
  try {
    operation.task.run();
  } catch (const Failure &failure) {
    breakContext(CUDA_ERROR_LAUNCH_FAILED, failure.what());
    result = CUDA_ERROR_LAUNCH_FAILED;
  }
  running = nullptr;
  operation.task.run = nullptr;
  return result;
}

/// Of a WHILE node that may run, or whose body has run: whether the body runs (again).
bool continues(Operation &loop) {
  if (loop.iterations != 0) {
    // What comes after the node comes after its body too.
    for (const std::shared_ptr<Operation> &inside : loop.after) {
      loop.before.insert(inside->number);
      for (const std::weak_ptr<Operation> &held : waiting)
        if (std::shared_ptr<Operation> later = held.lock();
            later && !later->done && later->before.contains(loop.number))
          later->before.insert(inside->number);
    }
  }
  for (const std::shared_ptr<Operation> &earlier : loop.after)
    loop.earliest = std::max(loop.earliest, earlier->end);
  loop.after.clear();
  if (contextState() != CUDA_SUCCESS)
    return false;
  const Condition &condition = loop.conditions->at(loop.task.handle);
  const char *wrong = nullptr;
  if (!condition.known)
    wrong = "its condition has no value: no kernel set it, and the handle has no default";
  else if (condition.isSet && !loop.before.contains(condition.setter))
    wrong = "nothing orders it and the kernel that set its condition";
  else if (condition.value != 0 && loop.iterations == mostIterations)
    wrong = "its body has run 100000 times, and the condition still holds";
  if (wrong != nullptr)
    breakContext(CUDA_ERROR_LAUNCH_FAILED, std::string("a WHILE node: ") + wrong);
  return wrong == nullptr && condition.value != 0;
}

/// Adds the body of a WHILE node once more, as what it comes after.
void iterate(Operation &loop) {
  ++loop.iterations;
  std::erase_if(waiting, [](const std::weak_ptr<Operation> &held) { return held.expired(); });
  const Tasks &body = *loop.task.body;
  for (size_t index = 0; index < body.list.size(); ++index) {
    std::vector<std::shared_ptr<Operation>> earlier;
    for (size_t other : body.after[index])
      earlier.push_back(loop.after[other]);
    std::shared_ptr<Operation> added = add(body.list[index], std::move(earlier));
    added->before.insert(loop.before);
    added->earliest = std::max(added->earliest, loop.earliest);
    added->conditions = loop.conditions;
    loop.after.push_back(std::move(added));
  }
}

/// Runs an operation and all before it. With `paused`, stops where a loop has run its body once and would do so again,
/// and says whether it did.
CUresult execute(const std::shared_ptr<Operation> &wanted, bool *paused = nullptr) {
  static std::mt19937_64 random(configuration().seed);
  std::vector<std::shared_ptr<Operation>> stack{wanted};
  CUresult result = CUDA_SUCCESS;
  while (!stack.empty()) {
    std::shared_ptr<Operation> top = stack.back();
    if (top->done) {
      stack.pop_back();
      continue;
    }
    std::vector<std::shared_ptr<Operation>> missing;
    for (const std::shared_ptr<Operation> &earlier : top->after)
      if (!earlier->done)
        missing.push_back(earlier);
    if (missing.empty() && top->task.body && continues(*top)) {
      iterate(*top);
      if (paused != nullptr && top->iterations > 1) {
        *paused = true;
        return result;
      }
      continue;
    }
    if (missing.empty()) {
      if (CUresult state = runOne(*top); state != CUDA_SUCCESS && result == CUDA_SUCCESS)
        result = state;
      stack.pop_back();
      continue;
    }
    if (configuration().seed != 0)
      std::shuffle(missing.begin(), missing.end(), random);
    else
      std::reverse(missing.begin(), missing.end());
    stack.insert(stack.end(), missing.begin(), missing.end());
  }
  return result;
}

CUresult waitFor(const std::shared_ptr<Operation> &operation) {
  if (!operation)
    return contextState();
  CUresult result = execute(operation);
  knownToHost.insert(operation->before);
  knownToHost.insert(operation->number);
  hostTime = std::max(hostTime, operation->end);
  return result != CUDA_SUCCESS ? result : contextState();
}

} // namespace

double transferCost(size_t bytes, bool host) { return 1e-6 + static_cast<double>(bytes) / (host ? 25e9 : 2e12); }

bool isRunningEarly() { return running != nullptr && running->task.isEarly; }

CUresult enqueue(CUstream handle, Task task) {
  CUstream stream = streamOf(handle);
  if (stream == nullptr)
    return CUDA_ERROR_INVALID_HANDLE;
  if (stream->capture != nullptr) {
    stream->captureAfter = {addNode(stream->capture, std::move(task), stream->captureAfter)};
    return CUDA_SUCCESS;
  }
  stream->last = add(std::move(task), predecessors(stream));
  return CUDA_SUCCESS;
}

CUresult enqueueGraph(CUstream handle, const Tasks &tasks, Conditions conditions) {
  CUstream stream = streamOf(handle);
  if (stream == nullptr)
    return CUDA_ERROR_INVALID_HANDLE;
  if (stream->capture != nullptr)
    return refuse(CUDA_ERROR_NOT_SUPPORTED, "a graph launched into a stream that is being captured");
  std::vector<std::shared_ptr<Operation>> first = predecessors(stream), added;
  auto ofLaunch = std::make_shared<Conditions>(std::move(conditions));
  for (size_t index = 0; index < tasks.list.size(); ++index) {
    std::vector<std::shared_ptr<Operation>> earlier = tasks.after[index].empty() ? first : decltype(first)();
    for (size_t other : tasks.after[index])
      earlier.push_back(added[other]);
    added.push_back(add(tasks.list[index], std::move(earlier)));
    added.back()->conditions = ofLaunch;
  }
  added.insert(added.end(), first.begin(), first.end());
  stream->last = add({"the end of a graph", nullptr, 0}, std::move(added));
  return CUDA_SUCCESS;
}

CUresult synchronize(CUstream handle) {
  CUstream stream = streamOf(handle);
  if (stream == nullptr)
    return CUDA_ERROR_INVALID_HANDLE;
  if (stream->capture != nullptr)
    return refuse(CUDA_ERROR_ILLEGAL_STATE, "waiting for a stream that is being captured");
  CUresult result = contextState();
  for (const std::shared_ptr<Operation> &earlier : predecessors(stream))
    if (CUresult state = waitFor(earlier); result == CUDA_SUCCESS)
      result = state;
  return result;
}

CUresult synchronizeAll() {
  std::vector<std::weak_ptr<Operation>> all;
  all.swap(waiting);
  CUresult result = contextState();
  for (const std::weak_ptr<Operation> &operation : all)
    if (std::shared_ptr<Operation> held = operation.lock())
      if (CUresult state = waitFor(held); result == CUDA_SUCCESS)
        result = state;
  knownToHost.insertAllBelow(nextNumber);
  return result;
}

/// Runs what a stream was asked to do so far, of loops the body once; whether all of it has run.
static bool advance(CUstream stream) {
  for (const std::shared_ptr<Operation> &earlier : predecessors(stream)) {
    bool paused = false;
    execute(earlier, &paused);
    if (paused)
      return false;
  }
  return true;
}

void setGraphCondition(unsigned long long handle, unsigned value, Site site) {
  if (running == nullptr || !running->conditions || !running->conditions->contains(handle))
    fail(site, "the condition of a node is set that is not in the graph of this kernel");
  Condition &condition = running->conditions->at(handle);
  if (condition.isSet && condition.setter == running->number)
    fail(site, "the condition of a node is set twice by one kernel, in no order");
  condition = {true, value, true, running->number};
}

void forgetOperations() {
  for (CUstream stream : streams)
    delete stream;
  for (CUevent event : events)
    delete event;
  streams.clear();
  events.clear();
  nullStream = CUstream_st();
  waiting.clear();
  knownToHost.insertAllBelow(nextNumber);
}

} // namespace ingot::shim

INGOT_FAKE_CUDA_API cuStreamCreate(CUstream *stream, unsigned flags) {
  INGOT_FAKE_CUDA_ENTER
  *stream = *streams.insert(new CUstream_st).first;
  (*stream)->nonBlocking = (flags & 1) != 0; // CU_STREAM_NON_BLOCKING
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int) {
  return cuStreamCreate(stream, flags);
}

INGOT_FAKE_CUDA_API cuStreamDestroy_v2(CUstream stream) {
  INGOT_FAKE_CUDA_ENTER
  if (!streams.contains(stream))
    return CUDA_ERROR_INVALID_HANDLE;
  CUresult result = synchronize(stream);
  streams.erase(stream);
  delete stream;
  return result;
}

INGOT_FAKE_CUDA_API cuStreamSynchronize(CUstream stream) {
  INGOT_FAKE_CUDA_ENTER
  return synchronize(stream);
}

INGOT_FAKE_CUDA_API cuStreamQuery(CUstream handle) {
  INGOT_FAKE_CUDA_ENTER
  CUstream stream = streamOf(handle);
  if (stream == nullptr)
    return CUDA_ERROR_INVALID_HANDLE;
  // Whoever asks again and again finds it done, but after every iteration of a loop is told that it is not.
  bool done = !stream->last || stream->last->done;
  if (stream->capture == nullptr && !advance(stream))
    return CUDA_ERROR_NOT_READY;
  CUresult result = synchronize(handle);
  return result != CUDA_SUCCESS ? result : done ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

INGOT_FAKE_CUDA_API cuStreamWaitEvent(CUstream handle, CUevent event, unsigned) {
  INGOT_FAKE_CUDA_ENTER
  CUstream stream = streamOf(handle);
  if (stream == nullptr || !events.contains(event))
    return CUDA_ERROR_INVALID_HANDLE;
  if (event->capture != nullptr) {
    if (stream->capture == nullptr) {
      stream->capture = event->capture;
      stream->capturesForOther = true;
      stream->captureAfter.clear();
    }
    stream->captureAfter.insert(stream->captureAfter.end(), event->captureAfter.begin(), event->captureAfter.end());
    return CUDA_SUCCESS;
  }
  if (!event->recorded)
    return CUDA_SUCCESS;
  std::vector<std::shared_ptr<Operation>> after = predecessors(stream);
  after.push_back(event->recorded);
  stream->last = add({"a wait for an event", nullptr, 0}, std::move(after));
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuStreamBeginCapture_v2(CUstream handle, int) {
  INGOT_FAKE_CUDA_ENTER
  CUstream stream = streamOf(handle);
  if (stream == nullptr)
    return CUDA_ERROR_INVALID_HANDLE;
  if (stream == &nullStream || stream->capture != nullptr)
    return CUDA_ERROR_ILLEGAL_STATE;
  stream->capture = newGraph();
  stream->capturesForOther = false;
  stream->captureAfter.clear();
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuStreamEndCapture(CUstream handle, CUgraph *graph) {
  INGOT_FAKE_CUDA_ENTER
  CUstream stream = streamOf(handle);
  if (stream == nullptr)
    return CUDA_ERROR_INVALID_HANDLE;
  if (stream->capture == nullptr || stream->capturesForOther)
    return CUDA_ERROR_ILLEGAL_STATE;
  *graph = stream->capture;
  for (CUstream other : streams)
    if (other != stream && other->capture == stream->capture) {
      // Its last nodes must have been joined: something of the graph comes after them.
      for (size_t node : other->captureAfter)
        if (!hasSuccessor(*graph, node) &&
            std::find(stream->captureAfter.begin(), stream->captureAfter.end(), node) == stream->captureAfter.end())
          return refuse(CUDA_ERROR_ILLEGAL_STATE, "a stream that joined the capture was not joined again");
      other->capture = nullptr;
    }
  for (CUevent event : events)
    if (event->capture == stream->capture)
      event->capture = nullptr;
  stream->capture = nullptr;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuEventCreate(CUevent *event, unsigned) {
  INGOT_FAKE_CUDA_ENTER
  *event = *events.insert(new CUevent_st).first;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuEventDestroy_v2(CUevent event) {
  INGOT_FAKE_CUDA_ENTER
  if (events.erase(event) == 0)
    return CUDA_ERROR_INVALID_HANDLE;
  delete event;
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuEventRecord(CUevent event, CUstream handle) {
  INGOT_FAKE_CUDA_ENTER
  CUstream stream = streamOf(handle);
  if (stream == nullptr || !events.contains(event))
    return CUDA_ERROR_INVALID_HANDLE;
  event->capture = stream->capture;
  event->captureAfter = stream->captureAfter;
  if (stream->capture != nullptr)
    return CUDA_SUCCESS;
  event->recorded = stream->last = add({"an event", nullptr, 0}, predecessors(stream));
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuEventSynchronize(CUevent event) {
  INGOT_FAKE_CUDA_ENTER
  if (!events.contains(event))
    return CUDA_ERROR_INVALID_HANDLE;
  return waitFor(event->recorded);
}

INGOT_FAKE_CUDA_API cuEventQuery(CUevent event) {
  INGOT_FAKE_CUDA_ENTER
  if (!events.contains(event))
    return CUDA_ERROR_INVALID_HANDLE;
  bool done = !event->recorded || event->recorded->done;
  CUresult result = waitFor(event->recorded);
  return result != CUDA_SUCCESS ? result : done ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

INGOT_FAKE_CUDA_API cuEventElapsedTime_v2(float *milliseconds, CUevent start, CUevent end) {
  INGOT_FAKE_CUDA_ENTER
  if (!events.contains(start) || !events.contains(end) || !start->recorded || !end->recorded)
    return CUDA_ERROR_INVALID_HANDLE;
  if (!start->recorded->done || !end->recorded->done)
    return CUDA_ERROR_NOT_READY;
  *milliseconds = static_cast<float>(1e3 * (end->recorded->end - start->recorded->end));
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end) {
  return cuEventElapsedTime_v2(milliseconds, start, end);
}
