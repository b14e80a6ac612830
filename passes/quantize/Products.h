//===- Products.h - operations that multiply with weights --------*- C++
//-*-===//
//
// The one place where the quantize phase says which operations multiply an
// activation with parameters, and with which.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_PASSES_QUANTIZE_PRODUCTS_H
#define INGOT_PASSES_QUANTIZE_PRODUCTS_H

#include "dialects/Model/Model.h"

#include "llvm/ADT/TypeSwitch.h"

namespace ingot::quantize {

/// The operands of an operation that are matrices of parameters; its activation
/// is operand 0. Empty for others.
inline llvm::SmallVector<mlir::Value, 2> getWeights(mlir::Operation *op) {
  using Values = llvm::SmallVector<mlir::Value, 2>;
  return llvm::TypeSwitch<mlir::Operation *, Values>(op)
      .Case<model::LinearOp, model::LogitsOp>([](auto product) { return Values{product.getWeight()}; })
      .Case([](model::GatedMlpOp product) { return Values{product.getGate(), product.getUp()}; })
      .Case([](model::ExpertGatedMlpOp product) { return Values{product.getGate(), product.getUp()}; })
      .Case([](model::ExpertSumOp product) { return Values{product.getWeight()}; })
      .Default([](mlir::Operation *) { return Values(); });
}

} // namespace ingot::quantize

#endif // INGOT_PASSES_QUANTIZE_PRODUCTS_H
