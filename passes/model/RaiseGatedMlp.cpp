//===- RaiseGatedMlp.cpp - recognises gated feed-forward layers -----------===//

#include "dialects/Model/Model.h"
#include "passes/model/Passes.h"

#include "mlir/IR/Remarks.h"

namespace ingot::model {
#define GEN_PASS_DEF_MODELRAISEGATEDMLP
#include "passes/model/Passes.h.inc"
} // namespace ingot::model

using namespace mlir;
using namespace ingot;

namespace {
/// What stands around one activation, or why it is no gate.
struct Gate {
  StringRef reason;
  model::LinearOp gate, up;
  arith::MulFOp product;
};

struct RaiseGatedMlp : model::impl::ModelRaiseGatedMlpBase<RaiseGatedMlp> {
  void runOnOperation() override;
};
} // namespace

static Gate findGate(model::ActivationOp activation) {
  Gate found;
  auto because = [&](StringRef reason) {
    found.reason = reason;
    return found;
  };
  found.gate = activation.getInput().getDefiningOp<model::LinearOp>();
  if (!found.gate)
    return because("its input is not a linear map");
  if (!activation->hasOneUse() || !found.gate->hasOneUse())
    return because("the gate has other users");
  found.product = dyn_cast<arith::MulFOp>(*activation->user_begin());
  if (!found.product)
    return because("it is not multiplied with another linear map");
  Value other = found.product.getLhs() == activation ? found.product.getRhs() : found.product.getLhs();
  found.up = other.getDefiningOp<model::LinearOp>();
  if (!found.up)
    return because("it is not multiplied with another linear map");
  if (!found.up->hasOneUse())
    return because("the map that it gates has other users");
  if (!found.gate.getBias() != !found.up.getBias())
    return because("one of the two linear maps has a bias, the other has none");
  if (found.gate.getInput() != found.up.getInput())
    return because("the two linear maps have different inputs");
  return found;
}

void RaiseGatedMlp::runOnOperation() {
  SmallVector<model::ActivationOp> activations;
  for (auto function : getOperation().getOps<func::FuncOp>())
    function.walk([&](model::ActivationOp op) { activations.push_back(op); });
  for (model::ActivationOp activation : activations) {
    auto options = remark::RemarkOpts::name("gated-mlp")
                       .category("model")
                       .function(activation->getParentOfType<func::FuncOp>().getSymName());
    Gate found = findGate(activation);
    if (!found.reason.empty()) {
      remark::missed(activation.getLoc(), options) << remark::reason("{0}", found.reason);
      continue;
    }
    OpBuilder builder(found.product);
    auto raised = model::GatedMlpOp::create(builder, found.product.getLoc(), found.product.getType(),
                                            found.gate.getInput(), found.gate.getWeight(), found.up.getWeight(),
                                            found.gate.getBias(), found.up.getBias(), activation.getFunction());
    found.product.replaceAllUsesWith(raised.getResult());
    found.product.erase();
    activation.erase();
    found.gate.erase();
    found.up.erase();
    remark::passed(raised.getLoc(), options)
        << remark::add("an activation of one linear map times another became one operation");
  }
}
