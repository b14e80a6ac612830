//===- VerifyPhase.cpp - what the fuse phase promises ---------------------===//

#include "passes/fuse/Forward.h"
#include "passes/fuse/Passes.h"
#include "passes/fuse/Remarks.h"

namespace ingot::kernel {
#define GEN_PASS_DEF_FUSEVERIFYPHASE
#include "passes/fuse/Passes.h.inc"
} // namespace ingot::kernel

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

/// Whether `call` reads nothing but the step and parameters: it then runs once
/// a step, not once a layer.
static bool isOncePerStep(CallOp call) {
  return llvm::all_of(call.getOperands_(), [](Value operand) {
    return isa<model::StepType>(operand.getType()) || operand.getDefiningOp<model::LoadParameterOp>();
  });
}

/// Launches per layer: what neither runs once a step nor on wanted rows, for
/// each cache.
static void reportLaunches(func::FuncOp function) {
  int64_t launches = 0, once = 0, wanted = 0;
  for (auto call : function.getOps<CallOp>()) {
    ++launches;
    if (call.getWanted())
      ++wanted;
    else if (isOncePerStep(call))
      ++once;
  }
  int64_t layers = llvm::count_if(function.getArgumentTypes(), llvm::IsaPred<model::KeyValueType>);
  auto remark = remark::analysis(function.getLoc(),
                                 remark::RemarkOpts::name("launches").category("fuse").function(function.getName()));
  remark << remark::metric("Launches", launches) << remark::metric("Layers", layers);
  int64_t ofLayers = launches - once - wanted;
  if (layers)
    remark << remark::metric("LaunchesPerLayer", llvm::divideCeil(ofLayers, layers));
  remark << remark::metric("LaunchesBeforeLayers", once) << remark::metric("LaunchesOnWantedRows", wanted);
}

namespace {
struct VerifyPhase : kernel::impl::FuseVerifyPhaseBase<VerifyPhase> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> forwards = getForwardFunctions(getOperation());
    if (forwards.empty())
      return;
    SymbolTable symbols(getOperation());
    llvm::DenseSet<Operation *> called;
    for (func::FuncOp function : forwards)
      if (failed(verify(function, symbols, called)))
        return signalPassFailure();
    for (auto function : getOperation().getOps<FunctionOp>())
      if (!called.contains(function)) {
        function.emitError() << "expected a call of @" << function.getName() << ", found none";
        return signalPassFailure();
      }
    for (func::FuncOp function : forwards)
      reportLaunches(function);
  }

  LogicalResult verify(func::FuncOp function, SymbolTable &symbols, llvm::DenseSet<Operation *> &called) {
    auto range = function->getAttrOfType<RowRangeAttr>(rowRangeName);
    if (!range)
      return function.emitError() << "expected the attribute " << rowRangeName << " on @" << function.getName()
                                  << ", found none";
    if (!function.getBody().hasOneBlock())
      return function.emitError() << "expected one block in @" << function.getName() << ", found "
                                  << function.getBody().getBlocks().size();
    for (Operation &op : function.getBody().front()) {
      if (isa<model::LoadParameterOp, func::ReturnOp>(op))
        continue;
      auto call = dyn_cast<CallOp>(op);
      if (!call)
        return op.emitError() << "expected only calls of kernels after the "
                                 "fuse phase, found '"
                              << op.getName() << "'";
      // That the callee exists and has the call's type, the call verifies.
      auto callee = symbols.lookup<FunctionOp>(call.getCallee());
      if (callee.getRowRange() != range)
        return call.emitError() << "expected a kernel for " << range << ", found " << callee.getRowRange() << " on @"
                                << callee.getName();
      called.insert(callee);
    }
    return success();
  }
};
} // namespace
