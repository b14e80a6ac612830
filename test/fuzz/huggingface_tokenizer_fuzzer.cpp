//===- huggingface_tokenizer_fuzzer.cpp - tokenizer.json of any bytes -----===//
//
// A libFuzzer target: reads the input as a tokenizer.json, and as the other
// files behind `fileSeparator`, and checks that what can be read can be opened
// and used.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/huggingface/tokenizer.h"
#include "runtime/text/serialize.h"
#include "runtime/text/tokenizer.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace ingot;

static constexpr llvm::StringLiteral fileSeparator = "<NEXT FILE>";

static void require(bool condition, const char *what) {
  if (condition)
    return;
  llvm::errs() << "broken promise: " << what << "\n";
  std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef rest(reinterpret_cast<const char *>(data), size);
  huggingface::TokenizerFiles files;
  std::tie(files.tokenizer, rest) = rest.split(fileSeparator);
  for (std::optional<llvm::StringRef> *file :
       {&files.configuration, &files.specialTokens, &files.generation, &files.model, &files.chatTemplate}) {
    if (rest.empty())
      break;
    auto [first, others] = rest.split(fileSeparator);
    *file = first;
    rest = others;
  }
  llvm::Expected<text::TokenizerContents> contents = huggingface::parseTokenizer(files, "input");
  if (!contents) {
    std::string message = llvm::toString(contents.takeError());
    require(message.rfind("input/", 0) == 0, "an error begins with the file");
    require(message.size() < 2000, "an error is short");
    require(llvm::none_of(message, [](unsigned char c) { return c < 0x20 || c == 0x7f; }), "an error is one line");
    return 0;
  }
  std::string bytes = text::serialize(*contents);
  text::Tokenizer tokenizer;
  std::optional<std::string> wrong = tokenizer.open(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
  require(!wrong, "valid contents give a tokenizer");
  for (std::string_view sample : {"Hello, wörld!  ab 12\n", "<s>a</s> \xff\xe2\x96"}) {
    std::vector<int32_t> tokens = tokenizer.encode(sample, true, true);
    for (int32_t token : tokens)
      require(token >= 0 && token < tokenizer.vocabularySize(), "a token is in the vocabulary");
    tokenizer.decode(tokens, true, false);
  }
  return 0;
}
