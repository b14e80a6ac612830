//===- pieces.h - constants without a file, as a few loops ------*- C++ -*-===//
//
// A constant that is made of generated parameters need not be written down: it is enough
// to say which rows of which parameter stand where. Recipes move rows in regular steps,
// so that a matrix is a handful of pieces.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_WEIGHTS_PIECES_H
#define INGOT_CODEGEN_WEIGHTS_PIECES_H

#include "codegen/weights/recipes.h"

namespace ingot::weights {

/// Rows that panels of this constant interleave; 1: rows stand one after the other, as elements of a vector do.
int64_t getPanelLanes(mlir::RankedTensorType constant);

/// Lanes firstLane … firstLane + lanes - 1 of `panels` panels hold rows of one parameter.
struct Piece {
  /// Of the constant.
  mlir::RankedTensorType type;
  /// Null: the lanes are padding.
  model::ParameterOp parameter;
  /// Of the first panel, in bytes from the start of the arena of constants.
  uint64_t offset;
  int64_t panels = 1, panelStep = 1, firstLane = 0, lanes = 1;
  /// The parameter's row in the first lane of the first panel; from lane to lane; from panel to panel.
  int64_t firstRow = 0, laneRows = 0, panelRows = 0;
};

/// All lanes of all constants of a planned module, each once, by ascending offset. Emits an error on a parameter that
/// is in a file.
mlir::FailureOr<llvm::SmallVector<Piece>> listPieces(mlir::ModuleOp module);

} // namespace ingot::weights

#endif // INGOT_CODEGEN_WEIGHTS_PIECES_H
