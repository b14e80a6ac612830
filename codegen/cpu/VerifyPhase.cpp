//===- VerifyPhase.cpp - what the codegen phase promises ------------------===//

#include "codegen/cpu/Passes.h"
#include "codegen/cpu/Symbols.h"
#include "codegen/host/Descriptor.h"
#include "dialects/Schedule/Schedule.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace ingot::codegen {
#define GEN_PASS_DEF_CODEGENVERIFYPHASE
#include "codegen/cpu/Passes.h.inc"
} // namespace ingot::codegen

using namespace mlir;
using namespace ingot;

namespace {
struct VerifyPhase : ingot::codegen::impl::CodegenVerifyPhaseBase<VerifyPhase> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto descriptor = module.lookupSymbol<LLVM::GlobalOp>(codegen::descriptorSymbol);
    if (!descriptor) {
      module.emitError() << "expected the constant @" << codegen::descriptorSymbol << ", found none";
      return signalPassFailure();
    }
    for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
      if (function.isExternal() && !llvm::is_contained(codegen::runtimeSymbols, function.getSymName()) &&
          !function.getSymName().starts_with("llvm.")) {
        function.emitError() << "expected a definition of @" << function.getSymName() << ": the runtime has only @"
                             << llvm::join(ArrayRef(codegen::runtimeSymbols), ", @");
        return signalPassFailure();
      }
      WalkResult result = function.walk([&](Operation *op) {
        if (isa<LLVM::LLVMDialect>(op->getDialect()))
          return WalkResult::advance();
        op->emitError() << "expected only llvm operations in " << function.getSymName() << ", found " << op->getName();
        return WalkResult::interrupt();
      });
      if (result.wasInterrupted())
        return signalPassFailure();
    }
    if (failed(codegen::verifyDescriptor(descriptor)))
      signalPassFailure();
  }
};
} // namespace
