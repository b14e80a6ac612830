//===- machine.cpp - the CPU as what a model runs on ----------------------===//

#include "runtime/cpu/machine.h"
#include "runtime/core/error.h"
#include "runtime/core/weights.h"
#include "runtime/cpu/arenas.h"
#include "runtime/cpu/barrier_time.h"
#include "runtime/cpu/cpu_count.h"
#include "runtime/cpu/features.h"
#include "runtime/cpu/read_ceiling.h"
#include "runtime/cpu/team.h"

#include <algorithm>

namespace ingot::runtime {
namespace {

const IngotVariant &requireVariant(const IngotEntry &entry) {
  std::string error;
  const IngotVariant *variant = chooseVariant(entry, detectFeatures(), error);
  if (!variant)
    fail("%s", error.c_str());
  return *variant;
}

class CpuExecutor : public Executor {
public:
  CpuExecutor(const IngotDescriptor &descriptor, const IngotEntry &entry, const ThreadOptions &threads)
      : descriptor(descriptor), output(entry.outputs[0]), chosen(requireVariant(entry)), weights(descriptor),
        arenas(descriptor, weights.data()), team(chooseWorkers(threads), countUsableCpus()) {
    weights.startPopulating();
    // After the thread above has inherited the CPUs that the process may use.
    if (threads.pin && !team.pin(listAffinity()))
      note("--pin: the kernel refuses; threads run where it puts them");
  }

  const IngotVariant &variant() const override { return chosen; }

  void run(const IngotStep &step, const IngotRowRange &range) override {
    arenas.expectPositions(static_cast<uint32_t>(step.positions[step.rows - 1]) + 1);
    struct Call {
      IngotStepFunction function;
      const IngotStep *step;
      uint8_t *const *arenas;
    } call{range.function, &step, arenas.bases()};
    team.run(
        [](void *context, IngotTeam *team, uint32_t worker) {
          auto *call = static_cast<Call *>(context);
          call->function(call->step, call->arenas, team, worker);
        },
        &call);
  }

  float *logits(uint32_t wanted) const override {
    return reinterpret_cast<float *>(arenas.bases()[output.arena] + output.offset +
                                     uint64_t{wanted} * output.row_stride);
  }

  void finishLoading() override { weights.finishPopulating(); }

  std::optional<MachineLimits> measureLimits() override {
    // Weights lie in the order in which a step reads them. An embedding's table that the head does not share comes
    // first, and a token reads one row of it: what decoding reads is the end of the weights.
    const uint64_t bytes = std::min<uint64_t>(descriptor.step_weight_bytes, descriptor.weights.bytes);
    const uint64_t first = (descriptor.weights.bytes - bytes) / 64 * 64;
    std::span<const uint8_t> all(weights.data(), descriptor.weights.bytes);
    return MachineLimits{measureReadCeiling(team, all.subspan(first, bytes)),
                         static_cast<double>(measureBarriers(team)) / barriersInMeasurement};
  }

  void describe(JsonWriter &writer) const override { writer.number("threads", team.workers()); }

private:
  const IngotDescriptor &descriptor;
  const IngotTensor &output;
  const IngotVariant &chosen;
  Weights weights;
  Arenas arenas;
  Team team;
};

} // namespace

uint32_t chooseWorkers(const ThreadOptions &options) {
  uint32_t cpus = countUsableCpus();
  uint32_t wanted = options.threads ? static_cast<uint32_t>(options.threads) : cpus;
  if (options.force || wanted <= cpus)
    return wanted;
  note("--threads %u: this process may use %u CPU%s; using %u (--threads-force keeps %u)", wanted, cpus,
       cpus == 1 ? "" : "s", cpus, wanted);
  return cpus;
}

void CpuMachine::declareOptions(Options &options) {
  constexpr int64_t farAboveAnyMachine = 65536;
  options.integer({"-t", "--threads"}, "workers, 0 all CPUs (default)", 0, farAboveAnyMachine, threads.threads);
  options.flag({"--threads-force"}, "let --threads exceed the CPUs", threads.force);
  options.flag({"--pin"}, "keep each thread on one CPU", threads.pin);
}

std::unique_ptr<Executor> CpuMachine::open(const IngotDescriptor &descriptor, const IngotEntry &entry) {
  return std::make_unique<CpuExecutor>(descriptor, entry, threads);
}

void CpuMachine::describeVariant(JsonWriter &writer, const IngotVariant &variant) const {
  writer.text("features", featureNames(variant.features));
  writer.boolean("runs_here", !(variant.features & ~detectFeatures()));
}

void CpuMachine::describe(JsonWriter &writer) const {
  writer.number("cpus", countUsableCpus());
  writer.text("features", featureNames(detectFeatures()));
}

std::unique_ptr<Machine> makeMachine() { return std::make_unique<CpuMachine>(); }

} // namespace ingot::runtime
