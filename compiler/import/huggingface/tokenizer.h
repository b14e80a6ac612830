//===- tokenizer.h - the tokenizer of a Hugging Face model ------*- C++ -*-===//
//
// Turns a `tokenizer.json` and what the files beside it say of special tokens
// and the chat template into the contents of the runtime's tokenizer.
//
// Format: what `tokenizers` 0.22 serializes
// (https://github.com/huggingface/tokenizers, tokenizers/src/tokenizer); what
// the other files change: PreTrainedTokenizerFast of `transformers` 4.57.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_HUGGINGFACE_TOKENIZER_H
#define INGOT_COMPILER_IMPORT_HUGGINGFACE_TOKENIZER_H

#include "runtime/text/contents.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <optional>

namespace ingot::huggingface {

/// The contents of the files of a tokenizer; only the first one must be there.
struct TokenizerFiles {
  llvm::StringRef tokenizer;                    ///< tokenizer.json
  std::optional<llvm::StringRef> configuration; ///< tokenizer_config.json
  std::optional<llvm::StringRef> specialTokens; ///< special_tokens_map.json
  std::optional<llvm::StringRef> generation;    ///< generation_config.json
  std::optional<llvm::StringRef> model;         ///< config.json
  std::optional<llvm::StringRef> chatTemplate;  ///< chat_template.jinja
};

/// The tokenizer that `files` describe; `folder` is where errors say that they
/// lie. One error when something is broken or not supported.
llvm::Expected<text::TokenizerContents> parseTokenizer(const TokenizerFiles &files, llvm::StringRef folder);

/// The tokenizer of a model; `path` is its folder or the `tokenizer.json` in it.
llvm::Expected<text::TokenizerContents> readTokenizer(llvm::StringRef path);

} // namespace ingot::huggingface

#endif // INGOT_COMPILER_IMPORT_HUGGINGFACE_TOKENIZER_H
