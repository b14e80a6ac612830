//===- description.cpp - From a GGUF file's words to a tokenizer ----------===//
//
// Implements description.h: decides what a file leaves open as llama.cpp does
// (llama_vocab::impl::load in src/llama-vocab.cpp) and refuses what is broken.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/description.h"

#include "runtime/text/byte_alphabet.h"
#include "runtime/text/end_of_generation.h"
#include "runtime/text/ggml_pretokenizers.h"
#include "runtime/text/regex_syntax.h"
#include "runtime/text/serialize.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <unordered_map>
#include <unordered_set>

using namespace ingot::text;

namespace {

using Error = std::optional<std::string>;

constexpr std::string_view spaceMark = "▁";

struct Model {
  std::string_view name;
  ModelKind kind;
  std::string_view preTokenizer; ///< "": the file names it, if there is one
};

constexpr Model models[] = {
    {"gpt2", ModelKind::byteLevelPairs, ""},
    {"llama", ModelKind::sentencePiece, ""},
    {"bert", ModelKind::wordPiece, ""},
    {"t5", ModelKind::unigram, ""},
    {"gemma4", ModelKind::byteLevelPairs, "gemma4"},
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
  std::vector<uint8_t> attributes;                   ///< TokenAttribute bits
  std::vector<uint8_t> stripping;                    ///< AddedTokenFlag bits
  std::unordered_map<std::string_view, int32_t> ids; ///< of `texts`
  std::vector<MergedPair> merges;                    ///< in order of rank
  int32_t beginOfSequence;
  int32_t endOfSequence;
  int32_t endOfTurn;
  int32_t unknown;
  int32_t separator;
  int32_t padding;
  bool addBeginOfSequence;
  bool addEndOfSequence;
  bool addSpacePrefix;

  bool isBytePairs() const { return description->kind == ModelKind::byteLevelPairs; }

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
  resolved.stripping.assign(count, 0);
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
      resolved.attributes[index] = controlToken;
      break;
    case TokenType::unknown:
      resolved.attributes[index] = unknownToken;
      break;
    case TokenType::userDefined:
      resolved.attributes[index] = userDefinedToken;
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
    return "tokenizer.ggml.merges is missing or empty; BPE needs it";
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
      resolved.merges.push_back({leftId, rightId, resultId});
  }
  return std::nullopt;
}

/// The id of the first of `texts` that the vocabulary has; it then is a control
/// token, whatever the file calls it.
int32_t findSpecial(Resolved &resolved, std::initializer_list<std::string_view> texts) {
  for (std::string_view text : texts) {
    int32_t id = resolved.find(text);
    if (id != noToken) {
      resolved.attributes[id] |= controlToken;
      return id;
    }
  }
  return noToken;
}

void makeUserDefined(Resolved &resolved, int32_t id) {
  resolved.types[id] = TokenType::userDefined;
  resolved.attributes[id] = userDefinedToken;
}

/// Finds the tokens that end a generation, by id and by spelling.
void resolveEndOfGeneration(Resolved &resolved) {
  const TokenizerDescription &description = *resolved.description;
  resolved.endOfTurn = description.endOfTurn;
  if (resolved.endOfTurn == noToken)
    resolved.endOfTurn = findSpecial(resolved, endOfTurnSpellings);
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
      resolved.attributes[id] |= endOfGenerationToken;
  for (std::string_view text : endOfGenerationSpellings) {
    int32_t id = findSpecial(resolved, {text});
    if (id != noToken)
      resolved.attributes[id] |= endOfGenerationToken;
  }

  // Two vocabularies in which a token of that list means something else.
  auto ends = [&](std::string_view text) {
    int32_t id = resolved.find(text);
    return id != noToken && (resolved.attributes[id] & endOfGenerationToken);
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

/// Which special tokens take the white space beside them.
void resolveStripping(Resolved &resolved) {
  std::string name = resolved.description->modelName;
  for (char &character : name)
    character = std::tolower(static_cast<unsigned char>(character));
  auto contains = [&](std::string_view part) { return name.find(part) != std::string::npos; };
  if (resolved.preTokenizer.flags & stripsBeforeMask) {
    if (int32_t id = resolved.find("<mask>"); id != noToken)
      resolved.stripping[id] = stripLeft;
  } else if (contains("phi-3") || contains("phi3")) {
    for (size_t id = 0; id < resolved.attributes.size(); ++id)
      if (resolved.attributes[id] & (controlToken | unknownToken | userDefinedToken))
        resolved.stripping[id] = stripRight;
    for (std::string_view text : {"<unk>", "<s>", "<|endoftext|>"})
      if (int32_t id = resolved.find(text); id != noToken)
        resolved.stripping[id] = 0;
  } else if (contains("modern-bert")) {
    if (int32_t id = resolved.find("[MASK]"); id != noToken)
      resolved.stripping[id] = stripLeft;
  }
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

  struct Defaults {
    int32_t beginOfSequence, endOfSequence, unknown, separator, padding;
    bool addBeginOfSequence, addEndOfSequence;
  };
  Defaults defaults = {noToken, noToken, noToken, noToken, noToken, false, false};
  switch (description.kind) {
  case ModelKind::sentencePiece:
    defaults = {1, 2, 0, noToken, noToken, true, false};
    break;
  case ModelKind::wordPiece:
    defaults = {101, noToken, 100, 102, 0, true, true};
    break;
  case ModelKind::unigram:
    defaults = {noToken, 1, 2, noToken, 0, false, true};
    break;
  default:
    break;
  }
  auto orDefault = [&](int32_t id, int32_t byDefault) { return id == noToken && byDefault < count ? byDefault : id; };
  resolved.beginOfSequence = orDefault(description.beginOfSequence, defaults.beginOfSequence);
  resolved.endOfSequence = orDefault(description.endOfSequence, defaults.endOfSequence);
  resolved.unknown = orDefault(description.unknown, defaults.unknown);
  resolved.separator = orDefault(description.separator, defaults.separator);
  resolved.padding = orDefault(description.padding, defaults.padding);
  resolved.addBeginOfSequence = description.addBeginOfSequence.value_or(
      defaults.addBeginOfSequence ||
      ((resolved.preTokenizer.flags & beginsSequence) && resolved.beginOfSequence != noToken));
  resolved.addEndOfSequence = description.addEndOfSequence.value_or(defaults.addEndOfSequence);
  resolved.addSpacePrefix =
      !resolved.isBytePairs() && description.addSpacePrefix.value_or(description.kind == ModelKind::sentencePiece);
  if (description.kind == ModelKind::wordPiece) {
    // llama.cpp puts both around every text, whatever the file says.
    if (resolved.beginOfSequence == noToken || resolved.separator == noToken)
      return "tokenizer.ggml.bos_token_id or tokenizer.ggml.seperator_token_id is missing, which a tokenizer of the "
             "model \"bert\" puts around every text";
    return std::nullopt;
  }
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
  if (resolved.isBytePairs() && !description.preTokenizer.empty()) {
    auto all = preTokenizers();
    auto found =
        std::find_if(all.begin(), all.end(), [&](const auto &entry) { return entry.name == description.preTokenizer; });
    if (found == all.end())
      return "tokenizer.ggml.pre is " + quote(description.preTokenizer) + "; supported are " + supportedPreTokenizers();
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
  for (size_t position = 0; (position = text.find(spaceMark, position)) != std::string::npos; ++position)
    text.replace(position, spaceMark.size(), " ");
  return text;
}

/// What llama_token_to_piece gives with special tokens rendered.
std::string pieceOf(const Resolved &resolved, ModelKind kind, size_t id) {
  const std::string &text = resolved.texts[id];
  if (resolved.attributes[id] & (controlToken | unknownToken | userDefinedToken))
    return text;
  switch (resolved.types[id]) {
  case TokenType::normal:
    return kind == ModelKind::byteLevelPairs ? renderSpelling(text) : replaceSpaceMarks(text);
  case TokenType::byte:
    if (std::optional<uint8_t> byte = byteOfName(text))
      return {static_cast<char>(*byte)};
    return {};
  default:
    return {};
  }
}

/// BERT's cutting of words, as llm_tokenizer_wpm_session::preprocess does it, but with all of a decomposition, of which
/// llama.cpp keeps the first character.
Error addWordSteps(const TokenizerDescription &description, std::vector<Step> &steps) {
  bool lowercase = description.lowercase.value_or(true);
  bool stripAccents = description.stripAccents.value_or(lowercase);
  std::string space(spaceClass());
  if (stripAccents)
    steps.push_back({StepKind::normalize, 0, "", "NFD"});
  steps.push_back({StepKind::split, uint32_t(SplitBehavior::removed), "[" + space + "]+", ""});
  steps.push_back({StepKind::replace, 0, R"([\x{0}\x{FFFD}\p{Cc}\p{Cf}\p{Co}])", ""});
  if (stripAccents)
    steps.push_back({StepKind::replace, 0, "[" + categoryClass("M") + "]", ""});
  steps.push_back({StepKind::split, uint32_t(SplitBehavior::isolated),
                   "[" + categoryClass("P") + R"($+<=>^`|~\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{20000}-\x{2A6DF})" +
                       R"(\x{2A700}-\x{2B73F}\x{2B740}-\x{2B81F}\x{2B920}-\x{2CEAF}\x{F900}-\x{FAFF})" +
                       R"(\x{2F800}-\x{2FA1F}])",
                   ""});
  if (lowercase)
    steps.push_back({StepKind::lowercase, simpleCase, "", ""});
  steps.push_back({StepKind::prepend, 0, "", std::string(spaceMark)});
  return std::nullopt;
}

/// SentencePiece's normalization, as llm_tokenizer_ugm_session::normalize does it.
void addUnigramSteps(const TokenizerDescription &description, std::vector<Step> &steps) {
  if (!description.compiledMap.empty())
    steps.push_back({StepKind::precompiled, longestEntry, "", description.compiledMap});
  std::string mark(spaceMark);
  if (description.removeExtraSpaces.value_or(false)) {
    steps.push_back({StepKind::replace, 0, R"(\A ++|(?<! ) ++\z)", ""});
    steps.push_back({StepKind::replace, 0, " +", mark});
    steps.push_back({StepKind::prepend, 0, "", mark});
    return;
  }
  // The mark in front stands before the first character that is no space.
  if (description.addSpacePrefix.value_or(false))
    steps.push_back({StepKind::replace, 0, "\\A *+\\K(?=.)", mark});
  steps.push_back({StepKind::replace, literalPattern, " ", mark});
}

/// The cutting of words that the file names.
Error addPatternSteps(const PreTokenizer &preTokenizer, std::vector<Step> &steps) {
  if (preTokenizer.flags & mergesCharacters)
    steps.push_back({StepKind::replace, literalPattern, " ", std::string(spaceMark)});
  for (std::string_view pattern : preTokenizer.patterns) {
    Step step{StepKind::split, uint32_t(SplitBehavior::isolated), "", ""};
    if (Error error = translateRegex(pattern, step.pattern))
      return error;
    steps.push_back(std::move(step));
  }
  return std::nullopt;
}

bool hasByteNames(ModelKind kind) { return kind == ModelKind::sentencePiece || kind == ModelKind::characterPairs; }

/// Fills in what the model looks up and what it does with it.
void fillVocabulary(const Resolved &resolved, TokenizerContents &contents) {
  const TokenizerDescription &description = *resolved.description;
  size_t count = resolved.texts.size();
  bool isByteLevel = contents.kind == ModelKind::byteLevelPairs;
  bool looksUpKeys = !isByteLevel || (contents.flags & wholePieces);
  contents.pieces.resize(count);
  contents.keys.resize(count);
  float lowest = std::numeric_limits<float>::max();
  if (!resolved.isBytePairs()) {
    contents.scores.assign(description.scores.begin(), description.scores.end());
    contents.scores.resize(count);
  }
  for (size_t id = 0; id < count; ++id) {
    const std::string &text = resolved.texts[id];
    TokenType type = resolved.types[id];
    contents.pieces[id] = pieceOf(resolved, contents.kind, id);
    if (looksUpKeys)
      contents.keys[id] = isByteLevel ? bytesOfSpelling(text).value_or("") : text;
    if (contents.kind == ModelKind::unigram) {
      if (type == TokenType::normal)
        lowest = std::min(lowest, float(contents.scores[id]));
      if (type == TokenType::userDefined)
        contents.scores[id] = 0;
      else if (type != TokenType::normal && type != TokenType::unused)
        contents.keys[id].clear();
    }
    if (resolved.attributes[id] & (controlToken | unknownToken | userDefinedToken))
      contents.addedTokens.push_back({int32_t(id), resolved.stripping[id], contents.pieces[id]});
  }
  contents.unknownScore = lowest - 10.f;
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string own(1, static_cast<char>(byte));
    int32_t id = noToken;
    if (isByteLevel)
      id = resolved.find(spellByte(byte));
    else if (hasByteNames(contents.kind))
      id = resolved.find(nameOfByte(byte));
    if (id == noToken && contents.kind == ModelKind::sentencePiece) {
      id = resolved.find(own);
      if (id == noToken)
        id = resolved.unknown;
    }
    contents.byteTokens[byte] = id;
  }
}

} // namespace

bool ingot::text::setModel(TokenizerDescription &description, std::string_view name) {
  for (const Model &model : models)
    if (model.name == name) {
      description.kind = model.kind;
      if (!model.preTokenizer.empty())
        description.preTokenizer = model.preTokenizer;
      return true;
    }
  return false;
}

std::string ingot::text::supportedModelKinds() {
  std::string names;
  for (const Model &model : models)
    names.append(names.empty() ? "" : ", ").append(model.name);
  return names;
}

std::string ingot::text::supportedPreTokenizers() {
  constexpr size_t shown = 3;
  std::string names;
  for (const PreTokenizer &entry : preTokenizers().first(shown))
    names.append(entry.name).append(", ");
  return names + "and " + std::to_string(preTokenizers().size() - shown) + " more that llama.cpp names";
}

std::optional<std::string> ingot::text::makeContents(const TokenizerDescription &description,
                                                     TokenizerContents &contents) {
  Resolved resolved;
  if (Error error = resolve(description, resolved))
    return error;
  uint32_t named = resolved.preTokenizer.flags;
  contents = {};
  contents.kind = description.kind;
  if (resolved.isBytePairs() && (named & mergesCharacters))
    contents.kind = ModelKind::characterPairs;
  auto set = [&](ContentsFlag flag, bool value) { contents.flags |= value ? flag : 0; };
  set(addsBeginOfSequence, resolved.addBeginOfSequence);
  set(spacePrefix, resolved.addSpacePrefix);
  set(wholePieces, named & ignoresMerges);
  set(wholeLineFeeds, named & keepsLineFeeds);
  set(byteFallback, contents.kind == ModelKind::characterPairs);
  contents.attributes = resolved.attributes;
  contents.merges = resolved.merges;
  contents.beginOfSequence = resolved.beginOfSequence;
  contents.endOfSequence = resolved.endOfSequence;
  contents.endOfTurn = resolved.endOfTurn;
  contents.unknown = resolved.unknown;
  contents.padding = resolved.padding;
  contents.chatTemplate = description.chatTemplate;
  if (resolved.addBeginOfSequence)
    contents.prefix = {resolved.beginOfSequence};
  if (contents.kind == ModelKind::wordPiece) {
    contents.suffix = {resolved.separator};
  } else if (resolved.addEndOfSequence) {
    contents.flags |= addsEndOfSequence;
    contents.suffix = {resolved.endOfSequence};
  }

  if (resolved.isBytePairs()) {
    if (Error error = addPatternSteps(resolved.preTokenizer, contents.preTokenizer))
      return error;
  } else if (contents.kind == ModelKind::wordPiece) {
    if (Error error = addWordSteps(description, contents.preTokenizer))
      return error;
  } else if (contents.kind == ModelKind::unigram) {
    addUnigramSteps(description, contents.normalizer);
  }
  fillVocabulary(resolved, contents);
  if (Error error = validate(contents))
    return "tokenizer.ggml: " + *error;
  return std::nullopt;
}
