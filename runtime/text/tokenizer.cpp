//===- tokenizer.cpp - Text to tokens and back ----------------------------===//
//
// Implements tokenizer.h on the layout of blob.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/tokenizer.h"

#include "runtime/text/blob.h"
#include "runtime/text/pretokenizer.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <stdexcept>

using namespace ingot::text;

namespace {

/// A part of a text: still text, or a special token found in it.
struct Fragment {
  std::string_view text;
  int32_t token = noToken;
};

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
  float score;
  /// Orders a heap whose top has the highest score, of these the leftmost.
  bool operator<(const ScoredCandidate &other) const {
    return score != other.score ? score < other.score : left > other.left;
  }
};

/// Buffers that are reused from word to word.
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

/// The length of a UTF-8 sequence by its first byte alone, as llama.cpp counts.
size_t claimedLength(char first) {
  uint8_t byte = static_cast<uint8_t>(first);
  return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

} // namespace

struct Tokenizer::State {
  const uint8_t *data;
  blob::Header header;
  WordSplitter splitter;

  template <typename T> T record(const blob::Section &section, size_t index) const {
    T value;
    std::memcpy(&value, data + section.offset + index * sizeof(T), sizeof(T));
    return value;
  }

  uint64_t tokenCount() const { return header.attributes.count; }

  bool contains(int32_t id) const { return id >= 0 && uint64_t(id) < tokenCount(); }

  uint8_t attributesOf(int32_t id) const { return record<uint8_t>(header.attributes, id); }

  std::string_view string(const blob::Strings &strings, int32_t id) const {
    uint32_t begin = record<uint32_t>(strings.offsets, id);
    uint32_t end = record<uint32_t>(strings.offsets, id + 1);
    return {reinterpret_cast<const char *>(data) + strings.bytes.offset + begin, end - begin};
  }

  std::string_view pieceOf(int32_t id) const { return string(header.pieces, id); }

  std::string_view keyOf(int32_t id) const { return string(header.keys.bytes.count ? header.keys : header.pieces, id); }

  /// The entry of this hash that matches, if there is one.
  template <typename Entry, typename Matches>
  std::optional<Entry> find(const blob::Buckets &buckets, uint32_t hash, Matches matches) const {
    uint64_t bucket = blob::bucketOf(hash, buckets.starts.count - 1);
    uint32_t end = record<uint32_t>(buckets.starts, bucket + 1);
    for (uint32_t index = record<uint32_t>(buckets.starts, bucket); index < end; ++index) {
      Entry entry = record<Entry>(buckets.entries, index);
      if (matches(entry))
        return entry;
    }
    return std::nullopt;
  }

  int32_t findKey(std::string_view key) const {
    if (key.empty() || key.size() > header.maximumKeyLength)
      return noToken;
    auto found =
        find<blob::Number>(header.tokensByKey, blob::hashKey(key), [&](blob::Number id) { return keyOf(id) == key; });
    return found ? int32_t(*found) : noToken;
  }

  std::optional<blob::Merge> findMerge(uint32_t left, uint32_t right) const {
    return find<blob::Merge>(header.merges, blob::hashPair(left, right),
                             [&](const blob::Merge &merge) { return merge.left == left && merge.right == right; });
  }

  std::optional<std::string> check(size_t size) const;
  std::vector<Fragment> partition(std::string_view text, bool parseSpecial) const;
  void encodeWords(std::string_view text, std::vector<int32_t> &output) const;
  void encodeSentence(const std::string &text, std::vector<int32_t> &output) const;
};

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

std::optional<std::string> Tokenizer::State::check(size_t size) const {
  if (header.magic != blob::magic)
    return "the tokenizer data does not begin with its signature";
  if (header.version != blob::version || header.headerBytes != sizeof(blob::Header))
    return "the tokenizer data has version " + std::to_string(header.version) + ", this program reads version " +
           std::to_string(blob::version);
  std::string corrupt = "the tokenizer data is corrupt: ";
  if (header.bytes > size)
    return corrupt + "it is shorter than its header says";
  if (header.kind != uint32_t(ModelKind::byteLevelPairs) && header.kind != uint32_t(ModelKind::sentencePiece))
    return corrupt + "unknown model kind";
  if (header.pattern >= patternCount)
    return corrupt + "unknown pre-tokenizer";
  if (header.flags & ~uint32_t(blob::allFlags))
    return corrupt + "unknown flags";

  struct Bounds {
    const char *name;
    const blob::Section &section;
    size_t recordBytes;
    size_t maximum;
  };
  const Bounds sections[] = {
      {"token attributes", header.attributes, 1, maximumTokens},
      {"token scores", header.scores, sizeof(float), maximumTokens},
      {"piece offsets", header.pieces.offsets, sizeof(uint32_t), maximumTokens + 1},
      {"pieces", header.pieces.bytes, 1, UINT32_MAX},
      {"key offsets", header.keys.offsets, sizeof(uint32_t), maximumTokens + 1},
      {"keys", header.keys.bytes, 1, UINT32_MAX},
      {"token buckets", header.tokensByKey.starts, sizeof(uint32_t), maximumTokens + 1},
      {"tokens by key", header.tokensByKey.entries, sizeof(blob::Number), maximumTokens},
      {"merge buckets", header.merges.starts, sizeof(uint32_t), maximumMerges + 1},
      {"merges", header.merges.entries, sizeof(blob::Merge), maximumMerges},
      {"special tokens", header.specials, sizeof(blob::Number), maximumTokens},
      {"chat template", header.chatTemplate, 1, maximumTextBytes},
  };
  for (const auto &[name, section, recordBytes, maximum] : sections)
    if (section.count > maximum || section.offset < sizeof(blob::Header) || section.offset > header.bytes ||
        section.count * recordBytes > header.bytes - section.offset)
      return corrupt + "section of " + name + " out of bounds";

  // Numbers that cut `bytesOrEntries` into stretches, one after the other.
  auto cuts = [&](const blob::Section &offsets, uint64_t bytesOrEntries) {
    if (offsets.count < 2)
      return false;
    bool ascending = true;
    uint32_t previous = 0;
    for (size_t index = 0; index < offsets.count; ++index) {
      uint32_t offset = record<uint32_t>(offsets, index);
      ascending &= previous <= offset;
      previous = offset;
    }
    return ascending && previous <= bytesOrEntries;
  };
  auto areSound = [&](const blob::Strings &strings) {
    return strings.offsets.count == tokenCount() + 1 && cuts(strings.offsets, strings.bytes.count);
  };
  if (!areSound(header.pieces))
    return corrupt + "bad pieces";
  if (header.keys.bytes.count != 0 && !areSound(header.keys))
    return corrupt + "bad keys";
  if (!cuts(header.tokensByKey.starts, header.tokensByKey.entries.count))
    return corrupt + "bad token table";
  if (!cuts(header.merges.starts, header.merges.entries.count))
    return corrupt + "bad merge table";

  bool inRange = header.kind != uint32_t(ModelKind::sentencePiece) || header.scores.count == tokenCount();
  for (size_t id = 0; id < header.scores.count; ++id)
    inRange &= !std::isnan(record<float>(header.scores, id));
  for (size_t id = 0; id < tokenCount(); ++id)
    inRange &= !(attributesOf(id) & ~uint32_t(blob::allAttributes));
  for (size_t index = 0; index < header.tokensByKey.entries.count; ++index)
    inRange &= contains(record<blob::Number>(header.tokensByKey.entries, index));
  if (!inRange)
    return corrupt + "bad token";
  for (size_t index = 0; index < header.merges.entries.count; ++index) {
    blob::Merge merge = record<blob::Merge>(header.merges.entries, index);
    inRange &= contains(merge.left) && contains(merge.right) && contains(merge.result);
  }
  if (!inRange)
    return corrupt + "merge out of range";
  for (size_t index = 0; index < header.specials.count; ++index) {
    blob::Number id = record<blob::Number>(header.specials, index);
    inRange &= contains(id) && !pieceOf(id).empty();
  }
  auto isIdOrNone = [&](int32_t id) { return id == noToken || contains(id); };
  for (int32_t id : header.byteTokens)
    inRange &= isIdOrNone(id);
  for (int32_t id : {header.beginOfSequence, header.endOfSequence, header.endOfTurn, header.unknown, header.padding})
    inRange &= isIdOrNone(id);
  if ((header.flags & blob::addBeginOfSequence) != 0)
    inRange &= header.beginOfSequence != noToken;
  if ((header.flags & blob::addEndOfSequence) != 0)
    inRange &= header.endOfSequence != noToken;
  if (!inRange)
    return corrupt + "special token out of range";
  return std::nullopt;
}

Tokenizer::Tokenizer() = default;
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer &&) noexcept = default;
Tokenizer &Tokenizer::operator=(Tokenizer &&) noexcept = default;

std::optional<std::string> Tokenizer::open(const uint8_t *data, size_t size) {
  state.reset();
  if (!data || size < sizeof(blob::Header))
    return "the tokenizer data is too short for its header";
  auto opened = std::make_unique<State>();
  opened->data = data;
  std::memcpy(&opened->header, data, sizeof(blob::Header));
  if (std::optional<std::string> error = opened->check(size))
    return error;
  if (opened->header.kind == uint32_t(ModelKind::byteLevelPairs))
    if (std::optional<std::string> error = opened->splitter.compile(Pattern(opened->header.pattern)))
      return error;
  state = std::move(opened);
  return std::nullopt;
}

bool Tokenizer::isOpen() const { return state != nullptr; }

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

/// Cuts special tokens out of the text, one after the other in the order of
/// decreasing length, each in what the ones before left.
std::vector<Fragment> Tokenizer::State::partition(std::string_view text, bool parseSpecial) const {
  std::vector<Fragment> fragments;
  if (text.empty())
    return fragments;
  fragments.push_back({text});
  std::vector<Fragment> finer;
  for (size_t index = 0; index < header.specials.count; ++index) {
    int32_t id = record<blob::Number>(header.specials, index);
    uint8_t attributes = attributesOf(id);
    if (!parseSpecial && (attributes & (blob::control | blob::unknown)))
      continue;
    std::string_view spelling = pieceOf(id);
    if (text.find(spelling) == std::string_view::npos)
      continue;
    finer.clear();
    for (const Fragment &fragment : fragments) {
      if (fragment.token != noToken) {
        finer.push_back(fragment);
        continue;
      }
      std::string_view rest = fragment.text;
      for (size_t match; (match = rest.find(spelling)) != rest.npos;) {
        if (match > 0)
          finer.push_back({rest.substr(0, match)});
        finer.push_back({spelling, id});
        rest.remove_prefix(match + spelling.size());
        if (attributes & blob::stripRight)
          while (!rest.empty() && std::isspace(static_cast<unsigned char>(rest.front())))
            rest.remove_prefix(1);
      }
      if (!rest.empty())
        finer.push_back({rest});
    }
    fragments.swap(finer);
  }
  return fragments;
}

/// Byte-level BPE.
void Tokenizer::State::encodeWords(std::string_view text, std::vector<int32_t> &output) const {
  std::vector<size_t> lengths;
  splitter.split(text, lengths);
  MergeQueue<RankedCandidate> queue;
  for (size_t length : lengths) {
    std::string_view word = text.substr(0, length);
    text.remove_prefix(length);
    if (header.flags & blob::ignoreMerges)
      if (int32_t id = findKey(word); id != noToken) {
        output.push_back(id);
        continue;
      }
    queue.clear();
    for (size_t index = 0; index < length; ++index)
      queue.addSymbol(index, 1, header.byteTokens[static_cast<uint8_t>(word[index])]);
    queue.run([&](int32_t left, int32_t right) {
      const Symbol &a = queue.symbols[left];
      const Symbol &b = queue.symbols[right];
      if (a.token == noToken || b.token == noToken)
        return;
      if (std::optional<blob::Merge> merge = findMerge(a.token, b.token))
        queue.push({{left, right, a.length + b.length, int32_t(merge->result)}, merge->rank});
    });
    for (int32_t index = 0; index >= 0; index = queue.symbols[index].next)
      if (queue.symbols[index].token != noToken)
        output.push_back(queue.symbols[index].token);
  }
}

/// SentencePiece BPE; spaces in `text` are already marks.
void Tokenizer::State::encodeSentence(const std::string &text, std::vector<int32_t> &output) const {
  if (text.empty())
    return;
  std::string_view view = text;
  MergeQueue<ScoredCandidate> queue;
  for (size_t begin = 0; begin < view.size();) {
    size_t length = std::min(claimedLength(view[begin]), view.size() - begin);
    queue.addSymbol(begin, length, noToken);
    begin += length;
  }
  queue.run([&](int32_t left, int32_t right) {
    const Symbol &a = queue.symbols[left];
    const Symbol &b = queue.symbols[right];
    int32_t id = findKey(view.substr(a.begin, a.length + b.length));
    if (id != noToken)
      queue.push({{left, right, a.length + b.length, id}, record<float>(header.scores, id)});
  });
  for (int32_t index = 0; index >= 0; index = queue.symbols[index].next) {
    const Symbol &symbol = queue.symbols[index];
    std::string_view spelling = view.substr(symbol.begin, symbol.length);
    int32_t id = symbol.token != noToken ? symbol.token : findKey(spelling);
    if (id != noToken) {
      output.push_back(id);
      continue;
    }
    for (char byte : spelling)
      if (int32_t byteToken = header.byteTokens[static_cast<uint8_t>(byte)]; byteToken != noToken)
        output.push_back(byteToken);
  }
}

std::vector<int32_t> Tokenizer::encode(std::string_view text, bool addSpecial, bool parseSpecial) const {
  std::vector<int32_t> output;
  if (!state)
    return output;
  if (text.size() >= maximumInputBytes)
    throw std::length_error("the text to tokenize is too long");
  if (addSpecial && addsBeginOfSequence())
    output.push_back(state->header.beginOfSequence);

  // SentencePiece puts a space in front of what follows a special token, the
  // beginning included.
  bool afterSpecial = true;
  for (const Fragment &fragment : state->partition(text, parseSpecial)) {
    if (fragment.token != noToken) {
      output.push_back(fragment.token);
      afterSpecial = true;
      continue;
    }
    if (kind() == ModelKind::byteLevelPairs) {
      state->encodeWords(fragment.text, output);
      continue;
    }
    constexpr std::string_view mark = "▁";
    std::string sentence;
    sentence.reserve(fragment.text.size() + fragment.text.size() / 2);
    if (afterSpecial && addsSpacePrefix())
      sentence += mark;
    for (char byte : fragment.text) {
      if (byte == ' ')
        sentence += mark;
      else
        sentence += byte;
    }
    state->encodeSentence(sentence, output);
    afterSpecial = false;
  }

  if (addSpecial && addsEndOfSequence())
    output.push_back(state->header.endOfSequence);
  return output;
}

//===----------------------------------------------------------------------===//
// Decoding and facts
//===----------------------------------------------------------------------===//

std::string_view Tokenizer::piece(int32_t token, bool renderSpecial) const {
  if (!state || !state->contains(token))
    return {};
  if (!renderSpecial && (state->attributesOf(token) & (blob::control | blob::unknown)))
    return {};
  return state->pieceOf(token);
}

std::string Tokenizer::decode(std::span<const int32_t> tokens, bool removeSpecial, bool renderSpecial) const {
  std::string text;
  bool removeSpace = addsSpacePrefix();
  if (removeSpecial && addsBeginOfSequence() && !tokens.empty() && tokens.front() == beginOfSequence()) {
    // llama_detokenize keeps the space here; we follow it.
    removeSpace = false;
    tokens = tokens.subspan(1);
  }
  if (removeSpecial && addsEndOfSequence() && !tokens.empty() && tokens.back() == endOfSequence())
    tokens = tokens.first(tokens.size() - 1);
  for (int32_t token : tokens) {
    std::string_view next = piece(token, renderSpecial);
    if (removeSpace && next.starts_with(' '))
      next.remove_prefix(1);
    removeSpace = false;
    text += next;
  }
  return text;
}

bool Tokenizer::isEndOfGeneration(int32_t token) const {
  return state && state->contains(token) && (state->attributesOf(token) & blob::endOfGeneration);
}

bool Tokenizer::isControl(int32_t token) const {
  return state && state->contains(token) && (state->attributesOf(token) & blob::control);
}

int32_t Tokenizer::specialToken(std::string_view spelling) const {
  if (!state)
    return noToken;
  for (size_t index = 0; index < state->header.specials.count; ++index) {
    int32_t id = state->record<blob::Number>(state->header.specials, index);
    if (state->pieceOf(id) == spelling)
      return id;
  }
  return noToken;
}

ModelKind Tokenizer::kind() const { return state ? ModelKind(state->header.kind) : ModelKind::byteLevelPairs; }

int32_t Tokenizer::vocabularySize() const { return state ? state->tokenCount() : 0; }

int32_t Tokenizer::beginOfSequence() const { return state ? state->header.beginOfSequence : noToken; }

int32_t Tokenizer::endOfSequence() const { return state ? state->header.endOfSequence : noToken; }

int32_t Tokenizer::endOfTurn() const { return state ? state->header.endOfTurn : noToken; }

int32_t Tokenizer::unknown() const { return state ? state->header.unknown : noToken; }

int32_t Tokenizer::padding() const { return state ? state->header.padding : noToken; }

bool Tokenizer::addsBeginOfSequence() const { return state && (state->header.flags & blob::addBeginOfSequence); }

bool Tokenizer::addsEndOfSequence() const { return state && (state->header.flags & blob::addEndOfSequence); }

bool Tokenizer::addsSpacePrefix() const { return state && (state->header.flags & blob::addSpacePrefix); }

std::string_view Tokenizer::chatTemplate() const {
  if (!state)
    return {};
  return {reinterpret_cast<const char *>(state->data) + state->header.chatTemplate.offset,
          state->header.chatTemplate.count};
}
