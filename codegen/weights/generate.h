//===- generate.h - parameters without a file -------------------*- C++ -*-===//
//
// Splats and seeded random numbers: how shapes are tried without their weights. A row
// is a function of (seed, row, column) alone, the same on every device and in every shard.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_WEIGHTS_GENERATE_H
#define INGOT_CODEGEN_WEIGHTS_GENERATE_H

#include "dialects/Encoding/Formats.h"

#include <cstdint>

namespace ingot::weights {

/// Writes one source row of `format` in which every element is `value` (rounded to the scale's f16 in block formats).
void generateSplatRow(const encoding::WeightFormat &format, int64_t columns, float value, uint8_t *row);

/// Writes row `rowIndex` of a matrix of uniform numbers in [-scale, scale]. Block formats get random codes under one
/// scale; sub-scales are 1. Bits come from SplitMix64 (Steele, Lea, Flood, 2014) of the seed and the element's index.
void generateRandomRow(const encoding::WeightFormat &format, int64_t columns, uint64_t seed, float scale,
                       int64_t rowIndex, uint8_t *row);

} // namespace ingot::weights

#endif // INGOT_CODEGEN_WEIGHTS_GENERATE_H
