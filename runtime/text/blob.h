//===- blob.h - Layout of a serialized tokenizer --------------------------===//
//
// Shared by the writer (description.cpp) and the reader (tokenizer.cpp), and by
// nobody else. Little-endian, offsets in bytes from the start of the header,
// sections at multiples of eight.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_BLOB_H
#define INGOT_RUNTIME_TEXT_BLOB_H

#include <bit>
#include <cstdint>
#include <string_view>

namespace ingot::text::blob {

static_assert(std::endian::native == std::endian::little);

inline constexpr uint64_t magic = 0x4b4f54544f474e49; // "INGOTTOK"
inline constexpr uint32_t version = 1;
inline constexpr uint32_t emptySlot = 0xffffffff;

enum Flag : uint32_t {
  addBeginOfSequence = 1,
  addEndOfSequence = 2,
  addSpacePrefix = 4,
  /// A word that is a token is that token, whatever the merges would give.
  ignoreMerges = 8,
  allFlags = 15,
};

enum Attribute : uint32_t {
  control = 1,
  unknown = 2,
  userDefined = 4,
  /// White space to the right of the token belongs to it.
  stripRight = 8,
  endOfGeneration = 16,
  allAttributes = 31,
};

/// `count` records of a type known from the field's comment.
struct Section {
  uint64_t offset;
  uint64_t count;
};

/// One token. Its key is what the merge algorithm looks up: bytes for
/// byte-level BPE (none if the spelling is outside GPT-2's alphabet), the
/// spelling for SentencePiece. Its piece is what it adds to a text; that of a
/// special token is its spelling. Both lie in `strings`.
struct Token {
  uint32_t keyOffset;
  uint32_t pieceOffset;
  uint16_t keyLength;
  uint16_t pieceLength;
  float score;
  uint32_t attributes; ///< Attribute bits
};
static_assert(sizeof(Token) == 20);

/// Its index is its rank.
struct Merge {
  int32_t left;
  int32_t right;
  int32_t result;
};
static_assert(sizeof(Merge) == 12);

struct Header {
  uint64_t magic;
  uint32_t version;
  uint32_t headerBytes;
  uint64_t bytes;   ///< of the whole
  uint32_t kind;    ///< ModelKind
  uint32_t pattern; ///< Pattern of pretokenizer.h
  uint32_t flags;   ///< Flag bits
  uint32_t maximumKeyLength;
  int32_t beginOfSequence; ///< token ids, -1 for none; so below
  int32_t endOfSequence;
  int32_t endOfTurn;
  int32_t unknown;
  int32_t padding;
  int32_t reserved;
  int32_t byteTokens[256]; ///< the token for a byte, -1 for none
  Section tokens;          ///< Token
  Section tokenSlots;      ///< uint32_t: open addressing by hashKey of the key
  Section merges;          ///< Merge
  Section mergeSlots;      ///< uint32_t: open addressing by hashPair
  Section specials;        ///< uint32_t: special tokens, longest spelling first
  Section strings;         ///< char
  Section chatTemplate;    ///< char
};
static_assert(sizeof(Header) == 64 + 1024 + 7 * 16);

/// FNV-1a, then mixed so that the low bits, which choose the slot, depend on
/// all others.
inline uint32_t hashKey(std::string_view key) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char byte : key)
    hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3;
  return static_cast<uint32_t>(hash ^ (hash >> 32));
}

inline uint32_t hashPair(int32_t left, int32_t right) {
  uint64_t pair = (uint64_t(uint32_t(left)) << 32) | uint32_t(right);
  pair *= 0x9e3779b97f4a7c15;
  pair ^= pair >> 32;
  pair *= 0xd6e8feb86659fd93;
  return static_cast<uint32_t>(pair >> 32);
}

} // namespace ingot::text::blob

#endif // INGOT_RUNTIME_TEXT_BLOB_H
