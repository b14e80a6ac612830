//===- WeightPanels.h - reading packed weights in registers -----*- C++ -*-===//
//
// A panel interleaves 16 rows of a weight matrix (encoding.panels, packed by
// codegen/weights/pack.h, which documents the bytes). One description per format
// serves matrix kernels of all row counts and the embedding row read.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_CPU_WEIGHTPANELS_H
#define INGOT_CODEGEN_CPU_WEIGHTPANELS_H

#include "codegen/cpu/Emitter.h"
#include "dialects/Encoding/Encoding.h"

namespace ingot::codegen {

/// The panels of one weight matrix of `columns` columns.
class WeightPanels {
public:
  /// `type`: [rows, columns] f32 with a storage that has a layout.
  explicit WeightPanels(mlir::RankedTensorType type);

  bool isQuantized() const { return quantized; }
  int64_t getColumns() const { return columns; }
  int64_t getPanelBytes() const { return panelBytes; }
  /// Columns that share a scale.
  int64_t getScaleGroup() const { return scaleGroup; }

  /// Codes of 32 columns of 16 rows and what turns them into weights: w = scale · (code - zeroPoint) + minimum.
  struct Group {
    /// codes[i]: 16 x i32, byte j of lane r is the code of row r, column 4 i + j.
    llvm::SmallVector<mlir::Value, 8> codes;
    mlir::Value scale;   ///< 16 x f32
    mlir::Value minimum; ///< 16 x f32, null where the format has none
  };
  int64_t getZeroPoint() const { return zeroPoint; }
  int64_t getLargestCode() const { return largestCode; }
  bool hasMinimum() const { return minimum; }

  /// Calls `body(firstColumn / 32, group, carried)` for all groups of 32 columns, carrying values in registers.
  llvm::SmallVector<mlir::Value>
  forEachGroup(Emitter &emit, mlir::Value panel, mlir::ValueRange carried,
               llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value group, const Group &, mlir::ValueRange)>
                   body) const;

  /// The weights of column `column` (i64) of a plain format: 16 x f32.
  mlir::Value loadColumn(Emitter &emit, mlir::Value panel, mlir::Value column) const;

  /// Stores row `row` (i64, 0 to 15) of a panel as `columns` consecutive f32 at `destination`.
  void storeRow(Emitter &emit, mlir::Value panel, mlir::Value row, mlir::Value destination) const;

private:
  int64_t scaleGroupBytes() const;
  int64_t headerBytes() const;
  int64_t lineBytes() const { return bits == 8 ? 512 : 256; }

  bool quantized = false, minimum = false;
  int64_t columns, panelBytes, scaleGroup = 1, bits = 0, zeroPoint = 0, largestCode = 0;
  mlir::Type element;
};

} // namespace ingot::codegen

#endif // INGOT_CODEGEN_CPU_WEIGHTPANELS_H
