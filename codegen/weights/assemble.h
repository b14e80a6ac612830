//===- assemble.h - the bytes of the constant arena -------------*- C++ -*-===//
//
// Evaluates the recipes of a planned module, panel by panel, while the weights are
// written: no matrix is ever held in memory, and pages of the source files are given
// back as soon as they were read.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_WEIGHTS_ASSEMBLE_H
#define INGOT_CODEGEN_WEIGHTS_ASSEMBLE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <cstdint>

namespace ingot::weights {

/// Bytes of the module's arena of constants; 0 when it has none.
uint64_t constantBytes(mlir::ModuleOp module);

/// Writes the arena of constants front to back. `write` appends bytes, `skip` zeros. Fails when a parameter's file no
/// longer holds what the module says (file, key, type, shape).
llvm::Error writeConstants(mlir::ModuleOp module, llvm::function_ref<llvm::Error(llvm::ArrayRef<uint8_t>)> write,
                           llvm::function_ref<llvm::Error(uint64_t)> skip);

} // namespace ingot::weights

#endif // INGOT_CODEGEN_WEIGHTS_ASSEMBLE_H
