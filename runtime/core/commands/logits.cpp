//===- logits.cpp - logits after every token, to a file -------------------===//

#include "runtime/core/commands/commands.h"
#include "runtime/core/error.h"
#include "runtime/core/numpy.h"
#include "runtime/core/options.h"
#include "runtime/core/process.h"
#include "runtime/core/sequence.h"

namespace ingot::runtime {

int runLogits(const IngotDescriptor &descriptor, Arguments arguments) {
  std::optional<std::string> list;
  std::optional<std::string> file;
  std::optional<std::string> path;
  int64_t chunk = 0;
  std::unique_ptr<Machine> machine = makeMachine();
  Options options("logits --tokens 1,2,3 -o FILE.npy [options]", "Writes the logits after each token, float32 [tokens, "
                                                                 "vocabulary].");
  options.text({"--tokens"}, "LIST", "token numbers, separated by commas", list);
  options.text({"--tokens-file"}, "FILE", "the same from a file", file);
  options.text({"-o", "--output"}, "FILE", "the file to write", path);
  options.integer({"--chunk"},
                  "rows of a step, 1 is token by token (default: as many as "
                  "give logits in one step)",
                  1, INT32_MAX, chunk);
  machine->declareOptions(options);
  options.parse(arguments);

  if (list && file)
    failUsage("both --tokens and --tokens-file are given; use one of them");
  if (!list && !file)
    failUsage("no tokens: give --tokens or --tokens-file");
  if (!path)
    failUsage("no output: give -o FILE.npy");
  auto tokens = parseTokens(list ? *list : readText(*file));
  if (!tokens || tokens->empty())
    failUsage("%s: no list of token numbers like 1,2,3", list ? "--tokens" : file->c_str());

  Model model(descriptor, *machine);
  Sequence sequence(model);
  sequence.check(*tokens);
  FloatWriter writer(*path, tokens->size(), descriptor.vocabulary);
  sequence.appendAll(*tokens, static_cast<uint32_t>(chunk),
                     [&](size_t, const float *logits) { writer.append(logits); });
  writer.finish();
  return 0;
}

} // namespace ingot::runtime
