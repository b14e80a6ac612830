//===- Registration.cpp - dialects and passes of all tools ----------------===//

#include "compiler/Registration.h"

#include "codegen/cpu/Passes.h"
#include "codegen/cuda/Passes.h"
#include "compiler/Phases.h"
#include "dialects/Schedule/Schedule.h"
#include "passes/fuse/Passes.h"
#include "passes/model/Passes.h"
#include "passes/place/Passes.h"
#include "passes/quantize/Passes.h"
#include "passes/schedule/Passes.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/Passes.h"

using namespace ingot;

void compiler::registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<encoding::EncodingDialect, model::ModelDialect, kernel::KernelDialect, schedule::ScheduleDialect,
                  mlir::arith::ArithDialect, mlir::cf::ControlFlowDialect, mlir::func::FuncDialect,
                  mlir::LLVM::LLVMDialect, mlir::math::MathDialect, mlir::scf::SCFDialect, mlir::tensor::TensorDialect,
                  mlir::vector::VectorDialect>();
}

void compiler::registerPasses() {
  mlir::registerTransformsPasses();
  model::registerModelPasses();
  quantize::registerQuantizePasses();
  kernel::registerFusePasses();
  place::registerPlacePasses();
  schedule::registerSchedulePasses();
  codegen::registerCodegenPasses();
  cuda::registerCudaPasses();
  registerPhasePipelines();
}
