//===- Tune.h - tile shapes measured on this machine -------------*- C++ -*-===//
//
// For --tune: builds executables of the model that differ in their tile shapes,
// runs them in turn, and says which shapes were faster.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_TUNE_H
#define INGOT_COMPILER_TUNE_H

#include "codegen/cpu/TileChoices.h"

#include "llvm/Support/Error.h"

namespace ingot::compiler {

/// Whether code for `cpu`, as describeCpus takes it, can be measured here: one line that says why not.
llvm::Error checkTunable(llvm::StringRef cpu);

/// The shapes to compile `module`, at the phase plan, with: those of the table of its CPU, unless others are clearly
/// faster. A remark on `module` tells each choice. `generateCode` takes a copy through the phase codegen. Temporary
/// executables stand beside `output`, one for each of a few candidates with one copy of the weights for all.
llvm::Expected<codegen::TileChoices> tuneTiles(mlir::ModuleOp module, llvm::StringRef output,
                                               llvm::function_ref<llvm::Error(mlir::ModuleOp)> generateCode);

} // namespace ingot::compiler

#endif // INGOT_COMPILER_TUNE_H
