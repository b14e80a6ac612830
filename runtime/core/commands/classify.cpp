//===- classify.cpp - the labels of texts ---------------------------------===//

#include "runtime/core/commands/commands.h"
#include "runtime/core/encoder.h"
#include "runtime/core/error.h"
#include "runtime/core/json.h"
#include "runtime/core/process.h"

namespace ingot::runtime {

int runClassify(const IngotDescriptor &descriptor, Arguments arguments) {
  Texts texts;
  std::unique_ptr<Machine> machine = makeMachine();
  Options options("classify -p TEXT [-p TEXT...] [options]",
                  "Prints the probability of each label (of a regression: its value) as a JSON object, a text a line.");
  texts.declareOptions(options);
  machine->declareOptions(options);
  options.parse(arguments);

  const IngotEntry *entry = findEncodingEntry(descriptor);
  if (!entry || !entry->labels)
    fail("this executable holds no model that classifies texts");
  Model model(descriptor, *machine, *entry);
  Encoder encoder(model);
  const std::vector<TokenList> sequences = texts.read(descriptor, encoder.mostTokens());
  catchInterrupt();
  const bool complete = encoder.encode(sequences, [&](size_t, size_t, const float *probabilities) {
    std::string line = "{";
    for (uint32_t label = 0; label < encoder.columns(); ++label)
      line += (label ? ", " : "") + quoteJson(entry->labels[label]) + ": " + exactNumber(probabilities[label]);
    line += "}\n";
    writeOutput(line.data(), line.size());
  });
  return complete ? 0 : 130;
}

} // namespace ingot::runtime
