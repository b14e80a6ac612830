//===- description.h - What a GGUF file says about its tokenizer ----------===//
//
// The compiler fills a TokenizerDescription from a GGUF file; what the file
// leaves open is then decided as llama.cpp decides it.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_DESCRIPTION_H
#define INGOT_RUNTIME_TEXT_DESCRIPTION_H

#include "runtime/text/contents.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::text {

/// `tokenizer.ggml.token_type` in a GGUF file, with the same numbers.
enum class TokenType : int32_t {
  undefined = 0,
  normal = 1,
  unknown = 2,
  control = 3,
  userDefined = 4,
  unused = 5,
  byte = 6,
};

/// What a GGUF file says about its tokenizer; the comments name the GGUF keys
/// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#tokenizer), all
/// under `tokenizer.ggml.` unless written in full. Whatever a file leaves out
/// keeps its default here and is then decided as llama.cpp decides it.
struct TokenizerDescription {
  ModelKind kind = ModelKind::byteLevelPairs; ///< model

  /// pre; empty means "default". Only BPE has a pre-tokenizer; "gemma4" is a
  /// model and its pre-tokenizer at once.
  std::string preTokenizer;

  /// tokens; the index is the id. Byte-level BPE spells bytes in GPT-2's
  /// alphabet, SentencePiece writes a space as U+2581; so do Unigram and
  /// WordPiece, where it begins a word.
  std::vector<std::string> tokens;

  /// scores, one per token; empty means zero. Used by SentencePiece and Unigram.
  std::vector<float> scores;

  /// token_type, one per token; empty means `normal`. Numbers that TokenType
  /// does not list count as `undefined`.
  std::vector<int32_t> types;

  /// merges in order of rank, each "LEFT RIGHT". BPE only.
  std::vector<std::string> merges;

  int32_t beginOfSequence = noToken; ///< bos_token_id
  int32_t endOfSequence = noToken;   ///< eos_token_id
  int32_t endOfTurn = noToken;       ///< eot_token_id
  int32_t endOfMessage = noToken;    ///< eom_token_id
  int32_t unknown = noToken;         ///< unknown_token_id
  int32_t separator = noToken;       ///< seperator_token_id (spelt so in GGUF)
  int32_t padding = noToken;         ///< padding_token_id
  int32_t mask = noToken;            ///< mask_token_id
  int32_t fillPrefix = noToken;      ///< fim_pre_token_id, prefix_token_id
  int32_t fillSuffix = noToken;      ///< fim_suf_token_id, suffix_token_id
  int32_t fillMiddle = noToken;      ///< fim_mid_token_id, middle_token_id
  int32_t fillPadding = noToken;     ///< fim_pad_token_id
  int32_t fillRepository = noToken;  ///< fim_rep_token_id
  int32_t fillSeparator = noToken;   ///< fim_sep_token_id

  std::optional<bool> addBeginOfSequence; ///< add_bos_token
  std::optional<bool> addEndOfSequence;   ///< add_eos_token
  std::optional<bool> addSpacePrefix;     ///< add_space_prefix

  /// precompiled_charsmap, of Unigram; see CompiledMap in unicode.h.
  std::string compiledMap;
  std::optional<bool> removeExtraSpaces; ///< remove_extra_whitespaces, of Unigram
  std::optional<bool> lowercase;         ///< normalizer.lowercase, of WordPiece
  std::optional<bool> stripAccents;      ///< normalizer.strip_accents, of WordPiece

  std::string chatTemplate; ///< tokenizer.chat_template

  /// general.name; a name with "phi-3" or "phi3" makes special tokens swallow
  /// the white space after them, as in llama.cpp, and one with "modern-bert"
  /// the mask that before it.
  std::string modelName;
};

/// Sets the kind, and the pre-tokenizer where it follows from it, from the GGUF
/// value of `tokenizer.ggml.model`; false when it is not supported.
bool setModel(TokenizerDescription &description, std::string_view name);

/// The values of `tokenizer.ggml.model` and some of `tokenizer.ggml.pre` that
/// are supported, for error messages: comma-separated.
std::string supportedModelKinds();
std::string supportedPreTokenizers();

/// The tokenizer that a GGUF file describes. Returns nothing on success, else
/// one clear sentence that names what is wrong and where (GGUF key, index).
std::optional<std::string> makeContents(const TokenizerDescription &description, TokenizerContents &contents);

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_DESCRIPTION_H
