//===- quantize_row.h - weights rounded to a block format -------*- C++ -*-===//
//
// Numbers to the blocks of a file, which hold the same numbers as those of ggml's
// `quantize_row_…_ref` (ggml-quants.c of ggml-org/llama.cpp), which llama-quantize
// writes without an importance matrix.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_WEIGHTS_QUANTIZE_ROW_H
#define INGOT_CODEGEN_WEIGHTS_QUANTIZE_ROW_H

#include "dialects/Encoding/Formats.h"

#include "llvm/ADT/ArrayRef.h"

namespace ingot::weights {

/// Writes `values`, whole blocks of `format` (see encoding::canQuantize), to `row`. Returns false where a value is not
/// finite or a block's scale exceeds f16; the row is of no use then.
[[nodiscard]] bool quantizeRow(const encoding::WeightFormat &format, llvm::ArrayRef<float> values, uint8_t *row);

} // namespace ingot::weights

#endif // INGOT_CODEGEN_WEIGHTS_QUANTIZE_ROW_H
