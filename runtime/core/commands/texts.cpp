//===- texts.cpp - the texts of commands that take several ----------------===//

#include "runtime/core/commands/commands.h"
#include "runtime/core/error.h"
#include "runtime/core/process.h"

#include <unistd.h>

namespace ingot::runtime {

void Texts::declareOptions(Options &command) {
  command.list({"-p", "--prompt"}, "TEXT", "a text; may be repeated", texts);
  command.text({"-f", "--file"}, "FILE", "a text in each line of a file (- is standard input)", file);
  command.list({"--tokens"}, "LIST", "a text as token numbers, separated by commas; may be repeated", tokens);
  command.flag({"--truncate"}, "cut texts that are longer than the context", truncate);
}

static std::vector<std::string> readLines(const std::string &file) {
  std::vector<std::string> lines;
  const std::string contents = readText(file);
  for (size_t begin = 0; begin < contents.size();) {
    const size_t end = std::min(contents.find('\n', begin), contents.size());
    std::string line = contents.substr(begin, end - begin);
    if (line.ends_with('\r'))
      line.pop_back();
    lines.push_back(std::move(line));
    begin = end + 1;
  }
  return lines;
}

std::vector<std::vector<int32_t>> Texts::read(const IngotDescriptor &descriptor, uint32_t most) const {
  std::vector<std::vector<int32_t>> result;
  for (const std::string &list : tokens) {
    auto parsed = parseTokens(list);
    if (!parsed)
      failUsage("--tokens: '%s' is no list of token numbers like 1,2,3", list.c_str());
    result.push_back(std::move(*parsed));
    if (truncate && result.back().size() > most)
      result.back().resize(most);
  }
  std::vector<std::string> all = texts;
  const bool isFromInput = !file && tokens.empty() && texts.empty();
  if (isFromInput && isatty(STDIN_FILENO))
    failUsage("no text: give some with -p, with -f FILE, or on standard input; see --help");
  if (file || isFromInput)
    for (std::string &line : readLines(file.value_or("-")))
      all.push_back(std::move(line));
  if (all.empty() && result.empty())
    failUsage("%s: holds no line", file.value_or("standard input").c_str());
  if (all.empty())
    return result;
  const text::Tokenizer tokenizer = openTokenizer(descriptor);
  const std::vector<int32_t> empty = tokenizer.encode("", /*addSpecial=*/true, /*parseSpecial=*/true);
  for (const std::string &text : all) {
    std::vector<int32_t> &encoded =
        result.emplace_back(tokenizer.encode(text, /*addSpecial=*/true, /*parseSpecial=*/true));
    if (!truncate || encoded.size() <= most)
      continue;
    // What ends every text is what an empty one ends with.
    size_t ending = 0;
    while (ending < empty.size() && ending + 1 < most &&
           encoded[encoded.size() - 1 - ending] == empty[empty.size() - 1 - ending] && ending + 1 < empty.size())
      ++ending;
    encoded.erase(encoded.begin() + (most - ending), encoded.end() - ending);
  }
  return result;
}

} // namespace ingot::runtime
