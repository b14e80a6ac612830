//===- Report.cpp - what a plan costs, for people and for info ------------===//

#include "passes/schedule/Report.h"

#include "passes/schedule/Order.h"

#include "llvm/ADT/SmallSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Format.h"

#include <map>

using namespace mlir;
using namespace ingot;
using namespace ingot::schedule;
namespace json = llvm::json;

/// The name of a format as GGUF users know it.
static std::string nameFormat(encoding::StorageAttr storage) {
  if (!storage)
    return "f32";
  if (auto ggml = dyn_cast<encoding::GgmlAttr>(storage.getFormat()))
    return encoding::stringifyGgmlType(ggml.getType()).str();
  auto block = cast<encoding::BlockAttr>(storage.getFormat());
  return "i" + std::to_string(block.getCode().getWidth()) + " group " + std::to_string(block.getGroup());
}

DecodeTraffic schedule::getDecodeTraffic(ModuleOp module) {
  DecodeTraffic traffic;
  SymbolTable symbols(module);
  for (auto program : module.getOps<ProgramOp>()) {
    if (program.getRowRange().getFirst() != 1)
      continue;
    // What one launch reads of a parameter; the table of an embedding may be
    // the head's matrix too.
    std::map<StringRef, uint64_t> parameters;
    llvm::SmallSet<StateIdentity, 16> states;
    for (auto launch : program.getBody().front().getOps<LaunchOp>()) {
      auto callee = symbols.lookup<kernel::FunctionOp>(launch.getCallee());
      auto tensors = llvm::make_filter_range(callee.getBody().getArguments(), [](BlockArgument argument) {
        return isa<RankedTensorType>(argument.getType());
      });
      for (auto [input, argument] : llvm::zip_equal(launch.getInputs(), tensors))
        if (FlatSymbolRefAttr parameter = getParameter(input)) {
          uint64_t bytes = cast<BufferType>(input.getType()).getBytes();
          RankedTensorType type = getParameterType(symbols.lookup(parameter.getValue()));
          if (isa<kernel::EmbeddingOp>(callee.getKernel()) && type.getRank() == 2)
            bytes /= encoding::paddedToPanels(type.getDimSize(0));
          // Of all experts' matrices, those of the experts of one row.
          llvm::TypeSwitch<Operation *>(callee.getKernel())
              .Case<kernel::ExpertGatedMatmulOp, kernel::ExpertSumOp>([&, &argument = argument](auto op) {
                if (op.getWeight() == argument)
                  bytes = bytes / op.getExperts() * op.getCount();
              });
          uint64_t &read = parameters[parameter.getValue()];
          read = std::max(read, bytes);
        }
      auto state = launch.getStates().begin();
      for (Type type : callee.getArgumentTypes())
        if (auto cache = dyn_cast<model::KeyValueType>(type))
          for (StringRef part : {"key", "value"})
            if (states.insert(*getStateIdentity(*state++)).second)
              traffic.keyValueBytesPerPosition[cache.getGroup()] += getCacheBytesPerPosition(cache, part);
    }
    for (auto &[name, bytes] : parameters)
      traffic.weightBytes += bytes;
    break;
  }
  return traffic;
}

ProgramCounts schedule::countProgram(ProgramOp program) {
  ProgramCounts counts;
  std::optional<int64_t> layer;
  int64_t launchesBefore = 0, barriersBefore = 0;
  for (Operation &op : program.getBody().front()) {
    counts.barriers += isa<BarrierOp>(op);
    auto launch = dyn_cast<LaunchOp>(op);
    if (!launch)
      continue;
    if (!launch.getStates().empty()) {
      int64_t touched = getStateIdentity(launch.getStates().front())->first;
      if (!layer || touched != *layer) {
        if (layer) {
          counts.launchesPerLayer = std::max(counts.launchesPerLayer, counts.launches - launchesBefore);
          counts.barriersPerLayer = std::max(counts.barriersPerLayer, counts.barriers - barriersBefore);
        }
        layer = touched;
        launchesBefore = counts.launches;
        barriersBefore = counts.barriers;
      }
    }
    ++counts.launches;
  }
  return counts;
}

static json::Object describeProgram(ProgramOp program, const std::map<std::pair<int64_t, int64_t>, int64_t> &bodies) {
  ProgramCounts counts = countProgram(program);
  kernel::RowRangeAttr rows = program.getRowRange();
  auto found = bodies.find({rows.getFirst(), rows.getLast()});
  return json::Object{{"name", program.getSymName()},
                      {"first_row", rows.getFirst()},
                      {"last_row", rows.getLast()},
                      {"launches", counts.launches},
                      {"barriers", counts.barriers},
                      {"launches_per_layer", counts.launchesPerLayer},
                      {"barriers_per_layer", counts.barriersPerLayer},
                      {"kernel_bodies", found == bodies.end() ? 0 : found->second}};
}

static json::Array describeWeights(ModuleOp module, const SymbolTable &symbols) {
  struct Sum {
    int64_t parameters = 0;
    uint64_t bytes = 0;
  };
  std::map<std::string, Sum> formats;
  for (auto slice : module.getOps<ParameterSliceOp>()) {
    Sum &sum = formats[nameFormat(encoding::getStorage(getParameterType(symbols.lookup(slice.getParameter()))))];
    ++sum.parameters;
    sum.bytes += slice.getBytes();
  }
  std::vector<std::pair<std::string, Sum>> sorted(formats.begin(), formats.end());
  llvm::sort(sorted, [](const auto &a, const auto &b) {
    return std::pair(b.second.bytes, a.first) < std::pair(a.second.bytes, b.first);
  });
  json::Array weights;
  for (auto &[format, sum] : sorted)
    weights.push_back(json::Object{{"format", format}, {"parameters", sum.parameters}, {"bytes", sum.bytes}});
  return weights;
}

/// What the executable contains, and under which terms.
static json::Array describeLicences(ModuleOp module) {
  json::Array licences;
  auto add = [&](StringRef component, StringRef licence) {
    licences.push_back(json::Object{{"component", component}, {"licence", json::fixUTF8(licence)}});
  };
  auto text = [&](StringRef name) {
    auto attribute = module->getAttrOfType<StringAttr>(name);
    return attribute ? attribute.getValue() : StringRef();
  };
  StringRef named = text("model.license_name"), link = text("model.license_link");
  std::string licence = text("model.license").str();
  if (licence.empty())
    licence = named.empty() ? "not stated in the model's file" : named.str();
  else if (!named.empty() && named != licence)
    licence += " (" + named.str() + ")";
  if (!link.empty())
    licence += ", " + link.str();
  add("model weights and tokenizer", licence);
  add("Ingot runtime and generated code", "none stated yet: the project has no licence file");
  if (auto options = module->getAttrOfType<DictionaryAttr>(target::optionsName))
    if (auto name = options.getAs<StringAttr>("target"))
      if (const target::TargetDescription *target = target::TargetDescription::find(name)) {
        auto [component, licence] = target->getLibraries();
        add(component, licence);
      }
  add("libstdc++ and libgcc", "GPL-3.0-or-later with GCC Runtime Library Exception 3.1");
  add("PCRE2", "BSD-3-Clause");
  add("utf8proc", "MIT and Unicode-DFS-2016");
  add("Boost (Beast, Asio: headers)", "BSL-1.0");
  add("JSON for Modern C++", "MIT");
  return licences;
}

json::Value schedule::makeReport(ModuleOp module) {
  SymbolTable symbols(module);
  json::Object report;
  auto name = module->getAttrOfType<StringAttr>("model.name");
  report["model"] = json::fixUTF8(name ? name.getValue() : StringRef("unnamed"));
  if (auto options = module->getAttrOfType<DictionaryAttr>("ingot.options"))
    if (auto cpu = options.getAs<StringAttr>("cpu"))
      report["cpu"] = json::fixUTF8(cpu.getValue());

  uint64_t planned = 0;
  json::Array arenas, groups, programs;
  for (auto arena : module.getOps<ArenaOp>()) {
    planned += arena.getBytes();
    arenas.push_back(
        json::Object{{"name", arena.getSymName()},
                     {"place", (stringifyTier(arena.getTier()) + "[" + Twine(arena.getOrdinal()) + "]").str()},
                     {"lifetime", stringifyLifetime(arena.getLifetime())},
                     {"bytes", arena.getBytes()}});
  }
  DecodeTraffic traffic = getDecodeTraffic(module);
  uint64_t keyValueBytes = 0;
  for (auto group : module.getOps<model::CacheGroupOp>()) {
    uint64_t bytes = traffic.keyValueBytesPerPosition.lookup(group.getName());
    keyValueBytes += bytes;
    groups.push_back(json::Object{{"name", json::fixUTF8(group.getName())},
                                  {"context", group.getContext()},
                                  {"window", group.getWindow().value_or(0)},
                                  {"page_rows", group.getPageRows()},
                                  {"pages", group.getPages()},
                                  {"bytes_per_position", bytes}});
  }
  std::map<std::pair<int64_t, int64_t>, int64_t> bodies;
  for (auto function : module.getOps<kernel::FunctionOp>())
    ++bodies[{function.getRowRange().getFirst(), function.getRowRange().getLast()}];
  llvm::SmallSet<int64_t, 16> layers;
  for (auto program : module.getOps<ProgramOp>()) {
    programs.push_back(describeProgram(program, bodies));
    for (auto launch : program.getBody().front().getOps<LaunchOp>())
      for (Value state : launch.getStates())
        layers.insert(getStateIdentity(state)->first);
  }
  report["layers"] = static_cast<int64_t>(layers.size());
  report["planned_bytes"] = planned;
  report["arenas"] = std::move(arenas);
  report["weights"] = describeWeights(module, symbols);
  report["cache_groups"] = std::move(groups);
  report["programs"] = std::move(programs);
  report["decode"] = json::Object{{"lane", stringifyLane(Lane::Compute)},
                                  {"weight_bytes", traffic.weightBytes},
                                  {"key_value_bytes_per_position", keyValueBytes}};
  if (auto options = module->getAttrOfType<DictionaryAttr>(target::optionsName);
      options && options.contains("batch_invariant"))
    if (FailureOr<const target::TargetDescription *> target = target::TargetDescription::of(module); succeeded(target))
      report["batch_invariant"] = (*target)->describeBatchInvariance(module);
  report["licences"] = describeLicences(module);
  return report;
}

/// `1.25 MiB`, or plain bytes below a KiB.
static std::string formatBytes(int64_t bytes) {
  static constexpr StringLiteral units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = bytes;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(units); ++unit)
    value /= 1024;
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(unit ? "%.2f " : "%.0f ", value) << units[unit];
  return text;
}

void schedule::printReport(const json::Value &value, llvm::raw_ostream &stream) {
  const json::Object &report = *value.getAsObject();
  auto elements = [&](StringRef name) {
    SmallVector<const json::Object *> objects;
    for (const json::Value &element : *report.getArray(name))
      objects.push_back(element.getAsObject());
    return objects;
  };
  auto number = [](const json::Object &object, StringRef name) { return *object.getInteger(name); };
  auto text = [](const json::Object &object, StringRef name) { return *object.getString(name); };
  auto left = [](StringRef value, unsigned width) { return llvm::left_justify(value, width); };
  auto right = [](const std::string &value, unsigned width) { return llvm::right_justify(value, width); };

  stream << "model " << text(report, "model") << ", " << number(report, "layers") << " layers";
  if (std::optional<StringRef> cpu = report.getString("cpu"))
    stream << ", for " << *cpu;
  stream << "\n\nmemory, planned: " << formatBytes(number(report, "planned_bytes")) << "\n";
  for (const json::Object *arena : elements("arenas"))
    stream << "  " << left(text(*arena, "name"), 12) << left(text(*arena, "place"), 10)
           << left(text(*arena, "lifetime"), 11) << right(formatBytes(number(*arena, "bytes")), 12) << "\n";
  for (const json::Object *group : elements("cache_groups")) {
    stream << "  cache group " << text(*group, "name") << ": " << number(*group, "context") << " positions, ";
    if (int64_t window = number(*group, "window"))
      stream << "a window of " << window << ", ";
    stream << number(*group, "pages") << " pages of " << number(*group, "page_rows") << "\n";
  }
  stream << "\nweights, packed\n";
  for (const json::Object *format : elements("weights"))
    stream << "  " << left(text(*format, "format"), 14) << right(std::to_string(number(*format, "parameters")), 6)
           << " parameters" << right(formatBytes(number(*format, "bytes")), 14) << "\n";
  stream << "\nprograms\n";
  for (const json::Object *program : elements("programs"))
    stream << "  rows " << number(*program, "first_row") << " to " << number(*program, "last_row") << ": "
           << number(*program, "launches") << " launches (" << number(*program, "launches_per_layer") << " per layer), "
           << number(*program, "barriers") << " barriers (" << number(*program, "barriers_per_layer") << " per layer), "
           << number(*program, "kernel_bodies") << " kernel bodies\n";
  const json::Object &decode = *report.getObject("decode");
  stream << "\none decode step reads, on lane " << text(decode, "lane") << "\n  weights "
         << formatBytes(number(decode, "weight_bytes")) << "\n  cache   "
         << formatBytes(number(decode, "key_value_bytes_per_position")) << " per position";
  for (const json::Object *group : elements("cache_groups"))
    if (int64_t window = number(*group, "window"))
      stream << ", " << formatBytes(number(*group, "bytes_per_position")) << " of it for the last " << window
             << " only";
  if (const json::Object *cost = report.getObject("batch_invariant")) {
    stream << "\n\nresults depend on no batch (--batch-invariant), which costs\n  " << text(*cost, "note");
    static constexpr StringLiteral counts[] = {"launches", "rows_multiplied", "attention_blocks"};
    for (StringLiteral count : counts)
      if (std::optional<int64_t> value = cost->getInteger(count)) {
        std::string words = count.str();
        std::replace(words.begin(), words.end(), '_', ' ');
        stream << "\n  a step of one row: " << *value << " " << words << ", without the option "
               << number(*cost, (count + "_otherwise").str());
      }
  }
  stream << "\n\nlicences\n";
  for (const json::Object *licence : elements("licences"))
    stream << "  " << left(text(*licence, "component"), 30) << text(*licence, "licence") << "\n";
}
