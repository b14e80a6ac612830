//===- Driver.h - from a model to an executable ------------------*- C++
//-*-===//
//
// Runs the ladder: reads a model or a dump, takes it through the phases, writes
// what was asked for. Every failure is one line on standard error, and leaves
// no partial output.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_DRIVER_H
#define INGOT_COMPILER_DRIVER_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace ingot::compiler {

/// The whole of ingotc. Returns the exit status: 0, 1 for a model that cannot
/// be compiled or written, 2 for a wrong use.
int runCompiler(int argc, const char *const *argv);

/// The last phase: writes the executable (and, with external weights, their
/// file) of `module`, which is at the phase codegen, under temporary names and
/// renames them. Options stand in the module; `nvcc` compiles what it has of
/// CUDA C++. Errors are one line, "FILE: what, why"; diagnostics may be emitted
/// instead of a message.
llvm::Error linkModule(mlir::ModuleOp module, llvm::StringRef outputPath, llvm::StringRef nvcc);

} // namespace ingot::compiler

#endif // INGOT_COMPILER_DRIVER_H
