//===- AssignHomes.cpp - where parameters lie, who executes kernels -------===//

#include "passes/fuse/Forward.h"
#include "passes/place/Passes.h"
#include "target/TargetDescription.h"

namespace ingot::place {
#define GEN_PASS_DEF_ASSIGNHOMES
#include "passes/place/Passes.h.inc"
} // namespace ingot::place

using namespace mlir;
using namespace ingot;

namespace {
struct AssignHomes : place::impl::AssignHomesBase<AssignHomes> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> forwards = kernel::getForwardFunctions(getOperation());
    if (forwards.empty())
      return;
    FailureOr<const target::TargetDescription *> target = target::TargetDescription::of(getOperation());
    if (failed(target))
      return signalPassFailure();
    Builder builder(&getContext());
    StringAttr home = builder.getStringAttr(schedule::stringifyTier((*target)->getHomeTier()) + "[0]");
    StringAttr lane = builder.getStringAttr(schedule::stringifyLane((*target)->getComputeLane()));
    SymbolTable symbols(getOperation());
    for (func::FuncOp function : forwards) {
      for (auto load : function.getOps<model::LoadParameterOp>()) {
        Operation *source = symbols.lookup(load.getParameter());
        if (auto parameter = dyn_cast<model::ParameterOp>(source)) {
          if (!parameter.getHome())
            parameter.setHomeAttr(home);
        } else if (auto assemble = cast<encoding::AssembleOp>(source); !assemble.getHome()) {
          assemble.setHomeAttr(home);
        }
      }
      for (auto call : function.getOps<kernel::CallOp>())
        if (!call.getLane())
          call.setLaneAttr(lane);
    }
  }
};
} // namespace
