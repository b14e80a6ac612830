//===- ObjectFile.h - from the llvm dialect to an object file ---*- C++ -*-===//

#ifndef INGOT_CODEGEN_HOST_OBJECTFILE_H
#define INGOT_CODEGEN_HOST_OBJECTFILE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

namespace ingot::codegen {

/// What is known only when linking, written into `ingot_descriptor`.
struct LinkTimeContents {
  /// The tokenizer blob (runtime/text/tokenizer.h); empty: none.
  std::string tokenizer;
  /// File name of external weights; empty: embedded.
  std::string externalWeights;
  /// Bytes by the symbol of the constant IngotBlob that is to hold them.
  llvm::SmallVector<std::pair<std::string, std::string>> blobs;
};

/// The object file of a module at the end of the codegen phase. Same module, same bytes.
llvm::Expected<llvm::SmallVector<char, 0>> emitObjectFile(mlir::ModuleOp module, const LinkTimeContents &contents);

/// The same as text: LLVM IR after optimisation, or assembly. For tests and for people.
enum class TextKind { LlvmIr, Assembly };
llvm::Expected<std::string> emitText(mlir::ModuleOp module, TextKind kind);

} // namespace ingot::codegen

#endif // INGOT_CODEGEN_HOST_OBJECTFILE_H
