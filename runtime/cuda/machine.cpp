//===- machine.cpp - a GPU as what a model runs on ------------------------===//

#include "runtime/core/machine.h"
#include "runtime/core/error.h"
#include "runtime/cuda/executor.h"

namespace ingot::runtime {
namespace {

using namespace cuda;

class CudaMachine : public Machine {
public:
  void declareOptions(Options &options) override {
    options.integer({"--device"}, "number of the GPU (default 0)", 0, INT32_MAX, ordinal);
    options.text(
        {"--launch"}, "HOW",
        "graph: a token's kernels at once, each begun before the one ahead of it has ended where the GPU and the "
        "driver "
        "can (default); plain-graph: at once, each begun when those ahead of it have ended; stream: one after the "
        "other; one-by-one: wait for each, to learn which one fails",
        launch);
    options.text(
        {"--autotune"}, "on|off",
        "on: try cuBLASLt's algorithms when a product first runs, and remember the fastest under the user's cache "
        "folder (default); off: take the one that it suggests",
        autotune);
  }

  std::unique_ptr<Executor> open(const IngotDescriptor &descriptor, const IngotEntry &entry) override {
    LaunchMode mode = LaunchMode::Graph;
    if (launch == "stream")
      mode = LaunchMode::Stream;
    else if (launch == "one-by-one")
      mode = LaunchMode::OneByOne;
    else if (launch == "plain-graph")
      mode = LaunchMode::PlainGraph;
    else if (launch && launch != "graph")
      failUsage("--launch: '%s' is none of graph, plain-graph, stream and one-by-one", launch->c_str());
    if (autotune && *autotune != "on" && *autotune != "off")
      failUsage("--autotune: '%s' is neither on nor off", autotune->c_str());
    if (!find())
      fail("%s", error.c_str());
    return std::make_unique<CudaExecutor>(device, descriptor, entry, ingot_cuda_descriptor, mode, autotune != "off");
  }

  void describeVariant(JsonWriter &writer, const IngotVariant &) const override {
    writer.text("compute_capability", spellCapability(INGOT_CUDA_CAPABILITY));
    writer.boolean("runs_here", find());
  }

  void describe(JsonWriter &writer) const override {
    if (!find())
      return writer.text("missing", error);
    writer.text("device", device.name);
    writer.text("compute_capability", spellCapability(device.capability));
    writer.text("token_loop", device.driverVersion >= firstVersionWithLoops ? "device" : "host");
  }

private:
  /// Looks once.
  bool find() const {
    if (!found)
      found = findDevice(static_cast<int>(ordinal), device, error);
    return *found;
  }

  int64_t ordinal = 0;
  std::optional<std::string> launch, autotune;
  mutable std::optional<bool> found;
  mutable FoundDevice device;
  mutable std::string error;
};

} // namespace

std::unique_ptr<Machine> makeMachine() { return std::make_unique<CudaMachine>(); }

} // namespace ingot::runtime
