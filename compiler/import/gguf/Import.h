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

#include "compiler/import/Transformer.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

namespace ingot::gguf {

/// Imports the model at `path` as the user asked for it. A file without tensors gives a module without `@forward`.
/// Errors are one line: "FILE: what was expected, what was found, what is supported".
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> importModel(mlir::MLIRContext &context, llvm::StringRef path,
                                                              const compiler::Request &request);

} // namespace ingot::gguf

#endif // INGOT_COMPILER_IMPORT_GGUF_IMPORT_H
