//===- info.cpp - what is inside this executable --------------------------===//

#include "runtime/core/commands/commands.h"
#include "runtime/core/json.h"
#include "runtime/core/model.h"
#include "runtime/core/options.h"
#include "runtime/core/process.h"

#include <algorithm>

namespace ingot::runtime {
namespace {

const char *entryKindName(uint32_t kind) {
  switch (kind) {
  case INGOT_ENTRY_GENERATE:
    return "generate";
  case INGOT_ENTRY_ENCODE:
    return "encode";
  case INGOT_ENTRY_GRAPH:
    return "graph";
  case INGOT_ENTRY_HIDDEN:
    return "hidden";
  }
  return "unknown";
}

const char *lifetimeName(uint32_t lifetime) {
  switch (lifetime) {
  case INGOT_LIFETIME_CONSTANT:
    return "constant";
  case INGOT_LIFETIME_STATE:
    return "state";
  case INGOT_LIFETIME_TRANSIENT:
    return "transient";
  }
  return "unknown";
}

void writeEntry(JsonWriter &writer, const IngotEntry &entry, const Machine &machine) {
  writer.beginObject();
  writer.text("name", entry.name);
  writer.text("kind", entryKindName(entry.kind));
  writer.number("sequences", entry.sequences);
  writer.number("rows", entry.rows);
  writer.number("wanted_rows", entry.wanted_rows);
  if (entry.labels) {
    writer.beginArray("labels");
    for (uint32_t i = 0; i < entry.outputs[0].columns; ++i)
      writer.text(nullptr, entry.labels[i]);
    writer.endArray();
  }
  writer.beginArray("variants");
  for (uint32_t i = 0; i < entry.variant_count; ++i) {
    const IngotVariant &variant = entry.variants[i];
    writer.beginObject();
    writer.text("name", variant.name);
    machine.describeVariant(writer, variant);
    writer.beginArray("row_ranges");
    for (uint32_t k = 0; k < variant.range_count; ++k) {
      const IngotRowRange &range = variant.ranges[k];
      writer.beginObject();
      writer.number("first", range.first);
      writer.number("last", range.last);
      writer.number("launches", range.launches);
      writer.number("barriers", range.barriers);
      writer.number("launches_per_layer", range.layer_launches);
      writer.number("barriers_per_layer", range.layer_barriers);
      writer.endObject();
    }
    writer.endArray();
    writer.endObject();
  }
  writer.endArray();
  writer.endObject();
}

/// The same object in both outputs, so that neither can say more.
void writeInfo(JsonWriter &writer, const IngotDescriptor &descriptor) {
  std::unique_ptr<Machine> machine = makeMachine();
  writer.beginObject();
  writer.text("model", descriptor.model_name);
  writer.text("compiler", descriptor.compiler_version);
  writer.number("vocabulary", descriptor.vocabulary);
  writer.number("layers", descriptor.layers);
  uint32_t context = 0;
  for (uint32_t i = 0; i < descriptor.cache_group_count; ++i)
    context = i ? std::min(context, descriptor.cache_groups[i].context) : descriptor.cache_groups[i].context;
  writer.number("context", context);
  writer.boolean("tokenizer", descriptor.tokenizer.bytes != 0);

  writer.beginObject("weights");
  writer.number("bytes", descriptor.weights.bytes);
  if (descriptor.weights.external)
    writer.text("file", descriptor.weights.external);
  writer.number("bytes_read_per_step", descriptor.step_weight_bytes);
  writer.endObject();

  writer.beginObject("memory");
  writer.number("planned_bytes", plannedArenaBytes(descriptor) + imageMemory());
  writer.number("executable_bytes", imageMemory());
  writer.beginArray("arenas");
  for (uint32_t i = 0; i < descriptor.arena_count; ++i) {
    const IngotArena &arena = descriptor.arenas[i];
    writer.beginObject();
    writer.text("name", arena.name);
    writer.text("lifetime", lifetimeName(arena.lifetime));
    writer.number("bytes", arena.bytes);
    writer.endObject();
  }
  writer.endArray();
  writer.endObject();

  writer.beginArray("cache_groups");
  for (uint32_t i = 0; i < descriptor.cache_group_count; ++i) {
    const IngotCacheGroup &group = descriptor.cache_groups[i];
    writer.beginObject();
    writer.text("name", group.name);
    writer.number("context", group.context);
    writer.number("window", group.window);
    writer.number("page_rows", group.page_rows);
    writer.number("pages", group.pages);
    writer.number("pages_per_sequence", group.sequence_pages);
    writer.endObject();
  }
  writer.endArray();

  writer.number("kernel_bodies", descriptor.kernel_bodies);
  writer.beginArray("entries");
  for (uint32_t i = 0; i < descriptor.entry_count; ++i)
    writeEntry(writer, descriptor.entries[i], *machine);
  writer.endArray();

  writer.beginObject("machine");
  machine->describe(writer);
  writer.endObject();

  if (descriptor.report.bytes)
    writer.raw("report", {reinterpret_cast<const char *>(descriptor.report.data), descriptor.report.bytes});
  writer.endObject();
}

} // namespace

int runInfo(const IngotDescriptor &descriptor, Arguments arguments) {
  bool json = false;
  Options options("info [--json]", "Says what is inside: model, memory plan, code variants, "
                                   "licences.");
  options.flag({"--json"}, "print one JSON object", json);
  options.parse(arguments);
  JsonWriter writer;
  writeInfo(writer, descriptor);
  if (json) {
    writer.print();
  } else {
    std::string text = readableJson(writer.value());
    writeOutput(text.data(), text.size());
  }
  return 0;
}

} // namespace ingot::runtime
