//===- run.cpp - raw steps from tensors in files --------------------------===//
//
// The host's side of a step with nothing hidden: rows of any sequences at any
// positions, with page tables of the caller's choice.
//
//===----------------------------------------------------------------------===//

#include "runtime/core/commands/commands.h"
#include "runtime/core/error.h"
#include "runtime/core/model.h"
#include "runtime/core/numpy.h"
#include "runtime/core/options.h"
#include "runtime/core/sequence.h"

#include <algorithm>
#include <numeric>

namespace ingot::runtime {
namespace {

/// The inputs of a decoder, by the names that --input takes.
struct Inputs {
  std::optional<IntegerTensor> tokens;
  std::optional<IntegerTensor> positions;
  std::optional<IntegerTensor> rowSequences;
  std::optional<IntegerTensor> pageTables;
};

std::pair<std::string, std::string> splitAssignment(const std::string &text, const char *option) {
  size_t equals = text.find('=');
  if (equals == text.npos || equals == 0 || equals + 1 == text.size())
    failUsage("%s: '%s' is not of the form NAME=FILE.npy", option, text.c_str());
  return {text.substr(0, equals), text.substr(equals + 1)};
}

void readInput(Inputs &inputs, const std::string &assignment) {
  auto [name, path] = splitAssignment(assignment, "--input");
  struct Slot {
    const char *name;
    std::optional<IntegerTensor> *tensor;
    size_t dimensions;
  };
  const Slot slots[] = {{"tokens", &inputs.tokens, 1},
                        {"positions", &inputs.positions, 1},
                        {"row_sequences", &inputs.rowSequences, 1},
                        {"page_tables", &inputs.pageTables, 3}};
  for (const Slot &slot : slots) {
    if (name != slot.name)
      continue;
    if (*slot.tensor)
      failUsage("--input: %s is given twice", slot.name);
    slot.tensor->emplace();
    std::string error;
    if (!readIntegers(path, **slot.tensor, error))
      fail("%s: %s", path.c_str(), error.c_str());
    // Page tables of one cache group may come without its dimension.
    if (slot.tensor == &inputs.pageTables && (*slot.tensor)->shape.size() == 2)
      (*slot.tensor)->shape.insert((*slot.tensor)->shape.begin(), 1);
    if ((*slot.tensor)->shape.size() != slot.dimensions)
      fail("%s: input %s has %zu dimensions where the model takes %zu", path.c_str(), slot.name,
           (*slot.tensor)->shape.size(), slot.dimensions);
    return;
  }
  failUsage("--input: the model has no input '%s', only tokens, positions, "
            "row_sequences, page_tables",
            name.c_str());
}

uint32_t countPageTables(const IngotDescriptor &descriptor) { return std::max(descriptor.cache_group_count, 1u); }

/// Fills in what may be left out: one sequence with identity pages.
void completeInputs(Inputs &inputs, const IngotDescriptor &descriptor) {
  if (!inputs.tokens || inputs.tokens->values.empty())
    failUsage("no tokens: give --input tokens=FILE.npy");
  uint64_t rows = inputs.tokens->values.size();
  if (!inputs.positions) {
    inputs.positions = IntegerTensor{{rows}, std::vector<int32_t>(rows)};
    std::iota(inputs.positions->values.begin(), inputs.positions->values.end(), 0);
  }
  if (!inputs.rowSequences)
    inputs.rowSequences = IntegerTensor{{rows}, std::vector<int32_t>(rows)};
  if (!inputs.pageTables)
    inputs.pageTables = IntegerTensor{{countPageTables(descriptor), 1, countPagesPerSequence(descriptor)},
                                      makeIdentityPages(descriptor)};
}

/// Generated code trusts the step, so everything is checked here.
void checkInputs(const Inputs &inputs, const Model &model) {
  const IngotDescriptor &descriptor = model.descriptor;
  const std::vector<int32_t> &tokens = inputs.tokens->values;
  const std::vector<int32_t> &positions = inputs.positions->values;
  const std::vector<int32_t> &rowSequences = inputs.rowSequences->values;
  uint64_t sequences = inputs.pageTables->shape[1];
  uint64_t pagesPerSequence = inputs.pageTables->shape[2];
  if (positions.size() != tokens.size() || rowSequences.size() != tokens.size())
    fail("tokens, positions and row_sequences have %zu, %zu and %zu rows where "
         "all need the same",
         tokens.size(), positions.size(), rowSequences.size());
  if (inputs.pageTables->shape[0] != countPageTables(descriptor))
    fail("page_tables is for %llu cache groups and the model has %u; give [groups, sequences, pages]",
         static_cast<unsigned long long>(inputs.pageTables->shape[0]), countPageTables(descriptor));
  if (sequences == 0 || sequences > model.entry.sequences)
    fail("page_tables has %llu sequences and the model takes 1 to %u; compile "
         "it with a larger --batch",
         static_cast<unsigned long long>(sequences), model.entry.sequences);
  for (int32_t token : tokens)
    if (token < 0 || static_cast<uint32_t>(token) >= descriptor.vocabulary)
      fail("tokens: %d is outside the vocabulary of %u", token, descriptor.vocabulary);
  std::vector<int64_t> lastPosition(sequences, -1);
  // Of each sequence, in the step that `row` is in.
  std::vector<int64_t> firstOfStep(sequences);
  for (size_t row = 0; row < tokens.size(); ++row) {
    if (rowSequences[row] < 0 || static_cast<uint64_t>(rowSequences[row]) >= sequences)
      fail("row_sequences: row %zu is of sequence %d, and page_tables has %llu", row, rowSequences[row],
           static_cast<unsigned long long>(sequences));
    int64_t &last = lastPosition[rowSequences[row]];
    if (positions[row] < 0 || static_cast<uint32_t>(positions[row]) >= model.context())
      fail("positions: row %zu is at %d, outside the context of %u", row, positions[row], model.context());
    if (positions[row] <= last)
      fail("positions: row %zu is at %d, not after the row before it in its "
           "sequence",
           row, positions[row]);
    if (row % model.entry.rows == 0)
      std::fill(firstOfStep.begin(), firstOfStep.end(), -1);
    int64_t &first = firstOfStep[rowSequences[row]];
    if (first < 0)
      first = positions[row];
    last = positions[row];
    for (uint32_t i = 0; i < descriptor.cache_group_count; ++i) {
      const IngotCacheGroup &group = descriptor.cache_groups[i];
      uint32_t page = static_cast<uint32_t>(positions[row]) / std::max(group.page_rows, 1u);
      // A ring that went round needs all of its pages.
      page = std::min(page, std::max(group.sequence_pages, 1u) - 1);
      if (page >= pagesPerSequence)
        fail("page_tables: position %d needs page %u and there are %llu", positions[row], page,
             static_cast<unsigned long long>(pagesPerSequence));
      if (!holdsWindow(group, static_cast<uint32_t>(first), static_cast<uint32_t>(last) + 1))
        fail(
            "positions: one step goes from %lld to %lld, and with them cache group %s no longer holds the window of %u "
            "positions of the first",
            static_cast<long long>(first), static_cast<long long>(last), group.name, group.window);
    }
  }
  for (uint32_t i = 0; i < descriptor.cache_group_count; ++i)
    for (uint64_t index = 0; index < sequences * pagesPerSequence; ++index) {
      const IngotCacheGroup &group = descriptor.cache_groups[i];
      int32_t page = inputs.pageTables->values[i * sequences * pagesPerSequence + index];
      // The table of a ring is shorter than its row may be.
      if (index % pagesPerSequence < group.sequence_pages && (page < 0 || static_cast<uint32_t>(page) >= group.pages))
        fail("page_tables: page %d, and cache group %s has %u", page, group.name, group.pages);
    }
}

} // namespace

int runRaw(const IngotDescriptor &descriptor, Arguments arguments) {
  std::vector<std::string> inputNames;
  std::vector<std::string> outputNames;
  std::unique_ptr<Machine> machine = makeMachine();
  Options options("run --input NAME=FILE.npy ... --output logits=FILE.npy",
                  "Runs raw tensors, int32 or int64: tokens [rows], positions "
                  "[rows] (default\n0, 1, ...), row_sequences [rows] (default "
                  "0) and page_tables [sequences, pages]\n(default identity; "
                  "[groups, sequences, pages] where the model has several cache\n"
                  "groups). Writes logits [rows, vocabulary], float32. Rows beyond "
                  "the bound of a\nstep run in further steps.");
  options.list({"--input", "-i"}, "NAME=FILE", "an input; may be repeated", inputNames);
  options.list({"--output", "-o"}, "NAME=FILE", "where to write an output", outputNames);
  machine->declareOptions(options);
  options.parse(arguments);
  if (outputNames.size() != 1)
    failUsage("one output is needed: --output logits=FILE.npy");
  auto [outputName, outputPath] = splitAssignment(outputNames[0], "--output");

  Model model(descriptor, *machine);
  if (outputName != model.entry.outputs[0].name)
    failUsage("--output: the model has no output '%s', only %s", outputName.c_str(), model.entry.outputs[0].name);
  Inputs inputs;
  for (const std::string &name : inputNames)
    readInput(inputs, name);
  completeInputs(inputs, descriptor);
  checkInputs(inputs, model);

  size_t rows = inputs.tokens->values.size();
  FloatWriter writer(outputPath, rows, descriptor.vocabulary);
  uint32_t wantedBound = std::min(model.entry.wanted_rows, model.entry.rows);
  std::vector<int32_t> wanted(wantedBound);
  for (size_t done = 0; done < rows;) {
    IngotStep step = {};
    step.rows = std::min<size_t>(rows - done, model.entry.rows);
    step.sequences = static_cast<uint32_t>(inputs.pageTables->shape[1]);
    step.pages_per_sequence = static_cast<uint32_t>(inputs.pageTables->shape[2]);
    step.tokens = inputs.tokens->values.data() + done;
    step.positions = inputs.positions->values.data() + done;
    step.row_sequences = inputs.rowSequences->values.data() + done;
    step.page_tables = inputs.pageTables->values.data();
    step.wanted = wanted.data();
    // A step keeps its rows together; it runs again for further logits, and
    // writes the same cache rows each time.
    for (uint32_t first = 0; first < step.rows; first += wantedBound) {
      step.wanted_rows = std::min(step.rows - first, wantedBound);
      std::iota(wanted.begin(), wanted.begin() + step.wanted_rows, static_cast<int32_t>(first));
      model.run(step);
      for (uint32_t i = 0; i < step.wanted_rows; ++i)
        writer.append(model.logits(i));
    }
    done += step.rows;
  }
  writer.finish();
  return 0;
}

} // namespace ingot::runtime
