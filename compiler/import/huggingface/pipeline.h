//===- pipeline.h - the components around a tokenizer's model ---*- C++ -*-===//
//
// Reads the normalizer, the pre-tokenizer, the post-processor and the decoder
// of a `tokenizer.json`. Source of what each means: tokenizers/src of Hugging
// Face `tokenizers` 0.22.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_HUGGINGFACE_PIPELINE_H
#define INGOT_COMPILER_IMPORT_HUGGINGFACE_PIPELINE_H

#include "compiler/import/huggingface/json.h"
#include "runtime/text/contents.h"

#include <vector>

namespace ingot::huggingface {

/// Appends the steps of a normalizer.
llvm::Error readNormalizer(const Node &normalizer, std::vector<text::Step> &steps);

/// Appends the steps of a pre-tokenizer.
llvm::Error readPreTokenizer(const Node &preTokenizer, std::vector<text::Step> &steps);

/// Sets what a post-processor adds at the ends of a text, `prefix` and
/// `suffix`.
llvm::Error readPostProcessor(const Node &postProcessor, text::TokenizerContents &contents);

/// Turns the spelling of each token, `pieces`, into what it adds to a text, and
/// sets the flags that say what is taken from the ends. No decoder: nothing.
llvm::Error readDecoder(std::optional<Node> decoder, text::TokenizerContents &contents);

/// `text` after the steps.
std::string applySteps(const std::vector<text::Step> &steps, llvm::StringRef text);

} // namespace ingot::huggingface

#endif // INGOT_COMPILER_IMPORT_HUGGINGFACE_PIPELINE_H
