//===- token_loop.cpp - tokens drawn on the device ------------------------===//

#include "runtime/cuda/token_loop.h"
#include "runtime/core/error.h"
#include "runtime/core/process.h"
#include "runtime/core/sampler.h"

#include <algorithm>
#include <cstring>
#include <ctime>

/// The device code that keeps a loop going, apart from the rest; written when the executable is linked. Empty where the
/// text has none.
extern "C" const IngotBlob ingot_cuda_loop_image;

namespace ingot::runtime::cuda {
namespace {

/// In place of a token that is not there yet.
constexpr int32_t notYet = INT32_MIN;

constexpr const char *what = "drawing tokens cannot become a graph; --launch=stream does without";

uint64_t aligned(uint64_t bytes) { return (bytes + 255) / 256 * 256; }

/// What the host writes before the first token: how to draw, and the bits of the tokens that end a text.
uint64_t givenBytes(const IngotCudaDescriptor &tables) {
  return aligned(sizeof(IngotCudaSampling)) + aligned((tables.output_columns + 31) / 32 * sizeof(uint32_t));
}

} // namespace

uint64_t TokenLoop::deviceBytes(const IngotCudaDescriptor &tables) {
  return givenBytes(tables) + uint64_t{tables.sampler.parts} * INGOT_CUDA_MOST_CANDIDATES * sizeof(uint64_t);
}

TokenLoop::TokenLoop(const Parts &parts)
    : parts(parts), api(parts.device.api), state(parts.memory),
      endsOnDevice(state + aligned(sizeof(IngotCudaSampling))), lists(state + givenBytes(parts.tables)) {
  const uint64_t given = givenBytes(parts.tables);
  void *memory = nullptr;
  check(api, api.cuMemHostAlloc(&memory, given + sizeof(uint32_t) + mostTokens * sizeof(int32_t), 0),
        "no pinned memory for tokens");
  sampling = static_cast<IngotCudaSampling *>(memory);
  ends = reinterpret_cast<uint32_t *>(static_cast<uint8_t *>(memory) + aligned(sizeof(IngotCudaSampling)));
  stopWord = reinterpret_cast<uint32_t *>(static_cast<uint8_t *>(memory) + given);
  tokens = reinterpret_cast<int32_t *>(stopWord + 1);
  memset(memory, 0, given + sizeof(uint32_t));

  GraphBuilder graph(api, parts.context, what);
  GraphNode arrays = graph.copyToDevice({parts.arrays.host(), parts.arrays.device(), parts.arrays.bytes()}, {});
  GraphNode drawn = addDraw(graph, {arrays, graph.copyToDevice({memory, state, given}, {})}, parts.edges);
  if (Function keepGoing = loadLoop()) {
    addLoop(graph, keepGoing, drawn);
  } else {
    GraphBuilder others(api, parts.context, what);
    addDraw(others, others.step(parts.tables, parts.program, parts.launches, /*rows=*/1, {}, parts.edges), parts.edges);
    again = others.instantiate(parts.stream);
  }
  first = graph.instantiate(parts.stream);
}

/// The kernel that keeps a loop going; null where the driver or the toolkit that made it knows no loops.
Function TokenLoop::loadLoop() const {
  Module module = nullptr;
  if (parts.device.driverVersion < firstVersionWithLoops || !api.cuGraphConditionalHandleCreate ||
      !api.cuGraphAddNode_v2 || ingot_cuda_loop_image.bytes == 0 ||
      api.cuModuleLoadData(&module, ingot_cuda_loop_image.data) != success)
    return nullptr;
  Function function = nullptr;
  check(api, api.cuModuleGetFunction(&function, module, INGOT_CUDA_LOOP_KERNEL), what);
  return function;
}

/// Draws a token from the logits that are there after `after`.
GraphNode TokenLoop::addDraw(GraphBuilder &graph, const GraphBuilder::Nodes &after, Edges edges) const {
  const IngotCudaSampler &sampler = parts.tables.sampler;
  auto addressOf = [](const auto &value) { return const_cast<void *>(static_cast<const void *>(&value)); };
  void *const candidatesOf[] = {addressOf(state), addressOf(parts.logits), addressOf(lists)};
  GraphNode found = graph.launch(parts.candidates, sampler.parts, 1, sampler.candidates, candidatesOf, after, edges);
  void *const chooseFrom[] = {addressOf(parts.arrays.parameter()),
                              addressOf(state),
                              addressOf(lists),
                              addressOf(endsOnDevice),
                              addressOf(tokens),
                              addressOf(stopWord)};
  return graph.launch(parts.choose, 1, 1, sampler.choose, chooseFrom, {found}, edges);
}

void TokenLoop::addLoop(GraphBuilder &graph, Function keepGoing, GraphNode drawn) const {
  ConditionHandle condition = graph.condition();
  const IngotCudaKernel oneThread = {INGOT_CUDA_LOOP_KERNEL, 1, 0, 0, 0};
  DeviceAddress read = state;
  void *const parameters[] = {&condition, &read};
  GraphNode decided = graph.launch(keepGoing, 1, 1, oneThread, parameters, {drawn}, Edges::Full);
  GraphBuilder body = graph.loop(condition, {decided});
  // What the body of a conditional node may consist of NVIDIA's documentation says of nodes, and nothing of edges (CUDA
  // Driver API, "CUDA_CONDITIONAL_NODE_PARAMS"; CUDA Programming Guide, "Conditional Graph Nodes").
  constexpr Edges edges = Edges::Full;
  GraphNode next = addDraw(body, body.step(parts.tables, parts.program, parts.launches, /*rows=*/1, {}, edges), edges);
  body.launch(keepGoing, 1, 1, oneThread, parameters, {next}, edges);
}

bool TokenLoop::serves(const SamplerOptions &options) const {
  return options.temperature <= 0 || (options.topK >= 1 && options.topK <= INGOT_CUDA_MOST_CANDIDATES &&
                                      options.topK < static_cast<int64_t>(parts.tables.output_columns));
}

void TokenLoop::require(Result result) const {
  if (result != success)
    fail("a kernel of %s, or one that draws tokens, from position %llu on, failed on %s: %s; --launch=one-by-one says "
         "which",
         parts.program.name, static_cast<unsigned long long>(sampling->position), parts.device.name.c_str(),
         cuda::describe(api, result).c_str());
}

void TokenLoop::start(const Generation &generation) {
  const SamplerOptions &options = generation.sampler;
  *sampling = {};
  sampling->temperature = std::max(options.temperature, 0.0);
  sampling->top_p = options.topP;
  sampling->min_p = options.minP;
  sampling->repeat_penalty = options.repeatPenalty;
  sampling->seed = options.seed;
  sampling->position = generation.position;
  sampling->accepted = generation.recent.size();
  sampling->top_k = static_cast<uint32_t>(std::min<int64_t>(options.topK, INGOT_CUDA_MOST_CANDIDATES));
  sampling->remaining = wanted = generation.tokens;
  std::copy(generation.recent.begin(), generation.recent.end(), sampling->recent);
  std::fill_n(ends, (parts.tables.output_columns + 31) / 32, 0);
  for (int32_t token : generation.ends)
    ends[token / 32] |= uint32_t{1} << token % 32;
  std::fill_n(tokens, wanted, notYet);
  *static_cast<volatile uint32_t *>(stopWord) = 0;
  read = 0;
  parts.arrays.keepOneRow();
  require(api.cuGraphLaunch(first, parts.stream));
}

std::optional<int32_t> TokenLoop::next() {
  if (again && read > 0)
    require(api.cuGraphLaunch(again, parts.stream));
  // Tokens are read as they come; in between, the host has other work than to look.
  constexpr timespec pause = {0, 20000};
  for (bool ended = false; token(read) == notYet; nanosleep(&pause, nullptr)) {
    if (ended)
      fail("%s drew %u tokens of %u and stopped; --launch=stream does without", parts.device.name.c_str(), read,
           wanted);
    if (interrupted())
      return std::nullopt;
    Result result = api.cuStreamQuery(parts.stream);
    if (result != notReady)
      require(result);
    ended = result == success;
  }
  return token(read++);
}

uint32_t TokenLoop::stop() {
  *static_cast<volatile uint32_t *>(stopWord) = 1;
  require(api.cuStreamSynchronize(parts.stream));
  uint32_t drawn = read;
  while (drawn < wanted && token(drawn) != notYet)
    ++drawn;
  return drawn;
}

} // namespace ingot::runtime::cuda
