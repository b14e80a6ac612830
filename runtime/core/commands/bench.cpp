//===- bench.cpp - speed of this executable on this machine ---------------===//
//
// Times prompt processing and decoding apart, as llama-bench does: without
// tokenizer, with fixed tokens and no sampler, unless the machine draws tokens
// itself. What decoding could reach at most is measured before and after each
// repetition, by reading the weights and doing nothing else: a virtual machine's
// memory is not equally fast from one second to the next.
//
//===----------------------------------------------------------------------===//

#include "runtime/core/batch.h"
#include "runtime/core/commands/commands.h"
#include "runtime/core/error.h"
#include "runtime/core/json.h"
#include "runtime/core/options.h"
#include "runtime/core/process.h"
#include "runtime/core/token_source.h"

#include <algorithm>
#include <cstdio>

namespace ingot::runtime {
namespace {

double median(std::vector<double> values) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Any tokens do, since the time does not depend on them; these touch many rows
/// of the embedding.
std::vector<int32_t> makeTokens(uint64_t count, uint32_t vocabulary) {
  std::vector<int32_t> tokens(count);
  uint32_t state = 1;
  for (int32_t &token : tokens) {
    state = state * 1664525 + 1013904223;
    token = static_cast<int32_t>((state >> 8) % vocabulary);
  }
  return tokens;
}

MachineLimits mean(const MachineLimits &before, const MachineLimits &after) {
  return {(before.readCeiling + after.readCeiling) / 2, (before.nanosecondsOfBarrier + after.nanosecondsOfBarrier) / 2};
}

/// Of keys and values, on average over the tokens from `depth` on: each looks at those before it, and at itself.
double cacheBytesPerToken(const IngotDescriptor &descriptor, int64_t depth, int64_t newTokens) {
  double bytes = 0;
  for (uint32_t i = 0; i < descriptor.cache_group_count; ++i) {
    const IngotCacheGroup &group = descriptor.cache_groups[i];
    double positions = 0;
    for (int64_t seen = depth + 1; seen <= depth + newTokens; ++seen)
      positions += group.window ? std::min<int64_t>(seen, group.window) : seen;
    bytes += group.bytes_per_position * positions / std::max<int64_t>(newTokens, 1);
  }
  return bytes;
}

} // namespace

int runBench(const IngotDescriptor &descriptor, Arguments arguments) {
  int64_t promptTokens = -1;
  int64_t newTokens = -1;
  int64_t depth = 0;
  int64_t repetitions = 5;
  int64_t sequences = 1;
  std::unique_ptr<Machine> machine = makeMachine();
  bool json = false;
  Options options("bench [options]", "Measures prompt processing and decoding; prints one JSON "
                                     "object.");
  options.integer({"-p", "--prompt"}, "prompt tokens, 0 none (default 512)", 0, INT32_MAX, promptTokens);
  options.integer({"-n", "--predict"}, "decoded tokens, 0 none (default 128)", 0, INT32_MAX, newTokens);
  options.integer({"-d", "--depth"}, "tokens in the cache before decoding (default 0)", 0, INT32_MAX, depth);
  options.integer({"-b", "--batch"}, "texts that are decoded together, a token of each in a step (default 1)", 1,
                  INT32_MAX, sequences);
  options.integer({"-r", "--repetitions"}, "of each (default 5)", 1, 1000000, repetitions);
  machine->declareOptions(options);
  options.flag({"--json"}, "print JSON (always so)", json);
  options.parse(arguments);

  Model model(descriptor, *machine);
  const int64_t context = model.context();
  if (depth > context)
    fail("--depth %lld is more than the context of %lld positions; use less, "
         "or compile the model with a larger --context",
         static_cast<long long>(depth), static_cast<long long>(context));
  // Only the defaults bend to a small context.
  if (promptTokens < 0)
    promptTokens = std::min<int64_t>(512, context);
  if (newTokens < 0)
    newTokens = std::min<int64_t>(128, context - depth);
  if (promptTokens > context || depth + newTokens > context)
    fail("%lld tokens are more than the context of %lld positions; use less, "
         "or compile the model with a larger --context",
         static_cast<long long>(std::max(promptTokens, depth + newTokens)), static_cast<long long>(context));

  std::vector<int32_t> tokens =
      makeTokens(std::max({promptTokens, depth + newTokens, int64_t{1}}), descriptor.vocabulary);
  std::span<const int32_t> all(tokens);
  Sequence sequence(model);
  model.executor->finishLoading();
  auto timePrompt = [&](uint64_t count) {
    sequence.rewind(0);
    double start = now();
    sequence.append(all.first(count));
    return now() - start;
  };

  // Each once without a clock: page faults, caches, clock frequency and the CPUs that threads run on settle.
  if (promptTokens)
    timePrompt(promptTokens);
  std::vector<double> prefill;
  for (int64_t i = 0; promptTokens && i < repetitions; ++i)
    prefill.push_back(promptTokens / timePrompt(promptTokens));

  double cacheBytes = cacheBytesPerToken(descriptor, depth, newTokens);
  double bytesPerToken = static_cast<double>(descriptor.step_weight_bytes) / sequences + cacheBytes;

  std::optional<Batch> batch;
  std::vector<int32_t> together;
  if (newTokens && sequences > 1) {
    batch.emplace(model, static_cast<uint32_t>(sequences));
    batch->fill(all.first(depth));
    together = makeTokens(newTokens * sequences, descriptor.vocabulary);
  } else {
    sequence.rewind(0);
    if (newTokens && depth)
      sequence.appendSilently(all.first(depth));
  }
  auto timeBatch = [&] {
    batch->rewind(static_cast<uint32_t>(depth));
    double start = now();
    for (int64_t k = 0; k < newTokens; ++k)
      batch->append(std::span(together).subspan(k * sequences, sequences));
    return now() - start;
  };
  // As many steps as without, and no draw where the host would draw.
  auto timeGeneration = [&](const SamplerOptions &sampler) {
    std::unique_ptr<TokenSource> source = makeTokenSource(model, sequence, nullptr, sampler, {}, nullptr);
    double start = now();
    sequence.append(all.subspan(depth, 1));
    for (int64_t k = 0; k < newTokens; ++k)
      if (std::optional<int32_t> token = source->next(newTokens - k); token && *token < 0)
        fail("the logits are no numbers; the model's file may be damaged");
    source->finish();
    return now() - start;
  };
  auto timeDecode = [&] {
    if (batch)
      return timeBatch();
    if (!sequence.canRewind(static_cast<uint32_t>(depth))) {
      sequence.rewind(0);
      sequence.appendSilently(all.first(depth));
    }
    sequence.rewind(static_cast<uint32_t>(depth));
    SamplerOptions greedy;
    greedy.temperature = 0;
    if (model.executor->mostGenerated(greedy) > 0)
      return timeGeneration(greedy);
    double start = now();
    for (int64_t k = 0; k < newTokens; ++k)
      sequence.append(all.subspan(depth + k, 1));
    return now() - start;
  };
  if (newTokens)
    timeDecode();
  // One element for each repetition of decoding.
  std::vector<double> decode, ceilings, percents, barriers;
  std::optional<MachineLimits> before = model.executor->measureLimits();
  for (int64_t i = 0; newTokens && i < repetitions; ++i) {
    decode.push_back(newTokens * sequences / timeDecode());
    std::optional<MachineLimits> after = model.executor->measureLimits();
    if (!before || !after)
      continue;
    MachineLimits between = mean(*before, *after);
    ceilings.push_back(between.readCeiling);
    percents.push_back(between.readCeiling > 0 ? 100 * decode.back() * bytesPerToken / between.readCeiling : 0);
    barriers.push_back(between.nanosecondsOfBarrier);
    before = after;
  }
  double decodeRate = median(decode);
  const IngotRowRange &decodeRange = model.range(static_cast<uint32_t>(sequences));
  const IngotRowRange &promptRange =
      model.range(static_cast<uint32_t>(std::clamp<int64_t>(promptTokens, 1, model.entry.rows)));

  JsonWriter writer;
  writer.beginObject();
  writer.text("model", descriptor.model_name);
  writer.text("variant", model.executor->variant().name);
  model.executor->describe(writer);
  writer.number("prompt_tokens", promptTokens);
  writer.number("new_tokens", newTokens);
  writer.number("depth", depth);
  writer.number("batch", sequences);
  writer.number("repetitions", repetitions);
  writer.number("prefill_tokens_per_second", median(prefill));
  writer.number("decode_tokens_per_second", decodeRate);
  writer.numbers("prefill_tokens_per_second_each", prefill);
  writer.numbers("decode_tokens_per_second_each", decode);
  writer.number("bytes_per_token", bytesPerToken);
  writer.number("weight_bytes_per_token", descriptor.step_weight_bytes);
  writer.number("key_value_bytes_per_token", cacheBytes);
  writer.number("decode_bytes_per_second", decodeRate * bytesPerToken);
  if (before) {
    double ceiling = newTokens ? median(ceilings) : before->readCeiling;
    writer.number("read_ceiling_bytes_per_second", ceiling);
    writer.numbers("read_ceiling_bytes_per_second_each", ceilings);
    writer.number("read_ceiling_tokens_per_second", bytesPerToken > 0 ? ceiling / bytesPerToken : 0);
    writer.number("decode_percent_of_read_ceiling", median(percents));
    writer.numbers("decode_percent_of_read_ceiling_each", percents);
    if (before->nanosecondsOfBarrier) {
      writer.number("nanoseconds_per_barrier", newTokens ? median(barriers) : before->nanosecondsOfBarrier);
      writer.numbers("nanoseconds_per_barrier_each", barriers);
    }
  }
  model.executor->measureCopies(writer);
  writer.number("peak_memory_bytes", peakMemory());
  writer.number("planned_memory_bytes", model.plannedMemory());
  writer.number("kernel_bodies", descriptor.kernel_bodies);
  writer.number("layers", descriptor.layers);
  writer.number("decode_launches_per_step", decodeRange.launches);
  writer.number("decode_launches_per_layer", decodeRange.layer_launches);
  writer.number("decode_barriers_per_step", decodeRange.barriers);
  writer.number("decode_barriers_per_layer", decodeRange.layer_barriers);
  writer.number("prefill_launches_per_step", promptRange.launches);
  writer.number("prefill_launches_per_layer", promptRange.layer_launches);
  writer.number("prefill_barriers_per_step", promptRange.barriers);
  writer.number("prefill_barriers_per_layer", promptRange.layer_barriers);
  writer.endObject();
  writer.print();
  return 0;
}

} // namespace ingot::runtime
