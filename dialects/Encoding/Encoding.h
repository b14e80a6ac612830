//===- Encoding.h - the encoding dialect ------------------------*- C++ -*-===//
//
// How the elements of a tensor are stored: see Dialect.td.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_ENCODING_ENCODING_H
#define INGOT_DIALECTS_ENCODING_ENCODING_H

#include "dialects/Encoding/Formats.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Encoding/Dialect.h.inc"
#include "dialects/Encoding/Enums.h.inc"
#include "dialects/Encoding/Interfaces.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Encoding/Attributes.h.inc"
#define GET_OP_CLASSES
#include "dialects/Encoding/Ops.h.inc"

namespace ingot::encoding {

/// The storage of a tensor type, or null where elements are stored as their type says.
StorageAttr getStorage(mlir::Type type);

/// Whether `type` is an activation in the dynamic 8-bit group format.
bool isQuantizedActivation(mlir::Type type);

/// Whether `type` is an activation in f16 or bf16, for a library that takes weights and activations alike.
bool isHalfActivation(mlir::Type type);

/// Where a row of a rank-2 activation keeps what: see encoding.block. Offsets are those of an 8-bit row.
struct ActivationRow {
  explicit ActivationRow(mlir::RankedTensorType type);

  int64_t columns;
  int64_t sumColumns = groupColumns; ///< columns that a scaled sum is over
  int64_t scalesOffset = 0, sumsOffset = 0, exponentsOffset = 0;
  uint64_t bytes; ///< from row to row

  /// Bits of a scale's significand, the leading one included: the product with a sum of codes or with a weight's scale
  /// is exact in f32, and only so many significands occur.
  static constexpr int64_t significandBits = 3, significands = 4;
  /// An exponent is stored plus this, so that it is never negative; groups with a scale under 2^-64 are zeros.
  static constexpr int64_t exponentBias = 64;
};

/// Bytes from row to row of a rank-2 activation with `columns` columns: plain f32, f16 and bf16 rows are
/// padded to whole vectors of 16, 8-bit rows carry their scales and scaled sums and are padded to 64 bytes.
uint64_t getActivationRowBytes(mlir::RankedTensorType type);

} // namespace ingot::encoding

#endif // INGOT_DIALECTS_ENCODING_ENCODING_H
