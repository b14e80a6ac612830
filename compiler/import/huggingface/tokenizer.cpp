//===- tokenizer.cpp - the tokenizer of a Hugging Face model --------------===//

#include "compiler/import/huggingface/tokenizer.h"

#include "compiler/import/huggingface/json.h"
#include "compiler/import/huggingface/pipeline.h"
#include "runtime/text/byte_alphabet.h"
#include "runtime/text/end_of_generation.h"
#include "runtime/text/serialize.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <cmath>
#include <limits>

using namespace llvm;
using namespace ingot::text;

namespace ingot::huggingface {

namespace {

constexpr int64_t largestToken = maximumTokens - 1;

/// A vocabulary may skip so many ids: a small file is to ask for little memory.
constexpr size_t mostSkippedIds = size_t(1) << 16;

/// A parsed file and its path; empty if the file is not there.
struct Document {
  std::string path;
  std::optional<json::Value> value;

  std::optional<Node> root() const { return value ? std::optional<Node>(Node(path, *value)) : std::nullopt; }

  std::optional<Node> find(StringRef key) const {
    std::optional<Node> whole = root();
    return whole ? whole->find(key) : std::nullopt;
  }
};

class Reader {
public:
  Reader(const TokenizerFiles &files, StringRef folder) : files(files), folder(folder) {}

  Expected<TokenizerContents> read();

private:
  Expected<Document> open(std::optional<StringRef> contents, StringRef name) const;
  Error readModel(const Node &model);
  Error readPairs(const Node &model);
  Error readUnigram(const Node &model);
  Error readWordPiece(const Node &model);
  Error readVocabulary(const Node &model);
  Error readMerges(const Node &merges);
  Error readUnknown(const Node &model);
  Error addToken(const Node &node, StringRef spelling, int64_t id);
  Error readAddedTokens();
  Error addAdded(const Node &node, StringRef spelling, std::optional<int64_t> id);
  void addNamedSpecialTokens();
  void makeBytes();
  Error normalizeAddedTokens();
  Expected<int32_t> specialToken(StringRef name, StringRef idKey) const;
  std::optional<Node> named(StringRef name) const;
  static StringRef spellingOf(const Node &node);
  Error readEnds();
  Error readEndOfGeneration();
  Error readChatTemplate();

  int32_t find(StringRef spelling) const {
    auto found = ids.find(spelling);
    return found == ids.end() ? noToken : found->second;
  }

  const TokenizerFiles &files;
  std::string folder;
  Document tokenizer, configuration, specialTokens, generation, modelConfiguration;
  TokenizerContents contents;
  StringMap<int32_t> ids;  ///< of the model's vocabulary, then of all tokens
  DenseSet<int32_t> added; ///< ids of added tokens
  std::string continuingPrefix;
};

Expected<Document> Reader::open(std::optional<StringRef> text, StringRef name) const {
  Document document;
  SmallString<256> path(folder);
  sys::path::append(path, name);
  document.path = path.str().str();
  if (!text)
    return document;
  Expected<json::Value> value = parseFile(*text, document.path);
  if (!value)
    return value.takeError();
  document.value.emplace(std::move(*value));
  return document;
}

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

/// Gives `spelling` its id; `node` is where the file does so.
Error Reader::addToken(const Node &node, StringRef spelling, int64_t id) {
  if (spelling.size() > maximumTokenBytes)
    return node.error("its token has " + Twine(spelling.size()) + " bytes, more than the supported " +
                      Twine(maximumTokenBytes));
  if (size_t(id) >= 2 * ids.size() + 2 + mostSkippedIds)
    return node.error("the vocabulary has too few tokens for such an id");
  size_t count = std::max(contents.pieces.size(), size_t(id) + 1);
  contents.pieces.resize(count);
  contents.attributes.resize(count);
  if (!contents.pieces[id].empty())
    return node.error("token " + Twine(id) + " is spelt in another way too");
  contents.pieces[id] = spelling.str();
  ids[spelling] = int32_t(id);
  return Error::success();
}

Error Reader::readVocabulary(const Node &model) {
  Expected<Node> vocabulary = model.get("vocab");
  if (!vocabulary)
    return vocabulary.takeError();
  Expected<const json::Object *> object = vocabulary->object();
  if (!object)
    return object.takeError();
  // In the order of the ids, so that few are skipped on the way.
  std::vector<std::pair<int64_t, StringRef>> tokens;
  tokens.reserve((*object)->size());
  for (const auto &[key, value] : **object) {
    std::optional<int64_t> id = value.getAsInteger();
    if (!id || *id < 0 || *id > largestToken)
      return vocabulary->child("model.vocab." + key, value).error("expected an id from 0 to " + Twine(largestToken));
    tokens.emplace_back(*id, key);
  }
  if (tokens.empty())
    return vocabulary->error("expected tokens in it");
  llvm::sort(tokens);
  for (auto [id, key] : tokens)
    if (Error error = addToken(*vocabulary, key, id))
      return error;
  return Error::success();
}

Error Reader::readMerges(const Node &merges) {
  Expected<const json::Array *> array = merges.array();
  if (!array)
    return array.takeError();
  if ((*array)->size() > maximumMerges)
    return merges.error("more than the supported " + Twine(maximumMerges));
  DenseSet<std::pair<int32_t, int32_t>> seen;
  for (size_t i = 0; i < (*array)->size(); ++i) {
    const json::Value &value = (**array)[i];
    Node merge = merges.child("model.merges[" + Twine(i) + "]", value);
    StringRef left, right;
    if (std::optional<StringRef> text = value.getAsString()) {
      if (i == 0 && text->starts_with("#version"))
        continue;
      std::tie(left, right) = text->split(' ');
      if (left.empty() || right.empty() || right.contains(' '))
        return merge.error("expected two tokens with a space between them");
    } else {
      const json::Array *pair = value.getAsArray();
      if (!pair || pair->size() != 2 || !(*pair)[0].getAsString() || !(*pair)[1].getAsString())
        return merge.error("expected two tokens");
      left = *(*pair)[0].getAsString();
      right = *(*pair)[1].getAsString();
    }
    int32_t leftId = find(left), rightId = find(right);
    if (leftId == noToken || rightId == noToken)
      return merge.error("its " + Twine(leftId == noToken ? "first" : "second") + " token is not in 'model.vocab'");
    StringRef tail = right;
    tail = tail.drop_front(std::min(tail.size(), continuingPrefix.size()));
    int32_t result = find((left + tail).str());
    if (result == noToken)
      return merge.error("the two together are not in 'model.vocab'");
    // Of a repeated merge the last counts in `tokenizers`; no trainer makes one.
    if (!seen.insert({leftId, rightId}).second)
      return merge.error("the same two tokens are merged before");
    contents.merges.push_back({leftId, rightId, result});
  }
  return Error::success();
}

Error Reader::readUnknown(const Node &model) {
  std::optional<Node> token = model.find("unk_token");
  if (!token)
    return Error::success();
  Expected<StringRef> spelling = token->string();
  if (!spelling)
    return spelling.takeError();
  contents.unknown = find(*spelling);
  if (contents.unknown == noToken)
    return token->error("it is not in 'model.vocab'");
  return Error::success();
}

Error Reader::readPairs(const Node &model) {
  contents.kind = ModelKind::characterPairs;
  if (std::optional<Node> dropout = model.find("dropout")) {
    Expected<double> chance = dropout->number();
    if (!chance)
      return chance.takeError();
    if (*chance != 0)
      return dropout->error("leaving out merges by chance is not supported; set it to null");
  }
  Expected<StringRef> prefix = model.stringOr("continuing_subword_prefix", "");
  if (!prefix)
    return prefix.takeError();
  continuingPrefix = contents.continuingPrefix = prefix->str();
  Expected<StringRef> suffix = model.stringOr("end_of_word_suffix", "");
  if (!suffix)
    return suffix.takeError();
  contents.wordSuffix = suffix->str();
  constexpr std::pair<StringLiteral, ContentsFlag> options[] = {
      {"fuse_unk", fuseUnknown}, {"byte_fallback", byteFallback}, {"ignore_merges", wholePieces}};
  for (auto [key, flag] : options) {
    Expected<bool> isSet = model.booleanOr(key, false);
    if (!isSet)
      return isSet.takeError();
    contents.flags |= *isSet ? flag : 0;
  }
  if (Error error = readVocabulary(model))
    return error;
  Expected<Node> merges = model.get("merges");
  if (!merges)
    return merges.takeError();
  if (Error error = readMerges(*merges))
    return error;
  return readUnknown(model);
}

Error Reader::readWordPiece(const Node &model) {
  contents.kind = ModelKind::wordPiece;
  Expected<StringRef> prefix = model.stringOr("continuing_subword_prefix", "##");
  if (!prefix)
    return prefix.takeError();
  contents.continuingPrefix = prefix->str();
  Expected<int64_t> most = model.integerOr("max_input_chars_per_word", 0, UINT32_MAX, 100);
  if (!most)
    return most.takeError();
  contents.maximumWordCharacters = uint32_t(*most);
  if (Error error = readVocabulary(model))
    return error;
  return readUnknown(model);
}

Error Reader::readUnigram(const Node &model) {
  contents.kind = ModelKind::unigram;
  contents.flags |= fuseUnknown;
  Expected<bool> fallback = model.booleanOr("byte_fallback", false);
  if (!fallback)
    return fallback.takeError();
  contents.flags |= *fallback ? byteFallback : 0;
  Expected<Node> vocabulary = model.get("vocab");
  if (!vocabulary)
    return vocabulary.takeError();
  Expected<const json::Array *> array = vocabulary->array();
  if (!array)
    return array.takeError();
  if ((*array)->empty() || (*array)->size() > maximumTokens)
    return vocabulary->error("expected 1 to " + Twine(maximumTokens) + " tokens");
  double lowest = std::numeric_limits<double>::max();
  for (size_t i = 0; i < (*array)->size(); ++i) {
    const json::Value &value = (**array)[i];
    const json::Array *pair = value.getAsArray();
    if (!pair || pair->size() != 2 || !(*pair)[0].getAsString() || !(*pair)[1].getAsNumber() ||
        std::isnan(*(*pair)[1].getAsNumber()))
      return vocabulary->child("model.vocab[" + Twine(i) + "]", value).error("expected a token and its score");
    // A token without letters is never found; a repeated one is found at its last place.
    if (Error error = addToken(*vocabulary, *(*pair)[0].getAsString(), i))
      return error;
    contents.scores.push_back(*(*pair)[1].getAsNumber());
    lowest = std::min(lowest, contents.scores.back());
  }
  contents.unknownScore = lowest - 10;
  Expected<int64_t> unknown = model.integerOr("unk_id", 0, int64_t((*array)->size()) - 1, noToken);
  if (!unknown)
    return unknown.takeError();
  contents.unknown = int32_t(*unknown);
  return Error::success();
}

Error Reader::readModel(const Node &model) {
  std::optional<Node> type = model.find("type");
  Expected<StringRef> name = StringRef();
  if (type) {
    name = type->string();
    if (!name)
      return name.takeError();
  } else if (model.find("merges")) {
    // Old files do not name it.
    name = StringRef("BPE");
  } else if (model.find("continuing_subword_prefix")) {
    name = StringRef("WordPiece");
  } else if (model.find("unk_id")) {
    name = StringRef("Unigram");
  } else {
    return model.error("expected an object with the key 'type'");
  }
  if (*name == "BPE")
    return readPairs(model);
  if (*name == "WordPiece")
    return readWordPiece(model);
  if (*name == "Unigram")
    return readUnigram(model);
  return type->error("supported: BPE, Unigram, WordPiece");
}

//===----------------------------------------------------------------------===//
// Added tokens
//===----------------------------------------------------------------------===//

/// A token that is found before the model sees the text. It has the id of the
/// model's vocabulary, if it is in it.
Error Reader::addAdded(const Node &node, StringRef spelling, std::optional<int64_t> id) {
  if (spelling.empty())
    return Error::success();
  int32_t known = find(spelling);
  if (known == noToken) {
    if (!id)
      return node.error("expected an id for " + printable(spelling) + ", which is not in the vocabulary");
    if (Error error = addToken(node, spelling, *id))
      return error;
    known = int32_t(*id);
  }
  if (!added.insert(known).second)
    return Error::success();
  AddedToken token{known, 0, spelling.str()};
  constexpr std::pair<StringLiteral, AddedTokenFlag> options[] = {
      {"lstrip", stripLeft}, {"rstrip", stripRight}, {"single_word", singleWord}};
  for (auto [key, flag] : options) {
    Expected<bool> isSet = node.booleanOr(key, false);
    if (!isSet)
      return isSet.takeError();
    token.flags |= *isSet ? flag : 0;
  }
  Expected<bool> special = node.booleanOr("special", false);
  if (!special)
    return special.takeError();
  Expected<bool> normalized = node.booleanOr("normalized", !*special);
  if (!normalized)
    return normalized.takeError();
  token.flags |= *normalized ? inNormalizedText : 0;
  contents.attributes[known] = *special ? controlToken : userDefinedToken;
  contents.addedTokens.push_back(std::move(token));
  return Error::success();
}

Error Reader::readAddedTokens() {
  if (std::optional<Node> tokens = tokenizer.find("added_tokens")) {
    if (Expected<const json::Array *> array = tokens->array(); !array)
      return array.takeError();
    Error error = tokens->forEach([&](const Node &token) -> Error {
      Expected<Node> content = token.get("content");
      if (!content)
        return content.takeError();
      Expected<StringRef> spelling = content->string();
      if (!spelling)
        return spelling.takeError();
      Expected<Node> id = token.get("id");
      if (!id)
        return id.takeError();
      Expected<int64_t> number = id->integer(0, largestToken);
      if (!number)
        return number.takeError();
      return addAdded(token, *spelling, *number);
    });
    if (error)
      return error;
  }
  // `transformers` adds what only its own configuration has.
  if (std::optional<Node> tokens = configuration.find("added_tokens_decoder")) {
    Expected<const json::Object *> object = tokens->object();
    if (!object)
      return object.takeError();
    std::vector<std::pair<int64_t, const json::Value *>> sorted;
    for (const auto &[key, value] : **object) {
      int64_t id;
      if (StringRef(key).getAsInteger(10, id) || id < 0 || id > largestToken)
        return tokens->error("expected ids as its keys");
      sorted.emplace_back(id, &value);
    }
    llvm::sort(sorted);
    for (auto [id, value] : sorted) {
      Node token = tokens->child("added_tokens_decoder." + Twine(id), *value);
      Expected<Node> content = token.get("content");
      if (!content)
        return content.takeError();
      Expected<StringRef> spelling = content->string();
      if (!spelling)
        return spelling.takeError();
      if (Error error = addAdded(token, *spelling, id))
        return error;
    }
  }
  addNamedSpecialTokens();
  return normalizeAddedTokens();
}

/// The spelling of a token that is written as a string or as an object; empty
/// otherwise.
StringRef Reader::spellingOf(const Node &node) {
  auto orEmpty = [](Expected<StringRef> text) {
    if (text)
      return *text;
    consumeError(text.takeError());
    return StringRef();
  };
  if (std::optional<Node> content = node.find("content"))
    return orEmpty(content->string());
  return orEmpty(node.string());
}

/// What a configuration calls the token `name`, `bos_token` for example.
std::optional<Node> Reader::named(StringRef name) const {
  if (std::optional<Node> found = configuration.find(name))
    return found;
  return specialTokens.find(name);
}

/// Tokens of the vocabulary that only a configuration calls special are special
/// too. Those that the vocabulary lacks are no token of the model.
void Reader::addNamedSpecialTokens() {
  auto add = [&](StringRef spelling) {
    int32_t id = spelling.empty() ? noToken : find(spelling);
    if (id == noToken || !added.insert(id).second)
      return;
    contents.attributes[id] = controlToken;
    contents.addedTokens.push_back({id, 0, spelling.str()});
  };
  for (StringRef name : {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"})
    if (std::optional<Node> token = named(name))
      add(spellingOf(*token));
  if (std::optional<Node> more = named("additional_special_tokens"))
    consumeError(more->forEach([&](const Node &token) {
      add(spellingOf(token));
      return Error::success();
    }));
}

Error Reader::normalizeAddedTokens() {
  for (AddedToken &token : contents.addedTokens)
    if (token.flags & inNormalizedText)
      token.spelling = applySteps(contents.normalizer, token.spelling);
  llvm::erase_if(contents.addedTokens, [](const AddedToken &token) { return token.spelling.empty(); });
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The rest
//===----------------------------------------------------------------------===//

/// Where the pipeline ends by spelling bytes, the model may as well merge the
/// bytes themselves.
void Reader::makeBytes() {
  contents.byteTokens.fill(noToken);
  bool spells = contents.kind == ModelKind::characterPairs && !contents.preTokenizer.empty() &&
                contents.preTokenizer.back().kind == StepKind::spellBytes && contents.continuingPrefix.empty() &&
                contents.wordSuffix.empty() && !(contents.flags & byteFallback);
  auto spellsBytes = [](const Step &step) { return step.kind == StepKind::spellBytes; };
  spells &= none_of(contents.normalizer, spellsBytes) && count_if(contents.preTokenizer, spellsBytes) == 1;
  for (unsigned byte = 0; byte < 256 && spells; ++byte)
    spells &= find(spellByte(byte)) != noToken;
  if (spells) {
    contents.kind = ModelKind::byteLevelPairs;
    contents.preTokenizer.pop_back();
    for (unsigned byte = 0; byte < 256; ++byte)
      contents.byteTokens[byte] = find(spellByte(byte));
    bool looksUp = contents.flags & wholePieces;
    for (std::string &key : contents.keys)
      key = looksUp ? bytesOfSpelling(key).value_or("") : "";
  } else if (contents.flags & byteFallback) {
    for (unsigned byte = 0; byte < 256; ++byte)
      contents.byteTokens[byte] = find("<0x" + utohexstr(byte, /*LowerCase=*/false, /*Width=*/2) + ">");
  }
}

/// The id of a special token: that of its spelling, else that of its number in
/// the model's configuration.
Expected<int32_t> Reader::specialToken(StringRef name, StringRef idKey) const {
  if (std::optional<Node> token = named(name))
    if (int32_t id = find(spellingOf(*token)); id != noToken)
      return id;
  for (const Document *document : {&generation, &modelConfiguration})
    if (std::optional<Node> number = document->find(idKey)) {
      // A list has more ends than one; the first is the one meant.
      Node first = *number;
      if (Expected<const json::Array *> array = number->array()) {
        if ((*array)->empty())
          continue;
        first = number->child(idKey + Twine("[0]"), (**array)[0]);
      } else {
        consumeError(array.takeError());
      }
      Expected<int64_t> id = first.integer(-1, largestToken);
      if (!id)
        return id.takeError();
      if (*id >= 0 && size_t(*id) < contents.pieces.size())
        return int32_t(*id);
    }
  return noToken;
}

/// What stands at the ends of a text, and which tokens have a name.
Error Reader::readEnds() {
  struct Named {
    StringLiteral name, idKey;
    int32_t &token;
  };
  const Named all[] = {{"bos_token", "bos_token_id", contents.beginOfSequence},
                       {"eos_token", "eos_token_id", contents.endOfSequence},
                       {"pad_token", "pad_token_id", contents.padding}};
  for (const Named &entry : all) {
    Expected<int32_t> id = specialToken(entry.name, entry.idKey);
    if (!id)
      return id.takeError();
    entry.token = *id;
  }

  if (std::optional<Node> postProcessor = tokenizer.find("post_processor"))
    if (Error error = readPostProcessor(*postProcessor, contents))
      return error;
  // Classes of `transformers` that put their own post-processor in its place (update_post_processor), and what they
  // add unless the configuration says otherwise.
  struct Class {
    StringLiteral name;
    bool begin, end;
  };
  constexpr Class classes[] = {{"Llama", true, false},
                               {"CodeLlama", true, false},
                               {"Gemma", true, false},
                               {"Cohere", true, false},
                               {"GPTNeoX", false, false}};
  std::optional<Node> className = configuration.find("tokenizer_class");
  StringRef name = className ? spellingOf(*className) : StringRef();
  name.consume_back("Fast");
  name.consume_back("Tokenizer");
  for (const Class &entry : classes) {
    if (entry.name != name)
      continue;
    std::optional<Node> root = configuration.root();
    Expected<bool> begin = root->booleanOr("add_bos_token", entry.begin);
    if (!begin)
      return begin.takeError();
    Expected<bool> end = root->booleanOr("add_eos_token", entry.end);
    if (!end)
      return end.takeError();
    if ((*begin && contents.beginOfSequence == noToken) || (*end && contents.endOfSequence == noToken))
      return className->error(*begin && contents.beginOfSequence == noToken
                                  ? "it adds a begin-of-sequence token, but there is no 'bos_token'"
                                  : "it adds an end-of-sequence token, but there is no 'eos_token'");
    contents.prefix.clear();
    contents.suffix.clear();
    if (*begin)
      contents.prefix.push_back(contents.beginOfSequence);
    if (*end)
      contents.suffix.push_back(contents.endOfSequence);
  }
  if (!contents.prefix.empty() && contents.prefix.front() == contents.beginOfSequence)
    contents.flags |= addsBeginOfSequence;
  if (!contents.suffix.empty() && contents.suffix.back() == contents.endOfSequence)
    contents.flags |= addsEndOfSequence;
  return readEndOfGeneration();
}

Error Reader::readEndOfGeneration() {
  auto mark = [&](int64_t id) {
    if (id >= 0 && size_t(id) < contents.attributes.size())
      contents.attributes[id] |= endOfGenerationToken;
  };
  mark(contents.endOfSequence);
  for (const Document *document : {&generation, &modelConfiguration}) {
    std::optional<Node> ends = document->find("eos_token_id");
    if (!ends)
      continue;
    if (Expected<const json::Array *> array = ends->array()) {
      Error error = ends->forEach([&](const Node &end) -> Error {
        Expected<int64_t> id = end.integer(-1, largestToken);
        if (!id)
          return id.takeError();
        mark(*id);
        return Error::success();
      });
      if (error)
        return error;
      continue;
    } else {
      consumeError(array.takeError());
    }
    Expected<int64_t> id = ends->integer(-1, largestToken);
    if (!id)
      return id.takeError();
    mark(*id);
  }
  auto findControl = [&](std::string_view spelling) {
    int32_t id = find(spelling);
    return id != noToken && (contents.attributes[id] & controlToken) ? id : noToken;
  };
  for (std::string_view spelling : endOfGenerationSpellings)
    mark(findControl(spelling));
  for (std::string_view spelling : endOfTurnSpellings)
    if (contents.endOfTurn == noToken)
      contents.endOfTurn = findControl(spelling);
  return Error::success();
}

Error Reader::readChatTemplate() {
  if (files.chatTemplate) {
    contents.chatTemplate = files.chatTemplate->str();
    return Error::success();
  }
  std::optional<Node> found = configuration.find("chat_template");
  if (!found)
    return Error::success();
  Expected<const json::Array *> array = found->array();
  if (!array) {
    consumeError(array.takeError());
    Expected<StringRef> text = found->string();
    if (!text)
      return text.takeError();
    contents.chatTemplate = text->str();
    return Error::success();
  }
  // Several by name; the one for conversations without tools is the default.
  return found->forEach([&](const Node &entry) -> Error {
    Expected<StringRef> name = entry.stringOr("name", "");
    if (!name)
      return name.takeError();
    Expected<StringRef> text = entry.stringOr("template", "");
    if (!text)
      return text.takeError();
    if (*name == "default")
      contents.chatTemplate = text->str();
    return Error::success();
  });
}

Expected<TokenizerContents> Reader::read() {
  struct File {
    std::optional<StringRef> contents;
    StringLiteral name;
    Document &document;
  };
  const File all[] = {{files.tokenizer, "tokenizer.json", tokenizer},
                      {files.configuration, "tokenizer_config.json", configuration},
                      {files.specialTokens, "special_tokens_map.json", specialTokens},
                      {files.generation, "generation_config.json", generation},
                      {files.model, "config.json", modelConfiguration}};
  for (const File &file : all) {
    Expected<Document> document = open(file.contents, file.name);
    if (!document)
      return document.takeError();
    file.document = std::move(*document);
  }

  contents.flags = leftmostAddedTokens;
  Expected<Node> model = tokenizer.root()->get("model");
  if (!model)
    return model.takeError();
  if (Error error = readModel(*model))
    return std::move(error);
  contents.keys = contents.pieces;
  if (std::optional<Node> normalizer = tokenizer.find("normalizer"))
    if (Error error = readNormalizer(*normalizer, contents.normalizer))
      return std::move(error);
  if (std::optional<Node> preTokenizer = tokenizer.find("pre_tokenizer"))
    if (Error error = readPreTokenizer(*preTokenizer, contents.preTokenizer))
      return std::move(error);
  makeBytes();
  if (Error error = readAddedTokens())
    return std::move(error);
  // The model finds its own tokens only.
  contents.keys.resize(contents.pieces.size());
  if (contents.kind == ModelKind::unigram)
    contents.scores.resize(contents.pieces.size());
  if (Error error = readEnds())
    return std::move(error);
  if (Error error = readDecoder(tokenizer.find("decoder"), contents))
    return std::move(error);
  if (Error error = readChatTemplate())
    return std::move(error);
  if (std::optional<std::string> wrong = validate(contents))
    return createStringError(tokenizer.path + ": " + *wrong);
  return std::move(contents);
}

} // namespace

Expected<TokenizerContents> parseTokenizer(const TokenizerFiles &files, StringRef folder) {
  return Reader(files, folder).read();
}

Expected<TokenizerContents> readTokenizer(StringRef path) {
  bool isFolder = sys::fs::is_directory(path);
  std::string folder = (isFolder ? path : sys::path::parent_path(path)).str();
  SmallString<256> main(path);
  if (isFolder)
    sys::path::append(main, "tokenizer.json");
  if (!sys::fs::exists(main))
    return createStringError(main + ": there is no such file; make it with "
                                    "transformers.AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)");

  std::vector<std::unique_ptr<MemoryBuffer>> buffers;
  auto read = [&](StringRef file) -> Expected<StringRef> {
    ErrorOr<std::unique_ptr<MemoryBuffer>> buffer =
        MemoryBuffer::getFile(file, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!buffer)
      return createStringError(file + ": cannot be read: " + buffer.getError().message());
    if ((*buffer)->getBufferSize() > maximumTextBytes)
      return createStringError(file + ": has " + Twine((*buffer)->getBufferSize()) +
                               " bytes, more than the supported " + Twine(maximumTextBytes));
    buffers.push_back(std::move(*buffer));
    return buffers.back()->getBuffer();
  };
  TokenizerFiles files;
  Expected<StringRef> tokenizer = read(main);
  if (!tokenizer)
    return tokenizer.takeError();
  files.tokenizer = *tokenizer;
  const std::pair<StringLiteral, std::optional<StringRef> &> others[] = {
      {"tokenizer_config.json", files.configuration}, {"special_tokens_map.json", files.specialTokens},
      {"generation_config.json", files.generation},   {"config.json", files.model},
      {"chat_template.jinja", files.chatTemplate},
  };
  for (auto [name, contents] : others) {
    SmallString<256> file(folder);
    sys::path::append(file, name);
    if (!sys::fs::exists(file))
      continue;
    Expected<StringRef> text = read(file);
    if (!text)
      return text.takeError();
    contents = *text;
  }
  return parseTokenizer(files, folder);
}

} // namespace ingot::huggingface
