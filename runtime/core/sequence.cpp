//===- sequence.cpp - steps of a single sequence --------------------------===//

#include "runtime/core/sequence.h"
#include "runtime/core/error.h"
#include "runtime/core/process.h"

#include <algorithm>
#include <numeric>

namespace ingot::runtime {

uint32_t countPagesPerSequence(const IngotDescriptor &descriptor) {
  uint32_t pages = 1;
  for (uint32_t i = 0; i < descriptor.cache_group_count; ++i)
    pages = std::max(pages, descriptor.cache_groups[i].sequence_pages);
  return pages;
}

std::vector<int32_t> makeIdentityPages(const IngotDescriptor &descriptor) {
  uint32_t pages = countPagesPerSequence(descriptor);
  std::vector<int32_t> tables;
  for (uint32_t i = 0; i < std::max(descriptor.cache_group_count, 1u); ++i)
    for (uint32_t page = 0; page < pages; ++page)
      tables.push_back(static_cast<int32_t>(page));
  return tables;
}

bool holdsWindow(const IngotCacheGroup &group, uint32_t position, uint32_t written) {
  uint64_t first = group.window && position >= group.window ? position - group.window + 1 : 0;
  return !group.window || first + uint64_t{group.sequence_pages} * group.page_rows >= written;
}

Sequence::Sequence(Model &model)
    : model(model), pagesPerSequence(countPagesPerSequence(model.descriptor)), positions(model.entry.rows),
      rowSequences(model.entry.rows), wanted(model.entry.wanted_rows), pageTables(makeIdentityPages(model.descriptor)) {
}

bool Sequence::canRewind(uint32_t length) const {
  if (length == 0)
    return true;
  for (uint32_t i = 0; i < model.descriptor.cache_group_count; ++i)
    if (!holdsWindow(model.descriptor.cache_groups[i], length, written))
      return false;
  return true;
}

void Sequence::rewind(uint32_t length) {
  if (!canRewind(length))
    fail("cannot go back from position %u to %u: a sliding window has let go of what position %u looks at; begin again "
         "at 0",
         written, length, length);
  used = length;
  if (length == 0)
    written = 0;
}

void Sequence::check(std::span<const int32_t> tokens) const {
  if (tokens.size() > remaining())
    fail("%llu tokens after %u are more than the context of %u positions; "
         "shorten the text, or compile the model with a larger --context",
         static_cast<unsigned long long>(tokens.size()), used, model.context());
  for (int32_t token : tokens)
    if (token < 0 || static_cast<uint32_t>(token) >= model.descriptor.vocabulary)
      fail("token %d is outside the vocabulary of %u tokens", token, model.descriptor.vocabulary);
}

void Sequence::run(const int32_t *tokens, uint32_t rows, uint32_t firstWanted, uint32_t wantedRows) {
  std::iota(positions.begin(), positions.begin() + rows, static_cast<int32_t>(used));
  std::iota(wanted.begin(), wanted.begin() + wantedRows, static_cast<int32_t>(firstWanted));
  IngotStep step = {};
  step.rows = rows;
  step.sequences = 1;
  step.wanted_rows = wantedRows;
  step.pages_per_sequence = pagesPerSequence;
  step.tokens = tokens;
  step.positions = positions.data();
  step.row_sequences = rowSequences.data();
  step.page_tables = pageTables.data();
  step.wanted = wanted.data();
  written = std::max(written, used + rows);
  model.run(step);
}

float *Sequence::append(std::span<const int32_t> tokens) {
  check(tokens);
  while (!tokens.empty()) {
    if (interrupted())
      return nullptr;
    uint32_t rows = std::min<size_t>(tokens.size(), model.entry.rows);
    bool last = rows == tokens.size();
    run(tokens.data(), rows, rows - 1, last);
    used += rows;
    tokens = tokens.subspan(rows);
  }
  return model.logits(0);
}

float *Sequence::appendStep(std::span<const int32_t> tokens) {
  check(tokens);
  if (interrupted())
    return nullptr;
  auto rows = static_cast<uint32_t>(tokens.size());
  run(tokens.data(), rows, 0, rows);
  used += rows;
  return model.logits(0);
}

void Sequence::noteAppended(uint32_t tokens) {
  used += tokens;
  written = std::max(written, used);
}

uint32_t Sequence::mostLogits() const { return std::min(model.entry.wanted_rows, model.entry.rows); }

void Sequence::appendSilently(std::span<const int32_t> tokens) {
  check(tokens);
  while (!tokens.empty()) {
    uint32_t rows = std::min<size_t>(tokens.size(), model.entry.rows);
    run(tokens.data(), rows, 0, 0);
    used += rows;
    tokens = tokens.subspan(rows);
  }
}

void Sequence::appendAll(std::span<const int32_t> tokens, uint32_t pieceRows, const Sink &sink) {
  check(tokens);
  uint32_t wantedBound = mostLogits();
  uint32_t bound = pieceRows ? std::min(pieceRows, model.entry.rows) : wantedBound;
  for (size_t done = 0; done < tokens.size();) {
    uint32_t rows = std::min<size_t>(tokens.size() - done, bound);
    for (uint32_t first = 0; first < rows; first += wantedBound) {
      uint32_t count = std::min(rows - first, wantedBound);
      run(tokens.data() + done, rows, first, count);
      for (uint32_t i = 0; i < count; ++i)
        sink(done + first + i, model.logits(i));
    }
    used += rows;
    done += rows;
  }
}

} // namespace ingot::runtime
