//===- MakeCacheExplicit.cpp - from plain keys and values to a cache ------===//

#include "dialects/Model/Model.h"
#include "passes/model/Passes.h"
#include "target/TargetDescription.h"

#include "mlir/IR/Remarks.h"

namespace ingot::model {
#define GEN_PASS_DEF_MODELMAKECACHEEXPLICIT
#include "passes/model/Passes.h.inc"
} // namespace ingot::model

using namespace mlir;
using namespace ingot;

namespace {
/// The group of layers that see what `attention` sees.
FailureOr<StringAttr> findGroup(model::AttentionOp attention, ModuleOp module) {
  SmallVector<StringAttr> found;
  for (auto group : module.getOps<model::CacheGroupOp>())
    if (group.getWindow() == attention.getWindow())
      found.push_back(group.getNameAttr());
  if (found.size() == 1)
    return found.front();
  auto error = attention.emitOpError() << "expected one model.cache_group ";
  if (attention.getWindow())
    error << "with window = " << *attention.getWindow();
  else
    error << "without a window";
  return error << " for a cache that is made explicit, found " << found.size();
}

struct MakeCacheExplicit : model::impl::ModelMakeCacheExplicitBase<MakeCacheExplicit> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(makeExplicit(function)))
        return signalPassFailure();
  }
  LogicalResult makeExplicit(func::FuncOp function);
};
} // namespace

LogicalResult MakeCacheExplicit::makeExplicit(func::FuncOp function) {
  SmallVector<model::AttentionOp> attentions;
  function.walk([&](model::AttentionOp op) {
    if (!op.getCache())
      attentions.push_back(op);
  });
  if (attentions.empty())
    return success();
  FailureOr<target::CompileOptions> options = target::CompileOptions::of(getOperation());
  if (failed(options))
    return failure();
  Builder types(&getContext());
  Type element = model::KeyValueType::getElement(&getContext(), options->keyValue);

  auto returnOp = dyn_cast<func::ReturnOp>(function.getBody().front().getTerminator());
  if (!returnOp || !function.getBody().hasOneBlock())
    return function.emitOpError() << "expected a body of one block";
  SmallVector<Value> caches;
  for (auto [layer, attention] : llvm::enumerate(attentions)) {
    int64_t dimension = cast<RankedTensorType>(attention.getQuery().getType()).getShape().back() / attention.getHeads();
    if (element.isInteger(8) && dimension % encoding::groupColumns)
      return attention.emitOpError() << "expected heads of whole groups of " << encoding::groupColumns
                                     << " columns for a cache of q8_0, found " << dimension
                                     << "; compile with --kv=f16";
    FailureOr<StringAttr> group = findGroup(attention, getOperation());
    if (failed(group))
      return failure();
    auto type = model::KeyValueType::get(&getContext(), attention.getKeyValueHeads(), dimension, element, *group);
    Location location = NameLoc::get(types.getStringAttr("cache." + Twine(layer)));
    (void)function.insertArgument(function.getNumArguments(), type, DictionaryAttr(), location);
    OpBuilder builder(attention);
    Location nextLocation = NameLoc::get(types.getStringAttr("cache." + Twine(layer) + ".next"));
    Value next = model::KeyValueAppendOp::create(builder, nextLocation, type, function.getArguments().back(),
                                                 attention.getKey(), attention.getValue(), attention.getStep());
    auto onCache = model::AttentionOp::create(builder, attention.getLoc(), attention.getResult().getType(),
                                              attention.getQuery(), Value(), Value(), next, attention.getStep(),
                                              attention.getHeads(), attention.getKeyValueHeads(), attention.getScale(),
                                              attention.getWindowAttr(), attention.getSoftcapAttr(),
                                              attention.getAlibiSlopesAttr(), attention.getBidirectional());
    attention.replaceAllUsesWith(onCache.getResult());
    attention.erase();
    caches.push_back(next);
    remark::passed(onCache.getLoc(),
                   remark::RemarkOpts::name("cache").category("model").function(function.getSymName()))
        << remark::metric("Cache", type);
  }
  returnOp->insertOperands(returnOp->getNumOperands(), caches);
  function.setFunctionType(types.getFunctionType(function.getArgumentTypes(), returnOp.getOperandTypes()));
  return success();
}
