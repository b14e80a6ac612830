//===- TargetDescription.cpp - what passes ask about a target -------------===//

#include "target/TargetDescription.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::target;

static constexpr llvm::StringLiteral optionsName = "ingot.options";

void CompileOptions::attachTo(ModuleOp module) const {
  Builder builder(module.getContext());
  auto entry = [&](StringRef name, StringRef value) {
    return builder.getNamedAttr(name, builder.getStringAttr(value));
  };
  module->setAttr(optionsName, builder.getDictionaryAttr({entry("target", target), entry("cpu", cpu),
                                                          entry("activations", activations),
                                                          entry("key_value", keyValue), entry("weights", weights)}));
}

FailureOr<CompileOptions> CompileOptions::of(ModuleOp module) {
  auto dictionary = module->getAttrOfType<DictionaryAttr>(optionsName);
  CompileOptions options;
  auto read = [&](StringRef name, std::string &value, std::initializer_list<StringRef> allowed) -> LogicalResult {
    auto text = dictionary ? dictionary.getAs<StringAttr>(name) : StringAttr();
    if (!text)
      return module.emitError() << "expected the module attribute " << optionsName << " with a string '" << name << "'";
    if (allowed.size() && !llvm::is_contained(allowed, text.getValue())) {
      auto error = module.emitError() << "expected " << optionsName << "." << name << " to be one of ";
      llvm::interleaveComma(allowed, error);
      return error << ", found '" << text.getValue() << "'";
    }
    value = text.str();
    return success();
  };
  if (failed(read("target", options.target, {"cpu"})) || failed(read("cpu", options.cpu, {})) ||
      failed(read("activations", options.activations, {"auto", "f32"})) ||
      failed(read("key_value", options.keyValue, {"f16", "f32", "q8_0"})) ||
      failed(read("weights", options.weights, {"embedded", "external"})))
    return failure();
  return options;
}

FailureOr<TargetDescription> TargetDescription::of(ModuleOp module) {
  FailureOr<CompileOptions> options = CompileOptions::of(module);
  if (failed(options))
    return failure();
  return TargetDescription(*options);
}

int64_t TargetDescription::getStepRows(int64_t rows, int64_t sequences, uint64_t bytesPerRow) const {
  constexpr int64_t fewestRows = 128;
  int64_t fewest = std::max(fewestRows, sequences);
  while (rows > fewest && rows * bytesPerRow > getActivationBudget())
    rows = std::max<int64_t>(fewest, llvm::bit_floor<uint64_t>(rows - 1));
  return rows;
}

SmallVector<RowRange> TargetDescription::getRowRanges(int64_t rows) const {
  SmallVector<RowRange> ranges = {{1, 1}};
  if (rows > 1)
    ranges.push_back({2, std::min<int64_t>(rows, 8)});
  if (rows > 8)
    ranges.push_back({9, rows});
  return ranges;
}

encoding::PanelsAttr TargetDescription::getWeightLayout(encoding::StorageAttr storage) const {
  return encoding::PanelsAttr::get(storage.getContext(), encoding::panelRows,
                                   storage.getFormat().isQuantized() ? 4 : 1);
}

int64_t target::getValuePanelsPerGrain(model::KeyValueType cache) {
  return encoding::paddedToPanels(cache.getDimension()) / encoding::panelRows % 2 ? 1 : 2;
}

int64_t target::getKeyChunk(int64_t context, int64_t pageRows) {
  constexpr int64_t fewestKeys = 128, mostKeys = 1024, mostChunks = 128;
  int64_t keys = std::clamp<int64_t>(llvm::divideCeil(context, mostChunks), fewestKeys, mostKeys);
  return llvm::alignTo(keys, pageRows);
}

int64_t target::countKeyChunks(int64_t context, int64_t keyChunk, std::optional<int64_t> window) {
  int64_t chunks = llvm::divideCeil(context, keyChunk);
  // A window that ends in the middle of a chunk begins in another one.
  return window ? std::min<int64_t>(chunks, llvm::divideCeil(*window - 1, keyChunk) + 1) : chunks;
}

int64_t target::getAttentionRows(kernel::AttentionOp op, kernel::RowRangeAttr rows) {
  // Rows of several sequences have keys of their own, so only heads can share what is loaded.
  if (rows.getLast() == 1 || op.getStep().getType().getSequences() > 1)
    return 1;
  // Few rows are shared out in small grains, so that all workers have some.
  constexpr int64_t mostQueries = 64;
  int64_t group = op.getHeads() / op.getCache().getType().getHeads(), count = rows.getLast() <= 8 ? 2 : 8;
  while (count > 1 && count * group > mostQueries)
    count /= 2;
  return count;
}

schedule::PartitionAttr TargetDescription::getPartition(Operation *kernel, kernel::RowRangeAttr rows) const {
  using schedule::Axis;
  auto get = [&](Axis axis, int64_t grain, int64_t grains) {
    return schedule::PartitionAttr::get(kernel->getContext(), axis, grain, grains, /*window=*/0);
  };
  // A grain of columns is what one panel (or one pair of panels) of weights produces; where the result is rounded, a
  // grain must hold whole groups.
  auto columns = [&](Value result) {
    auto type = cast<RankedTensorType>(result.getType());
    int64_t width = encoding::paddedToPanels(type.getShape().back());
    int64_t grain = encoding::isQuantizedActivation(type) ? encoding::groupColumns : encoding::panelRows;
    return get(Axis::Columns, grain, width / grain);
  };
  return llvm::TypeSwitch<Operation *, schedule::PartitionAttr>(kernel)
      .Case<kernel::MatmulOp, kernel::GatedMatmulOp>([&](auto op) { return columns(op.getResult()); })
      .Case([&](kernel::QkvRopeAppendOp op) {
        // Queries and keys in pairs of panels, values likewise where a head has an even number of panels.
        model::KeyValueType cache = op.getCache().getType();
        int64_t pairs = encoding::paddedToPanels(cache.getDimension() / 2) / encoding::panelRows;
        int64_t panels = encoding::paddedToPanels(cache.getDimension()) / encoding::panelRows;
        return get(Axis::Columns, encoding::panelRows,
                   (op.getHeads() + cache.getHeads()) * pairs +
                       cache.getHeads() * panels / getValuePanelsPerGrain(cache));
      })
      .Case([&](kernel::AttentionOp op) {
        return get(Axis::Heads, getAttentionRows(op, rows), op.getCache().getType().getHeads());
      })
      .Case([&](kernel::AttentionPartialOp op) {
        return schedule::PartitionAttr::get(kernel->getContext(), Axis::HeadKeys, op.getKeyChunk(),
                                            op.getCache().getType().getHeads(), op.getWindow().value_or(0));
      })
      .Default([&](Operation *) { return get(Axis::Rows, 1, 0); });
}
