//===- PanelProduct.h - the register tile of all products -------*- C++ -*-===//
//
// One panel of 16 weight rows times a few activation rows over all columns: the tile that
// kernels of products share, whatever they do with the sums.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_CPU_PANELPRODUCT_H
#define INGOT_CODEGEN_CPU_PANELPRODUCT_H

#include "codegen/cpu/WeightPanels.h"
#include "dialects/Kernel/Kernel.h"

namespace ingot::codegen {

/// One weight matrix times activation rows of one step.
class PanelProduct {
public:
  /// `input`: rows of the weight's columns, or of several times as many that are multiplied in pieces.
  PanelProduct(Emitter &emit, mlir::Value input, mlir::Value weight, mlir::Value inputPointer,
               mlir::Value weightPointer, kernel::RowRangeAttr rows);

  /// Rows of the tile that is being written.
  int64_t getTileRows() const { return tileRows; }

  /// Rows from `first` to before `end`.
  struct RowBlock {
    mlir::Value first, end;
  };
  /// Calls `body` for blocks of the `rows` rows whose activations stay in the second cache while weights pass by.
  void forEachRowBlock(mlir::Value rows, llvm::function_ref<void(RowBlock)> body);

  /// Calls `body(firstRow)` for all tiles of a block, after which compute() takes the panels from `firstPanel` on;
  /// buffers hold whole tiles. A row that is left over, such as the only one whose logits are wanted, is a tile of its
  /// own: `body` is called once more, to write that. `mayTabulate`: blocks have so many rows that tables of scales pay.
  void forEachTile(RowBlock block, mlir::Value firstPanel, int64_t panelCount,
                   llvm::function_ref<void(mlir::Value)> body, bool mayTabulate = true);

  /// Where one row of activations, or a piece of one, stands: each where it would begin if the row held nothing before
  /// it, that is, less the offset that encoding::ActivationRow tells.
  struct RowPointers {
    mlir::Value numbers; ///< codes, or plain f32
    mlir::Value scales;  ///< of codes; exponents as well
    mlir::Value sums;    ///< scaled sums
  };
  /// Row `row` of the input, from its piece `piece` on (null: it has but one).
  RowPointers getRow(mlir::Value row, mlir::Value piece = {});

  /// Panel `panel` of forEachTile() times rows firstRow .. firstRow + tile - 1: a vector of 16 outputs per row.
  llvm::SmallVector<mlir::Value> compute(int64_t panel, mlir::Value firstRow);
  /// The same of rows wherever they stand, as many as a tile has.
  llvm::SmallVector<mlir::Value> compute(int64_t panel, llvm::ArrayRef<RowPointers> rows);

private:
  using Row = encoding::ActivationRow;

  /// Scales of activations have few significands. So the products of a weight's scale with each of them are made once
  /// for all tiles, and the exponent is added as an integer: of three floating-point multiplications for each group and
  /// row, which wait for the unit that the dot products need, one is saved. All products are exact: bits are those that
  /// the sum without tables has.
  ///
  /// Formats with a zero point need the scale itself, those with two parts in a group share it between them. With
  /// registers of eight lanes, the products of bytes bind and there is nothing to gain
  /// (test/codegen/cpu/loop_cycles.mlir).
  bool canTabulate(int64_t panelCount) const;
  /// Beyond it, tables would displace what they are used with.
  static constexpr int64_t mostTableBytes = 256 << 10;

  /// A panel's table: [group][significand][16 rows] f32.
  int64_t tableBytes() const { return panels.getColumns() / encoding::groupColumns * tableGroupBytes; }
  static constexpr int64_t tableGroupBytes = Row::significands * lanes * 4;

  void tabulateScales(int64_t panelCount);
  /// sum + activation scale · weight scale · dot, by the table.
  mlir::Value addTabulated(mlir::Value scales, mlir::Value group, const PanelLanes &part, mlir::Value dot,
                           mlir::Value sum);

  llvm::SmallVector<mlir::Value> compute(mlir::Value weights, llvm::ArrayRef<RowPointers> rows, PanelLanes part);

  /// A product of one row reads weights from memory: with the lines of this group, prefetches those `prefetchBytes`
  /// after them, be they in the next panel or matrix.
  void prefetchWeights(mlir::Value weights, mlir::Value group);

  /// Plain weights: one column at a time.
  llvm::SmallVector<mlir::Value> computePlain(mlir::Value weights, llvm::ArrayRef<RowPointers> rows,
                                              mlir::ValueRange zeros, PanelLanes part);

  /// The f32 sum that zero points and minima of part `part` of a group are multiplied with: scale · Σ code.
  mlir::Value loadScaledSum(mlir::Value sums, mlir::Value group, int64_t part);

  /// Integer weights and integer activations: eight byte dot products per group, then one scaling per part. One part:
  ///   Σ w x = scale · (activationScale · dot - zeroPoint · scaledSum) + minimum · scaledSum
  /// Several share the activation's scale, so that it comes after their sum:
  ///   Σ w x = activationScale · Σ_part scale · dot + Σ_part (minimum or -zeroPoint · scale) · scaledSum
  llvm::SmallVector<mlir::Value> accumulateCodes(llvm::ArrayRef<RowPointers> rows, mlir::Value group,
                                                 const WeightPanels::Group &weight, mlir::ValueRange sums,
                                                 PanelLanes lanesOfPart);

  /// sum + what the dots of a row's group stand for. `offsets`: what its scaled sums are multiplied with, or null.
  mlir::Value addDots(const RowPointers &row, mlir::Value group, const WeightPanels::Group &weight,
                      mlir::ValueRange offsets, mlir::ValueRange dots, mlir::Value sum, PanelLanes part);

  /// Integer weights and exact activations: weights are restored in registers.
  llvm::SmallVector<mlir::Value> accumulateFloats(llvm::ArrayRef<RowPointers> rows, mlir::Value group,
                                                  const WeightPanels::Group &weight, mlir::ValueRange sums);

  Emitter &emit;
  mlir::RankedTensorType inputType;
  encoding::ActivationRow activation;
  WeightPanels panels;
  mlir::Value inputPointer, weightPointer;
  bool integerInput, tabulates = false;
  /// The panels of forEachTile(), the tables of all of them, that of the panel that is computed.
  mlir::Value weightsPointer, tables, table;
  int64_t tablePanels = 0; ///< that `tables` has room for
  int64_t mostRows, tileRows;
};

} // namespace ingot::codegen

#endif // INGOT_CODEGEN_CPU_PANELPRODUCT_H
