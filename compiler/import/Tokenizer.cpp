//===- Tokenizer.cpp - the tokenizer that a model names -------------------===//

#include "compiler/import/Tokenizer.h"

#include "compiler/import/gguf/tokenizer.h"
#include "compiler/import/huggingface/tokenizer.h"

#include "llvm/Support/FileSystem.h"

using namespace llvm;

namespace ingot::compiler {

bool isHuggingFaceTokenizer(StringRef path) { return path.ends_with(".json") || sys::fs::is_directory(path); }

Expected<std::optional<text::TokenizerContents>> readTokenizer(StringRef path) {
  if (isHuggingFaceTokenizer(path)) {
    Expected<text::TokenizerContents> contents = huggingface::readTokenizer(path);
    if (!contents)
      return contents.takeError();
    return std::move(*contents);
  }
  Expected<gguf::File> file = gguf::File::open(path);
  if (!file)
    return file.takeError();
  Expected<std::optional<text::TokenizerDescription>> description = gguf::readTokenizer(*file);
  if (!description)
    return description.takeError();
  if (!*description)
    return std::nullopt;
  text::TokenizerContents contents;
  if (std::optional<std::string> wrong = text::makeContents(**description, contents))
    return file->error(*wrong);
  return contents;
}

} // namespace ingot::compiler
