//===- Tokenizer.h - the tokenizer that a model names -----------*- C++ -*-===//
//
// `model.text` names a file; what kind of file it is, is told here.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_TOKENIZER_H
#define INGOT_COMPILER_IMPORT_TOKENIZER_H

#include "runtime/text/contents.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <optional>

namespace ingot::compiler {

/// Whether `path` is a `tokenizer.json` (or any file of that ending) or a
/// folder with one, not a GGUF file.
bool isHuggingFaceTokenizer(llvm::StringRef path);

/// The tokenizer in `path`, a GGUF file or a Hugging Face `tokenizer.json` with
/// the files beside it; nothing when a GGUF file has none. One error when it is
/// broken or needs something that is not supported.
llvm::Expected<std::optional<text::TokenizerContents>> readTokenizer(llvm::StringRef path);

} // namespace ingot::compiler

#endif // INGOT_COMPILER_IMPORT_TOKENIZER_H
