//===- serialize_tool.cpp - the tokenizer of a model file as bytes --------===//
//
// Usage: ingot-serialize-tokenizer MODEL OUTPUT
// Writes what an executable of MODEL, a GGUF file or a tokenizer.json, holds of
// its tokenizer.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/Tokenizer.h"
#include "runtime/text/serialize.h"
#include "llvm/Support/raw_ostream.h"

using namespace ingot;

static int fail(const llvm::Twine &message) {
  llvm::errs() << "ingot-serialize-tokenizer: error: " << message << "\n";
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 3)
    return fail("expected MODEL OUTPUT");
  llvm::Expected<std::optional<text::TokenizerContents>> contents = compiler::readTokenizer(argv[1]);
  if (!contents)
    return fail(llvm::toString(contents.takeError()));
  if (!*contents)
    return fail(llvm::Twine(argv[1]) + " has no tokenizer");
  std::error_code code;
  llvm::raw_fd_ostream output(argv[2], code);
  if (code)
    return fail(llvm::Twine(argv[2]) + ": " + code.message());
  output << text::serialize(**contents);
  return 0;
}
