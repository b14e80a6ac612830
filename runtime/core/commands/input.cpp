//===- input.cpp - what several text commands begin with ------------------===//

#include "runtime/core/commands/commands.h"
#include "runtime/core/error.h"
#include "runtime/core/process.h"

#include <unistd.h>

namespace ingot::runtime {

text::Tokenizer openTokenizer(const IngotDescriptor &descriptor) {
  if (!descriptor.tokenizer.bytes)
    fail("this executable has no tokenizer, so it takes tokens and no text; "
         "use the commands logits, run and bench");
  text::Tokenizer tokenizer;
  auto error = tokenizer.open(descriptor.tokenizer.data, descriptor.tokenizer.bytes);
  if (error)
    fail("tokenizer: %s; compile the model again", error->c_str());
  return tokenizer;
}

std::string readPrompt(const std::optional<std::string> &text, const std::optional<std::string> &file) {
  if (text && file)
    failUsage("both a text and --file are given; use one of them");
  if (text)
    return *text;
  if (!file && isatty(STDIN_FILENO))
    failUsage("no text: give it with -p, with -f FILE, or on standard input; "
              "see --help");
  std::string contents = readText(file ? *file : "-");
  // Files end with a newline that is no part of the prompt (as in llama.cpp).
  if (contents.ends_with('\n'))
    contents.pop_back();
  return contents;
}

} // namespace ingot::runtime
