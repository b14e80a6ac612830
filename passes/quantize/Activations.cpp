//===- Activations.cpp - where activations are rounded to 8 bits ----------===//

#include "passes/quantize/Passes.h"
#include "passes/quantize/Products.h"
#include "target/TargetDescription.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"

namespace ingot::quantize {
#define GEN_PASS_DEF_QUANTIZEACTIVATIONS
#include "passes/quantize/Passes.h.inc"
} // namespace ingot::quantize

using namespace mlir;
using namespace ingot;

namespace {
struct QuantizeActivations : quantize::impl::QuantizeActivationsBase<QuantizeActivations> {
  void runOnOperation() override;
};
} // namespace

/// Why `weights` want a plain input; empty when they want a rounded one.
static StringRef reasonForPlain(ArrayRef<Value> weights, bool exact) {
  if (exact)
    return "activations = f32 was chosen";
  encoding::StorageAttr first = encoding::getStorage(weights.front().getType());
  for (Value weight : weights) {
    encoding::StorageAttr storage = encoding::getStorage(weight.getType());
    if (!storage || !storage.getFormat().isQuantized())
      return "a weight is stored in a plain format";
    if (storage.getOrder() != first.getOrder())
      return "the weights have different channel orders";
  }
  return {};
}

void QuantizeActivations::runOnOperation() {
  // A module without a graph (a vocabulary) needs no options to stay as it is.
  auto forward = getOperation().lookupSymbol<func::FuncOp>(model::forwardName);
  if (!forward)
    return;
  FailureOr<target::CompileOptions> options = target::CompileOptions::of(getOperation());
  if (failed(options))
    return signalPassFailure();

  // Consumers of one value in one channel order share what is rounded.
  llvm::MapVector<std::pair<Value, StringAttr>, SmallVector<Operation *>> consumers;
  forward.walk([&](Operation *op) {
    SmallVector<Value, 2> weights = quantize::getWeights(op);
    if (weights.empty() || encoding::getStorage(op->getOperand(0).getType()))
      return;
    StringRef reason = reasonForPlain(weights, options->activations == "f32");
    if (reason.empty())
      consumers[{op->getOperand(0), encoding::getStorage(weights.front().getType()).getOrder()}].push_back(op);
    else
      remark::missed(op->getLoc(),
                     remark::RemarkOpts::name("quantize-input").category("quantize").function(forward.getSymName()))
          << remark::reason("{0}", reason);
  });

  MLIRContext *context = &getContext();
  for (auto &[key, users] : consumers) {
    auto [value, order] = key;
    auto plain = cast<RankedTensorType>(value.getType());
    // Sums as fine as the finest scales of a weight.
    int64_t sums = encoding::groupColumns;
    for (Operation *user : users)
      for (Value weight : quantize::getWeights(user))
        sums = std::min(sums, encoding::getStorage(weight.getType()).getFormat().getWeightFormat().getSumColumns());
    auto format = encoding::BlockAttr::get(context, IntegerType::get(context, 8), encoding::groupColumns,
                                           encoding::ScaleKind::Dynamic, sums);
    auto type = RankedTensorType::get(plain.getShape(), plain.getElementType(),
                                      encoding::StorageAttr::get(context, format, order, encoding::PanelsAttr()));
    OpBuilder builder(context);
    builder.setInsertionPointAfterValue(value);
    Value rounded = encoding::QuantizeOp::create(builder, value.getLoc(), type, value);
    for (Operation *user : users)
      user->setOperand(0, rounded);
    remark::passed(rounded.getLoc(),
                   remark::RemarkOpts::name("quantize-input").category("quantize").function(forward.getSymName()))
        << remark::add("rounded once where it is produced") << remark::metric("Consumers", users.size())
        << remark::metric("Columns", plain.getShape().back());
  }
}
