//===- Tables.h - programs as constant tables -------------------*- C++ -*-===//

#ifndef INGOT_CODEGEN_CUDA_TABLES_H
#define INGOT_CODEGEN_CUDA_TABLES_H

#include "dialects/Schedule/Schedule.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace ingot::cuda {

/// A `__global__` function as tables name it.
struct KernelEntry {
  kernel::FunctionOp function;
  std::string name;
  int64_t threads;
};

/// The tables of runtime/cuda/tables.h for the programs of `module`, whose launches call functions of `kernels`. Emits
/// an error where a program has no plan.
mlir::FailureOr<std::string> printTables(mlir::ModuleOp module, llvm::ArrayRef<KernelEntry> kernels);

} // namespace ingot::cuda

#endif // INGOT_CODEGEN_CUDA_TABLES_H
