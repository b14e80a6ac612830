//===- Remarks.h - fusions taken and missed ---------------------*- C++ -*-===//
//
// Every fusion, taken or missed, leaves a remark of the category "fuse": this
// is how passes of the phase write one.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_PASSES_FUSE_REMARKS_H
#define INGOT_PASSES_FUSE_REMARKS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"

namespace ingot::kernel {

inline mlir::remark::RemarkOpts describeRemark(mlir::Operation *op, llvm::StringRef name) {
  auto function = llvm::dyn_cast<mlir::func::FuncOp>(op);
  if (!function)
    function = op->getParentOfType<mlir::func::FuncOp>();
  return mlir::remark::RemarkOpts::name(name).category("fuse").function(function ? function.getName()
                                                                                 : llvm::StringRef());
}

/// The fusion `name` was done at `op`; stream `remark::add(…)` into it.
inline mlir::remark::detail::InFlightRemark remarkFused(mlir::Operation *op, llvm::StringRef name) {
  return mlir::remark::passed(op->getLoc(), describeRemark(op, name));
}

/// The fusion `name` was possible in kind but not at `op`; stream
/// `remark::reason(…)` into it.
inline mlir::remark::detail::InFlightRemark remarkMissed(mlir::Operation *op, llvm::StringRef name) {
  return mlir::remark::missed(op->getLoc(), describeRemark(op, name));
}

} // namespace ingot::kernel

#endif // INGOT_PASSES_FUSE_REMARKS_H
