//===- CpuTarget.cpp - the CPU as passes see it ---------------------------===//

#include "target/CpuTarget.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::target;

SmallVector<RowRange> CpuTarget::getRowRanges(int64_t rows) const {
  SmallVector<RowRange> ranges = {{1, 1}};
  if (rows > 1)
    ranges.push_back({2, std::min<int64_t>(rows, 8)});
  if (rows > 8)
    ranges.push_back({9, rows});
  return ranges;
}

int64_t target::getValuePanelsPerGrain(model::KeyValueType cache) {
  return encoding::paddedToPanels(cache.getDimension()) / encoding::panelRows % 2 ? 1 : 2;
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

int64_t target::getExpertGrainColumns(kernel::ExpertGatedMatmulOp op) {
  return encoding::isQuantizedActivation(op.getResult().getType()) ? encoding::groupColumns : encoding::panelRows;
}

schedule::PartitionAttr CpuTarget::getPartition(Operation *kernel, kernel::RowRangeAttr rows) const {
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
      .Case([&](kernel::ExpertSumOp op) { return columns(op.getResult()); })
      .Case([&](kernel::GroupRowsOp) { return get(Axis::Columns, 1, 1); })
      .Case([&](kernel::ExpertGatedMatmulOp op) {
        // Of each group there may be.
        int64_t count = op.getCount(), grain = getExpertGrainColumns(op);
        int64_t hidden =
            encoding::paddedToPanels(cast<RankedTensorType>(op.getResult().getType()).getShape().back() / count);
        int64_t groups = std::min<int64_t>(op.getExperts(), rows.getLast() * count);
        return get(Axis::Columns, grain, groups * (hidden / grain));
      })
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
