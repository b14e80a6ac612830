//===- model.cpp - opening a model and running its steps ------------------===//

#include "runtime/core/model.h"
#include "runtime/core/error.h"
#include "runtime/core/process.h"
#include "runtime/cpu/cpu_count.h"
#include "runtime/cpu/features.h"

#include <algorithm>

namespace ingot::runtime {
namespace {

const IngotEntry &requireEntry(const IngotDescriptor &descriptor) {
  const IngotEntry *entry = findGeneratingEntry(descriptor);
  if (!entry)
    fail("this executable holds no model that generates, only: %s",
         descriptor.tokenizer.bytes ? "tokenize, info" : "info");
  const IngotTensor *logits = entry->output_count ? entry->outputs : nullptr;
  bool sound = logits && logits->element == INGOT_ELEMENT_F32 && logits->columns == descriptor.vocabulary &&
               logits->arena < descriptor.arena_count && entry->rows && entry->wanted_rows && entry->sequences;
  if (!sound)
    fail("entry %s: its bounds or its logits make no sense; compile the model "
         "again",
         entry->name);
  return *entry;
}

const IngotVariant &requireVariant(const IngotEntry &entry) {
  std::string error;
  const IngotVariant *variant = chooseVariant(entry, detectFeatures(), error);
  if (!variant)
    fail("%s", error.c_str());
  return *variant;
}

} // namespace

void checkDescriptor(const IngotDescriptor &descriptor) {
  if (descriptor.magic != INGOT_ABI_MAGIC || descriptor.version != INGOT_ABI_VERSION ||
      descriptor.size != sizeof(IngotDescriptor))
    fail("compiled code and runtime are of different versions; compile the "
         "model again");
}

const IngotEntry *findGeneratingEntry(const IngotDescriptor &descriptor) {
  for (uint32_t i = 0; i < descriptor.entry_count; ++i)
    if (descriptor.entries[i].kind == INGOT_ENTRY_GENERATE)
      return &descriptor.entries[i];
  return nullptr;
}

uint32_t chooseWorkers(const ThreadOptions &options) {
  uint32_t cpus = countUsableCpus();
  uint32_t wanted = options.threads ? static_cast<uint32_t>(options.threads) : cpus;
  if (options.force || wanted <= cpus)
    return wanted;
  note("--threads %u: this process may use %u CPU%s; using %u (--threads-force keeps %u)", wanted, cpus,
       cpus == 1 ? "" : "s", cpus, wanted);
  return cpus;
}

Model::Model(const IngotDescriptor &descriptor, const ThreadOptions &threads)
    : descriptor(descriptor), entry(requireEntry(descriptor)), variant(requireVariant(entry)), weights(descriptor),
      arenas(descriptor, weights.data()), team(chooseWorkers(threads), countUsableCpus()) {
  weights.startPopulating();
  // After the thread above has inherited the CPUs that the process may use.
  if (threads.pin && !team.pin(listAffinity()))
    note("--pin: the kernel refuses; threads run where it puts them");
}

uint32_t Model::context() const {
  uint32_t context = UINT32_MAX;
  for (uint32_t i = 0; i < descriptor.cache_group_count; ++i)
    context = std::min(context, descriptor.cache_groups[i].context);
  return context;
}

const IngotRowRange &Model::range(uint32_t rows) const {
  for (uint32_t i = 0; i < variant.range_count; ++i)
    if (rows >= variant.ranges[i].first && rows <= variant.ranges[i].last)
      return variant.ranges[i];
  fail("variant %s: no code for steps of %u rows; compile the model again", variant.name, rows);
}

void Model::run(const IngotStep &step) {
  struct Call {
    IngotStepFunction function;
    const IngotStep *step;
    uint8_t *const *arenas;
  } call{range(step.rows).function, &step, arenas.bases()};
  team.run(
      [](void *context, IngotTeam *team, uint32_t worker) {
        auto *call = static_cast<Call *>(context);
        call->function(call->step, call->arenas, team, worker);
      },
      &call);
}

float *Model::logits(uint32_t wanted) const {
  const IngotTensor &tensor = entry.outputs[0];
  return reinterpret_cast<float *>(arenas.bases()[tensor.arena] + tensor.offset + uint64_t{wanted} * tensor.row_stride);
}

uint64_t Model::plannedMemory() const { return plannedArenaBytes(descriptor) + imageMemory(); }

} // namespace ingot::runtime
