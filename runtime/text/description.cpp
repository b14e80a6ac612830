//===- description.cpp - From a model file's words to a tokenizer ---------===//
//
// Implements description.h: decides what a file leaves open as llama.cpp does
// (llama_vocab::impl::load in src/llama-vocab.cpp), refuses what is broken and
// writes the layout of blob.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/description.h"

#include "runtime/text/blob.h"
#include "runtime/text/byte_alphabet.h"
#include "runtime/text/pretokenizer.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

using namespace ingot::text;

namespace {

using Error = std::optional<std::string>;

constexpr std::pair<std::string_view, ModelKind> kinds[] = {
    {"gpt2", ModelKind::byteLevelPairs},
    {"llama", ModelKind::sentencePiece},
};

/// A text from a file, fit for one line of an error message.
std::string quote(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  constexpr size_t shown = 60;
  std::string quoted = "\"";
  for (char byte : text.substr(0, shown)) {
    if (static_cast<uint8_t>(byte) < 0x20 || byte == 0x7f) {
      quoted += "\\x";
      quoted += digits[static_cast<uint8_t>(byte) >> 4];
      quoted += digits[static_cast<uint8_t>(byte) & 15];
    } else {
      quoted += byte;
    }
  }
  if (text.size() > shown)
    quoted += "…";
  return quoted + "\"";
}

std::string element(const char *key, size_t index) {
  return std::string("tokenizer.ggml.") + key + "[" + std::to_string(index) + "]";
}

/// A description with every open question decided.
struct Resolved {
  const TokenizerDescription *description;
  PreTokenizer preTokenizer;
  std::vector<std::string> texts;
  std::vector<TokenType> types;
  std::vector<uint8_t> attributes;                   ///< Attribute bits
  std::unordered_map<std::string_view, int32_t> ids; ///< of `texts`
  std::vector<blob::Merge> merges;                   ///< in order of rank
  int32_t beginOfSequence;
  int32_t endOfSequence;
  int32_t endOfTurn;
  int32_t unknown;
  bool addBeginOfSequence;
  bool addEndOfSequence;
  bool addSpacePrefix;

  int32_t find(std::string_view text) const {
    auto found = ids.find(text);
    return found == ids.end() ? noToken : found->second;
  }
};

Error resolveTokens(Resolved &resolved) {
  const TokenizerDescription &description = *resolved.description;
  size_t count = description.tokens.size();
  if (count == 0)
    return "tokenizer.ggml.tokens is empty";
  if (count > maximumTokens)
    return "tokenizer.ggml.tokens has " + std::to_string(count) + " entries, more than the supported " +
           std::to_string(maximumTokens);
  if (!description.types.empty() && description.types.size() != count)
    return "tokenizer.ggml.token_type has " + std::to_string(description.types.size()) + " entries for " +
           std::to_string(count) + " tokens";
  if (!description.scores.empty() && description.scores.size() != count)
    return "tokenizer.ggml.scores has " + std::to_string(description.scores.size()) + " entries for " +
           std::to_string(count) + " tokens";

  resolved.texts = description.tokens;
  resolved.types.assign(count, TokenType::normal);
  resolved.attributes.assign(count, 0);
  resolved.ids.reserve(count);
  size_t bytes = 0;
  for (size_t index = 0; index < count; ++index) {
    std::string &text = resolved.texts[index];
    if (text.empty())
      text = "[EMPTY_" + std::to_string(index) + "]";
    if (text.size() > maximumTokenBytes)
      return element("tokens", index) + " is " + std::to_string(text.size()) + " bytes long, more than the supported " +
             std::to_string(maximumTokenBytes);
    bytes += text.size();
    if (bytes > maximumTextBytes)
      return "tokenizer.ggml.tokens holds more than the supported " + std::to_string(maximumTextBytes) + " bytes";
    if (!description.scores.empty() && std::isnan(description.scores[index]))
      return element("scores", index) + " is not a number";
  }
  for (size_t index = 0; index < count; ++index) {
    auto [other, isNew] = resolved.ids.emplace(resolved.texts[index], index);
    if (!isNew)
      return element("tokens", index) + " " + quote(resolved.texts[index]) + " repeats " +
             element("tokens", other->second);
    if (description.types.empty())
      continue;
    int32_t type = description.types[index];
    if (type < 0 || type > int32_t(TokenType::byte))
      type = int32_t(TokenType::undefined);
    resolved.types[index] = TokenType(type);
    switch (TokenType(type)) {
    case TokenType::control:
      resolved.attributes[index] = blob::control;
      break;
    case TokenType::unknown:
      resolved.attributes[index] = blob::unknown;
      break;
    case TokenType::userDefined:
      resolved.attributes[index] = blob::userDefined;
      break;
    default:
      break;
    }
  }
  return std::nullopt;
}

Error resolveMerges(Resolved &resolved) {
  const TokenizerDescription &description = *resolved.description;
  if (description.kind != ModelKind::byteLevelPairs)
    return std::nullopt;
  size_t count = description.merges.size();
  if (count == 0)
    return "tokenizer.ggml.merges is missing or empty; byte-level BPE needs it";
  if (count > maximumMerges)
    return "tokenizer.ggml.merges has " + std::to_string(count) + " entries, more than the supported " +
           std::to_string(maximumMerges);
  std::unordered_set<uint64_t> seen;
  seen.reserve(count);
  resolved.merges.reserve(count);
  for (size_t index = 0; index < count; ++index) {
    std::string_view merge = description.merges[index];
    // The first character may be a space that belongs to the left token.
    size_t gap = merge.find(' ', 1);
    if (gap == std::string_view::npos || gap + 1 == merge.size())
      return element("merges", index) + " " + quote(merge) + " is not two tokens with a space between them";
    std::string_view left = merge.substr(0, gap);
    std::string_view right = merge.substr(gap + 1);
    int32_t leftId = resolved.find(left);
    int32_t rightId = resolved.find(right);
    int32_t resultId = resolved.find(std::string(left) + std::string(right));
    if (leftId == noToken || rightId == noToken)
      return element("merges", index) + " " + quote(merge) + ": " + quote(leftId == noToken ? left : right) +
             " is not in tokenizer.ggml.tokens";
    if (resultId == noToken)
      return element("merges", index) + " " + quote(merge) + ": their concatenation is not in tokenizer.ggml.tokens";
    // Of a repeated merge the first, with the better rank, counts.
    if (seen.insert(uint64_t(leftId) << 32 | uint32_t(rightId)).second)
      resolved.merges.push_back({leftId, rightId, resultId, resolved.merges.size()});
  }
  return std::nullopt;
}

/// The id of the first of `texts` that the vocabulary has; it then is a control
/// token, whatever the file calls it.
int32_t findSpecial(Resolved &resolved, std::initializer_list<std::string_view> texts) {
  for (std::string_view text : texts) {
    int32_t id = resolved.find(text);
    if (id != noToken) {
      resolved.attributes[id] |= blob::control;
      return id;
    }
  }
  return noToken;
}

void makeUserDefined(Resolved &resolved, int32_t id) {
  resolved.types[id] = TokenType::userDefined;
  resolved.attributes[id] = blob::userDefined;
}

/// Finds the tokens that end a generation, by id and by spelling.
void resolveEndOfGeneration(Resolved &resolved) {
  const TokenizerDescription &description = *resolved.description;
  resolved.endOfTurn = description.endOfTurn;
  if (resolved.endOfTurn == noToken)
    resolved.endOfTurn = findSpecial(resolved, {"<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>",
                                                "<|end_of_text|>", "<EOT>", "_<EOT>", "[EOT]", "<｜end▁of▁sentence｜>",
                                                "<end_of_utterance>"});
  int32_t endOfMessage = description.endOfMessage;
  if (endOfMessage == noToken)
    endOfMessage = findSpecial(resolved, {"<|eom_id|>"});
  if (description.fillPrefix == noToken)
    findSpecial(resolved, {"<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>",
                           "<|code_prefix|>", "<|prefix|>"});
  if (description.fillSuffix == noToken)
    findSpecial(resolved, {"<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>",
                           "<|code_suffix|>", "<|suffix|>"});
  if (description.fillMiddle == noToken)
    findSpecial(resolved, {"<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>",
                           "<|code_middle|>", "<|middle|>"});
  int32_t fillPadding = description.fillPadding;
  if (fillPadding == noToken)
    fillPadding = findSpecial(resolved, {"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"});
  int32_t fillRepository = description.fillRepository;
  if (fillRepository == noToken)
    fillRepository = findSpecial(resolved, {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"});
  int32_t fillSeparator = description.fillSeparator;
  if (fillSeparator == noToken)
    fillSeparator = findSpecial(resolved, {"<|file_sep|>"});

  for (int32_t id :
       {resolved.endOfSequence, resolved.endOfTurn, endOfMessage, fillPadding, fillRepository, fillSeparator})
    if (id != noToken)
      resolved.attributes[id] |= blob::endOfGeneration;
  for (std::string_view text : {"<|eot_id|>",
                                "<|im_end|>",
                                "<|end|>",
                                "<|return|>",
                                "<|call|>",
                                "<|flush|>",
                                "<|calls|>",
                                "<end_of_turn>",
                                "<|endoftext|>",
                                "</s>",
                                "<|eom_id|>",
                                "<EOT>",
                                "_<EOT>",
                                "[EOT]",
                                "[EOS]",
                                "<|end_of_text|>",
                                "<end_of_utterance>",
                                "<eos>",
                                "<turn|>",
                                "<|tool_response>",
                                "<｜end▁of▁sentence｜>",
                                "[e~["}) {
    int32_t id = findSpecial(resolved, {text});
    if (id != noToken)
      resolved.attributes[id] |= blob::endOfGeneration;
  }

  // Two vocabularies in which a token of that list means something else.
  auto ends = [&](std::string_view text) {
    int32_t id = resolved.find(text);
    return id != noToken && (resolved.attributes[id] & blob::endOfGeneration);
  };
  bool hasCall = ends("<|call|>") || ends("<|calls|>");
  if (hasCall && (ends("<|return|>") || ends("<|flush|>")) && ends("<|end|>"))
    makeUserDefined(resolved, resolved.find("<|end|>"));
  if (ends("<|tool_response>") && ends("</s>")) {
    resolved.types[resolved.find("</s>")] = TokenType::normal;
    resolved.attributes[resolved.find("</s>")] = 0;
  }
  for (std::string_view text : {"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"})
    if (int32_t id = resolved.find(text); id != noToken)
      makeUserDefined(resolved, id);
}

void resolveStripping(Resolved &resolved) {
  std::string name = resolved.description->modelName;
  for (char &character : name)
    character = std::tolower(static_cast<unsigned char>(character));
  if (name.find("phi-3") == std::string::npos && name.find("phi3") == std::string::npos)
    return;
  for (uint8_t &attributes : resolved.attributes)
    if (attributes & (blob::control | blob::unknown | blob::userDefined))
      attributes |= blob::stripRight;
  for (std::string_view text : {"<unk>", "<s>", "<|endoftext|>"})
    if (int32_t id = resolved.find(text); id != noToken)
      resolved.attributes[id] &= ~blob::stripRight;
}

Error resolveSpecials(Resolved &resolved) {
  const TokenizerDescription &description = *resolved.description;
  int32_t count = description.tokens.size();
  const std::pair<const char *, int32_t> named[] = {
      {"bos_token_id", description.beginOfSequence},    {"eos_token_id", description.endOfSequence},
      {"eot_token_id", description.endOfTurn},          {"eom_token_id", description.endOfMessage},
      {"unknown_token_id", description.unknown},        {"seperator_token_id", description.separator},
      {"padding_token_id", description.padding},        {"mask_token_id", description.mask},
      {"fim_pre_token_id", description.fillPrefix},     {"fim_suf_token_id", description.fillSuffix},
      {"fim_mid_token_id", description.fillMiddle},     {"fim_pad_token_id", description.fillPadding},
      {"fim_rep_token_id", description.fillRepository}, {"fim_sep_token_id", description.fillSeparator},
  };
  for (auto [key, id] : named)
    if (id < noToken || id >= count)
      return std::string("tokenizer.ggml.") + key + " is " + std::to_string(id) + ", outside the vocabulary of " +
             std::to_string(count) + " tokens";

  bool isSentencePiece = description.kind == ModelKind::sentencePiece;
  auto orDefault = [&](int32_t id, int32_t byDefault) {
    return id == noToken && isSentencePiece && byDefault < count ? byDefault : id;
  };
  resolved.beginOfSequence = orDefault(description.beginOfSequence, 1);
  resolved.endOfSequence = orDefault(description.endOfSequence, 2);
  resolved.unknown = orDefault(description.unknown, 0);
  resolved.addBeginOfSequence = description.addBeginOfSequence.value_or(
      isSentencePiece || (resolved.preTokenizer.addBeginOfSequence && resolved.beginOfSequence != noToken));
  resolved.addEndOfSequence = description.addEndOfSequence.value_or(false);
  resolved.addSpacePrefix = isSentencePiece && description.addSpacePrefix.value_or(true);
  if (resolved.addBeginOfSequence && resolved.beginOfSequence == noToken)
    return "tokenizer.ggml.add_bos_token is true, but there is no "
           "tokenizer.ggml.bos_token_id";
  if (resolved.addEndOfSequence && resolved.endOfSequence == noToken)
    return "tokenizer.ggml.add_eos_token is true, but there is no "
           "tokenizer.ggml.eos_token_id";
  return std::nullopt;
}

Error resolve(const TokenizerDescription &description, Resolved &resolved) {
  resolved.description = &description;
  resolved.preTokenizer = preTokenizers().front();
  if (description.kind == ModelKind::byteLevelPairs && !description.preTokenizer.empty()) {
    auto all = preTokenizers();
    auto found =
        std::find_if(all.begin(), all.end(), [&](const auto &entry) { return entry.name == description.preTokenizer; });
    if (found == all.end())
      return "tokenizer.ggml.pre is " + quote(description.preTokenizer) +
             "; supported are: " + supportedPreTokenizers();
    resolved.preTokenizer = *found;
  }
  if (description.chatTemplate.size() > maximumTextBytes)
    return "tokenizer.chat_template is longer than the supported " + std::to_string(maximumTextBytes) + " bytes";
  if (Error error = resolveTokens(resolved))
    return error;
  if (Error error = resolveMerges(resolved))
    return error;
  if (Error error = resolveSpecials(resolved))
    return error;
  resolveEndOfGeneration(resolved);
  resolveStripping(resolved);
  return std::nullopt;
}

std::optional<uint8_t> byteOfName(std::string_view name) {
  auto digit = [](char character) {
    if (character >= '0' && character <= '9')
      return character - '0';
    if (character >= 'A' && character <= 'F')
      return character - 'A' + 10;
    if (character >= 'a' && character <= 'f')
      return character - 'a' + 10;
    return -1;
  };
  if (name.size() != 6 || name.substr(0, 3) != "<0x" || name[5] != '>' || digit(name[3]) < 0 || digit(name[4]) < 0)
    return std::nullopt;
  return digit(name[3]) * 16 + digit(name[4]);
}

std::string nameOfByte(uint8_t byte) {
  static constexpr char digits[] = "0123456789ABCDEF";
  return {'<', '0', 'x', digits[byte >> 4], digits[byte & 15], '>'};
}

std::string replaceSpaceMarks(std::string text) {
  constexpr std::string_view mark = "▁";
  for (size_t position = 0; (position = text.find(mark, position)) != std::string::npos; ++position)
    text.replace(position, mark.size(), " ");
  return text;
}

/// What llama_token_to_piece gives with special tokens rendered.
std::string pieceOf(const Resolved &resolved, size_t id) {
  const std::string &text = resolved.texts[id];
  if (resolved.attributes[id] & (blob::control | blob::unknown | blob::userDefined))
    return text;
  switch (resolved.types[id]) {
  case TokenType::normal:
    return resolved.description->kind == ModelKind::byteLevelPairs ? renderSpelling(text) : replaceSpaceMarks(text);
  case TokenType::byte:
    if (std::optional<uint8_t> byte = byteOfName(text))
      return {static_cast<char>(*byte)};
    return {};
  default:
    return {};
  }
}

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

} // namespace

std::optional<ModelKind> ingot::text::modelKindFromName(std::string_view name) {
  for (auto [kindName, kind] : kinds)
    if (kindName == name)
      return kind;
  return std::nullopt;
}

std::string ingot::text::supportedModelKinds() {
  std::string names;
  for (auto [name, kind] : kinds)
    names.append(names.empty() ? "" : ", ").append(name);
  return names;
}

std::string ingot::text::supportedPreTokenizers() {
  std::string names;
  for (const PreTokenizer &entry : preTokenizers())
    names.append(names.empty() ? "" : ", ").append(entry.name);
  return names;
}

std::optional<std::string> ingot::text::validate(const TokenizerDescription &description) {
  Resolved resolved;
  if (Error error = resolve(description, resolved))
    return error;
  size_t bytes = 0;
  for (size_t id = 0; id < resolved.texts.size(); ++id) {
    size_t length = pieceOf(resolved, id).size();
    bytes += length;
    if (length > maximumTokenBytes || bytes > maximumTextBytes)
      return element("tokens", id) + " " + quote(resolved.texts[id]) +
             " has characters outside the byte-level alphabet and would be "
             "written as too many bytes";
  }
  return std::nullopt;
}

std::string ingot::text::serialize(const TokenizerDescription &description) {
  Resolved resolved;
  if (validate(description) || resolve(description, resolved))
    return {};
  bool isByteLevel = description.kind == ModelKind::byteLevelPairs;
  size_t count = resolved.texts.size();

  std::vector<float> scores;
  if (!isByteLevel) {
    scores = description.scores;
    scores.resize(count);
  }
  std::vector<std::string> pieces(count);
  std::vector<std::string> keys(count);
  std::vector<blob::Number> keyed;
  std::vector<blob::Number> specials;
  bool looksUpKeys = !isByteLevel || resolved.preTokenizer.ignoreMerges;
  bool keysArePieces = true;
  uint32_t maximumKeyLength = 0;
  for (size_t id = 0; id < count; ++id) {
    const std::string &text = resolved.texts[id];
    pieces[id] = pieceOf(resolved, id);
    if (looksUpKeys)
      keys[id] = isByteLevel ? bytesOfSpelling(text).value_or("") : text;
    maximumKeyLength = std::max<uint32_t>(maximumKeyLength, keys[id].size());
    if (!keys[id].empty()) {
      keyed.push_back(id);
      keysArePieces &= keys[id] == pieces[id];
    }
    if (resolved.attributes[id] & (blob::control | blob::unknown | blob::userDefined))
      specials.push_back(id);
  }
  std::sort(specials.begin(), specials.end(), [&](uint32_t left, uint32_t right) {
    size_t leftSize = resolved.texts[left].size();
    size_t rightSize = resolved.texts[right].size();
    return leftSize != rightSize ? leftSize > rightSize : left < right;
  });

  blob::Header header = {};
  header.magic = blob::magic;
  header.version = blob::version;
  header.headerBytes = sizeof(header);
  header.kind = uint32_t(description.kind);
  header.pattern = uint32_t(resolved.preTokenizer.pattern);
  header.flags = (resolved.addBeginOfSequence ? blob::addBeginOfSequence : 0) |
                 (resolved.addEndOfSequence ? blob::addEndOfSequence : 0) |
                 (resolved.addSpacePrefix ? blob::addSpacePrefix : 0) |
                 (resolved.preTokenizer.ignoreMerges ? blob::ignoreMerges : 0);
  header.maximumKeyLength = maximumKeyLength;
  header.beginOfSequence = resolved.beginOfSequence;
  header.endOfSequence = resolved.endOfSequence;
  header.endOfTurn = resolved.endOfTurn;
  header.unknown = resolved.unknown;
  header.padding = description.padding;
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string own(1, static_cast<char>(byte));
    int32_t id = resolved.find(isByteLevel ? spellByte(byte) : nameOfByte(byte));
    if (id == noToken && !isByteLevel)
      id = resolved.find(own);
    if (id == noToken && !isByteLevel)
      id = resolved.unknown;
    header.byteTokens[byte] = id;
  }

  std::string bytes(sizeof(header), '\0');
  header.attributes = append(bytes, resolved.attributes);
  header.scores = append(bytes, scores);
  header.pieces = appendStrings(bytes, pieces);
  header.keys = appendStrings(bytes, keysArePieces ? std::vector<std::string>() : keys);
  header.tokensByKey = appendBuckets(bytes, keyed, [&](uint32_t id) { return blob::hashKey(keys[id]); });
  header.merges = appendBuckets(bytes, resolved.merges,
                                [](const blob::Merge &merge) { return blob::hashPair(merge.left, merge.right); });
  header.specials = append(bytes, specials);
  header.chatTemplate = append(bytes, description.chatTemplate);
  bytes.resize((bytes.size() + 7) / 8 * 8);
  header.bytes = bytes.size();
  std::memcpy(bytes.data(), &header, sizeof(header));
  return bytes;
}
