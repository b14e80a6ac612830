//===- pack.h - The CPU's panel layout of weight matrices -------*- C++ -*-===//
//
// Packs rows of a weight matrix, in the formats of GGUF files (ggml-common.h
// and ggml-quants.c of llama.cpp) or in Ingot's 4-bit format, into the layout
// that CPU kernels read in one ascending pass.
//
// A matrix [rows, columns] becomes ceil(rows / 16) panels; panel p holds output
// rows 16p .. 16p + 15. All numbers are little-endian; nothing is padded but
// the rows of the last panel. `r` is the row in its panel, 0 .. 15.
//
// Plain formats (F32, F16, BF16): for each column, 16 elements, rows 0 .. 15.
//
// Block formats: a sequence of groups of 32 columns, in ascending order, each
//
//   scales    16 x f16   d of each row. I4 with group > 32: only in front of
//   the
//                        first 32 columns of each `group` columns.
//   minima    16 x f16   m of each row; Q4_1 and Q5_1 only
//   high bits 16 x u32   Q5_0 and Q5_1 only: bit 8j + 2l + h of row r's word is
//                        bit 4 of the code of column 8l + 4h + j, so that
//                        ((word >> (2l + h)) & 0x01010101) << 4 gives the high
//                        bits of nibbles `h` of line l
//   codes     lines of 64 bytes; byte 4r + j, j in 0 .. 3, belongs to row r:
//             Q4_*, Q5_*, I4: 4 lines; the low nibble of line l is the code of
//                        column 8l + j, the high nibble that of column 8l + 4 +
//                        j
//             Q8_0:      8 lines; line l holds code + 128 of column 4l + j
//
// A value is d * (code - zero) [+ m]: zero = 8 (Q4_0, I4), 16 (Q5_0), 128
// (Q8_0), 0 (Q4_1, Q5_1). A block format's panels take as many bytes as its
// rows.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_WEIGHTS_PACK_H
#define INGOT_CODEGEN_WEIGHTS_PACK_H

#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>

namespace ingot::weights {

/// Output rows in a panel.
inline constexpr int64_t panelRows = 16;

enum class FormatKind : uint8_t {
  F32,
  F16,
  BF16,
  Q4_0, ///< ggml: {f16 d, 16 bytes} per 32 columns
  Q4_1, ///< ggml: {f16 d, f16 m, 16 bytes} per 32 columns
  Q5_0, ///< ggml: {f16 d, u32 high bits, 16 bytes} per 32 columns
  Q5_1, ///< ggml: {f16 d, f16 m, u32 high bits, 16 bytes} per 32 columns
  Q8_0, ///< ggml: {f16 d, 32 x i8} per 32 columns
  /// Ingot: {f16 d, group / 2 bytes} per `group` columns; the low nibble of
  /// byte j is the code of column j, the high nibble that of column j + group
  /// / 2. A code c stands for d * (c - 8). With group 32 this is Q4_0.
  I4,
};

struct Format {
  FormatKind kind;
  /// Columns that share a scale: 32, 64 or 128 for I4; ignored otherwise, since
  /// the kind decides.
  uint32_t group = 32;
};

/// Columns that share a scale; 1 for plain formats.
uint32_t groupColumns(Format format);

/// Whether rows of `columns` columns can have this format: 0 < columns < 2^31,
/// a multiple of groupColumns, and a valid group. All functions below demand
/// it.
bool isValid(Format format, int64_t columns);

/// Bytes of one source row.
uint64_t rowBytes(Format format, int64_t columns);

/// Bytes of one panel.
uint64_t packedPanelBytes(Format format, int64_t columns);

/// Bytes of all panels of a matrix; 0 <= rows < 2^31.
uint64_t packedMatrixBytes(Format format, int64_t rows, int64_t columns);

/// Packs one panel. `row(r)` returns the rowBytes() bytes of the panel's row r,
/// of any alignment, or nullptr for a padding row: scale and minimum 0, codes
/// equal to the zero point. It is called once per row, in ascending order,
/// before the first byte is written. `out` takes packedPanelBytes() bytes; all
/// of them are written.
void packPanel(Format format, int64_t columns, llvm::function_ref<const uint8_t *(int)> row, uint8_t *out);

/// Dequantises one panel to `values` [16, columns], row-major. The oracle of
/// tests, written for clarity.
void unpackPanel(Format format, int64_t columns, const uint8_t *panel, float *values);

/// Exact value of an IEEE 754 binary16 number.
float halfToFloat(uint16_t bits);

} // namespace ingot::weights

#endif // INGOT_CODEGEN_WEIGHTS_PACK_H
