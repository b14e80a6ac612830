//===- Regions.h - scalar regions of kernels --------------------*- C++ -*-===//
//
// How fusions ask about elementwise regions and put one behind another.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_PASSES_FUSE_REGIONS_H
#define INGOT_PASSES_FUSE_REGIONS_H

#include "dialects/Kernel/Kernel.h"

#include "mlir/IR/Builders.h"

namespace ingot::kernel {

/// A product whose epilogue adds `bias`, a vector, or yields its accumulator where that is null.
MatmulOp createMatmul(mlir::OpBuilder &builder, mlir::Location location, mlir::Type result, mlir::Value input,
                      mlir::Value weight, mlir::Value bias = {});

/// Whether `matmul` has no epilogue.
bool isPlainProduct(MatmulOp matmul);

/// What the epilogue of `matmul` adds to the accumulator, where it does nothing else; otherwise null.
mlir::Value getOnlyAddend(MatmulOp matmul);

/// The same where that is a vector for all rows.
mlir::Value getOnlyBias(MatmulOp matmul);

/// Whether `op` only rounds its input.
bool isPureQuantize(mlir::Operation *op);

/// Copies the elementwise block `source` to where `builder` stands and returns
/// what it yields. `inputs` stand for its arguments but the last two, row and
/// column, which are those of the block that is copied to.
mlir::Value inlineElementwise(mlir::OpBuilder &builder, mlir::Block &source, mlir::ValueRange inputs);

} // namespace ingot::kernel

#endif // INGOT_PASSES_FUSE_REGIONS_H
