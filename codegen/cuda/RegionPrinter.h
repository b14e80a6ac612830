//===- RegionPrinter.h - scalar regions as C++ ------------------*- C++ -*-===//

#ifndef INGOT_CODEGEN_CUDA_REGIONPRINTER_H
#define INGOT_CODEGEN_CUDA_REGIONPRINTER_H

#include "mlir/IR/Region.h"

#include <string>

namespace ingot::cuda {

/// A region for one thread.
struct RegionText {
  std::string statements;                 ///< declarations, a line each
  llvm::SmallVector<std::string> results; ///< what the region yields, as expressions
};

/// Prints a region of scalar `arith` and `math` whose arguments are the expressions `arguments`. Emits an error at an
/// operation that has no C++.
mlir::FailureOr<RegionText> printRegion(mlir::Region &region, llvm::ArrayRef<std::string> arguments);

} // namespace ingot::cuda

#endif // INGOT_CODEGEN_CUDA_REGIONPRINTER_H
