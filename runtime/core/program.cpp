//===- program.cpp - choice of the command --------------------------------===//

#include "runtime/core/program.h"
#include "runtime/core/commands/commands.h"
#include "runtime/core/error.h"
#include "runtime/core/model.h"
#include "runtime/core/process.h"

#include <cstdio>
#include <cstring>

namespace ingot::runtime {
namespace {

struct Command {
  const char *name;
  const char *help;
  int (*run)(const IngotDescriptor &, Arguments);
  bool needsModel;
  bool needsTokenizer;
};

constexpr Command commands[] = {
    {"chat", "talk with the model", runChat, true, true},
    {"serve", "answer over HTTP, as the OpenAI API", runServe, true, true},
    {"bench", "measure speed and memory", runBench, true, false},
    {"perplexity", "score a text file", runPerplexity, true, true},
    {"logits", "write the logits of given tokens", runLogits, true, false},
    {"run", "run raw tensors", runRaw, true, false},
    {"tokenize", "print the tokens of a text", runTokenize, false, true},
    {"info", "say what is inside", runInfo, false, false},
};

void printHelp(const IngotDescriptor &descriptor) {
  bool model = findGeneratingEntry(descriptor);
  bool tokenizer = descriptor.tokenizer.bytes;
  printf("%s, compiled by Ingot\n\nusage:\n", descriptor.model_name);
  if (model && tokenizer)
    printf("  %s [-p TEXT | -f FILE] [options]   continue a text\n", programName());
  for (const Command &command : commands)
    if ((model || !command.needsModel) && (tokenizer || !command.needsTokenizer))
      printf("  %s %-12s %s\n", programName(), command.name, command.help);
  printf("\n--help after a command lists its options%s\n", model && tokenizer ? "; these continue a text:\n" : "");
  fflush(stdout);
}

} // namespace

int runProgram(const IngotDescriptor &descriptor, int argc, char **argv) {
  markStart();
  setProgramName(argc > 0 ? argv[0] : "ingot");
  checkDescriptor(descriptor);
  Arguments arguments(argv + (argc > 0), argv + argc);
  const char *first = arguments.empty() ? "" : arguments[0];
  bool generates = findGeneratingEntry(descriptor) && descriptor.tokenizer.bytes;
  if (!strcmp(first, "--version")) {
    printf("%s, compiled by Ingot %s\n", descriptor.model_name, descriptor.compiler_version);
    return 0;
  }
  if (!strcmp(first, "--help") || !strcmp(first, "-h")) {
    printHelp(descriptor);
    return generates ? runGenerate(descriptor, arguments) : 0;
  }
  for (const Command &command : commands)
    if (!strcmp(first, command.name))
      return command.run(descriptor, arguments.subspan(1));
  if (*first && *first != '-')
    failUsage("unknown command '%s'; see --help", first);
  return runGenerate(descriptor, arguments);
}

} // namespace ingot::runtime
