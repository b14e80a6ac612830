//===- Kernels.h - one code generator per kernel operation ------*- C++ -*-===//
//
// Each writes the body of one function: the operation's arithmetic for the grains
// [begin, end) of its partition. A grain's bits depend on nothing but the step.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_CPU_KERNELS_H
#define INGOT_CODEGEN_CPU_KERNELS_H

#include "codegen/cpu/Emitter.h"
#include "dialects/Kernel/Kernel.h"
#include "dialects/Schedule/Schedule.h"

namespace ingot::codegen {

/// The arguments of the function that is being written.
struct KernelArguments {
  mlir::Value step;                       ///< IngotStep *
  mlir::Value rows;                       ///< i64: rows of this launch (of the step, or wanted ones)
  mlir::Value begin;                      ///< i64: first grain
  mlir::Value end;                        ///< i64: past the last grain
  llvm::SmallVector<mlir::Value> inputs;  ///< a pointer per tensor operand, in order
  llvm::SmallVector<mlir::Value> states;  ///< keys and values of each cache operand
  llvm::SmallVector<mlir::Value> outputs; ///< a pointer per tensor result
};

/// Pages of a cache group, as kernels address them.
struct CacheGeometry {
  int64_t pageRows;  ///< positions in a page
  int64_t pages;     ///< physical pages
  int64_t ringPages; ///< pages of a sequence's ring; 0: it has all pages of its context
  int64_t group;     ///< the group's place among the page tables of a step
};

void emitEmbedding(Emitter &emit, kernel::EmbeddingOp op, const KernelArguments &arguments);
void emitWantedRows(Emitter &emit, kernel::WantedRowsOp op, const KernelArguments &arguments);
void emitSequenceMean(Emitter &emit, kernel::SequenceMeanOp op, const KernelArguments &arguments);
void emitSoftmax(Emitter &emit, kernel::SoftmaxOp op, const KernelArguments &arguments);
void emitRopeTable(Emitter &emit, kernel::RopeTableOp op, const KernelArguments &arguments);
void emitNormQuantize(Emitter &emit, kernel::NormQuantizeOp op, const KernelArguments &arguments);
void emitGeneric(Emitter &emit, kernel::GenericOp op, const KernelArguments &arguments);
void emitPairHeads(Emitter &emit, kernel::PairHeadsOp op, const KernelArguments &arguments);
void emitAppend(Emitter &emit, kernel::AppendOp op, const KernelArguments &arguments, CacheGeometry geometry);
void emitMatmul(Emitter &emit, kernel::MatmulOp op, const KernelArguments &arguments, kernel::RowRangeAttr rows);
void emitGatedMatmul(Emitter &emit, kernel::GatedMatmulOp op, const KernelArguments &arguments,
                     kernel::RowRangeAttr rows);
void emitChooseExperts(Emitter &emit, kernel::ChooseExpertsOp op, const KernelArguments &arguments);
void emitGroupRows(Emitter &emit, kernel::GroupRowsOp op, const KernelArguments &arguments);
void emitExpertGatedMatmul(Emitter &emit, kernel::ExpertGatedMatmulOp op, const KernelArguments &arguments,
                           kernel::RowRangeAttr rows);
void emitExpertSum(Emitter &emit, kernel::ExpertSumOp op, const KernelArguments &arguments, kernel::RowRangeAttr rows);
void emitQkvRopeAppend(Emitter &emit, kernel::QkvRopeAppendOp op, const KernelArguments &arguments,
                       kernel::RowRangeAttr rows, CacheGeometry geometry);
void emitAttention(Emitter &emit, kernel::AttentionOp op, const KernelArguments &arguments, kernel::RowRangeAttr rows,
                   CacheGeometry geometry);
void emitAttentionPartial(Emitter &emit, kernel::AttentionPartialOp op, const KernelArguments &arguments,
                          CacheGeometry geometry);
void emitAttentionMerge(Emitter &emit, kernel::AttentionMergeOp op, const KernelArguments &arguments);

//===----------------------------------------------------------------------===//
// Shared by several kernels
//===----------------------------------------------------------------------===//

/// The fields of IngotStep.
mlir::Value loadPosition(Emitter &emit, mlir::Value step, mlir::Value row);
mlir::Value loadToken(Emitter &emit, mlir::Value step, mlir::Value row);
mlir::Value loadRowSequence(Emitter &emit, mlir::Value step, mlir::Value row);
mlir::Value loadWantedRow(Emitter &emit, mlir::Value step, mlir::Value index);
/// The last row, of the step's `rows`, of the sequence that `row` belongs to: its rows are neighbours.
mlir::Value findLastRow(Emitter &emit, model::StepType type, mlir::Value step, mlir::Value rows, mlir::Value row);
/// The first chunk of `chunk` keys that a row at `position` sees, of all positions up to its own or, unless it is 0, of
/// the last `window` of them.
mlir::Value firstVisibleChunk(Emitter &emit, mlir::Value position, int64_t chunk, int64_t window);
/// The first position that such a row sees.
mlir::Value firstVisible(Emitter &emit, mlir::Value position, int64_t window);
/// Chunks that it sees.
mlir::Value countVisibleChunks(Emitter &emit, mlir::Value position, int64_t chunk, int64_t window);
/// Grains of a launch on `rows` rows (i64) of the step: none where there are no rows.
mlir::Value countGrains(Emitter &emit, schedule::PartitionAttr partition, mlir::Value step, mlir::Value rows);

/// Inlines a region of scalar arithmetic at 16 lanes; returns what it yields.
llvm::SmallVector<mlir::Value> inlineRegion(Emitter &emit, mlir::Region &region, mlir::ValueRange arguments);
/// The values of an elementwise region's operands at (row, column .. column + 15), then row and column.
llvm::SmallVector<mlir::Value> loadRegionOperands(Emitter &emit, mlir::ValueRange operands, mlir::ValueRange pointers,
                                                  mlir::Value row, mlir::Value column);

/// The largest magnitude of 32 values (two vectors of 16), from which the scale of their 8-bit codes follows.
mlir::Value largestMagnitude(Emitter &emit, mlir::Value first, mlir::Value second);
/// numerator / denominator of scalars, 0 where the denominator is 0.
mlir::Value divideOrZero(Emitter &emit, double numerator, mlir::Value denominator);
/// Rounds 32 values (two vectors of 16) into group `group` of the 8-bit row of type `type` that starts at `row`.
void storeQuantizedGroup(Emitter &emit, mlir::Value first, mlir::Value second, mlir::Value row, mlir::Value group,
                         mlir::RankedTensorType type);

/// Where a cache keeps the keys and values of one head and position, and how it rounds them.
///
/// Each head has all of its pages in a row, keys and values apart: what a decode step reads of a long sequence are few
/// long streams.
///
/// Plain elements: keys of a page stand in blocks of 16 positions, [dimension][16 positions] each; values as
/// [position][dimension].
///
/// bf16: two to a 32-bit lane, as they are multiplied. Keys are [dimension / 2][16 positions][2 dimensions], values
/// [position / 2][dimension][2 positions].
///
/// 8-bit codes: the dimensions of a rotated head are taken in the order of its groups, a group being 16 first members
/// of pairs and their 16 second ones. Keys of a page stand in blocks of 16 positions: [dimension / 4][16 positions][4]
/// codes, each + 128 (the unsigned operand of a dot product), then [group][16 positions] f16 scales. Values of a page
/// are [position][dimension] signed codes, then [group of 32 columns][position] f16 scales.
class CacheLayout {
public:
  CacheLayout(model::KeyValueType type, CacheGeometry geometry);
  int64_t getKeyDimension() const { return keyDimension; }
  int64_t getValueDimension() const { return valueDimension; }
  mlir::Type getElement() const { return element; }
  int64_t getElementBytes() const { return elementBytes; }
  int64_t getPageRows() const { return geometry.pageRows; }
  /// The physical page (i64) that holds page `page` of the sequence of `row`. With at most one sequence in a step the
  /// page table is the identity, and is not read.
  mlir::Value loadPage(Emitter &emit, model::StepType type, mlir::Value step, mlir::Value row, mlir::Value page) const;
  bool isQuantized() const { return element.isInteger(8); }
  bool isPaired() const { return element.isBF16(); }
  int64_t getKeyGroups() const { return keyDimension / encoding::groupColumns; }
  /// Keys of a head and page, and the bytes of a block of 16 of them.
  mlir::Value keys(Emitter &emit, mlir::Value base, mlir::Value page, mlir::Value head) const;
  int64_t getKeyBlockBytes() const;
  /// Values of a head and page, and the bytes of a position; the two of a pair share those of both.
  mlir::Value values(Emitter &emit, mlir::Value base, mlir::Value page, mlir::Value head) const;
  int64_t getValueRowBytes() const { return valueDimension * elementBytes; }
  /// Of plain elements and pairs, where the element of column `column` at a position stands; the next one, so many
  /// bytes on.
  mlir::Value valueAddress(Emitter &emit, mlir::Value valuesOfHead, mlir::Value positionInPage,
                           mlir::Value column) const;
  int64_t getValueStride() const { return elementBytes * (isPaired() ? 2 : 1); }
  /// Of 8-bit codes, the scales of a block's keys, and of 16 values from `position` of their page on.
  mlir::Value loadKeyScales(Emitter &emit, mlir::Value keyBlock, mlir::Value group) const;
  mlir::Value loadValueScales(Emitter &emit, mlir::Value valuesOfHead, int64_t group, mlir::Value position) const;
  /// Stores 32 elements of a key: the first members of the pairs 16 · pairs .. 16 · pairs + 15, and the second ones.
  void storeKey(Emitter &emit, mlir::Value keysOfHead, mlir::Value positionInPage, mlir::Value pairs, mlir::Value first,
                mlir::Value second) const;
  /// Stores the columns of a value from 16 · panel on, 16 in each vector; codes take two at a time.
  void storeValue(Emitter &emit, mlir::Value valuesOfHead, mlir::Value positionInPage, mlir::Value panel,
                  mlir::ValueRange columns) const;

private:
  mlir::Type element;
  int64_t keyDimension, valueDimension, elementBytes;
  CacheGeometry geometry;
};

} // namespace ingot::codegen

#endif // INGOT_CODEGEN_CPU_KERNELS_H
