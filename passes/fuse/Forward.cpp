//===- Forward.cpp - the functions that compute a step --------------------===//

#include "passes/fuse/Forward.h"

using namespace mlir;
using namespace ingot;

SmallVector<func::FuncOp> kernel::getForwardFunctions(ModuleOp module) {
  SmallVector<func::FuncOp> functions;
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isDeclaration() && (function.getName() == model::forwardName || function->hasAttr(rowRangeName)))
      functions.push_back(function);
  return functions;
}

model::StepType kernel::getStepType(func::FuncOp function) {
  for (Type type : function.getArgumentTypes())
    if (auto step = dyn_cast<model::StepType>(type))
      return step;
  return {};
}

kernel::RowRangeAttr kernel::getRowRange(func::FuncOp function) {
  if (auto range = function->getAttrOfType<RowRangeAttr>(rowRangeName))
    return range;
  model::StepType step = getStepType(function);
  return step ? RowRangeAttr::get(function.getContext(), 1, step.getRows()) : RowRangeAttr();
}

std::string kernel::getRowRangeSuffix(RowRangeAttr range) {
  std::string suffix = ".rows_" + std::to_string(range.getFirst());
  if (range.getLast() != range.getFirst())
    suffix += "_to_" + std::to_string(range.getLast());
  return suffix;
}
