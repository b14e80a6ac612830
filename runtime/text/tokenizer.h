//===- tokenizer.h - Text to tokens and back ------------------------------===//
//
// The tokenizer that an executable carries. It works in place on the bytes made
// by serialize() (serialize.h): hash tables and byte spellings were computed
// when the model was compiled, so opening checks bounds and compiles the
// patterns of its steps, nothing else. For a GGUF file the results are those of
// llama.cpp's llama_tokenize and llama_token_to_piece, for a tokenizer.json
// those of Hugging Face `tokenizers`, with one difference: bytes that are no
// UTF-8 keep their value under byte-level BPE that rewrites no text (llama.cpp
// turns them into U+FFFD), so that encoding and decoding any bytes gives them
// back wherever the vocabulary has a token for every byte. Everywhere else a
// broken sequence counts as U+FFFD.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_TOKENIZER_H
#define INGOT_RUNTIME_TEXT_TOKENIZER_H

#include "runtime/text/contents.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::text {

/// The longest text that Tokenizer::encode takes, so that positions fit 32
/// bits.
inline constexpr size_t maximumInputBytes = size_t(1) << 29;

/// Immutable once open; every const method may run in several threads at once.
class Tokenizer {
public:
  Tokenizer();
  ~Tokenizer();
  Tokenizer(Tokenizer &&) noexcept;
  Tokenizer &operator=(Tokenizer &&) noexcept;

  /// Opens serialized bytes, which must outlive the tokenizer and are used
  /// where they lie (any alignment). Every offset, count and id in them is
  /// checked. Returns nothing on success, else one line that says what is
  /// wrong; the tokenizer is then closed.
  std::optional<std::string> open(const uint8_t *data, size_t size);

  bool isOpen() const;

  /// The tokens of `text`, any bytes. `addSpecial` adds what the model wants at
  /// the ends: begin-of-sequence and end-of-sequence tokens, BERT's [CLS] and
  /// [SEP]. With `parseSpecial`
  /// the spelling of a control token (`<|im_start|>`) becomes that token;
  /// without, it is ordinary text. What the vocabulary cannot express gives no
  /// token (byte-level BPE) or the unknown token, if there is one. Takes
  /// O(n log n) for n bytes, times the length of the longest token for Unigram
  /// and WordPiece; throws std::length_error from
  /// maximumInputBytes on.
  std::vector<int32_t> encode(std::string_view text, bool addSpecial, bool parseSpecial) const;

  /// The bytes that one token adds to the text; they may be a part of a UTF-8
  /// sequence (see Utf8Stream). Control and unknown tokens are empty unless
  /// `renderSpecial`. An id outside the vocabulary is empty.
  std::string_view piece(int32_t token, bool renderSpecial) const;

  /// All pieces joined. As in llama_detokenize, a space that was put in front
  /// of the text when it was encoded is taken away, and with `removeSpecial` so
  /// are the tokens that the model adds at the ends.
  std::string decode(std::span<const int32_t> tokens, bool removeSpecial, bool renderSpecial) const;

  /// Whether the model says with this token that it has finished.
  bool isEndOfGeneration(int32_t token) const;

  /// Whether the token is a control token.
  bool isControl(int32_t token) const;

  /// The token with exactly this spelling, if it is a control, unknown or
  /// user-defined token; else noToken.
  int32_t specialToken(std::string_view spelling) const;

  ModelKind kind() const;
  int32_t vocabularySize() const;
  int32_t beginOfSequence() const; ///< noToken when the model has none; so below
  int32_t endOfSequence() const;
  int32_t endOfTurn() const;
  int32_t unknown() const;
  int32_t padding() const;
  bool addsBeginOfSequence() const;
  bool addsEndOfSequence() const;
  bool addsSpacePrefix() const;

  /// The Jinja template of the model's conversations; empty if it has none.
  std::string_view chatTemplate() const;

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_TOKENIZER_H
