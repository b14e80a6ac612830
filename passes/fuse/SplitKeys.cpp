//===- SplitKeys.cpp - attention of one row, shared out by keys -----------===//

#include "passes/fuse/Forward.h"
#include "passes/fuse/Passes.h"
#include "passes/fuse/Remarks.h"
#include "target/TargetDescription.h"

#include "llvm/ADT/StringMap.h"

namespace ingot::kernel {
#define GEN_PASS_DEF_SPLITKEYS
#include "passes/fuse/Passes.h.inc"
} // namespace ingot::kernel

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

static constexpr llvm::StringLiteral name = "split-keys";

static void split(AttentionOp attention, int64_t context) {
  int64_t keyChunk = attention.getKeyChunk();
  int64_t chunks = target::countKeyChunks(context, keyChunk, attention.getWindow());
  if (chunks == 1) {
    remarkMissed(attention, name) << remark::reason("a sequence is one chunk of {0} keys", keyChunk);
    return;
  }
  OpBuilder builder(attention);
  int64_t heads = attention.getHeads(), dimension = attention.getCache().getType().getDimension();
  auto type = RankedTensorType::get({1, heads * partialColumns(dimension, chunks)}, builder.getF32Type());
  auto partial =
      AttentionPartialOp::create(builder, attention.getLoc(), type, attention.getQuery(), attention.getCache(),
                                 attention.getStep(), heads, attention.getScale(), keyChunk, chunks,
                                 attention.getWindowAttr(), attention.getSoftcapAttr(), attention.getAlibiSlopesAttr());
  auto merge =
      AttentionMergeOp::create(builder, attention.getLoc(), attention.getResult().getType(), partial,
                               attention.getStep(), heads, dimension, keyChunk, chunks, attention.getWindowAttr());
  remarkFused(attention, name) << remark::metric("KeyChunk", keyChunk) << remark::metric("Chunks", chunks);
  attention.replaceAllUsesWith(merge.getResult());
  attention.erase();
}

namespace {
struct SplitKeys : kernel::impl::SplitKeysBase<SplitKeys> {
  void runOnOperation() override {
    llvm::StringMap<int64_t> contexts;
    for (auto group : getOperation().getOps<model::CacheGroupOp>())
      contexts[group.getName()] = group.getContext();
    for (func::FuncOp function : getForwardFunctions(getOperation())) {
      RowRangeAttr range = getRowRange(function);
      if (!range || range.getLast() != 1)
        continue;
      for (auto attention : llvm::make_early_inc_range(function.getOps<AttentionOp>())) {
        auto context = contexts.find(attention.getCache().getType().getGroup().getValue());
        if (context == contexts.end())
          remarkMissed(attention, name) << remark::reason(
              "the length of sequences is unknown: no model.cache_group {0}",
              attention.getCache().getType().getGroup().getValue().str());
        else
          split(attention, context->second);
      }
    }
  }
};
} // namespace
