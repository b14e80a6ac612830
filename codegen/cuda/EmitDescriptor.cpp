//===- EmitDescriptor.cpp - what the host part of an executable reads -----===//

#include "codegen/cuda/Passes.h"
#include "codegen/cuda/Tables.h"
#include "codegen/host/Descriptor.h"

namespace ingot::cuda {
#define GEN_PASS_DEF_CUDAEMITDESCRIPTOR
#include "codegen/cuda/Passes.h.inc"
} // namespace ingot::cuda

using namespace mlir;
using namespace ingot;

namespace {
struct EmitDescriptor : cuda::impl::CudaEmitDescriptorBase<EmitDescriptor> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<cuda::Tables> tables = cuda::makeTables(module, cuda::listKernels(module));
    if (failed(tables))
      return signalPassFailure();
    SmallVector<schedule::ProgramOp> programs = codegen::getPrograms(module);
    if (programs.empty()) {
      codegen::addDescriptor(module, nullptr);
    } else {
      codegen::DescriptorContents contents = codegen::describeModule(module);
      codegen::StepVariant variant = {"cuda", /*features=*/0, {}};
      for (schedule::ProgramOp program : programs)
        variant.functions.push_back({program.getRowRange().getFirst(), program.getRowRange().getLast(),
                                     schedule::countProgram(program), /*symbol=*/""});
      contents.variants.push_back(std::move(variant));
      codegen::addDescriptor(module, &contents);
    }
    cuda::addTables(module, *tables);
  }
};
} // namespace
