//===- VerifyPhase.cpp - what the quantize phase promises
//------------------===//

#include "passes/quantize/Passes.h"
#include "passes/quantize/Products.h"

namespace ingot::quantize {
#define GEN_PASS_DEF_QUANTIZEVERIFYPHASE
#include "passes/quantize/Passes.h.inc"
} // namespace ingot::quantize

using namespace mlir;
using namespace ingot;

namespace {
struct VerifyPhase : quantize::impl::QuantizeVerifyPhaseBase<VerifyPhase> {
  void runOnOperation() override {
    auto forward = getOperation().lookupSymbol<func::FuncOp>(model::forwardName);
    if (!forward)
      return;
    WalkResult result = forward.walk(
        [&](Operation *op) { return failed(verifyOperation(op)) ? WalkResult::interrupt() : WalkResult::advance(); });
    if (result.wasInterrupted())
      signalPassFailure();
  }
  LogicalResult verifyOperation(Operation *op);
};
} // namespace

/// Whether `value` is a matrix or vector of parameters, whose storage is the
/// file's.
static bool isParameter(Value value) { return value.getDefiningOp<model::LoadParameterOp>() != nullptr; }

LogicalResult VerifyPhase::verifyOperation(Operation *op) {
  SmallVector<Value, 2> weights = quantize::getWeights(op);
  for (OpOperand &operand : op->getOpOperands()) {
    encoding::StorageAttr storage = encoding::getStorage(operand.get().getType());
    if (!storage || isParameter(operand.get()))
      continue;
    if (!operand.get().getDefiningOp<encoding::QuantizeOp>())
      return op->emitOpError() << "expected operand " << operand.getOperandNumber()
                               << " with a storage to come from encoding.quantize or "
                                  "model.load_parameter, found "
                               << operand.get().getType();
    if (isa<encoding::DequantizeOp>(op))
      continue;
    if (weights.empty() || operand.getOperandNumber() != 0)
      return op->emitOpError() << "expected plain operands, found " << operand.get().getType();
    for (Value weight : weights) {
      encoding::StorageAttr stored = encoding::getStorage(weight.getType());
      if (!stored || !stored.getFormat().isQuantized())
        return op->emitOpError() << "expected a plain input for the plain weight " << weight.getType() << ", found "
                                 << operand.get().getType();
    }
  }
  for (Value weight : weights) {
    if (!isParameter(weight))
      return op->emitOpError() << "expected weights from model.load_parameter";
  }
  return success();
}
