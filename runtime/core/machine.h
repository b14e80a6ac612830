//===- machine.h - what the steps of a model run on -------------*- C++ -*-===//
//
// The core builds steps and reads logits. Where they are computed is behind these two
// interfaces; runtime/cpu and runtime/cuda implement them, and an executable is
// linked with one of the two.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_MACHINE_H
#define INGOT_RUNTIME_CORE_MACHINE_H

#include "runtime/abi.h"
#include "runtime/core/json.h"
#include "runtime/core/options.h"
#include "runtime/core/sampler.h"

#include <memory>
#include <optional>
#include <span>

namespace ingot::runtime {

/// What bounds the speed of steps at one moment.
struct MachineLimits {
  double readCeiling;          ///< bytes per second, of the memory that weights are read from
  double nanosecondsOfBarrier; ///< of one barrier between workers; 0 where steps have none
};

/// How a text goes on from the logits after its last token.
struct Generation {
  const SamplerOptions &sampler;
  std::span<const int32_t> recent; ///< the last tokens of the text, at most Sampler::penaltyWindow
  std::span<const int32_t> ends;   ///< tokens that end it
  uint32_t position;               ///< that the next token takes, and the ones after it the next ones
  uint32_t tokens;                 ///< to draw at most: 1 to Executor::mostGenerated
};

/// An entry of a model, its memory taken and its weights on their way.
class Executor {
public:
  virtual ~Executor() = default;

  /// The variant of the entry whose row ranges are those of `run`.
  virtual const IngotVariant &variant() const = 0;

  /// Runs one step, of as many rows as `range` serves, and returns when `logits` are there. The step keeps within the
  /// entry's bounds. Allocates nothing.
  virtual void run(const IngotStep &step, const IngotRowRange &range) = 0;

  /// Logits [vocabulary] (or an encoder's vector) of the last step's wanted row with this index, in the host's memory;
  /// the caller may change them until the next step.
  virtual float *logits(uint32_t wanted) const = 0;

  /// Most tokens of one `startGenerating`. 0 where the executor does not draw tokens, or not as `options` say: Sampler
  /// does then, from `logits`.
  virtual uint32_t mostGenerated(const SamplerOptions &) const { return 0; }

  /// Begins to draw tokens, those that Sampler would, the first from the logits of the last step's only wanted row.
  /// Each but the last goes to its position in a step of one row, of the sequence and the pages of that step. No steps
  /// until `stopGenerating`.
  virtual void startGenerating(const Generation &) {}

  /// Waits for the next token. Not to be asked for after an end token or the last one. -1 where the largest logit is no
  /// finite number, which ends the text; nothing if the user interrupted.
  virtual std::optional<int32_t> nextToken() { return std::nullopt; }

  /// Ends the text wherever it is. Returns how many tokens were drawn, which may be more than were asked for: all but
  /// the last have been given their positions.
  virtual uint32_t stopGenerating() { return 0; }

  /// Returns when all weights are where steps read them.
  virtual void finishLoading() = 0;

  /// Measures the limits of now; nothing where they cannot be measured from the host.
  virtual std::optional<MachineLimits> measureLimits() = 0;

  /// Adds to an object of `bench` what the model runs on.
  virtual void describe(JsonWriter &writer) const = 0;

  /// Adds to an object of `bench` how fast weights and results are copied, where steps do not read them where they are.
  virtual void measureCopies(JsonWriter &) {}
};

/// What the executable finds when it starts.
class Machine {
public:
  virtual ~Machine() = default;

  /// Declares the options that are about this kind of machine.
  virtual void declareOptions(Options &options) = 0;

  /// Opens an entry, as the options say. Fails with one message when it cannot run here.
  virtual std::unique_ptr<Executor> open(const IngotDescriptor &descriptor, const IngotEntry &entry) = 0;

  /// Adds to an object of `info` what the code needs, and whether that is here.
  virtual void describeVariant(JsonWriter &writer, const IngotVariant &variant) const = 0;

  /// Adds to an object of `info` what was found.
  virtual void describe(JsonWriter &writer) const = 0;
};

/// Defined by the target that the executable is linked with.
std::unique_ptr<Machine> makeMachine();

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_MACHINE_H
