//===- Columns.h - what verifiers ask about rows ----------------*- C++ -*-===//

#ifndef INGOT_DIALECTS_MODEL_COLUMNS_H
#define INGOT_DIALECTS_MODEL_COLUMNS_H

#include "dialects/Encoding/Encoding.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

#include <cmath>
#include <limits>
#include <optional>

namespace ingot::model {

inline mlir::RankedTensorType tensorOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}

/// The last dimension; 0 for a tensor without dimensions, so that no expectation holds for it.
inline int64_t columnsOf(mlir::Value value) {
  mlir::RankedTensorType type = tensorOf(value);
  return type.getRank() ? type.getShape().back() : 0;
}

/// `value` is [rows, expected]; otherwise an error on `op` that calls it `what`.
inline mlir::LogicalResult verifyColumns(mlir::Operation *op, mlir::Value value, int64_t expected,
                                         llvm::StringRef what) {
  if (tensorOf(value).getRank() != 2 || columnsOf(value) != expected)
    return op->emitOpError() << "expected " << what << " of " << expected << " columns, found " << value.getType();
  return mlir::success();
}

/// `value` is a vector of parameters, [expected], in a plain format; otherwise an error on `op` that calls it `what`.
inline mlir::LogicalResult verifyVector(mlir::Operation *op, mlir::Value value, int64_t expected,
                                        llvm::StringRef what) {
  mlir::RankedTensorType type = tensorOf(value);
  encoding::StorageAttr storage = encoding::getStorage(type);
  if (type.getShape() != llvm::ArrayRef<int64_t>{expected} || !type.getElementType().isF32() ||
      (storage && storage.getFormat().isQuantized()))
    return op->emitOpError() << "expected " << what << " of " << expected << " elements in a plain format, found "
                             << type;
  return mlir::success();
}

/// A norm of `groups` pieces of a row of `input`, whose weight and bias, where they are not null, are as long as a
/// piece or as the row; otherwise an error on `op`.
inline mlir::LogicalResult verifyNorm(mlir::Operation *op, mlir::Value input, int64_t groups, mlir::Value weight,
                                      mlir::Value bias) {
  int64_t columns = columnsOf(input);
  if (tensorOf(input).getRank() != 2 || groups < 1 || columns < 1 || columns % groups)
    return op->emitOpError() << "expected rows of whole groups, found groups = " << groups << " in " << input.getType();
  for (auto [value, what] : {std::pair(weight, "a weight"), std::pair(bias, "a bias")}) {
    bool isOfPiece = value && tensorOf(value).getRank() == 1 && columnsOf(value) == columns / groups;
    if (value && mlir::failed(verifyVector(op, value, isOfPiece ? columns / groups : columns, what)))
      return mlir::failure();
  }
  return mlir::success();
}

/// The result of choosing `count` experts of each row by the logits of `input`; otherwise an error on `op`.
inline mlir::LogicalResult verifyChoice(mlir::Operation *op, mlir::Value input, int64_t count, mlir::Value result) {
  // Numbers of experts are stored as f32.
  constexpr int64_t most = int64_t(1) << 24;
  int64_t experts = columnsOf(input);
  if (count < 1 || count > experts || experts > most)
    return op->emitOpError() << "expected 1 to as many experts as there are logits, at most " << most
                             << ", found count = " << count << " of " << input.getType();
  if (mlir::failed(verifyColumns(op, input, experts, "an input")))
    return mlir::failure();
  return verifyColumns(op, result, 2 * count, "a result");
}

/// A window that positions of 32 bits can be compared with; otherwise an error on `op`.
inline mlir::LogicalResult verifyWindow(mlir::Operation *op, std::optional<int64_t> window) {
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  if (window && (*window < 1 || *window > most))
    return op->emitOpError() << "expected a window of 1 to " << most << " positions, found " << *window;
  return mlir::success();
}

/// What scores become before the softmax of `heads` heads; otherwise an error on `op`.
template <typename Attention> mlir::LogicalResult verifyScores(Attention op, int64_t heads) {
  std::optional<llvm::APFloat> softcap = op.getSoftcap();
  if (softcap && (!softcap->isFinite() || softcap->isNegative() || softcap->isZero()))
    return op->emitOpError() << "expected a softcap above 0, found " << op.getSoftcapAttr();
  std::optional<llvm::ArrayRef<float>> slopes = op.getAlibiSlopes();
  if (!slopes)
    return mlir::success();
  if (static_cast<int64_t>(slopes->size()) != heads)
    return op->emitOpError() << "expected alibi_slopes of " << heads << " heads, found " << slopes->size();
  for (float slope : *slopes)
    if (!(slope >= 0) || !std::isfinite(slope))
      return op->emitOpError() << "expected alibi_slopes of at least 0, found " << op.getAlibiSlopesAttr();
  return mlir::success();
}

/// A row that sees what comes after it has no window; otherwise an error on `op`.
template <typename Attention> mlir::LogicalResult verifyDirection(Attention op) {
  if (op.getBidirectional() && op.getWindow())
    return op->emitOpError() << "expected no window beside bidirectional, found window = " << *op.getWindow();
  return mlir::success();
}

} // namespace ingot::model

#endif // INGOT_DIALECTS_MODEL_COLUMNS_H
