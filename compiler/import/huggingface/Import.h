//===- Import.h - from a Hugging Face directory to the import phase -*- C++ -*-===//
//
// Turns a directory as transformers' `save_pretrained` writes it into a module that says
// what its files say: parameters by reference into the safetensors files, the graph of the
// family that `model_type` names, the file of the tokenizer.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_HUGGINGFACE_IMPORT_H
#define INGOT_COMPILER_IMPORT_HUGGINGFACE_IMPORT_H

#include "compiler/import/Transformer.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

namespace ingot::huggingface {

/// Imports the model in `directory`: config.json, and model.safetensors or the files that model.safetensors.index.json
/// names, as the user asked for it. Of a sentence-transformers directory (modules.json) the pooling, too. Errors are
/// one line: "FILE: what was expected, what was found, what is supported".
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> importModel(mlir::MLIRContext &context, llvm::StringRef directory,
                                                              const compiler::Request &request);

} // namespace ingot::huggingface

#endif // INGOT_COMPILER_IMPORT_HUGGINGFACE_IMPORT_H
