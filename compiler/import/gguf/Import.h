//===- Import.h - from a GGUF file to the import phase -----------*- C++
//-*-===//
//
// Turns a GGUF model into a module that says what the file says, op by op:
// parameters by reference, the graph of its architecture, the file whose
// tokenizer it has.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_GGUF_IMPORT_H
#define INGOT_COMPILER_IMPORT_GGUF_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

#include <optional>

namespace ingot::gguf {

/// Imports the model at `path`. `context` positions, at most as many as the
/// model has; by default the model's, up to `compiler::defaultContext`. A file without
/// tensors gives a module without `@forward`. Errors are one line: "FILE: what
/// was expected, what was found, what is supported".
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> importModel(mlir::MLIRContext &context, llvm::StringRef path,
                                                              std::optional<int64_t> positions);

} // namespace ingot::gguf

#endif // INGOT_COMPILER_IMPORT_GGUF_IMPORT_H
