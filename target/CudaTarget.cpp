//===- CudaTarget.cpp - an NVIDIA GPU as passes see it --------------------===//

#include "target/CudaTarget.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::target;

SmallVector<RowRange> CudaTarget::getRowRanges(int64_t rows) const {
  SmallVector<RowRange> ranges;
  int64_t first = 1;
  for (int64_t last : {1, 2, 4, 8, 64}) {
    if (batchInvariant && last < 64)
      continue;
    if (first <= rows)
      ranges.push_back({first, std::min(last, rows)});
    first = last + 1;
  }
  if (first <= rows)
    ranges.push_back({first, rows});
  return ranges;
}

bool CudaTarget::repeatsPrologue(Operation *kernel) const { return isa<kernel::NormQuantizeOp>(kernel); }

std::optional<std::pair<int64_t, int64_t>> target::getProductPanels(Operation *kernel) {
  auto get = [](Value weight, int64_t together) {
    int64_t rows = cast<RankedTensorType>(weight.getType()).getDimSize(0);
    return std::pair(encoding::paddedToPanels(rows) / encoding::panelRows, together);
  };
  return llvm::TypeSwitch<Operation *, std::optional<std::pair<int64_t, int64_t>>>(kernel)
      .Case([&](kernel::MatmulOp op) { return get(op.getWeight(), 1); })
      .Case<kernel::GatedMatmulOp, kernel::QkvRopeAppendOp>([&](auto op) { return get(op.getWeight(), 2); })
      .Default([](Operation *) { return std::nullopt; });
}

ProductTile target::getProductTile(Operation *kernel, kernel::RowRangeAttr rows) {
  auto [panels, together] = *getProductPanels(kernel);
  // What is done to an activation before quantised weights are multiplied with it serves two panels.
  constexpr int64_t quantizedPanels = 2;
  bool isQuantized = encoding::getStorage(kernel->getOperand(1).getType()).getFormat().getWeightFormat().isQuantized();
  if (isFewRows(rows))
    return {rows.getLast(), isQuantized ? quantizedPanels : together};
  // Tiles of more rows read and convert the weights fewer times, as long as there are enough of them for a whole GPU:
  // one for each of the 108 multiprocessors of an A100.
  constexpr int64_t tilePanels = 4, smallRows = 64, largeRows = 128, multiprocessors = 108;
  bool fills = llvm::divideCeil(rows.getLast(), largeRows) * llvm::divideCeil(panels, tilePanels) >= multiprocessors;
  return {rows.getLast() > smallRows && fills ? largeRows : smallRows, tilePanels};
}

bool target::attendsByTensorCores(kernel::AttentionOp op, kernel::RowRangeAttr rows) {
  // Of wider heads registers do not hold the outputs.
  constexpr int64_t widest = 256;
  return !isFewRows(rows) && op.getCache().getType().getDimension() <= widest;
}

int64_t target::getAttentionTileRows(kernel::AttentionOp op, kernel::RowRangeAttr rows) {
  if (attendsByTensorCores(op, rows))
    return 64;
  // Rows of several sequences have keys of their own.
  if (op.getStep().getType().getSequences() > 1)
    return 1;
  // A power of two, so that its threads have equal shares.
  constexpr uint64_t mostRows = 16;
  return static_cast<int64_t>(std::min(mostRows, llvm::PowerOf2Ceil(static_cast<uint64_t>(rows.getLast()))));
}

schedule::PartitionAttr CudaTarget::getPartition(Operation *kernel, kernel::RowRangeAttr rows) const {
  using schedule::Axis;
  auto get = [&](Axis axis, int64_t grain, int64_t grains) {
    return schedule::PartitionAttr::get(kernel->getContext(), axis, grain, grains, /*window=*/0);
  };
  // A grain is what one block of threads computes; of a product, for each tile of rows.
  if (auto product = getProductPanels(kernel)) {
    auto [panels, together] = *product;
    int64_t ofBlock = getProductTile(kernel, rows).panels;
    return get(Axis::Columns, ofBlock / together * encoding::panelRows, llvm::divideCeil(panels, ofBlock));
  }
  return llvm::TypeSwitch<Operation *, schedule::PartitionAttr>(kernel)
      .Case([&](kernel::AttentionOp op) { return get(Axis::Heads, getAttentionTileRows(op, rows), op.getHeads()); })
      .Case([&](kernel::AttentionPartialOp op) {
        return schedule::PartitionAttr::get(kernel->getContext(), Axis::HeadKeys, op.getKeyChunk(),
                                            op.getCache().getType().getHeads(), op.getWindow().value_or(0));
      })
      .Case([&](kernel::AttentionMergeOp op) { return get(Axis::Heads, 1, op.getHeads()); })
      .Default([&](Operation *) { return get(Axis::Rows, 1, 0); });
}

/// Whether cuBLASLt can read `weight` as it is stored: two bytes to a number, 16 bytes a multiple of which its rows
/// take.
static bool suitsLibrary(RankedTensorType weight) {
  auto ggml = dyn_cast<encoding::GgmlAttr>(encoding::getStorage(weight).getFormat());
  return ggml && (ggml.getType() == encoding::GgmlType::F16 || ggml.getType() == encoding::GgmlType::BF16) &&
         weight.getShape().back() % 8 == 0;
}

std::optional<int64_t> CudaTarget::getLibraryWorkspace(RankedTensorType weight, kernel::RowRangeAttr rows) const {
  constexpr int64_t fewestRows = 65;
  if (!usesLibrary || rows.getFirst() < fewestRows || !suitsLibrary(weight))
    return std::nullopt;
  // Four results, each of a part of the columns, and at most 32 MiB in all, which is what NVIDIA recommends for Hopper
  // (https://docs.nvidia.com/cuda/cublas, "cublasSetWorkspace").
  constexpr int64_t splits = 4, mostNumbers = (32 << 20) / 4;
  int64_t numbers = std::min(splits * weight.getDimSize(0), mostNumbers / rows.getLast());
  return std::max<int64_t>(numbers / encoding::panelRows, 1) * encoding::panelRows;
}

encoding::PanelsAttr CudaTarget::getWeightLayout(RankedTensorType weight) const {
  if (usesLibrary && suitsLibrary(weight))
    return encoding::PanelsAttr::get(weight.getContext(), 1, 1);
  return TargetDescription::getWeightLayout(weight);
}

llvm::json::Object CudaTarget::describeBatchInvariance(ModuleOp module) const {
  SymbolTable symbols(module);
  llvm::StringMap<model::CacheGroupOp> groups;
  for (auto group : module.getOps<model::CacheGroupOp>())
    groups[group.getName()] = group;
  int64_t launches = 0, prologues = 0, merges = 0, blocks = 0, fewBlocks = 0;
  for (auto program : module.getOps<schedule::ProgramOp>()) {
    if (program.getRowRange().getFirst() != 1)
      continue;
    if (isFewRows(program.getRowRange()))
      return llvm::json::Object{{"note", "nothing: steps of all sizes run the same kernels anyway"}};
    for (auto launch : program.getBody().front().getOps<schedule::LaunchOp>()) {
      Operation *kernel = symbols.lookup<kernel::FunctionOp>(launch.getCallee()).getKernel();
      ++launches;
      if (auto norm = dyn_cast<kernel::NormQuantizeOp>(kernel))
        prologues += encoding::getActivationRowBytes(cast<RankedTensorType>(norm.getResult().getType())) <=
                     getPrologueScratchBytes();
      if (auto attention = dyn_cast<kernel::AttentionOp>(kernel)) {
        model::KeyValueType cache = attention.getCache().getType();
        model::CacheGroupOp group = groups.lookup(cache.getGroup().getValue());
        int64_t keyChunk = getKeyChunk(group.getContext(), group.getPageRows());
        int64_t chunks = countKeyChunks(group.getContext(), keyChunk, attention.getWindow());
        merges += chunks > 1;
        blocks = std::max<int64_t>(blocks, attention.getHeads());
        fewBlocks = std::max(fewBlocks, chunks > 1 ? chunks * static_cast<int64_t>(cache.getHeads())
                                                   : static_cast<int64_t>(attention.getHeads()));
      }
    }
  }
  // Of a tile a warp multiplies 32 rows, those that there are and others.
  return llvm::json::Object{{"note", "steps of few rows are computed in tiles for many; time was not measured"},
                            {"launches", launches},
                            {"launches_otherwise", launches - prologues + merges},
                            {"rows_multiplied", 32},
                            {"rows_multiplied_otherwise", 1},
                            {"attention_blocks", blocks},
                            {"attention_blocks_otherwise", fewBlocks}};
}

ArrayRef<StringRef> target::getArchitectures() {
  static const StringRef architectures[] = {"80", "86", "89", "90", "90a", "100", "120"};
  return architectures;
}

std::optional<SmallVector<StringRef>> target::parseArchitectures(StringRef list) {
  SmallVector<StringRef> found;
  for (StringRef name : llvm::split(list.empty() ? "90a" : list, ',')) {
    if (!llvm::is_contained(getArchitectures(), name) || llvm::is_contained(found, name))
      return std::nullopt;
    found.push_back(name);
  }
  return found;
}
