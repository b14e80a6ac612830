//===- perplexity.cpp - how well the model predicts a text ----------------===//
//
// The definition of llama.cpp's llama-perplexity: the text is cut into chunks
// of 512 tokens, each run from position 0 with its first token replaced by the
// begin-of-sequence token if the model adds one, and the predictions of the
// second half are scored.
//
//===----------------------------------------------------------------------===//

#include "runtime/core/commands/commands.h"
#include "runtime/core/error.h"
#include "runtime/core/options.h"
#include "runtime/core/process.h"
#include "runtime/core/sequence.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ingot::runtime {

/// -log of the probability that softmax(logits) gives to `token`.
static double negativeLogLikelihood(std::span<const float> logits, int32_t token) {
  float largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (float logit : logits)
    sum += expf(logit - largest);
  return largest + std::log(sum) - double{logits[token]};
}

int runPerplexity(const IngotDescriptor &descriptor, Arguments arguments) {
  std::optional<std::string> positional;
  std::optional<std::string> file;
  int64_t chunkTokens = 512;
  int64_t mostChunks = -1;
  std::unique_ptr<Machine> machine = makeMachine();
  Options options("perplexity FILE [options]", "Prints the perplexity of a text as llama-perplexity does: "
                                               "a running\nvalue for each chunk, then the estimate with "
                                               "its standard error.");
  options.positional("file", positional);
  options.text({"-f", "--file"}, "FILE", "the text", file);
  options.integer({"-c", "--ctx-size"}, "tokens of a chunk (default 512)", 4, INT32_MAX, chunkTokens);
  options.integer({"--chunks"}, "most chunks, -1 all (default)", -1, INT32_MAX, mostChunks);
  machine->declareOptions(options);
  options.parse(arguments);
  if (positional && file)
    failUsage("two files are given; use one of them");
  if (!positional && !file)
    failUsage("no file: give the name of a text file");

  text::Tokenizer tokenizer = openTokenizer(descriptor);
  Model model(descriptor, *machine);
  if (chunkTokens > model.context())
    fail("chunks of %lld tokens are more than the context of %u; use -c %u, or "
         "compile the model with a larger --context",
         static_cast<long long>(chunkTokens), model.context(), model.context());
  std::string text = readText(file ? *file : *positional);
  if (text.ends_with('\n')) // as llama-perplexity reads its -f
    text.pop_back();
  std::vector<int32_t> tokens = tokenizer.encode(text, /*addSpecial=*/true,
                                                 /*parseSpecial=*/false);
  size_t size = static_cast<size_t>(chunkTokens);
  if (tokens.size() < 2 * size)
    fail("the text has %zu tokens and two chunks of %zu are needed at least; "
         "give a longer text or a smaller -c",
         tokens.size(), size);
  size_t chunks = tokens.size() / size;
  if (mostChunks >= 0)
    chunks = std::min(chunks, static_cast<size_t>(mostChunks));

  Sequence sequence(model);
  const size_t first = size / 2;
  double sum = 0;
  double sumOfSquares = 0;
  uint64_t count = 0;
  for (size_t i = 0; i < chunks; ++i) {
    std::span<int32_t> chunk(tokens.data() + i * size, size);
    if (tokenizer.addsBeginOfSequence())
      chunk[0] = tokenizer.beginOfSequence();
    sequence.rewind(0);
    sequence.appendSilently(chunk.first(first));
    // The last token has no successor in the chunk, so it need not run.
    sequence.appendAll(chunk.subspan(first, size - first - 1), 0, [&](size_t index, const float *logits) {
      double loss = negativeLogLikelihood({logits, descriptor.vocabulary}, chunk[first + index + 1]);
      sum += loss;
      sumOfSquares += loss * loss;
      ++count;
    });
    printf("[%zu]%.4f,", i + 1, std::exp(sum / count));
    fflush(stdout);
  }
  printf("\n");
  if (count == 0)
    return 0;
  double mean = sum / count;
  double perplexity = std::exp(mean);
  double variance = sumOfSquares / count - mean * mean;
  double error = variance > 0 && count > 1 ? std::sqrt(variance / (count - 1)) : 0;
  printf("Final estimate: PPL = %.4f +/- %.5f\n", perplexity, error * perplexity);
  return 0;
}

} // namespace ingot::runtime
