//===- contents.h - What a tokenizer consists of --------------------------===//
//
// Readers of model files decide every open question and fill a
// TokenizerContents; serialize() (serialize.h) lays it out as the bytes that
// Tokenizer (tokenizer.h) uses in place.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_CONTENTS_H
#define INGOT_RUNTIME_TEXT_CONTENTS_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ingot::text {

/// The id of a token that the vocabulary does not have.
inline constexpr int32_t noToken = -1;

/// Bounds on what a file may ask for; beyond them a tokenizer is refused.
inline constexpr size_t maximumTokens = size_t(1) << 22;
inline constexpr size_t maximumMerges = size_t(1) << 24;
inline constexpr size_t maximumTokenBytes = 65535;
inline constexpr size_t maximumTextBytes = size_t(1) << 28;
inline constexpr size_t maximumSteps = 256;

/// How a piece of text becomes tokens; the numbers are written into
/// executables.
enum class ModelKind : uint32_t {
  byteLevelPairs = 1, ///< bytes, merged by the rank of the pair (byte-level BPE)
  sentencePiece = 2,  ///< characters, merged by the score of the result (SentencePiece's BPE as llama.cpp has it)
  characterPairs = 3, ///< characters, merged by the rank of the pair (BPE of Hugging Face `tokenizers`)
  unigram = 4,        ///< the segmentation with the highest sum of scores
  wordPiece = 5,      ///< the longest token first
};

/// One step on the way from a text to the pieces that the model takes. All
/// normalizers and pre-tokenizers are made of these.
enum class StepKind : uint32_t {
  normalize = 1,   ///< Unicode normalization; the form is the step's `content`: NFC, NFD, NFKC or NFKD
  lowercase = 2,   ///< each character by itself, see StepFlag::simpleCase
  replace = 3,     ///< every match of `pattern` by `content`
  surround = 4,    ///< puts `content` before and after every match of `pattern`
  prepend = 5,     ///< puts `content` in front of a piece that is not empty
  append = 6,      ///< puts `content` behind a piece that is not empty
  precompiled = 7, ///< replaces what SentencePiece's compiled map, `content`, lists
  split = 8,       ///< cuts a piece at the matches of `pattern`
  spellBytes = 9,  ///< writes each byte as GPT-2's alphabet spells it
};
inline constexpr uint32_t lastStepKind = 9;

/// What becomes of the matches when a piece is cut, as in SplitDelimiterBehavior of `tokenizers`.
enum class SplitBehavior : uint32_t { isolated, removed, mergedWithPrevious, mergedWithNext, contiguous };
inline constexpr uint32_t lastSplitBehavior = 4;

enum StepFlag : uint32_t {
  splitBehaviorBits = 7, ///< SplitBehavior, for split
  /// `pattern` is the text itself, else a regular expression in PCRE2's syntax.
  literalPattern = 8,
  /// What lies between the matches counts as the match.
  invertedPattern = 16,
  /// Does not prepend what the piece begins with already.
  unlessPresent = 32,
  /// Prepends to the piece that begins the text only.
  onlyFirst = 64,
  /// Lower case by UnicodeData alone: U+0130 becomes i without a dot above.
  simpleCase = 128,
  /// The longest entry of the map counts, at any place, as SentencePiece does it; else as `tokenizers` does it, the
  /// shortest entry of a grapheme of up to five bytes, else of each character.
  longestEntry = 256,
  allStepFlags = 511,
};

struct Step {
  StepKind kind;
  uint32_t flags = 0; ///< StepFlag bits
  std::string pattern;
  std::string content;

  bool operator==(const Step &) const = default;
};

/// A spelling that becomes its token before the model sees the text.
struct AddedToken {
  int32_t token;
  uint8_t flags = 0; ///< AddedTokenFlag bits
  std::string spelling;
};

enum AddedTokenFlag : uint8_t {
  stripLeft = 1,  ///< white space to the left belongs to the token
  stripRight = 2, ///< white space to the right belongs to it
  singleWord = 4, ///< counts only where no word goes on at either end
  /// Looked for in the normalized text; the spelling is normalized already.
  inNormalizedText = 8,
  allAddedTokenFlags = 15,
};

/// Facts about a token.
enum TokenAttribute : uint8_t {
  controlToken = 1,
  unknownToken = 2,
  userDefinedToken = 4,
  endOfGenerationToken = 8,
  allTokenAttributes = 15,
};

/// Facts about a tokenizer.
enum ContentsFlag : uint32_t {
  /// The begin-of-sequence token is what `prefix` begins with.
  addsBeginOfSequence = 1,
  addsEndOfSequence = 2,
  /// SentencePiece: a space in front of what follows a special token or begins the text.
  spacePrefix = 4,
  /// A piece that is a token is that token, whatever the merges would give.
  wholePieces = 8,
  /// The same, for pieces that are line feeds alone.
  wholeLineFeeds = 16,
  /// Added tokens are cut out at the leftmost place, of these the longest, as in `tokenizers`; else the longest
  /// first everywhere, as in llama.cpp.
  leftmostAddedTokens = 32,
  /// Characters without a token become the tokens of their bytes, if there are all.
  byteFallback = 64,
  /// Neighbouring unknown characters are one unknown token.
  fuseUnknown = 128,
  /// A decoded text does not begin with the space that its first token begins with.
  stripFirstSpace = 256,
  /// Nor end with the space that its last token ends with.
  stripLastSpace = 512,
  /// A decoded text begins with what finds its first token: WordPiece shows the
  /// prefix of a word's parts there.
  showFirstKey = 1024,
  allContentsFlags = 2047,
};

/// Two tokens that become one; the earlier in the list, the sooner.
struct MergedPair {
  int32_t left;
  int32_t right;
  int32_t result;
};

struct TokenizerContents {
  ModelKind kind = ModelKind::byteLevelPairs;
  uint32_t flags = 0; ///< ContentsFlag bits

  /// What each token adds to a text, any bytes; control tokens are spelt out.
  std::vector<std::string> pieces;
  /// What the model looks up to find the token: bytes for byte-level BPE, else UTF-8. Empty if nothing finds it.
  std::vector<std::string> keys;
  std::vector<uint8_t> attributes; ///< TokenAttribute bits
  std::vector<double> scores;      ///< of SentencePiece and Unigram
  std::vector<MergedPair> merges;  ///< of both kinds of pairs
  /// The token of each byte, noToken for none.
  std::array<int32_t, 256> byteTokens;

  std::vector<Step> normalizer;   ///< before added tokens with inNormalizedText are looked for
  std::vector<Step> preTokenizer; ///< after it
  std::vector<AddedToken> addedTokens;
  std::vector<int32_t> prefix; ///< what is put in front of a whole text
  std::vector<int32_t> suffix; ///< and behind it

  /// In front of every part of a word but the first, in the keys of WordPiece and characterPairs.
  std::string continuingPrefix;
  /// Behind the last character of a word, in the keys of characterPairs.
  std::string wordSuffix;
  uint32_t maximumWordCharacters = UINT32_MAX; ///< a longer one is unknown to WordPiece
  double unknownScore = 0;                     ///< of a character without a token, to Unigram

  int32_t beginOfSequence = noToken;
  int32_t endOfSequence = noToken;
  int32_t endOfTurn = noToken;
  int32_t unknown = noToken;
  int32_t padding = noToken;

  std::string chatTemplate;
};

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_CONTENTS_H
