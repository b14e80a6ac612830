//===- tokenizer.cpp - the tokenizer inside a GGUF file -------------------===//

#include "compiler/import/gguf/tokenizer.h"

#include "runtime/text/ggml_pretokenizers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;

namespace ingot::gguf {

/// Copies the string under `key`; leaves `text` alone when there is none.
static Error copyString(const File &file, StringRef key, size_t largest, std::string &text) {
  Expected<std::optional<StringRef>> found = file.findString(key);
  if (!found)
    return found.takeError();
  if (!*found)
    return Error::success();
  if ((*found)->size() > largest)
    return file.error("metadata key '" + key + "' holds " + Twine((*found)->size()) +
                      " bytes, more than the supported " + Twine(largest));
  text = (*found)->str();
  return Error::success();
}

static Error checkCount(const File &file, StringRef key, uint64_t count, uint64_t largest) {
  if (count <= largest)
    return Error::success();
  return file.error("metadata key '" + key + "' holds " + Twine(count) + " elements, more than the supported " +
                    Twine(largest));
}

static Error copyStrings(const File &file, StringRef key, size_t largestCount, size_t largestBytes,
                         std::vector<std::string> &texts) {
  Expected<StringArray> found = file.getStringArray(key);
  if (!found)
    return found.takeError();
  if (Error e = checkCount(file, key, found->size(), largestCount))
    return e;
  texts.reserve(found->size());
  for (StringRef text : *found) {
    if (text.size() > largestBytes)
      return file.error("metadata key '" + key + "': element " + Twine(texts.size()) + " has " + Twine(text.size()) +
                        " bytes, more than the supported " + Twine(largestBytes));
    texts.push_back(text.str());
  }
  return Error::success();
}

/// Copies the numbers under `key`; leaves `numbers` empty when there are none.
template <typename Array, typename T>
static Error copyNumbers(const File &file, StringRef key, Expected<std::optional<Array>> found,
                         std::vector<T> &numbers) {
  if (!found)
    return found.takeError();
  if (!*found)
    return Error::success();
  if (Error e = checkCount(file, key, (*found)->size(), text::maximumTokens))
    return e;
  numbers.reserve((*found)->size());
  for (uint64_t i = 0; i < (*found)->size(); ++i) {
    auto number = (**found)[i];
    T narrow = static_cast<T>(number);
    if constexpr (std::is_integral_v<T>)
      if (narrow != number)
        return file.error("metadata key '" + key + "': element " + Twine(i) + " is " + Twine(number) +
                          ", which 32 bits do not hold");
    numbers.push_back(narrow);
  }
  return Error::success();
}

/// Copies an array of bytes, which may be signed.
static Error copyBytes(const File &file, StringRef key, std::string &bytes) {
  Expected<std::optional<IntegerArray>> found = file.findIntegerArray(key);
  if (!found)
    return found.takeError();
  if (!*found)
    return Error::success();
  if (Error e = checkCount(file, key, (*found)->size(), text::maximumTextBytes))
    return e;
  bytes.reserve((*found)->size());
  for (uint64_t i = 0; i < (*found)->size(); ++i) {
    int64_t number = (**found)[i];
    if (number < INT8_MIN || number > UINT8_MAX)
      return file.error("metadata key '" + key + "': element " + Twine(i) + " is " + Twine(number) +
                        "; expected a byte");
    bytes += static_cast<char>(number);
  }
  return Error::success();
}

static Error copyToken(const File &file, StringRef key, size_t tokens, int32_t &token) {
  Expected<std::optional<uint64_t>> found = file.findUnsigned(key);
  if (!found)
    return found.takeError();
  // Some converters write llama.cpp's -1, "no such token", as unsigned.
  if (!*found || **found == UINT32_MAX)
    return Error::success();
  if (**found >= tokens)
    return file.error("metadata key '" + key + "' is " + Twine(**found) + ", but the vocabulary ends at token " +
                      Twine(tokens - 1));
  token = static_cast<int32_t>(**found);
  return Error::success();
}

static Error copyBool(const File &file, StringRef key, std::optional<bool> &value) {
  Expected<std::optional<bool>> found = file.findBool(key);
  if (!found)
    return found.takeError();
  value = *found;
  return Error::success();
}

Expected<std::optional<text::TokenizerDescription>> readTokenizer(const File &file) {
  Expected<std::optional<StringRef>> model = file.findString("tokenizer.ggml.model");
  if (!model)
    return model.takeError();
  if (!*model) {
    if (!file.valueInfo("tokenizer.ggml.tokens"))
      return std::nullopt;
    return file.error("metadata key 'tokenizer.ggml.model' is missing, "
                      "but 'tokenizer.ggml.tokens' is there; convert the "
                      "model again with a current llama.cpp");
  }
  // Both names: src/llama-vocab.cpp.
  if (**model == "none" || **model == "no_vocab")
    return std::nullopt;

  text::TokenizerDescription description;
  if (!text::setModel(description, std::string_view(**model)))
    return file.error("metadata key 'tokenizer.ggml.model': tokenizer " + compiler::quote(**model) +
                      " is not supported; supported tokenizers: " + text::supportedModelKinds());

  if (Error e =
          copyStrings(file, "tokenizer.ggml.tokens", text::maximumTokens, text::maximumTokenBytes, description.tokens))
    return std::move(e);
  size_t tokens = description.tokens.size();
  if (tokens == 0)
    return file.error("metadata key 'tokenizer.ggml.tokens' is empty");
  if (description.kind == text::ModelKind::byteLevelPairs) {
    if (description.preTokenizer.empty())
      if (Error e = copyString(file, "tokenizer.ggml.pre", text::maximumTokenBytes, description.preTokenizer))
        return std::move(e);
    if (!description.preTokenizer.empty() && none_of(text::preTokenizers(), [&](const text::PreTokenizer &known) {
          return known.name == description.preTokenizer;
        }))
      return file.error("metadata key 'tokenizer.ggml.pre': pre-tokenizer " +
                        compiler::quote(description.preTokenizer) + " is not supported; supported are " +
                        text::supportedPreTokenizers());
    // LEFT, a space, RIGHT.
    if (Error e = copyStrings(file, "tokenizer.ggml.merges", text::maximumMerges, 2 * text::maximumTokenBytes + 1,
                              description.merges))
      return std::move(e);
  }
  if (Error e =
          copyNumbers(file, "tokenizer.ggml.scores", file.findFloatArray("tokenizer.ggml.scores"), description.scores))
    return std::move(e);
  if (Error e = copyNumbers(file, "tokenizer.ggml.token_type", file.findIntegerArray("tokenizer.ggml.token_type"),
                            description.types))
    return std::move(e);

  struct Token {
    StringLiteral key;
    int32_t &token;
  };
  // A later key overrides an earlier one: the short fill-in-the-middle names
  // are the old ones.
  const Token special[] = {
      {"tokenizer.ggml.bos_token_id", description.beginOfSequence},
      {"tokenizer.ggml.eos_token_id", description.endOfSequence},
      {"tokenizer.ggml.eot_token_id", description.endOfTurn},
      {"tokenizer.ggml.eom_token_id", description.endOfMessage},
      {"tokenizer.ggml.unknown_token_id", description.unknown},
      {"tokenizer.ggml.seperator_token_id", description.separator},
      {"tokenizer.ggml.padding_token_id", description.padding},
      {"tokenizer.ggml.mask_token_id", description.mask},
      {"tokenizer.ggml.prefix_token_id", description.fillPrefix},
      {"tokenizer.ggml.suffix_token_id", description.fillSuffix},
      {"tokenizer.ggml.middle_token_id", description.fillMiddle},
      {"tokenizer.ggml.fim_pre_token_id", description.fillPrefix},
      {"tokenizer.ggml.fim_suf_token_id", description.fillSuffix},
      {"tokenizer.ggml.fim_mid_token_id", description.fillMiddle},
      {"tokenizer.ggml.fim_pad_token_id", description.fillPadding},
      {"tokenizer.ggml.fim_rep_token_id", description.fillRepository},
      {"tokenizer.ggml.fim_sep_token_id", description.fillSeparator},
  };
  for (const Token &entry : special)
    if (Error e = copyToken(file, entry.key, tokens, entry.token))
      return std::move(e);

  if (Error e = copyBool(file, "tokenizer.ggml.add_bos_token", description.addBeginOfSequence))
    return std::move(e);
  if (Error e = copyBool(file, "tokenizer.ggml.add_eos_token", description.addEndOfSequence))
    return std::move(e);
  if (Error e = copyBool(file, "tokenizer.ggml.add_space_prefix", description.addSpacePrefix))
    return std::move(e);
  if (Error e = copyBool(file, "tokenizer.ggml.remove_extra_whitespaces", description.removeExtraSpaces))
    return std::move(e);
  if (Error e = copyBool(file, "tokenizer.ggml.normalizer.lowercase", description.lowercase))
    return std::move(e);
  if (Error e = copyBool(file, "tokenizer.ggml.normalizer.strip_accents", description.stripAccents))
    return std::move(e);
  if (Error e = copyBytes(file, "tokenizer.ggml.precompiled_charsmap", description.compiledMap))
    return std::move(e);
  if (Error e = copyString(file, "tokenizer.chat_template", text::maximumTextBytes, description.chatTemplate))
    return std::move(e);
  if (Error e = copyString(file, "general.name", text::maximumTextBytes, description.modelName))
    return std::move(e);

  text::TokenizerContents contents;
  if (std::optional<std::string> wrong = text::makeContents(description, contents))
    return file.error(*wrong + "; convert the model again with a current "
                               "llama.cpp");
  return description;
}

} // namespace ingot::gguf
