//===- ngram_index.cpp - hash tables over the text ------------------------===//

#include "runtime/core/ngram_index.h"

#include <algorithm>
#include <bit>

namespace ingot::runtime {

NgramIndex::NgramIndex(uint32_t capacity) : capacity(capacity) {
  tokens.reserve(capacity);
  // Half empty, so that few n-grams push each other out.
  for (Table &table : tables)
    table.resize(std::bit_ceil(uint64_t{2} * std::max(capacity, 1u)));
}

/// The slot of the n-gram of `length` tokens that ends before position `end`.
uint32_t NgramIndex::slot(uint32_t length, uint32_t end) const {
  uint64_t hash = 0;
  for (uint32_t i = end - length; i < end; ++i)
    hash = (hash ^ static_cast<uint32_t>(tokens[i])) * 0x9E3779B97F4A7C15; // 2^64 / golden ratio
  return hash >> (64 - std::countr_zero(tables[0].size()));
}

void NgramIndex::append(int32_t token) {
  if (tokens.size() == capacity) {
    overflowed = true;
    return;
  }
  // Only now do the n-grams at the end have a token after them, so that `find`
  // never finds the end itself.
  auto end = static_cast<uint32_t>(tokens.size());
  for (uint32_t length = 1; length <= std::min(longestNgram, end); ++length)
    tables[length - 1][slot(length, end)] = end;
  tokens.push_back(token);
}

NgramIndex::Match NgramIndex::find() const {
  if (overflowed)
    return {};
  auto end = static_cast<uint32_t>(tokens.size());
  for (uint32_t length = std::min(longestNgram, end); length > 0; --length) {
    uint32_t next = tables[length - 1][slot(length, end)];
    uint32_t agreeing = 0;
    while (agreeing < std::min(next, longestMatch) && tokens[next - 1 - agreeing] == tokens[end - 1 - agreeing])
      ++agreeing;
    if (agreeing >= length)
      return {next, agreeing};
  }
  return {};
}

void NgramIndex::copyContinuation(const Match &match, std::span<int32_t> guess) const {
  for (size_t i = 0; i < guess.size(); ++i) {
    size_t position = match.next + i;
    guess[i] = position < tokens.size() ? tokens[position] : guess[position - tokens.size()];
  }
}

} // namespace ingot::runtime
