//===- ngram_index.h - where the end of a text stood before -----*- C++ -*-===//
//
// Prompt lookup (Saxena, "Prompt Lookup Decoding", 2023): what followed the
// last few tokens when they stood in the text before is a guess at what follows
// now. Three hash tables, for the last 1, 2 and 3 tokens, tell the most recent
// place in constant time; they are checked against the text, so that a
// collision loses a guess and nothing else.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_NGRAM_INDEX_H
#define INGOT_RUNTIME_CORE_NGRAM_INDEX_H

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace ingot::runtime {

class NgramIndex {
public:
  /// Allocates all that texts of up to `capacity` tokens need.
  explicit NgramIndex(uint32_t capacity);

  /// Tokens beyond the capacity are not remembered, and nothing is found then.
  void append(int32_t token);

  struct Match {
    uint32_t next = 0;   ///< position after the earlier occurrence
    uint32_t length = 0; ///< tokens that agree before it, at most `longestMatch`; 0: none
  };
  static constexpr uint32_t longestMatch = 32;

  /// The latest earlier occurrence of the last 3 tokens, else of the last 2,
  /// else of the last.
  Match find() const;

  /// What followed a match of `find`. Where that reaches the end of the text it
  /// goes on with the guess itself, as a text that repeats itself does.
  void copyContinuation(const Match &match, std::span<int32_t> guess) const;

private:
  static constexpr uint32_t longestNgram = 3;
  using Table = std::vector<uint32_t>; ///< the position after an n-gram, 0: none

  uint32_t slot(uint32_t length, uint32_t end) const;

  uint32_t capacity;
  bool overflowed = false;
  std::vector<int32_t> tokens;
  std::array<Table, longestNgram> tables; ///< of n-grams of 1 token and up
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_NGRAM_INDEX_H
