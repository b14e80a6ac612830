//===- AttentionProducts.cpp - where attention may multiply in bf16 -------===//

#include "dialects/Encoding/Encoding.h"
#include "dialects/Model/Model.h"
#include "passes/quantize/Passes.h"

#include "mlir/IR/Remarks.h"

namespace ingot::quantize {
#define GEN_PASS_DEF_QUANTIZEATTENTIONPRODUCTS
#include "passes/quantize/Passes.h.inc"
} // namespace ingot::quantize

using namespace mlir;
using namespace ingot;

/// Whether all that reads `result`, or some of its rows, is a rounding to 8 bits.
static bool isRounded(Value result) {
  return llvm::all_of(result.getUsers(), [](Operation *user) {
    return isa<encoding::QuantizeOp>(user) || (isa<model::WantedRowsOp>(user) && isRounded(user->getResult(0)));
  });
}

/// Why `attention` multiplies in f32; empty where it need not.
static StringRef reasonForF32(model::AttentionOp attention) {
  if (!attention.getCache())
    return "the cache is not explicit";
  if (!attention.getCache().getType().getElement().isF16())
    return "the cache does not hold f16";
  if (!isRounded(attention.getResult()))
    return "its result is not rounded";
  return {};
}

namespace {
struct AttentionProducts : quantize::impl::QuantizeAttentionProductsBase<AttentionProducts> {
  void runOnOperation() override {
    getOperation().walk([](model::AttentionOp attention) {
      auto options = remark::RemarkOpts::name("attention-products")
                         .category("quantize")
                         .function(attention->getParentOfType<FunctionOpInterface>().getName());
      StringRef reason = reasonForF32(attention);
      if (!reason.empty()) {
        remark::missed(attention.getLoc(), options) << remark::reason("{0}", reason);
        return;
      }
      attention.setBf16Products(true);
      remark::passed(attention.getLoc(), options)
          << remark::add("may multiply in bf16: its result is rounded to 8 bits");
    });
  }
};
} // namespace
