//===- model.cpp - opening a model and running its steps ------------------===//

#include "runtime/core/model.h"
#include "runtime/core/error.h"
#include "runtime/core/process.h"

#include <algorithm>
#include <initializer_list>

namespace ingot::runtime {
namespace {

const IngotEntry &requireGenerating(const IngotDescriptor &descriptor) {
  if (const IngotEntry *entry = findGeneratingEntry(descriptor))
    return *entry;
  fail("this executable holds no model that generates, only: %s",
       descriptor.tokenizer.bytes ? "tokenize, info" : "info");
}

const IngotEntry &requireSound(const IngotDescriptor &descriptor, const IngotEntry &entry) {
  const IngotTensor *output = entry.output_count ? entry.outputs : nullptr;
  bool sound = output && output->element == INGOT_ELEMENT_F32 &&
               (entry.kind != INGOT_ENTRY_GENERATE || output->columns == descriptor.vocabulary) &&
               output->arena < descriptor.arena_count && entry.rows && entry.wanted_rows && entry.sequences;
  if (!sound)
    fail("entry %s: its bounds or its results make no sense; compile the model again", entry.name);
  return entry;
}

const IngotEntry *findEntry(const IngotDescriptor &descriptor, std::initializer_list<uint32_t> kinds) {
  for (uint32_t i = 0; i < descriptor.entry_count; ++i)
    if (std::find(kinds.begin(), kinds.end(), descriptor.entries[i].kind) != kinds.end())
      return &descriptor.entries[i];
  return nullptr;
}

} // namespace

void checkDescriptor(const IngotDescriptor &descriptor) {
  if (descriptor.magic != INGOT_ABI_MAGIC || descriptor.version != INGOT_ABI_VERSION ||
      descriptor.size != sizeof(IngotDescriptor))
    fail("compiled code and runtime are of different versions; compile the "
         "model again");
}

const IngotEntry *findGeneratingEntry(const IngotDescriptor &descriptor) {
  return findEntry(descriptor, {INGOT_ENTRY_GENERATE});
}

const IngotEntry *findEncodingEntry(const IngotDescriptor &descriptor) {
  return findEntry(descriptor, {INGOT_ENTRY_ENCODE, INGOT_ENTRY_HIDDEN});
}

Model::Model(const IngotDescriptor &descriptor, Machine &machine)
    : Model(descriptor, machine, requireGenerating(descriptor)) {}

Model::Model(const IngotDescriptor &descriptor, Machine &machine, const IngotEntry &entry)
    : descriptor(descriptor), entry(requireSound(descriptor, entry)), executor(machine.open(descriptor, entry)) {}

uint32_t Model::context() const {
  uint32_t context = UINT32_MAX;
  for (uint32_t i = 0; i < descriptor.cache_group_count; ++i)
    context = std::min(context, descriptor.cache_groups[i].context);
  return context;
}

const IngotRowRange &Model::range(uint32_t rows) const {
  const IngotVariant &variant = executor->variant();
  for (uint32_t i = 0; i < variant.range_count; ++i)
    if (rows >= variant.ranges[i].first && rows <= variant.ranges[i].last)
      return variant.ranges[i];
  fail("variant %s: no code for steps of %u rows; compile the model again", variant.name, rows);
}

uint64_t plannedArenaBytes(const IngotDescriptor &descriptor) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < descriptor.arena_count; ++i)
    bytes += descriptor.arenas[i].bytes;
  return bytes;
}

uint64_t Model::plannedMemory() const { return plannedArenaBytes(descriptor) + imageMemory(); }

} // namespace ingot::runtime
