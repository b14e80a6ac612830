//===- dequantize.h - the numbers behind ggml's blocks ----------*- C++ -*-===//
//
// The reference meaning of the tensor types that Ingot imports: one row of
// stored bytes to floats. The weight packer and the tests use it; it is plain
// on purpose.
//
// Sources, in llama.cpp: ggml/src/ggml-common.h (the `block_…` structures) and
// ggml/src/ggml-quants.c (`dequantize_row_…`). All numbers are little-endian,
// d and m are half-precision floats, a block has 32 elements x[0] to x[31]:
//
//   type  bytes of a block              element
//   Q4_0  d, q[16]                      x[i] = d (nibble(i) - 8)
//   Q4_1  d, m, q[16]                   x[i] = d nibble(i) + m
//   Q5_0  d, h[4], q[16]                x[i] = d (nibble(i) + 16 bit(i) - 16)
//   Q5_1  d, m, h[4], q[16]             x[i] = d (nibble(i) + 16 bit(i)) + m
//   Q8_0  d, q[32]                      x[i] = d q[i], q signed
//
// nibble(i) is the low half of q[i] for i < 16 and the high half of q[i - 16]
// otherwise; bit(i) is bit i of the 32-bit word h. Products and sums round
// separately, to float.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_DEQUANTIZE_H
#define INGOT_COMPILER_IMPORT_DEQUANTIZE_H

#include "compiler/import/gguf/types.h"

#include <cstddef>
#include <cstdint>

namespace ingot::gguf {

/// The value of a half-precision float given by its bits; exact.
float halfToFloat(uint16_t bits);

/// Decodes `elements` numbers, a whole number of blocks of `type`, from `row`,
/// which needs no alignment. `type` is one that Ingot imports.
void decodeRow(Type type, const uint8_t *row, size_t elements, float *out);

} // namespace ingot::gguf

#endif // INGOT_COMPILER_IMPORT_DEQUANTIZE_H
