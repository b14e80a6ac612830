//===- tokenizer.h - the tokenizer inside a GGUF file -----------*- C++ -*-===//
//
// Turns the `tokenizer.*` metadata of a GGUF file into the description from
// which the runtime's tokenizer is made.
//
// Format: docs/gguf.md of the ggml repository, section "Tokenizer"; keys that
// this page lacks (`pre`, `fim_…`): src/llama-vocab.cpp of llama.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_GGUF_TOKENIZER_H
#define INGOT_COMPILER_IMPORT_GGUF_TOKENIZER_H

#include "compiler/import/gguf/reader.h"
#include "runtime/text/description.h"

#include <optional>

namespace ingot::gguf {

/// The tokenizer of `file`, validated; nothing when the file has none
/// (`tokenizer.ggml.model` absent together with `tokenizer.ggml.tokens`, or
/// "none"). One error when it is broken or of a kind that is not supported.
llvm::Expected<std::optional<text::TokenizerDescription>> readTokenizer(const File &file);

} // namespace ingot::gguf

#endif // INGOT_COMPILER_IMPORT_GGUF_TOKENIZER_H
