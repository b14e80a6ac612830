//===- Forward.h - the functions that compute a step ------------*- C++ -*-===//
//
// Where a pass finds the forward functions of a module, before and after they
// were cloned for row ranges.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_PASSES_FUSE_FORWARD_H
#define INGOT_PASSES_FUSE_FORWARD_H

#include "dialects/Kernel/Kernel.h"

#include "mlir/IR/BuiltinOps.h"

namespace ingot::kernel {

/// Attribute of a forward function that serves some numbers of rows only.
constexpr llvm::StringLiteral rowRangeName = "kernel.row_range";

/// The functions that compute a step, in module order: `@forward`, or its
/// clones for row ranges.
llvm::SmallVector<mlir::func::FuncOp> getForwardFunctions(mlir::ModuleOp module);

/// The type of the step that `function` computes, or null where it takes none.
model::StepType getStepType(mlir::func::FuncOp function);

/// The rows that `function` serves: its attribute, or all rows of its step
/// where it was not specialised. Null where it takes no step.
RowRangeAttr getRowRange(mlir::func::FuncOp function);

/// The ending of names that belong to a range: `.rows_1`, `.rows_2_to_8`.
std::string getRowRangeSuffix(RowRangeAttr range);

} // namespace ingot::kernel

#endif // INGOT_PASSES_FUSE_FORWARD_H
