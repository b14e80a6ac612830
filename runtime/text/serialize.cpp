//===- serialize.cpp - Laying out a tokenizer -----------------------------===//
//
// Implements serialize.h: writes the layout of blob.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/serialize.h"

#include "runtime/text/blob.h"
#include "runtime/text/steps.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace ingot::text;

namespace {

/// Appends `records`, a contiguous container, as a section.
template <typename Records> blob::Section append(std::string &bytes, const Records &records) {
  bytes.resize((bytes.size() + 7) / 8 * 8);
  blob::Section section{bytes.size(), records.size()};
  bytes.append(reinterpret_cast<const char *>(records.data()), records.size() * sizeof(*records.data()));
  return section;
}

blob::Strings appendStrings(std::string &bytes, const std::vector<std::string> &strings) {
  std::vector<uint32_t> offsets = {0};
  std::string contents;
  for (const std::string &string : strings) {
    contents += string;
    offsets.push_back(contents.size());
  }
  return {append(bytes, offsets), append(bytes, contents)};
}

/// Appends `entries` in buckets, those of one bucket in the order that they have here.
template <typename Entry, typename Hash>
blob::Buckets appendBuckets(std::string &bytes, const std::vector<Entry> &entries, Hash hash) {
  uint64_t count = entries.size() / blob::entriesPerBucket + 1;
  std::vector<std::vector<Entry>> buckets(count);
  for (const Entry &entry : entries)
    buckets[blob::bucketOf(hash(entry), count)].push_back(entry);
  std::vector<uint32_t> starts = {0};
  std::vector<Entry> sorted;
  for (const std::vector<Entry> &bucket : buckets) {
    sorted.insert(sorted.end(), bucket.begin(), bucket.end());
    starts.push_back(sorted.size());
  }
  return {append(bytes, starts), append(bytes, sorted)};
}

bool hasScores(ModelKind kind) { return kind == ModelKind::sentencePiece || kind == ModelKind::unigram; }

std::string exceeds(const char *what, size_t count, size_t maximum) {
  return std::string(what) + ": " + std::to_string(count) + ", more than the supported " + std::to_string(maximum);
}

} // namespace

std::optional<std::string> ingot::text::validate(const TokenizerContents &contents) {
  size_t count = contents.pieces.size();
  if (count == 0)
    return "the vocabulary is empty";
  if (count > maximumTokens)
    return exceeds("tokens", count, maximumTokens);
  if (contents.merges.size() > maximumMerges)
    return exceeds("merges", contents.merges.size(), maximumMerges);
  if (contents.keys.size() != count || contents.attributes.size() != count ||
      (hasScores(contents.kind) && contents.scores.size() != count))
    return "not every token has a key, attributes and a score";
  size_t bytes = 0;
  for (size_t id = 0; id < count; ++id) {
    size_t longest = std::max(contents.pieces[id].size(), contents.keys[id].size());
    bytes += longest;
    if (longest > maximumTokenBytes)
      return "token " + std::to_string(id) + " is " + std::to_string(longest) +
             " bytes long, more than the supported " + std::to_string(maximumTokenBytes);
    if (bytes > maximumTextBytes)
      return exceeds("bytes of all tokens", bytes, maximumTextBytes);
    if (hasScores(contents.kind) && std::isnan(contents.scores[id]))
      return "the score of token " + std::to_string(id) + " is not a number";
  }
  auto contains = [&](int32_t id) { return id >= 0 && size_t(id) < count; };
  auto outside = [&](const char *what, int32_t id) {
    return std::string(what) + " is token " + std::to_string(id) + ", outside the vocabulary of " +
           std::to_string(count) + " tokens";
  };
  const std::pair<const char *, int32_t> named[] = {{"begin of sequence", contents.beginOfSequence},
                                                    {"end of sequence", contents.endOfSequence},
                                                    {"end of turn", contents.endOfTurn},
                                                    {"unknown", contents.unknown},
                                                    {"padding", contents.padding}};
  for (auto [what, id] : named)
    if (id != noToken && !contains(id))
      return outside(what, id);
  for (int32_t id : contents.byteTokens)
    if (id != noToken && !contains(id))
      return outside("a byte", id);
  for (const MergedPair &merge : contents.merges)
    for (int32_t id : {merge.left, merge.right, merge.result})
      if (!contains(id))
        return outside("a part of a merge", id);
  for (const AddedToken &added : contents.addedTokens) {
    if (!contains(added.token))
      return outside("an added token", added.token);
    if (added.spelling.empty() || added.spelling.size() > maximumTokenBytes)
      return "added token " + std::to_string(added.token) + " is spelt with " + std::to_string(added.spelling.size()) +
             " bytes; supported are 1 to " + std::to_string(maximumTokenBytes);
  }
  for (const std::vector<int32_t> *ids : {&contents.prefix, &contents.suffix}) {
    if (ids->size() > maximumSteps)
      return exceeds("tokens at the ends of a text", ids->size(), maximumSteps);
    for (int32_t id : *ids)
      if (!contains(id))
        return outside("a token at the ends of a text", id);
  }
  if (contents.normalizer.size() + contents.preTokenizer.size() > maximumSteps)
    return exceeds("steps", contents.normalizer.size() + contents.preTokenizer.size(), maximumSteps);
  for (const std::vector<Step> *steps : {&contents.normalizer, &contents.preTokenizer})
    for (const Step &step : *steps) {
      Steps compiled;
      if (step.pattern.size() + step.content.size() > maximumTextBytes)
        return exceeds("bytes of a step", step.pattern.size() + step.content.size(), maximumTextBytes);
      if (std::optional<std::string> error = compiled.add({step.kind, step.flags, step.pattern, step.content}))
        return "a step of its pipeline is broken: " + *error;
    }
  if (contents.chatTemplate.size() > maximumTextBytes)
    return exceeds("bytes of the chat template", contents.chatTemplate.size(), maximumTextBytes);
  return std::nullopt;
}

std::string ingot::text::serialize(const TokenizerContents &contents) {
  size_t count = contents.pieces.size();
  std::vector<blob::Number> keyed;
  bool keysArePieces = true;
  uint32_t maximumKeyLength = 0;
  for (size_t id = 0; id < count; ++id) {
    const std::string &key = contents.keys[id];
    maximumKeyLength = std::max<uint32_t>(maximumKeyLength, key.size());
    if (key.empty())
      continue;
    keyed.push_back(id);
    keysArePieces &= key == contents.pieces[id];
  }

  std::string texts;
  auto textOf = [&](const std::string &text) {
    size_t offset = texts.size();
    texts += text;
    return blob::Text{uint32_t(offset), uint32_t(text.size())};
  };
  std::vector<blob::Step> steps;
  for (const std::vector<Step> *list : {&contents.normalizer, &contents.preTokenizer})
    for (const Step &step : *list)
      steps.push_back({uint32_t(step.kind), step.flags, textOf(step.pattern), textOf(step.content)});
  std::vector<const AddedToken *> longestFirst;
  for (const AddedToken &added : contents.addedTokens)
    longestFirst.push_back(&added);
  std::sort(longestFirst.begin(), longestFirst.end(), [](const AddedToken *left, const AddedToken *right) {
    if (left->spelling.size() != right->spelling.size())
      return left->spelling.size() > right->spelling.size();
    return left->token < right->token;
  });
  std::vector<blob::AddedToken> added;
  for (const AddedToken *token : longestFirst)
    added.push_back({uint32_t(token->token), token->flags, textOf(token->spelling)});
  std::vector<blob::Merge> merges;
  for (const MergedPair &merge : contents.merges)
    merges.push_back({uint32_t(merge.left), uint32_t(merge.right), uint32_t(merge.result), uint32_t(merges.size())});

  blob::Header header = {};
  header.magic = blob::magic;
  header.version = blob::version;
  header.headerBytes = sizeof(header);
  header.kind = uint32_t(contents.kind);
  header.flags = contents.flags;
  header.maximumKeyLength = maximumKeyLength;
  header.maximumWordCharacters = contents.maximumWordCharacters;
  header.beginOfSequence = contents.beginOfSequence;
  header.endOfSequence = contents.endOfSequence;
  header.endOfTurn = contents.endOfTurn;
  header.unknown = contents.unknown;
  header.padding = contents.padding;
  header.normalizerSteps = contents.normalizer.size();
  header.unknownScore = contents.unknownScore;
  header.continuingPrefix = textOf(contents.continuingPrefix);
  header.wordSuffix = textOf(contents.wordSuffix);
  std::copy(contents.byteTokens.begin(), contents.byteTokens.end(), header.byteTokens);

  std::string bytes(sizeof(header), '\0');
  header.attributes = append(bytes, contents.attributes);
  header.scores = append(bytes, hasScores(contents.kind) ? contents.scores : std::vector<double>());
  header.pieces = appendStrings(bytes, contents.pieces);
  header.keys = appendStrings(bytes, keysArePieces ? std::vector<std::string>() : contents.keys);
  header.tokensByKey = appendBuckets(bytes, keyed, [&](uint32_t id) { return blob::hashKey(contents.keys[id]); });
  header.merges =
      appendBuckets(bytes, merges, [](const blob::Merge &merge) { return blob::hashPair(merge.left, merge.right); });
  header.steps = append(bytes, steps);
  header.addedTokens = append(bytes, added);
  header.prefix = append(bytes, std::vector<blob::Number>(contents.prefix.begin(), contents.prefix.end()));
  header.suffix = append(bytes, std::vector<blob::Number>(contents.suffix.begin(), contents.suffix.end()));
  header.texts = append(bytes, texts);
  header.chatTemplate = append(bytes, contents.chatTemplate);
  bytes.resize((bytes.size() + 7) / 8 * 8);
  header.bytes = bytes.size();
  std::memcpy(bytes.data(), &header, sizeof(header));
  return bytes;
}
