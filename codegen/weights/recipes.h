//===- recipes.h - rows of parameters that make a constant ------*- C++ -*-===//

#ifndef INGOT_CODEGEN_WEIGHTS_RECIPES_H
#define INGOT_CODEGEN_WEIGHTS_RECIPES_H

#include "dialects/Schedule/Schedule.h"

#include "mlir/IR/SymbolTable.h"

namespace ingot::weights {

/// One row of one parameter, or one element where the parameter is a vector; no parameter: padding.
struct RowReference {
  model::ParameterOp parameter;
  int64_t row = 0;
};

/// Columns of the rows that references to a parameter or constant of `type` are of: 1 of a vector.
inline int64_t getRowColumns(mlir::RankedTensorType type) { return type.getRank() == 1 ? 1 : type.getShape().back(); }

/// Evaluates recipes to row references.
class RecipeEvaluator {
public:
  explicit RecipeEvaluator(mlir::ModuleOp module) : symbols(module) {}

  /// The rows of the constant, in the order of its panels; those after the last one are padding. Of a vector, its
  /// elements.
  llvm::SmallVector<RowReference> evaluate(encoding::AssembleOp assemble);

private:
  llvm::SmallVector<RowReference> evaluate(mlir::Value value);
  llvm::SmallVector<RowReference> evaluateHeadRows(encoding::HeadRowsOp op);

  mlir::SymbolTable symbols;
};

} // namespace ingot::weights

#endif // INGOT_CODEGEN_WEIGHTS_RECIPES_H
