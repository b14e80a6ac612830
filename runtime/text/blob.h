//===- blob.h - Layout of a serialized tokenizer --------------------------===//
//
// Shared by the writer (serialize.cpp) and the reader (vocabulary.cpp), and by
// nobody else. Little-endian, offsets in bytes from the start of the header,
// sections at multiples of eight.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_BLOB_H
#define INGOT_RUNTIME_TEXT_BLOB_H

#include "runtime/text/contents.h"

#include <bit>
#include <cstdint>
#include <string_view>

namespace ingot::text::blob {

static_assert(std::endian::native == std::endian::little);

inline constexpr uint64_t magic = 0x4b4f54544f474e49; // "INGOTTOK"
inline constexpr uint32_t version = 3;

/// `count` records of a type known from the field's comment.
struct Section {
  uint64_t offset;
  uint64_t count;
};

/// One string a token, in the order of the ids: that of token `id` goes from
/// offsets[id] to offsets[id + 1].
struct Strings {
  Section offsets; ///< uint32_t, one more than there are tokens
  Section bytes;   ///< char
};

/// A hash table without empty slots: entries that fall into one bucket stand
/// side by side, those of bucket `b` from starts[b] to starts[b + 1].
struct Buckets {
  Section starts; ///< uint32_t, one more than there are buckets, of which there is at least one
  Section entries;
};

/// About so many entries share a bucket: few enough to look through, so many
/// that `starts` is small beside them.
inline constexpr uint64_t entriesPerBucket = 4;

inline uint64_t bucketOf(uint32_t hash, uint64_t buckets) { return hash * buckets >> 32; }

/// A token or a rank; the bounds of contents.h leave them 24 bits.
class Number {
public:
  Number() = default;
  constexpr Number(uint32_t value)
      : bytes{static_cast<uint8_t>(value), static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value >> 16)} {}
  constexpr operator uint32_t() const { return bytes[0] | bytes[1] << 8 | bytes[2] << 16; }

private:
  uint8_t bytes[3];
};
static_assert(sizeof(Number) == 3);
static_assert(maximumTokens <= 1 << 24 && maximumMerges <= 1 << 24);

struct Merge {
  Number left;
  Number right;
  Number result;
  Number rank;
};
static_assert(sizeof(Merge) == 12);

/// A stretch of Header::texts.
struct Text {
  uint32_t offset;
  uint32_t length;
};

struct Step {
  uint32_t kind;  ///< StepKind
  uint32_t flags; ///< StepFlag bits
  Text pattern;
  Text content;
};
static_assert(sizeof(Step) == 24);

struct AddedToken {
  Number token;
  uint8_t flags; ///< AddedTokenFlag bits
  Text spelling;
};
static_assert(sizeof(AddedToken) == 12);

struct Header {
  uint64_t magic;
  uint32_t version;
  uint32_t headerBytes;
  uint64_t bytes; ///< of the whole
  uint32_t kind;  ///< ModelKind
  uint32_t flags; ///< ContentsFlag bits
  uint32_t maximumKeyLength;
  uint32_t maximumWordCharacters;
  int32_t beginOfSequence; ///< token ids, -1 for none; so below
  int32_t endOfSequence;
  int32_t endOfTurn;
  int32_t unknown;
  int32_t padding;
  uint32_t normalizerSteps; ///< so many of `steps` come before the others, the pre-tokenizer
  double unknownScore;
  Text continuingPrefix;
  Text wordSuffix;
  int32_t byteTokens[256]; ///< the token for a byte, -1 for none
  Section attributes;      ///< uint8_t: TokenAttribute bits, one a token
  Section scores;          ///< double, one a token; of SentencePiece and Unigram
  /// What each token adds to a text; that of a special token is its spelling.
  Strings pieces;
  /// What the algorithm looks up. Empty where every key looked up is the token's piece.
  Strings keys;
  /// Number: the tokens that a key can find, by hashKey. None for byte-level
  /// BPE that goes by the merges alone.
  Buckets tokensByKey;
  Buckets merges;       ///< Merge, by hashPair of left and right
  Section steps;        ///< Step
  Section addedTokens;  ///< AddedToken, longest spelling first
  Section prefix;       ///< Number
  Section suffix;       ///< Number
  Section texts;        ///< char
  Section chatTemplate; ///< char
};
static_assert(sizeof(Header) == 88 + 1024 + 16 * 16);

/// FNV-1a, then mixed so that the high bits, which choose the bucket, depend on
/// all others. Hashes of longer and longer prefixes come byte by byte.
class KeyHash {
public:
  void add(char byte) { state = (state ^ static_cast<uint8_t>(byte)) * 0x100000001b3; }
  void add(std::string_view bytes) {
    for (char byte : bytes)
      add(byte);
  }
  uint32_t value() const {
    uint64_t hash = (state ^ (state >> 32)) * 0x9e3779b97f4a7c15;
    return static_cast<uint32_t>(hash >> 32);
  }

private:
  uint64_t state = 0xcbf29ce484222325;
};

inline uint32_t hashKey(std::string_view key) {
  KeyHash hash;
  hash.add(key);
  return hash.value();
}

inline uint32_t hashPair(uint32_t left, uint32_t right) {
  uint64_t pair = (uint64_t(left) << 32) | right;
  pair *= 0x9e3779b97f4a7c15;
  pair ^= pair >> 32;
  pair *= 0xd6e8feb86659fd93;
  return static_cast<uint32_t>(pair >> 32);
}

} // namespace ingot::text::blob

#endif // INGOT_RUNTIME_TEXT_BLOB_H
