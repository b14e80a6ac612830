//===- Recipes.h - parameters made of parameters ----------------*- C++ -*-===//
//
// How fusions join weights: a new `encoding.assemble` replaces several loads.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_PASSES_FUSE_RECIPES_H
#define INGOT_PASSES_FUSE_RECIPES_H

#include "dialects/Model/Model.h"

#include "mlir/IR/Builders.h"

namespace ingot::kernel {

/// A name for what is made of the parameters `names`, in their order: what they
/// have in common stays, what tells them apart is joined.
/// `blk.0.attn_q.weight` and its neighbours give `blk.0.attn_qkv.weight`.
std::string joinParameterNames(llvm::ArrayRef<llvm::StringRef> names);

/// Writes one `encoding.assemble`.
class RecipeBuilder {
public:
  /// Starts a recipe before `position`, a symbol of the table's module.
  /// A taken `name` gets a number.
  RecipeBuilder(mlir::SymbolTable &symbols, mlir::Operation *position, mlir::Location location, llvm::StringRef name);

  /// What `load` reads, inside of the recipe: a parameter of the file, or a
  /// copy of the recipe it was made by.
  mlir::Value load(model::LoadParameterOp load);

  /// Rows of heads in panels, as `encoding.head_rows` describes; `rotated` of each head are rotary pairs, by default
  /// all.
  mlir::Value headRows(mlir::Value input, int64_t dimension, encoding::HeadOrder order,
                       std::optional<int64_t> rotated = std::nullopt);
  mlir::Value concatenate(mlir::ValueRange inputs);
  mlir::Value interleave(mlir::Value first, mlir::Value second);

  /// Ends the recipe with `result` and loads it where `builder` stands.
  model::LoadParameterOp finish(mlir::Value result, mlir::OpBuilder &builder);

private:
  mlir::SymbolTable &symbols;
  mlir::Location location;
  mlir::OpBuilder recipe;
  encoding::AssembleOp assemble;
};

} // namespace ingot::kernel

#endif // INGOT_PASSES_FUSE_RECIPES_H
