//===- batch.cpp - several texts, a token of each in a step ---------------===//

#include "runtime/core/batch.h"
#include "runtime/core/error.h"
#include "runtime/core/sequence.h"

#include <algorithm>
#include <numeric>

namespace ingot::runtime {

Batch::Batch(Model &model, uint32_t sequences)
    : model(model), sequences(sequences), pagesPerSequence(countPagesPerSequence(model.descriptor)),
      positions(model.entry.rows), rowSequences(model.entry.rows), wanted(sequences) {
  const uint32_t most = std::min({model.entry.sequences, model.entry.rows, model.entry.wanted_rows});
  if (sequences > most)
    fail("a step of this model takes a row of at most %u sequences, and %u were asked for; compile it for more", most,
         sequences);
  std::iota(wanted.begin(), wanted.end(), 0);
  for (uint32_t i = 0; i < std::max(model.descriptor.cache_group_count, 1u); ++i) {
    const IngotCacheGroup *group = model.descriptor.cache_group_count ? &model.descriptor.cache_groups[i] : nullptr;
    const uint32_t pages = group ? group->sequence_pages : 0;
    if (group && uint64_t{pages} * sequences > group->pages)
      fail("the caches %s hold %u pages, and %u sequences need %llu; compile the model for more", group->name,
           group->pages, sequences, static_cast<unsigned long long>(pages) * sequences);
    for (uint32_t sequence = 0; sequence < sequences; ++sequence)
      for (uint32_t page = 0; page < pagesPerSequence; ++page)
        pageTables.push_back(page < pages ? static_cast<int32_t>(sequence * pages + page) : 0);
  }
}

IngotStep Batch::beginStep() const {
  IngotStep step = {};
  step.sequences = sequences;
  step.pages_per_sequence = pagesPerSequence;
  step.positions = positions.data();
  step.row_sequences = rowSequences.data();
  step.page_tables = pageTables.data();
  step.wanted = wanted.data();
  return step;
}

void Batch::fill(std::span<const int32_t> tokens) {
  IngotStep step = beginStep();
  for (size_t done = 0; done < tokens.size(); done += step.rows) {
    step.rows = std::min<size_t>(tokens.size() - done, model.entry.rows);
    step.tokens = tokens.data() + done;
    std::iota(positions.begin(), positions.begin() + step.rows, static_cast<int32_t>(used + done));
    for (uint32_t sequence = 0; sequence < sequences; ++sequence) {
      std::fill_n(rowSequences.begin(), step.rows, static_cast<int32_t>(sequence));
      model.run(step);
    }
  }
  used += tokens.size();
}

void Batch::append(std::span<const int32_t> tokens) {
  IngotStep step = beginStep();
  step.rows = step.wanted_rows = sequences;
  step.tokens = tokens.data();
  std::fill_n(positions.begin(), sequences, static_cast<int32_t>(used));
  std::iota(rowSequences.begin(), rowSequences.begin() + sequences, 0);
  model.run(step);
  ++used;
}

} // namespace ingot::runtime
