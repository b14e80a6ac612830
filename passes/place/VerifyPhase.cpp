//===- VerifyPhase.cpp - what the place phase promises --------------------===//

#include "passes/fuse/Forward.h"
#include "passes/place/Passes.h"
#include "target/TargetDescription.h"

namespace ingot::place {
#define GEN_PASS_DEF_PLACEVERIFYPHASE
#include "passes/place/Passes.h.inc"
} // namespace ingot::place

using namespace mlir;
using namespace ingot;

/// Whether `home` reads `tier[ordinal]`.
static bool isPlace(StringRef home) {
  auto [tier, rest] = home.split('[');
  unsigned ordinal;
  return schedule::symbolizeTier(tier) && rest.consume_back("]") && !rest.getAsInteger(10, ordinal);
}

static LogicalResult verifyLoad(model::LoadParameterOp load, SymbolTable &symbols) {
  auto assemble = symbols.lookup<encoding::AssembleOp>(load.getParameter());
  if (!assemble)
    return load.emitError() << "expected to load what is stored, an "
                               "encoding.assemble, found the parameter @"
                            << load.getParameter();
  std::optional<StringRef> home = assemble.getHome();
  if (!home || !isPlace(*home))
    return assemble.emitError() << "expected a home such as \"host[0]\" for @" << assemble.getSymName() << ", found "
                                << (home ? ("\"" + *home + "\"").str() : "none");
  auto type = cast<RankedTensorType>(assemble.getType());
  encoding::StorageAttr storage = encoding::getStorage(type);
  if (type.getRank() == 2 && (!storage || !storage.getLayout()))
    return assemble.emitError() << "expected a layout for the matrix @" << assemble.getSymName() << ", found " << type;
  return success();
}

static LogicalResult verifyCall(kernel::CallOp call) {
  std::optional<StringRef> lane = call.getLane();
  if (!lane || !schedule::symbolizeLane(*lane))
    return call.emitError() << "expected a lane for the call of @" << call.getCallee() << ", found "
                            << (lane ? ("\"" + *lane + "\"").str() : "none");
  return success();
}

namespace {
struct VerifyPhase : place::impl::PlaceVerifyPhaseBase<VerifyPhase> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (func::FuncOp function : kernel::getForwardFunctions(getOperation())) {
      for (auto load : function.getOps<model::LoadParameterOp>())
        if (failed(verifyLoad(load, symbols)))
          return signalPassFailure();
      for (auto call : function.getOps<kernel::CallOp>())
        if (failed(verifyCall(call)))
          return signalPassFailure();
    }
  }
};
} // namespace
