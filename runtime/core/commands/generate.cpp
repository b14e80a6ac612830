//===- generate.cpp - continue a text -------------------------------------===//

#include "runtime/core/commands/commands.h"
#include "runtime/core/error.h"
#include "runtime/core/options.h"
#include "runtime/core/process.h"
#include "runtime/core/text_output.h"
#include "runtime/core/token_source.h"
#include "runtime/text/stop.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace ingot::runtime {
namespace {

struct GenerateOptions {
  std::optional<std::string> prompt;
  std::optional<std::string> file;
  int64_t newTokens = -1; ///< -1: until the model ends
  std::vector<std::string> stops;
  bool ignoreEndOfSequence = false;
  bool hidePrompt = false;
  bool showSpecial = false;
  bool speculate = false;
  Sampling sampling;
};

GenerateOptions parseOptions(Arguments arguments, Machine &machine) {
  GenerateOptions result;
  Options options("[-p TEXT | -f FILE] [options]", "Continues a text, read from standard input if neither -p "
                                                   "nor -f is given.\nText goes to standard output, statistics "
                                                   "to standard error.");
  options.text({"-p", "--prompt"}, "TEXT", "the text", result.prompt);
  options.text({"-f", "--file"}, "FILE", "read the text from a file", result.file);
  options.integer({"-n", "--predict", "--n-predict"}, "most new tokens; -1 until the model ends (default)", -1,
                  INT32_MAX, result.newTokens);
  result.sampling.declareOptions(options);
  options.list({"--stop"}, "TEXT", "end before this text; may be repeated", result.stops);
  options.flag({"--ignore-eos"}, "go on when the model says that it ended", result.ignoreEndOfSequence);
  options.flag({"--no-display-prompt"}, "print the new text alone", result.hidePrompt);
  options.flag({"--special"}, "print control tokens too", result.showSpecial);
  std::optional<std::string> speculate;
  options.text({"--speculate"}, "HOW",
               "guess tokens and check several at once: ngram, from the text before, or off (default); the text stays "
               "the same",
               speculate);
  machine.declareOptions(options);
  options.parse(arguments);
  if (speculate && *speculate != "ngram" && *speculate != "off")
    failUsage("--speculate: '%s' is neither ngram nor off", speculate->c_str());
  result.speculate = speculate == "ngram";
  return result;
}

std::vector<int32_t> encodePrompt(const text::Tokenizer &tokenizer, const std::string &prompt, const Model &model) {
  std::vector<int32_t> tokens = tokenizer.encode(prompt, /*addSpecial=*/true,
                                                 /*parseSpecial=*/true);
  // A model continues something; an empty text is its begin-of-sequence token.
  if (tokens.empty() && tokenizer.beginOfSequence() != text::noToken)
    tokens.push_back(tokenizer.beginOfSequence());
  if (tokens.empty())
    fail("the prompt is empty and the model has no token to begin with; give "
         "a text with -p");
  if (tokens.size() > model.context())
    fail("the prompt has %zu tokens and the context %u; shorten the prompt, or "
         "compile the model with --context=%zu or more",
         tokens.size(), model.context(), tokens.size());
  return tokens;
}

struct Statistics {
  size_t promptTokens = 0;
  size_t newTokens = 0;
  double promptSeconds = 0;
  double decodeSeconds = 0; ///< from the first new token to the last
  double firstTokenSeconds = 0;

  void print(const std::optional<Speculation> &speculation) const {
    fprintf(stderr, "\nprompt        %zu tokens, %.1f tokens/s\n", promptTokens, promptTokens / promptSeconds);
    fprintf(stderr, "new           %zu tokens", newTokens);
    if (newTokens > 1)
      fprintf(stderr, ", %.1f tokens/s", (newTokens - 1) / decodeSeconds);
    if (newTokens > 0)
      fprintf(stderr, "\nfirst token   %.3f s after start", firstTokenSeconds);
    if (speculation)
      fprintf(stderr, "\nspeculation   %" PRIu64 " of %" PRIu64 " drafted tokens accepted", speculation->accepted(),
              speculation->drafted());
    fprintf(stderr, "\npeak memory   %.1f MiB\n", peakMemory() / 1048576.0);
  }
};

} // namespace

int runGenerate(const IngotDescriptor &descriptor, Arguments arguments) {
  std::unique_ptr<Machine> machine = makeMachine();
  GenerateOptions options = parseOptions(arguments, *machine);
  text::Tokenizer tokenizer = openTokenizer(descriptor);
  Model model(descriptor, *machine);
  std::string prompt = readPrompt(options.prompt, options.file);
  std::vector<int32_t> tokens = encodePrompt(tokenizer, prompt, model);

  options.sampling.chooseSeed();
  if (options.sampling.options.temperature > 0)
    fprintf(stderr, "seed          %" PRIu64 "\n", options.sampling.options.seed);
  Sequence sequence(model);
  std::optional<Speculation> speculation;
  if (options.speculate)
    speculation.emplace(sequence);
  auto isEnd = [&](int32_t token) { return !options.ignoreEndOfSequence && tokenizer.isEndOfGeneration(token); };
  std::unique_ptr<TokenSource> source =
      makeTokenSource(model, sequence, speculation ? &*speculation : nullptr, options.sampling.options, tokens, isEnd);

  TextOutput output;
  text::StopMatcher stops(options.stops);
  if (!options.hidePrompt)
    output.append(prompt);
  catchInterrupt();

  // From here to the last token nothing is allocated, unless --stop is used.
  Statistics statistics;
  statistics.promptTokens = tokens.size();
  double start = now();
  const bool begun = sequence.append(tokens);
  double firstTime = now();
  if (speculation)
    speculation->observe(tokens);
  double lastTime = firstTime;
  statistics.promptSeconds = firstTime - start;
  bool contextFull = false;
  while (begun && static_cast<int64_t>(statistics.newTokens) != options.newTokens) {
    const std::optional<int32_t> next = source->next(options.newTokens - statistics.newTokens); // of -1 without end
    if (!next)
      break;
    const int32_t token = *next;
    if (token < 0)
      fail("the logits after position %u are no numbers; the model's file may "
           "be damaged",
           source->length() - 1);
    bool ended = isEnd(token);
    if (ended && !options.showSpecial)
      break;
    std::string_view piece = tokenizer.piece(token, options.showSpecial);
    if (options.stops.empty())
      output.append(piece);
    else
      output.append(stops.append(piece));
    lastTime = now();
    if (statistics.newTokens++ == 0) {
      firstTime = lastTime;
      statistics.firstTokenSeconds = secondsSinceStart();
    }
    contextFull = source->length() == model.context();
    if (ended || stops.stopped() || contextFull || interrupted() ||
        static_cast<int64_t>(statistics.newTokens) == options.newTokens)
      break;
  }
  source->finish();

  output.append(stops.flush());
  output.finish();
  statistics.decodeSeconds = lastTime - firstTime;
  statistics.print(speculation);
  if (interrupted())
    return 130;
  bool wantedMore = contextFull && !stops.stopped() && static_cast<int64_t>(statistics.newTokens) != options.newTokens;
  if (wantedMore && options.newTokens < 0)
    note("stopped because the context of %u positions is full", model.context());
  else if (wantedMore)
    fail("the context of %u positions is full after %zu of %" PRId64
         " new tokens; use a smaller -n, or compile the model with a larger "
         "--context",
         model.context(), statistics.newTokens, options.newTokens);
  return 0;
}

} // namespace ingot::runtime
