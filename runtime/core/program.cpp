//===- program.cpp - choice of the command --------------------------------===//

#include "runtime/core/program.h"
#include "runtime/core/commands/commands.h"
#include "runtime/core/error.h"
#include "runtime/core/model.h"
#include "runtime/core/process.h"

#include <cstdio>
#include <cstring>
#include <string>

namespace ingot::runtime {
namespace {

/// What kind of model a command is for.
enum class For { anything, models, generators, embedders, classifiers };

struct Command {
  const char *name;
  const char *help;
  int (*run)(const IngotDescriptor &, Arguments);
  For purpose;
  bool needsTokenizer;
};

constexpr Command commands[] = {
    {"chat", "talk with the model", runChat, For::generators, true},
    {"embed", "print the vectors of texts", runEmbed, For::embedders, false},
    {"classify", "print the probabilities of a text's labels", runClassify, For::classifiers, false},
    {"serve", "answer over HTTP, as the OpenAI API", runServe, For::generators, true},
    {"bench", "measure speed and memory", runBench, For::generators, false},
    {"perplexity", "score a text file", runPerplexity, For::generators, true},
    {"logits", "write the logits of given tokens", runLogits, For::generators, false},
    {"run", "run raw tensors", runRaw, For::generators, false},
    {"tokenize", "print the tokens of a text", runTokenize, For::anything, true},
    {"info", "say what is inside", runInfo, For::anything, false},
};

bool suits(const IngotDescriptor &descriptor, For purpose) {
  const IngotEntry *encoder = findEncodingEntry(descriptor);
  const bool generates = findGeneratingEntry(descriptor);
  switch (purpose) {
  case For::anything:
    return true;
  case For::models:
    return generates || encoder;
  case For::generators:
    return generates;
  case For::embedders:
    return encoder && !encoder->labels;
  case For::classifiers:
    return encoder && encoder->labels;
  }
  return false;
}

bool offers(const IngotDescriptor &descriptor, const Command &command) {
  return suits(descriptor, command.purpose) && (descriptor.tokenizer.bytes || !command.needsTokenizer);
}

void printHelp(const IngotDescriptor &descriptor) {
  bool continues = findGeneratingEntry(descriptor) && descriptor.tokenizer.bytes;
  printf("%s, compiled by Ingot\n\nusage:\n", descriptor.model_name);
  if (continues)
    printf("  %s [-p TEXT | -f FILE] [options]   continue a text\n", programName());
  for (const Command &command : commands)
    if (offers(descriptor, command))
      printf("  %s %-12s %s\n", programName(), command.name, command.help);
  printf("\n--help after a command lists its options%s\n", continues ? "; these continue a text:\n" : "");
  fflush(stdout);
}

/// Fails where the executable holds a model that is for something else. One without a model is left to the command.
void checkPurpose(const IngotDescriptor &descriptor, const char *what, For purpose) {
  if (suits(descriptor, purpose) || !suits(descriptor, For::models))
    return;
  const IngotEntry *encoder = findEncodingEntry(descriptor);
  std::string names;
  for (const Command &command : commands)
    if (offers(descriptor, command))
      names += (names.empty() ? "" : ", ") + std::string(command.name);
  fail("%s is not for this model, which %s; it has: %s", what,
       !encoder          ? "generates text"
       : encoder->labels ? "classifies texts"
                         : "makes vectors of texts",
       names.c_str());
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
    if (!strcmp(first, command.name)) {
      checkPurpose(descriptor, command.name, command.purpose);
      return command.run(descriptor, arguments.subspan(1));
    }
  if (*first && *first != '-')
    failUsage("unknown command '%s'; see --help", first);
  checkPurpose(descriptor, "continuing a text", For::generators);
  return runGenerate(descriptor, arguments);
}

} // namespace ingot::runtime
