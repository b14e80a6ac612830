//===- VerifyPhase.cpp - what the codegen phase for GPUs promises ---------===//

#include "codegen/cuda/Passes.h"
#include "codegen/host/Descriptor.h"
#include "dialects/Schedule/Schedule.h"

#include "mlir/IR/BuiltinOps.h"

namespace ingot::cuda {
#define GEN_PASS_DEF_CUDAVERIFYPHASE
#include "codegen/cuda/Passes.h.inc"
} // namespace ingot::cuda

using namespace mlir;
using namespace ingot;

namespace {
struct VerifyPhase : cuda::impl::CudaVerifyPhaseBase<VerifyPhase> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto source = module->getAttrOfType<StringAttr>(cuda::sourceName);
    if (!source) {
      module.emitError() << "expected the module attribute " << cuda::sourceName << " with CUDA C++, found none";
      return signalPassFailure();
    }
    auto descriptor = module.lookupSymbol<LLVM::GlobalOp>(codegen::descriptorSymbol);
    if (!descriptor || !module.lookupSymbol<LLVM::GlobalOp>(cuda::tablesSymbol)) {
      module.emitError() << "expected the constants @" << codegen::descriptorSymbol << " and @" << cuda::tablesSymbol
                         << ", found " << (descriptor ? "only the first" : "not the first");
      return signalPassFailure();
    }
    if (failed(codegen::verifyDescriptor(descriptor)))
      return signalPassFailure();
    if (module.getOps<schedule::ProgramOp>().empty())
      return;
    if (!source.getValue().contains("const IngotCudaDescriptor ingot_cuda_descriptor = {")) {
      module.emitError() << "expected ingot_cuda_descriptor in " << cuda::sourceName << ", found none";
      return signalPassFailure();
    }
  }
};
} // namespace
