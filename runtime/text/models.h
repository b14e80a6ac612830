//===- models.h - From a piece of text to its tokens ----------------------===//
//
// The algorithms of ModelKind (contents.h), each on one piece of text.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_MODELS_H
#define INGOT_RUNTIME_TEXT_MODELS_H

#include "runtime/text/vocabulary.h"

#include <algorithm>
#include <vector>

namespace ingot::text {

/// A stretch of text that is to become one token; a doubly linked list in an
/// array. Merging makes the left one longer and empties the right one.
struct Symbol {
  uint32_t begin;
  uint32_t length;
  int32_t previous;
  int32_t next;
  int32_t token;
};

/// Two neighbours that could merge. `length` is their joint length when the
/// candidate was found; if it has changed, the candidate is out of date.
struct Candidate {
  int32_t left;
  int32_t right;
  uint32_t length;
  int32_t result;
};

struct RankedCandidate : Candidate {
  uint32_t rank;
  /// Orders a heap whose top has the lowest rank, of these the leftmost.
  bool operator<(const RankedCandidate &other) const {
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

struct ScoredCandidate : Candidate {
  double score;
  /// Orders a heap whose top has the highest score, of these the leftmost.
  bool operator<(const ScoredCandidate &other) const {
    return score != other.score ? score < other.score : left > other.left;
  }
};

/// Buffers that are reused from piece to piece.
template <typename CandidateType> struct MergeQueue {
  std::vector<Symbol> symbols;
  std::vector<CandidateType> heap;

  void clear() {
    symbols.clear();
    heap.clear();
  }

  void addSymbol(uint32_t begin, uint32_t length, int32_t token) {
    int32_t index = symbols.size();
    symbols.push_back({begin, length, index - 1, index + 1, token});
  }

  void push(const CandidateType &candidate) {
    heap.push_back(candidate);
    std::push_heap(heap.begin(), heap.end());
  }

  /// Merges until nothing is left to merge. `propose(left, right)` pushes a
  /// candidate if the two neighbours can merge.
  template <typename Propose> void run(Propose propose) {
    symbols.back().next = -1;
    for (size_t index = 1; index < symbols.size(); ++index)
      propose(index - 1, index);
    while (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end());
      CandidateType candidate = heap.back();
      heap.pop_back();
      Symbol &left = symbols[candidate.left];
      Symbol &right = symbols[candidate.right];
      if (left.length == 0 || right.length == 0 || left.length + right.length != candidate.length)
        continue;
      left.length += right.length;
      left.token = candidate.result;
      left.next = right.next;
      right.length = 0;
      if (left.next >= 0)
        symbols[left.next].previous = candidate.left;
      if (left.previous >= 0)
        propose(left.previous, candidate.left);
      if (left.next >= 0)
        propose(candidate.left, left.next);
    }
  }
};

/// Encodes one piece after the other with the model of a vocabulary, which must
/// outlive it.
class PieceEncoder {
public:
  explicit PieceEncoder(const Vocabulary &vocabulary) : vocabulary(vocabulary) {}

  /// Appends the tokens of `piece`, which is not empty: any bytes for
  /// byteLevelPairs and sentencePiece, else valid UTF-8. What the vocabulary
  /// cannot express gives the unknown token, or none if there is no such token.
  void encode(std::string_view piece, std::vector<int32_t> &output);

private:
  void encodeBytePairs(std::string_view piece, std::vector<int32_t> &output);
  void encodeCharacterPairs(std::string_view piece, std::vector<int32_t> &output);
  void encodeSentence(std::string_view piece, std::vector<int32_t> &output);
  void encodeUnigram(std::string_view piece, std::vector<int32_t> &output);
  void encodeWordPiece(std::string_view piece, std::vector<int32_t> &output);
  void mergeByRank(std::vector<int32_t> &output);
  bool encodeWhole(std::string_view piece, std::vector<int32_t> &output) const;
  bool hasByteTokens(std::string_view text) const;

  /// The best way to divide a text up to some place.
  struct Best {
    double score;
    uint32_t length; ///< of its last token; 0: there is no way yet
    int32_t token;
  };

  const Vocabulary &vocabulary;
  MergeQueue<RankedCandidate> ranked;
  MergeQueue<ScoredCandidate> scored;
  std::vector<Best> best;
  std::vector<int32_t> reversed;
  std::string key;
};

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_MODELS_H
