//===- description.h - What a model file says about its tokenizer ---------===//
//
// The compiler fills a TokenizerDescription from a model file, validates it and
// serializes it into the bytes that Tokenizer (tokenizer.h) uses in place.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_DESCRIPTION_H
#define INGOT_RUNTIME_TEXT_DESCRIPTION_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::text {

/// The id of a token that the vocabulary does not have.
inline constexpr int32_t noToken = -1;

/// Bounds on what a file may ask for; beyond them a description is refused.
inline constexpr size_t maximumTokens = size_t(1) << 22;
inline constexpr size_t maximumMerges = size_t(1) << 24;
inline constexpr size_t maximumTokenBytes = 65535;
inline constexpr size_t maximumTextBytes = size_t(1) << 28;

/// The algorithm, `tokenizer.ggml.model` in a GGUF file.
enum class ModelKind : uint32_t {
  byteLevelPairs = 1, ///< "gpt2": byte-level BPE with ranked merges
  sentencePiece = 2,  ///< "llama": SentencePiece BPE, merged by token score
};

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

/// What a model file says about its tokenizer; the comments name the GGUF keys
/// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#tokenizer), all
/// under `tokenizer.ggml.` unless written in full. Whatever a file leaves out
/// keeps its default here and is then decided as llama.cpp decides it.
struct TokenizerDescription {
  ModelKind kind = ModelKind::byteLevelPairs; ///< model

  /// pre; empty means "default". Only byte-level BPE has a pre-tokenizer.
  std::string preTokenizer;

  /// tokens; the index is the id. Byte-level BPE spells bytes in GPT-2's
  /// alphabet, SentencePiece writes a space as U+2581.
  std::vector<std::string> tokens;

  /// scores, one per token; empty means zero. Used by SentencePiece.
  std::vector<float> scores;

  /// token_type, one per token; empty means `normal`. Numbers that TokenType
  /// does not list count as `undefined`.
  std::vector<int32_t> types;

  /// merges in order of rank, each "LEFT RIGHT". Byte-level BPE only.
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

  std::string chatTemplate; ///< tokenizer.chat_template

  /// general.name; a name with "phi-3" or "phi3" makes special tokens swallow
  /// the white space after them, as in llama.cpp.
  std::string modelName;
};

/// Maps the GGUF value of `tokenizer.ggml.model` to a kind; nothing when it is
/// not supported.
std::optional<ModelKind> modelKindFromName(std::string_view name);

/// The values of `tokenizer.ggml.model` and `tokenizer.ggml.pre` that are
/// supported, for error messages: comma-separated.
std::string supportedModelKinds();
std::string supportedPreTokenizers();

/// Returns nothing when the description can be serialized, else one clear
/// sentence that names what is wrong and where (GGUF key, index).
std::optional<std::string> validate(const TokenizerDescription &description);

/// Turns a description into the bytes that Tokenizer::open takes. The same
/// description gives the same bytes. The description must have passed
/// validate(); an invalid one gives an empty string.
std::string serialize(const TokenizerDescription &description);

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_DESCRIPTION_H
