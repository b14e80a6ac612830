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
  int64_t pageRows;
};

void emitEmbedding(Emitter &emit, kernel::EmbeddingOp op, const KernelArguments &arguments);
void emitWantedRows(Emitter &emit, kernel::WantedRowsOp op, const KernelArguments &arguments);
void emitRopeTable(Emitter &emit, kernel::RopeTableOp op, const KernelArguments &arguments);
void emitNormQuantize(Emitter &emit, kernel::NormQuantizeOp op, const KernelArguments &arguments);
void emitGeneric(Emitter &emit, kernel::GenericOp op, const KernelArguments &arguments);
void emitRope(Emitter &emit, kernel::RopeOp op, const KernelArguments &arguments);
void emitAppend(Emitter &emit, kernel::AppendOp op, const KernelArguments &arguments, CacheGeometry geometry);
void emitMatmul(Emitter &emit, kernel::MatmulOp op, const KernelArguments &arguments, kernel::RowRangeAttr rows);
void emitGatedMatmul(Emitter &emit, kernel::GatedMatmulOp op, const KernelArguments &arguments,
                     kernel::RowRangeAttr rows);
void emitQkvRopeAppend(Emitter &emit, kernel::QkvRopeAppendOp op, const KernelArguments &arguments,
                       kernel::RowRangeAttr rows, CacheGeometry geometry);
void emitAttention(Emitter &emit, kernel::AttentionOp op, const KernelArguments &arguments, kernel::RowRangeAttr rows,
                   CacheGeometry geometry);

//===----------------------------------------------------------------------===//
// Shared by several kernels
//===----------------------------------------------------------------------===//

/// The fields of IngotStep.
mlir::Value loadPosition(Emitter &emit, mlir::Value step, mlir::Value row);
mlir::Value loadToken(Emitter &emit, mlir::Value step, mlir::Value row);
mlir::Value loadWantedRow(Emitter &emit, mlir::Value step, mlir::Value index);
/// The physical page (i64) that holds page `page` of the sequence of `row`. With at most one sequence in a step the
/// page table is the identity, and is not read.
mlir::Value loadPage(Emitter &emit, model::StepType type, mlir::Value step, mlir::Value row, mlir::Value page);

/// Inlines a region of scalar arithmetic at 16 lanes; returns what it yields.
llvm::SmallVector<mlir::Value> inlineRegion(Emitter &emit, mlir::Region &region, mlir::ValueRange arguments);
/// The values of an elementwise region's operands at (row, column .. column + 15), then row and column.
llvm::SmallVector<mlir::Value> loadRegionOperands(Emitter &emit, mlir::ValueRange operands, mlir::ValueRange pointers,
                                                  mlir::Value row, mlir::Value column);

/// Rounds 32 values (two vectors of 16) into group `group` of the 8-bit row of type `type` that starts at `row`.
void storeQuantizedGroup(Emitter &emit, mlir::Value first, mlir::Value second, mlir::Value row, mlir::Value group,
                         mlir::RankedTensorType type);

/// Where a cache keeps the keys and values of one head and position.
class CacheLayout {
public:
  CacheLayout(model::KeyValueType type, CacheGeometry geometry);
  int64_t getKeyDimension() const { return keyDimension; }
  int64_t getValueDimension() const { return valueDimension; }
  mlir::Type getElement() const { return element; }
  int64_t getElementBytes() const { return elementBytes; }
  int64_t getPageRows() const { return pageRows; }
  /// Keys of a head and page: blocks of 16 positions, [dimension][16 positions] each.
  mlir::Value keys(Emitter &emit, mlir::Value base, mlir::Value page, mlir::Value head) const;
  int64_t getKeyBlockBytes() const { return keyDimension * lanes * elementBytes; }
  /// Values of a head and page: [position][dimension].
  mlir::Value values(Emitter &emit, mlir::Value base, mlir::Value page, mlir::Value head) const;
  int64_t getValueRowBytes() const { return valueDimension * elementBytes; }
  /// Stores 16 elements of a key, dimensions first .. first + 15, at `position` of its page.
  void storeKey(Emitter &emit, mlir::Value keysOfHead, mlir::Value positionInPage, mlir::Value firstDimension,
                mlir::Value values) const;

private:
  mlir::Type element;
  int64_t heads, keyDimension, valueDimension, elementBytes, pageRows;
};

} // namespace ingot::codegen

#endif // INGOT_CODEGEN_CPU_KERNELS_H
