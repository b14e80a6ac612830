//===- SharedStructs.cpp - formats and caches as constants ----------------===//

#include "codegen/cuda/Kernels.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::cuda;

SharedStructs::SharedStructs(ModuleOp module) {
  for (auto group : module.getOps<model::CacheGroupOp>())
    groups.try_emplace(group.getName(), CacheGroup{group, static_cast<int64_t>(groups.size())});
}

std::string SharedStructs::add(StringRef name, StringRef comment, StringRef body) {
  std::string &known = names[body];
  if (!known.empty())
    return known;
  unsigned number = ++counts[name];
  known = number == 1 ? name.str() : (name + "_" + Twine(number)).str();
  text += fillIn(R"(/// $comment
struct $name {
  $body
};

)",
                 {{"comment", comment}, {"name", known}, {"body", body}});
  return known;
}

StringRef cuda::spellElement(encoding::ElementKind element) {
  switch (element) {
  case encoding::ElementKind::F32:
    return "float";
  case encoding::ElementKind::F16:
    return "__half";
  case encoding::ElementKind::BF16:
    return "__nv_bfloat16";
  case encoding::ElementKind::Codes:
    break;
  }
  llvm_unreachable("codes are no numbers");
}

std::string SharedStructs::getFormatName(encoding::FormatInterface attribute) {
  if (auto ggml = dyn_cast<encoding::GgmlAttr>(attribute))
    return stringifyGgmlType(ggml.getType()).upper();
  encoding::WeightFormat format = attribute.getWeightFormat();
  return "I" + std::to_string(format.getCodeBits()) + "_" + std::to_string(format.blockColumns);
}

std::string SharedStructs::getFormat(RankedTensorType matrix) {
  encoding::FormatInterface attribute = encoding::getStorage(matrix).getFormat();
  encoding::WeightFormat format = attribute.getWeightFormat();
  encoding::PanelLayout layout(format);
  std::string name = getFormatName(attribute);
  if (!format.isQuantized()) {
    encoding::PanelsAttr panels = encoding::getStorage(matrix).getLayout();
    bool hasPlainRows = panels && panels.hasPlainRows();
    int64_t rowColumns = hasPlainRows ? matrix.getShape().back() : 0;
    return add(hasPlainRows ? name + "_rows" : name,
               hasPlainRows ? "Weights in rows, one after the other."
                            : "Weights in panels: for each column 16 elements, one of each row.",
               fillIn(R"(using Element = $element;
static constexpr bool isQuantized = false;
static constexpr int rowColumns = $rowColumns;
)",
                      {{"element", spellElement(format.element)}, {"rowColumns", rowColumns}}));
  }
  StringRef subScales = format.subScales == encoding::SubScales::None      ? "None"
                        : format.subScales == encoding::SubScales::Nibbles ? "Nibbles"
                                                                           : "Bytes";
  return add(name, "Weights in panels: for each block d, m where there are minima, scales, then lines of codes.",
             fillIn(R"(static constexpr bool isQuantized = true, hasMinimum = $hasMinimum;
static constexpr int blockColumns = $blockColumns, scaleColumns = $scaleColumns;
static constexpr int lowBits = $lowBits, highBits = $highBits, zeroPoint = $zeroPoint;
static constexpr SubScales subScales = SubScales::$subScales;
// Bytes in a panel.
static constexpr int blockBytes = $blockBytes, minimumOffset = $minimumOffset;
static constexpr int subScaleOffset = $subScaleOffset, subScaleBytes = $subScaleBytes;
static constexpr int codesOffset = $codesOffset, groupBytes = $groupBytes, lowOffset = $lowOffset;
)",
                    {{"hasMinimum", format.hasMinimum() ? "true" : "false"},
                     {"blockColumns", format.blockColumns},
                     {"scaleColumns", format.scaleColumns},
                     {"lowBits", format.low.bits},
                     {"highBits", format.high.bits},
                     {"zeroPoint", format.zeroPoint},
                     {"subScales", subScales},
                     {"blockBytes", layout.blockBytes},
                     {"minimumOffset", layout.minimumOffset},
                     {"subScaleOffset", layout.subScaleOffset},
                     {"subScaleBytes", layout.subScaleBytes},
                     {"codesOffset", layout.codesOffset},
                     {"groupBytes", layout.groupBytes},
                     {"lowOffset", layout.lowOffset}}));
}

std::string SharedStructs::getScore(llvm::APFloat scale, std::optional<llvm::APFloat> softcap,
                                    std::optional<ArrayRef<float>> alibiSlopes, bool isBidirectional) {
  std::string slope = "return 0.0f;";
  if (alibiSlopes) {
    std::string list = llvm::join(llvm::map_range(*alibiSlopes, [](float value) { return literal(value); }), ", ");
    slope = "static const float slopes[] = {" + list + "};\n  return slopes[head];";
  }
  return add("Score", "What becomes of q · k before the softmax.",
             fillIn(R"(static constexpr float scale = $scale, softcap = $softcap;
static constexpr bool hasSlopes = $hasSlopes, isBidirectional = $isBidirectional;
static __device__ __forceinline__ float slope(int$head) {
  $slope
}
)",
                    {{"scale", literal(scale.convertToFloat())},
                     {"softcap", literal(softcap ? softcap->convertToFloat() : 0.0F)},
                     {"hasSlopes", alibiSlopes ? "true" : "false"},
                     {"isBidirectional", isBidirectional ? "true" : "false"},
                     {"head", alibiSlopes ? " head" : ""},
                     {"slope", slope}}));
}

FailureOr<CacheGroup> SharedStructs::getGroup(Operation *op, model::KeyValueType cache) {
  auto found = groups.find(cache.getGroup().getValue());
  if (found == groups.end())
    return op->emitOpError() << "expected a model.cache_group " << cache.getGroup() << " for " << cache
                             << ", found none";
  return found->second;
}

FailureOr<std::string> SharedStructs::getCache(Operation *op, model::KeyValueType cache, model::StepType step,
                                               std::optional<int64_t> window) {
  FailureOr<CacheGroup> group = getGroup(op, cache);
  if (failed(group))
    return failure();
  if (!cache.getElement().isF32() && !cache.getElement().isF16())
    return op->emitOpError() << "has no CUDA C++ for a cache of " << cache.getElementName()
                             << ": compile with --kv=f16 or f32";
  // Tiles of keys lie in one page.
  constexpr uint64_t tileKeys = 32;
  if (group->op.getPageRows() % tileKeys)
    return op->emitOpError() << "expected pages of a multiple of " << tileKeys << " positions, found "
                             << group->op.getPageRows();
  if (!window && group->op.getWindow())
    window = *group->op.getWindow();
  return add("Cache_" + std::to_string(cache.getDimension()),
             fillIn("Caches of the group \"$group\": heads of $dimension columns.",
                    {{"group", group->op.getName()}, {"dimension", cache.getDimension()}}),
             fillIn(R"(using Element = $element;
static constexpr int keyColumns = $keyColumns, valueColumns = $valueColumns;
static constexpr int pageRows = $pageRows, pages = $pages, ringPages = $ringPages;
static constexpr int window = $window, sequences = $sequences, group = $index;
)",
                    {{"element", cache.getElement().isF32() ? "float" : "__half"},
                     {"keyColumns", kernel::pairedHeadColumns(cache.getDimension())},
                     {"valueColumns", encoding::paddedToPanels(cache.getDimension())},
                     {"pageRows", group->op.getPageRows()},
                     {"pages", group->op.getPages()},
                     {"ringPages", group->op.getRing().value_or(0)},
                     {"window", window.value_or(0)},
                     {"sequences", step.getSequences()},
                     {"index", group->index}}));
}
