//===- vocabulary.cpp - A serialized tokenizer, read in place -------------===//
//
// Implements vocabulary.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/vocabulary.h"

#include <cmath>

using namespace ingot::text;

std::optional<std::string> Vocabulary::open(const uint8_t *bytes, size_t size) {
  if (!bytes || size < sizeof(blob::Header))
    return "the tokenizer data is too short for its header";
  data = bytes;
  std::memcpy(&header, bytes, sizeof(blob::Header));
  return check(size);
}

std::optional<std::string> Vocabulary::check(size_t size) const {
  if (header.magic != blob::magic)
    return "the tokenizer data does not begin with its signature";
  if (header.version != blob::version || header.headerBytes != sizeof(blob::Header))
    return "the tokenizer data has version " + std::to_string(header.version) + ", this program reads version " +
           std::to_string(blob::version);
  std::string corrupt = "the tokenizer data is corrupt: ";
  if (header.bytes > size)
    return corrupt + "it is shorter than its header says";
  if (header.kind < uint32_t(ModelKind::byteLevelPairs) || header.kind > uint32_t(ModelKind::wordPiece))
    return corrupt + "unknown model kind";
  if (header.flags & ~uint32_t(allContentsFlags))
    return corrupt + "unknown flags";

  struct Bounds {
    const char *name;
    const blob::Section &section;
    size_t recordBytes;
    size_t maximum;
  };
  const Bounds sections[] = {
      {"token attributes", header.attributes, 1, maximumTokens},
      {"token scores", header.scores, sizeof(double), maximumTokens},
      {"piece offsets", header.pieces.offsets, sizeof(uint32_t), maximumTokens + 1},
      {"pieces", header.pieces.bytes, 1, UINT32_MAX},
      {"key offsets", header.keys.offsets, sizeof(uint32_t), maximumTokens + 1},
      {"keys", header.keys.bytes, 1, UINT32_MAX},
      {"token buckets", header.tokensByKey.starts, sizeof(uint32_t), maximumTokens + 1},
      {"tokens by key", header.tokensByKey.entries, sizeof(blob::Number), maximumTokens},
      {"merge buckets", header.merges.starts, sizeof(uint32_t), maximumMerges + 1},
      {"merges", header.merges.entries, sizeof(blob::Merge), maximumMerges},
      {"steps", header.steps, sizeof(blob::Step), maximumSteps},
      {"added tokens", header.addedTokens, sizeof(blob::AddedToken), maximumTokens},
      {"prefix", header.prefix, sizeof(blob::Number), maximumSteps},
      {"suffix", header.suffix, sizeof(blob::Number), maximumSteps},
      {"texts", header.texts, 1, UINT32_MAX},
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

  bool hasScores = kind() == ModelKind::sentencePiece || kind() == ModelKind::unigram;
  bool inRange = !hasScores || header.scores.count == tokenCount();
  for (size_t id = 0; id < header.scores.count; ++id)
    inRange &= !std::isnan(record<double>(header.scores, id));
  inRange &= !std::isnan(header.unknownScore);
  for (size_t id = 0; id < tokenCount(); ++id)
    inRange &= !(attributesOf(id) & ~uint32_t(allTokenAttributes));
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
  auto isText = [&](blob::Text text) {
    return text.offset <= header.texts.count && text.length <= header.texts.count - text.offset;
  };
  for (size_t index = 0; index < header.steps.count; ++index) {
    auto step = record<blob::Step>(header.steps, index);
    inRange &= isText(step.pattern) && isText(step.content);
  }
  inRange &= header.normalizerSteps <= header.steps.count;
  inRange &= isText(header.continuingPrefix) && isText(header.wordSuffix);
  if (!inRange)
    return corrupt + "step out of range";
  for (size_t index = 0; index < header.addedTokens.count; ++index) {
    auto added = record<blob::AddedToken>(header.addedTokens, index);
    inRange &= contains(added.token) && isText(added.spelling) && added.spelling.length != 0 &&
               !(added.flags & ~uint32_t(allAddedTokenFlags));
  }
  for (const blob::Section &ids : {header.prefix, header.suffix})
    for (size_t index = 0; index < ids.count; ++index)
      inRange &= contains(record<blob::Number>(ids, index));
  auto isIdOrNone = [&](int32_t id) { return id == noToken || contains(id); };
  for (int32_t id : header.byteTokens)
    inRange &= isIdOrNone(id);
  for (int32_t id : {header.beginOfSequence, header.endOfSequence, header.endOfTurn, header.unknown, header.padding})
    inRange &= isIdOrNone(id);
  if (is(addsBeginOfSequence))
    inRange &= header.beginOfSequence != noToken && header.prefix.count != 0;
  if (is(addsEndOfSequence))
    inRange &= header.endOfSequence != noToken && header.suffix.count != 0;
  if (!inRange)
    return corrupt + "special token out of range";
  return std::nullopt;
}
