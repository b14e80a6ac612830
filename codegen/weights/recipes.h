//===- recipes.h - rows of parameters that make a constant ------*- C++ -*-===//

#ifndef INGOT_CODEGEN_WEIGHTS_RECIPES_H
#define INGOT_CODEGEN_WEIGHTS_RECIPES_H

#include "dialects/Schedule/Schedule.h"

#include "mlir/IR/SymbolTable.h"

namespace ingot::weights {

/// One row of one parameter; no parameter: a row of padding.
struct RowReference {
  model::ParameterOp parameter;
  int64_t row = 0;
};

/// Evaluates recipes to row references.
class RecipeEvaluator {
public:
  explicit RecipeEvaluator(mlir::ModuleOp module) : symbols(module) {}

  /// The rows of the constant, in the order of its panels; those after the last one are padding.
  llvm::SmallVector<RowReference> evaluate(encoding::AssembleOp assemble);

private:
  llvm::SmallVector<RowReference> evaluate(mlir::Value value);
  llvm::SmallVector<RowReference> evaluateHeadRows(encoding::HeadRowsOp op);

  mlir::SymbolTable symbols;
};

} // namespace ingot::weights

#endif // INGOT_CODEGEN_WEIGHTS_RECIPES_H
