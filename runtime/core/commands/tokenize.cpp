//===- tokenize.cpp - text to token numbers -------------------------------===//

#include "runtime/core/commands/commands.h"
#include "runtime/core/options.h"
#include "runtime/core/process.h"

namespace ingot::runtime {

int runTokenize(const IngotDescriptor &descriptor, Arguments arguments) {
  std::optional<std::string> text;
  std::optional<std::string> file;
  bool noSpecial = false;
  bool noBegin = false;
  bool noParse = false;
  bool asList = false;
  bool pieces = false;
  Options options("tokenize [TEXT | -f FILE] [options]", "Prints the tokens of a text on one line; the text comes "
                                                         "from standard input if it is not given.");
  options.positional("text", text);
  options.text({"-p", "--prompt"}, "TEXT", "the text", text);
  options.text({"-f", "--file"}, "FILE", "read all of a file, its last newline too", file);
  options.flag({"--no-bos"}, "add no begin- and end-of-sequence tokens", noBegin);
  options.flag({"--no-parse-special"}, "take the names of control tokens as ordinary text", noParse);
  options.flag({"--no-special"}, "both of these", noSpecial);
  options.flag({"--ids"}, "print a list: [1, 2, 3]", asList);
  options.flag({"--pieces"}, "print each token with its text on a line", pieces);
  options.parse(arguments);

  text::Tokenizer tokenizer = openTokenizer(descriptor);
  // Every byte of a file counts here: this command is used to compare.
  std::string input = file && !text ? readText(*file) : readPrompt(text, file);
  std::vector<int32_t> tokens = tokenizer.encode(input, !(noSpecial || noBegin), !(noSpecial || noParse));

  std::string line;
  for (int32_t token : tokens) {
    if (pieces) {
      line += std::to_string(token) + "\t";
      line += tokenizer.piece(token, /*renderSpecial=*/true);
      line += '\n';
      continue;
    }
    if (!line.empty())
      line += asList ? ", " : " ";
    line += std::to_string(token);
  }
  if (asList)
    line = "[" + line + "]";
  if (!pieces)
    line += '\n';
  writeOutput(line.data(), line.size());
  return 0;
}

} // namespace ingot::runtime
