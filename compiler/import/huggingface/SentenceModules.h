//===- SentenceModules.h - what stands behind a sentence encoder -*- C++ -*-===//
//
// Directories of sentence-transformers say in modules.json what becomes of an encoder's
// hidden states: how those of a text are pooled, and whether the vector is normalised.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_HUGGINGFACE_SENTENCEMODULES_H
#define INGOT_COMPILER_IMPORT_HUGGINGFACE_SENTENCEMODULES_H

#include "compiler/import/Transformer.h"

namespace ingot::huggingface {

struct SentenceModules {
  /// Nothing where the directory does not say.
  std::optional<compiler::Pooling> pooling;
  bool normalizes = false;
  /// Most tokens of a text, where the directory says so.
  std::optional<int64_t> positions;
};

/// What modules.json and the files that it names say; nothing of a directory without one. An error, which names the
/// file, where they ask for something else.
llvm::Expected<SentenceModules> readSentenceModules(llvm::StringRef directory);

} // namespace ingot::huggingface

#endif // INGOT_COMPILER_IMPORT_HUGGINGFACE_SENTENCEMODULES_H
