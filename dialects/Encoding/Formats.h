//===- Formats.h - one description per weight format ------------*- C++ -*-===//
//
// What a weight format stores, bit by bit: in the blocks of a file, and in the panels
// that kernels read. Everything that touches weights (sizes, packing, the numbers
// behind a row, seeded rows, kernels) follows this one table.
//
// Sources: ggml-common.h (`block_q4_0` and its neighbours) and ggml-quants.c
// (`dequantize_row_…`) of ggml-org/llama.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_ENCODING_FORMATS_H
#define INGOT_DIALECTS_ENCODING_FORMATS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>

namespace ingot::encoding {

/// Rows that a panel of packed weights interleaves, and lanes of the kernels' vectors.
constexpr int64_t panelRows = 16;

/// Columns of one group of the quantised activations, and of the smallest block of every quantised weight format.
constexpr int64_t groupColumns = 32;

/// `value` rounded up to whole panels.
constexpr int64_t paddedToPanels(int64_t value) { return (value + panelRows - 1) / panelRows * panelRows; }

/// Elements of weights: integer codes under a scale, or floating-point numbers.
enum class ElementKind : uint8_t { Codes, F32, F16, BF16 };

/// Some bits of the codes of a block. Each byte holds the bits of 8 / bits columns that are `run` columns apart: the
/// bits of column c stand in byte offset + c / (run · 8 / bits) · run + c % run, from bit (c / run % (8 / bits)) · bits
/// on.
struct BitPlane {
  int64_t bits = 0;   ///< of a code: 1, 2, 4 or 8; 0: there is no such plane
  int64_t offset = 0; ///< first byte in the block
  int64_t run = 1;    ///< 1, or a multiple of 4
};

/// How a block with several scales stores them: as integers, times the block's d (minima: times its second number).
enum class SubScales : uint8_t {
  None,
  Nibbles,       ///< a byte for each scale: scale in the low half, minimum in the high half (Q2_K)
  SixBits,       ///< 8 scales and 8 minima in 12 bytes, as `get_scale_min_k4` reads them (Q4_K, Q5_K)
  SignedSixBits, ///< 16 scales less 32 in 12 bytes (Q3_K)
  SignedBytes,   ///< (Q6_K)
};

/// One format. A value is scale · (code - zeroPoint) [+ minimum], where scale = d or d · sub-scale, and
/// minimum = m or -m · sub-minimum; d and m are f16. A code is its low plane plus the high one above it.
struct WeightFormat {
  ElementKind element = ElementKind::Codes;
  /// Columns and bytes of a block of a file; 1 column for plain formats.
  int64_t blockColumns = groupColumns, blockBytes = 0;
  /// First byte of d and of m in the block; no m: -1.
  int64_t scaleOffset = 0, minimumOffset = -1;
  BitPlane low = {}, high = {};
  int64_t zeroPoint = 0;
  /// The file holds code - zeroPoint as a signed byte.
  bool signedBytes = false;
  SubScales subScales = SubScales::None;
  int64_t subScaleOffset = 0;
  /// Columns that share a scale: a multiple of groupColumns, or 16.
  int64_t scaleColumns = groupColumns;

  bool isQuantized() const { return element == ElementKind::Codes; }
  bool hasMinimum() const { return minimumOffset >= 0; }
  int64_t getCodeBits() const { return low.bits + high.bits; }
  int64_t getLargestCode() const { return (int64_t(1) << getCodeBits()) - 1; }
  int64_t getScales() const { return blockColumns / scaleColumns; }
  /// Columns of the activation that are summed up for one zero point or minimum.
  int64_t getSumColumns() const { return scaleColumns < groupColumns ? scaleColumns : groupColumns; }
  /// Bytes of `columns` columns in a file.
  uint64_t getRowBytes(int64_t columns) const {
    return static_cast<uint64_t>(columns / blockColumns) * static_cast<uint64_t>(blockBytes);
  }
};

struct NamedFormat {
  llvm::StringLiteral name;
  WeightFormat format;
};

/// The types of GGUF files that Ingot knows, by their names in `encoding.ggml`.
llvm::ArrayRef<NamedFormat> getGgmlFormats();

/// The format of that name, in upper or lower case; null where there is none.
const WeightFormat *findGgmlFormat(llvm::StringRef name);

/// Whether numbers can be rounded to the format (weights::quantizeRow): one scale, or 6-bit scales and minima.
bool canQuantize(const WeightFormat &format);
/// The names of those, for messages.
std::string listQuantizableFormats();

/// Ingot's own 4-bit format: {f16 d, group / 2 bytes} per `group` columns (32, 64 or 128); the low nibble of byte j is
/// the code of column j, the high nibble that of column j + group / 2. With group 32 this is Q4_0.
WeightFormat describeI4(int64_t group);

/// Where the numbers of a format stand in a panel: 16 rows of a weight matrix, side by side, in one ascending pass.
/// `r` is the row in its panel, 0 … 15; numbers are little-endian.
///
/// Plain formats: for each column 16 elements, rows 0 … 15. Others: for each block of the file's columns
///
///   d           16 x f16
///   m           16 x f16, where the format has minima
///   sub-scales  for each scale of the block, where it has several: 16 x i8, then 16 x i8 sub-minima where the format
///   has
///               minima; both in one byte, scale in the low half, where they have 4 bits. Then zeros up to 64 bytes.
///   codes       for each 32 columns the lines of the high plane, then those of the low one. A line of 64 bytes holds a
///               32-bit word for each row; a plane of b bits has b lines. Columns 4 i … 4 i + 3 are in the bytes of
///               line i / (8 / b), in each byte from bit i % (8 / b) · b on.
struct PanelLayout {
  explicit PanelLayout(const WeightFormat &format);

  int64_t elementBytes = 0; ///< of plain formats
  int64_t minimumOffset = 0, subScaleOffset = 0;
  int64_t subScaleBytes = 0; ///< of one scale: 16 or 32
  int64_t codesOffset = 0;   ///< in the block
  int64_t groupBytes = 0;    ///< of the codes of 32 columns
  int64_t lowOffset = 0;     ///< of the low plane in a group
  int64_t blockBytes = 0;    ///< of 16 rows of one block, or of one column of a plain format
};

/// Bytes of one panel of `columns` columns, a multiple of the format's block.
uint64_t getPanelBytes(const WeightFormat &format, int64_t columns);

} // namespace ingot::encoding

#endif // INGOT_DIALECTS_ENCODING_FORMATS_H
