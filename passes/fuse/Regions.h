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

/// A product without any epilogue: the region yields its accumulator.
MatmulOp createMatmul(mlir::OpBuilder &builder, mlir::Location location, mlir::Type result, mlir::Value input,
                      mlir::Value weight);

/// Whether `matmul` has no epilogue.
bool isPlainProduct(MatmulOp matmul);

/// Whether `op` only rounds its input.
bool isPureQuantize(mlir::Operation *op);

/// Copies the elementwise block `source` to where `builder` stands and returns
/// what it yields. `inputs` stand for its arguments but the last two, row and
/// column, which are those of the block that is copied to.
mlir::Value inlineElementwise(mlir::OpBuilder &builder, mlir::Block &source, mlir::ValueRange inputs);

} // namespace ingot::kernel

#endif // INGOT_PASSES_FUSE_REGIONS_H
