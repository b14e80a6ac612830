//===- FuseOutputQuantize.cpp - kernels that round what they write --------===//

#include "passes/fuse/Forward.h"
#include "passes/fuse/Passes.h"
#include "passes/fuse/Regions.h"
#include "passes/fuse/Remarks.h"

#include "llvm/ADT/TypeSwitch.h"

namespace ingot::kernel {
#define GEN_PASS_DEF_FUSEOUTPUTQUANTIZE
#include "passes/fuse/Passes.h.inc"
} // namespace ingot::kernel

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

static constexpr llvm::StringLiteral name = "output-quantize";

/// Why `producer` cannot round its result; empty where it can. What one grain
/// of it writes must hold whole groups.
static StringRef explainMiss(Operation *producer) {
  if (!producer)
    return "an argument is rounded";
  if (!producer->hasOneUse())
    return "what is rounded has other users";
  return llvm::TypeSwitch<Operation *, StringRef>(producer)
      .Case([](AttentionOp attention) {
        return attention.getCache().getType().getDimension() % encoding::groupColumns
                   ? "a head is not whole groups wide"
                   : "";
      })
      .Case<MatmulOp, GatedMatmulOp>([](auto product) {
        auto type = cast<RankedTensorType>(product.getResult().getType());
        return type.getShape().back() % encoding::groupColumns ? "the result is not whole groups wide" : "";
      })
      .Case([](ExpertGatedMatmulOp product) {
        auto type = cast<RankedTensorType>(product.getResult().getType());
        int64_t hidden = type.getShape().back() / static_cast<int64_t>(product.getCount());
        return hidden % encoding::groupColumns ? "the result of an expert is not whole groups wide" : "";
      })
      .Default([](Operation *) { return "the producer cannot round"; });
}

static void fuse(NormQuantizeOp quantize) {
  Operation *producer = quantize.getInput().getDefiningOp();
  StringRef reason = explainMiss(producer);
  if (!reason.empty()) {
    remarkMissed(quantize, name) << remark::reason("{0}", reason.str());
    return;
  }
  remarkFused(quantize, name) << remark::add("{0} rounds what it writes", producer->getName().getStringRef());
  producer->getResult(0).setType(quantize.getResult().getType());
  quantize.getResult().replaceAllUsesWith(producer->getResult(0));
  quantize.erase();
}

namespace {
struct FuseOutputQuantize : kernel::impl::FuseOutputQuantizeBase<FuseOutputQuantize> {
  void runOnOperation() override {
    for (func::FuncOp function : getForwardFunctions(getOperation())) {
      SmallVector<NormQuantizeOp> quantizes;
      for (auto quantize : function.getOps<NormQuantizeOp>())
        if (isPureQuantize(quantize))
          quantizes.push_back(quantize);
      for (NormQuantizeOp quantize : quantizes)
        fuse(quantize);
    }
  }
};
} // namespace
