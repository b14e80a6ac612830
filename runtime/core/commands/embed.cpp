//===- embed.cpp - the vectors of texts -----------------------------------===//

#include "runtime/core/commands/commands.h"
#include "runtime/core/encoder.h"
#include "runtime/core/error.h"
#include "runtime/core/json.h"
#include "runtime/core/numpy.h"
#include "runtime/core/process.h"

namespace ingot::runtime {

int runEmbed(const IngotDescriptor &descriptor, Arguments arguments) {
  Texts texts;
  std::optional<std::string> path;
  std::unique_ptr<Machine> machine = makeMachine();
  Options options("embed -p TEXT [-p TEXT...] [options]",
                  "Prints the vector of each text as a JSON array on a line of its own (of a model compiled with "
                  "--pooling=none,\nan array of the vectors of its tokens).");
  texts.declareOptions(options);
  options.text({"-o", "--output"}, "FILE", "write float32 [vectors, width] to FILE.npy instead", path);
  machine->declareOptions(options);
  options.parse(arguments);

  const IngotEntry *entry = findEncodingEntry(descriptor);
  if (!entry)
    fail("this executable holds no model that makes vectors of texts");
  Model model(descriptor, *machine, *entry);
  Encoder encoder(model);
  const std::vector<TokenList> sequences = texts.read(descriptor, encoder.mostTokens());
  const bool isNested = entry->kind == INGOT_ENTRY_HIDDEN;
  catchInterrupt();
  bool complete;
  if (path) {
    uint64_t rows = 0;
    for (const TokenList &sequence : sequences)
      rows += isNested ? sequence.size() : 1;
    FloatWriter writer(*path, rows, encoder.columns());
    complete = encoder.encode(sequences, [&](size_t, size_t, const float *vector) { writer.append(vector); });
    if (complete)
      writer.finish();
  } else {
    complete = encoder.encode(sequences, [&](size_t sequence, size_t index, const float *vector) {
      std::string line = !isNested ? "" : index == 0 ? "[" : ", ";
      line += numberList({vector, encoder.columns()});
      if (!isNested || index + 1 == sequences[sequence].size())
        line += isNested ? "]\n" : "\n";
      writeOutput(line.data(), line.size());
    });
  }
  return complete ? 0 : 130;
}

} // namespace ingot::runtime
