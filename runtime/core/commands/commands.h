//===- commands.h - what the executable can be asked to do ------*- C++ -*-===//
//
// One function per command, each in a file of its name. Each takes the
// arguments after the command's name and returns the exit status.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_COMMANDS_COMMANDS_H
#define INGOT_RUNTIME_CORE_COMMANDS_COMMANDS_H

#include "runtime/abi.h"
#include "runtime/core/model.h"
#include "runtime/core/options.h"
#include "runtime/core/sampler.h"
#include "runtime/text/chat_template.h"
#include "runtime/text/tokenizer.h"

#include <optional>
#include <span>
#include <string>

namespace ingot::runtime {

using Arguments = std::span<char *const>;

int runChat(const IngotDescriptor &descriptor, Arguments arguments);
/// Of runtime/serve.
int runServe(const IngotDescriptor &descriptor, Arguments arguments);
int runGenerate(const IngotDescriptor &descriptor, Arguments arguments);
int runBench(const IngotDescriptor &descriptor, Arguments arguments);
int runPerplexity(const IngotDescriptor &descriptor, Arguments arguments);
int runLogits(const IngotDescriptor &descriptor, Arguments arguments);
int runEmbed(const IngotDescriptor &descriptor, Arguments arguments);
int runClassify(const IngotDescriptor &descriptor, Arguments arguments);
int runTokenize(const IngotDescriptor &descriptor, Arguments arguments);
int runInfo(const IngotDescriptor &descriptor, Arguments arguments);
int runRaw(const IngotDescriptor &descriptor, Arguments arguments);

/// Opens the executable's tokenizer; fails with one message if there is none.
text::Tokenizer openTokenizer(const IngotDescriptor &descriptor);

/// The chat template in `file`, or the model's own, with the model's special tokens; fails with one message where there
/// is none or it cannot be used.
text::ChatTemplate openTemplate(const text::Tokenizer &tokenizer, const std::optional<std::string> &file);

/// How a command draws tokens.
struct Sampling {
  SamplerOptions options;
  int64_t seed = -1; ///< -1: any

  void declareOptions(Options &command);
  /// Puts `seed`, or a random one, into the options.
  void chooseSeed();
};
uint64_t randomSeed();

/// The texts of a command that takes several.
struct Texts {
  std::vector<std::string> texts, tokens;
  std::optional<std::string> file;
  bool truncate = false;

  void declareOptions(Options &command);
  /// As tokens, in the order of the command line: those of --tokens, of -p, and of the lines of the file (or of
  /// standard input where there is nothing else). With --truncate at most `most` of each, of which the last are those
  /// that the tokenizer ends texts with. Fails where no text is given.
  std::vector<std::vector<int32_t>> read(const IngotDescriptor &descriptor, uint32_t most) const;
};

/// The text of a command: `text` as it is, or the contents of `file` ("-" is
/// standard input) without the newline that ends them, or standard input when
/// neither is given. Fails when both are, or when nobody pipes anything in.
std::string readPrompt(const std::optional<std::string> &text, const std::optional<std::string> &file);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_COMMANDS_COMMANDS_H
