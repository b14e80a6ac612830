//===- encoder.cpp - whole texts to vectors -------------------------------===//

#include "runtime/core/encoder.h"
#include "runtime/core/error.h"
#include "runtime/core/process.h"
#include "runtime/core/sequence.h"

#include <algorithm>
#include <numeric>

namespace ingot::runtime {

Encoder::Encoder(Model &model)
    : model(model), givesEachRow(model.entry.kind == INGOT_ENTRY_HIDDEN),
      pagesPerSequence(countPagesPerSequence(model.descriptor)), tokens(model.entry.rows), positions(model.entry.rows),
      rowSequences(model.entry.rows), wanted(model.entry.wanted_rows) {
  pageTables.reserve(uint64_t{model.descriptor.cache_group_count} * model.entry.sequences * pagesPerSequence);
}

uint32_t Encoder::mostTokens() const {
  const uint32_t rows = givesEachRow ? std::min(model.entry.rows, model.entry.wanted_rows) : model.entry.rows;
  return std::min(model.context(), rows);
}

void Encoder::check(std::span<const TokenList> sequences) const {
  for (size_t i = 0; i < sequences.size(); ++i) {
    const TokenList &sequence = sequences[i];
    if (sequence.empty())
      fail("text %zu has no tokens; give a text", i + 1);
    if (sequence.size() > mostTokens())
      fail("text %zu has %zu tokens and the model takes %u; shorten it, cut such texts with --truncate, or compile the "
           "model with a larger --context",
           i + 1, sequence.size(), mostTokens());
    for (int32_t token : sequence)
      if (token < 0 || static_cast<uint32_t>(token) >= model.descriptor.vocabulary)
        fail("token %d is outside the vocabulary of %u tokens", token, model.descriptor.vocabulary);
  }
}

size_t Encoder::countTogether(std::span<const TokenList> sequences) const {
  const uint64_t most = givesEachRow ? model.entry.sequences : std::min(model.entry.sequences, model.entry.wanted_rows);
  const uint64_t mostRows = givesEachRow ? std::min(model.entry.rows, model.entry.wanted_rows) : model.entry.rows;
  uint64_t rows = 0;
  std::vector<uint64_t> pages(model.descriptor.cache_group_count);
  for (size_t count = 0; count < sequences.size(); ++count) {
    rows += sequences[count].size();
    bool fits = count < most && rows <= mostRows;
    for (uint32_t i = 0; i < pages.size(); ++i) {
      const IngotCacheGroup &group = model.descriptor.cache_groups[i];
      pages[i] += (sequences[count].size() + group.page_rows - 1) / group.page_rows;
      fits &= pages[i] <= group.pages;
    }
    if (!fits)
      return count;
  }
  return sequences.size();
}

void Encoder::run(std::span<const TokenList> sequences) {
  IngotStep step = {};
  for (const TokenList &sequence : sequences) {
    const auto number = static_cast<int32_t>(step.sequences++);
    if (!givesEachRow)
      wanted[number] = static_cast<int32_t>(step.rows);
    std::copy(sequence.begin(), sequence.end(), tokens.begin() + step.rows);
    std::iota(positions.begin() + step.rows, positions.begin() + step.rows + sequence.size(), 0);
    std::fill_n(rowSequences.begin() + step.rows, sequence.size(), number);
    step.rows += static_cast<uint32_t>(sequence.size());
  }
  step.wanted_rows = givesEachRow ? step.rows : step.sequences;
  if (givesEachRow)
    std::iota(wanted.begin(), wanted.begin() + step.rows, 0);
  pageTables.clear();
  for (uint32_t i = 0; i < model.descriptor.cache_group_count; ++i) {
    const IngotCacheGroup &group = model.descriptor.cache_groups[i];
    int32_t next = 0;
    for (const TokenList &sequence : sequences)
      for (uint32_t page = 0; page < pagesPerSequence; ++page)
        pageTables.push_back(uint64_t{page} * group.page_rows < sequence.size() ? next++ : 0);
  }
  step.pages_per_sequence = pagesPerSequence;
  step.tokens = tokens.data();
  step.positions = positions.data();
  step.row_sequences = rowSequences.data();
  step.page_tables = pageTables.data();
  step.wanted = wanted.data();
  model.run(step);
}

bool Encoder::encode(std::span<const TokenList> sequences, const Sink &sink) {
  check(sequences);
  for (size_t done = 0; done < sequences.size();) {
    if (interrupted())
      return false;
    const size_t count = countTogether(sequences.subspan(done));
    run(sequences.subspan(done, count));
    uint32_t row = 0;
    for (size_t i = done; i < done + count; ++i)
      for (size_t index = 0; index < (givesEachRow ? sequences[i].size() : 1); ++index)
        sink(i, index, model.logits(row++));
    done += count;
  }
  return true;
}

} // namespace ingot::runtime
