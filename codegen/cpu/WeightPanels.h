//===- WeightPanels.h - reading packed weights in registers -----*- C++ -*-===//
//
// A panel interleaves 16 rows of a weight matrix (encoding::PanelLayout documents the
// bytes). The description of its format serves matrix kernels of all row counts and the
// embedding row read.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_CPU_WEIGHTPANELS_H
#define INGOT_CODEGEN_CPU_WEIGHTPANELS_H

#include "codegen/cpu/Emitter.h"
#include "dialects/Encoding/Encoding.h"

namespace ingot::codegen {

/// Rows of a panel that one pass over it takes, as lanes of its vectors: all 16, or as many as a register has.
struct PanelLanes {
  int64_t first = 0, count = lanes;
};

/// The panels of one weight matrix of `columns` columns.
class WeightPanels {
public:
  /// `type`: [rows, columns] f32 with a storage that has a layout.
  explicit WeightPanels(mlir::RankedTensorType type);

  const encoding::WeightFormat &getFormat() const { return format; }
  int64_t getColumns() const { return columns; }
  int64_t getPanelBytes() const { return panelBytes; }

  /// Codes of neighbouring columns of some rows and what turns them into weights: w = scale · (code - zeroPoint) +
  /// minimum.
  struct Part {
    /// codes[i]: i32 vector, byte j of lane r is the code of row r, column 4 i + j of the part.
    llvm::SmallVector<mlir::Value, 8> codes;
    mlir::Value scale;   ///< f32 vector
    mlir::Value minimum; ///< f32 vector, null where the format has none
  };
  /// 32 columns: one part, or two of 16 columns.
  using Group = llvm::SmallVector<Part, 2>;

  /// Calls `body(firstColumn / 32, group, carried)` for all groups of 32 columns, carrying values in registers.
  llvm::SmallVector<mlir::Value> forEachGroup(
      Emitter &emit, mlir::Value panel, mlir::ValueRange carried,
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value group, const Group &, mlir::ValueRange)> body,
      PanelLanes rows = {}) const;

  /// The weights of column `column` (i64) of a plain format: f32 vector.
  mlir::Value loadColumn(Emitter &emit, mlir::Value panel, mlir::Value column, PanelLanes rows = {}) const;

  /// Stores row `row` (i64, 0 to 15) of a panel as `columns` consecutive f32 at `destination`.
  void storeRow(Emitter &emit, mlir::Value panel, mlir::Value row, mlir::Value destination) const;

private:
  /// Some rows of a panel, or one: the same numbers in the same places, vectors or scalars.
  struct RowChoice;
  /// The scale or minimum of part `part` (i64) of a block, given its d or m.
  mlir::Value loadSubScale(Emitter &emit, const RowChoice &rows, mlir::Value block, mlir::Value part, bool minimum,
                           mlir::Value factor) const;
  /// d, or m with the sign that sums want.
  mlir::Value loadFactor(Emitter &emit, const RowChoice &rows, mlir::Value block, bool minimum) const;
  /// Group `group` (i64) of a block.
  Group loadGroup(Emitter &emit, const RowChoice &rows, mlir::Value block, mlir::Value group, mlir::Value scale,
                  mlir::Value minimum) const;
  llvm::SmallVector<mlir::Value, 8> loadCodes(Emitter &emit, const RowChoice &rows, mlir::Value codes) const;

  encoding::WeightFormat format;
  encoding::PanelLayout layout;
  int64_t columns, panelBytes;
};

} // namespace ingot::codegen

#endif // INGOT_CODEGEN_CPU_WEIGHTPANELS_H
