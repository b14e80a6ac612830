//===- RandomParameters.cpp - a model's shape without its weights ---------===//

#include "compiler/import/RandomParameters.h"

#include "dialects/Model/Model.h"

#include <cmath>

using namespace mlir;
using namespace ingot;

void compiler::makeParametersRandom(ModuleOp module, int64_t seed) {
  Builder builder(module.getContext());
  for (auto [index, parameter] : llvm::enumerate(module.getOps<model::ParameterOp>())) {
    auto shape = cast<RankedTensorType>(parameter.getType()).getShape();
    parameter.removeFileAttr();
    parameter.removeKeyAttr();
    parameter.removeViewAttr();
    parameter.removeAddendAttr();
    parameter.removeSplatAttr();
    parameter.removeSeedAttr();
    parameter.removeScaleAttr();
    if (shape.size() != 2) {
      parameter.setSplatAttr(builder.getF32FloatAttr(1));
      continue;
    }
    // Of one seed after the other, in 64 bits. Uniform in [-s, s] has the variance s² / 3.
    parameter.setSeedAttr(builder.getI64IntegerAttr(static_cast<int64_t>(static_cast<uint64_t>(seed) + index)));
    parameter.setScaleAttr(
        builder.getF32FloatAttr(static_cast<float>(std::sqrt(3.0 / static_cast<double>(shape.back())))));
  }
}
