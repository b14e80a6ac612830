//===- pack.h - packing weights into panels ---------------------*- C++ -*-===//
//
// Turns rows of a weight matrix, as files store them, into the panels that kernels
// read. Both sides are described in dialects/Encoding/Formats.h; packing moves bits and
// changes no number.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_WEIGHTS_PACK_H
#define INGOT_CODEGEN_WEIGHTS_PACK_H

#include "dialects/Encoding/Formats.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>

namespace ingot::weights {

/// Packs one panel of `columns` columns, whole blocks. `row(r)` returns the bytes of the panel's row r as the file has
/// them, of any alignment, or nullptr for a padding row: scales and minima 0, codes equal to the zero point. It is
/// called once per row, in ascending order, before the first byte is written. All encoding::getPanelBytes bytes of
/// `out` are written.
void packPanel(const encoding::WeightFormat &format, int64_t columns, llvm::function_ref<const uint8_t *(int)> row,
               uint8_t *out);

/// The same 16 rows one after the other, for a plain format: encoding.panels<1 x 1>.
void packRows(const encoding::WeightFormat &format, int64_t columns, llvm::function_ref<const uint8_t *(int)> row,
              uint8_t *out);

/// Dequantises one panel to `values` [16, columns], row-major. The oracle of tests, written for clarity.
void unpackPanel(const encoding::WeightFormat &format, int64_t columns, const uint8_t *panel, float *values);

} // namespace ingot::weights

#endif // INGOT_CODEGEN_WEIGHTS_PACK_H
