//===- unicode.h - Unicode's rewritings of text ---------------------------===//
//
// Normalization forms and lower case, by utf8proc
// (https://juliastrings.github.io/utf8proc), and the compiled maps of
// SentencePiece. All texts are valid UTF-8.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_UNICODE_H
#define INGOT_RUNTIME_TEXT_UNICODE_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ingot::text {

/// "NFC", "NFD", "NFKC" and "NFKD" (Unicode Standard Annex 15).
bool isNormalizationForm(std::string_view form);

/// Appends `text` in a normalization form. Throws std::bad_alloc.
void appendNormalized(std::string_view text, std::string_view form, std::string &output);

/// Appends `text` with each character in lower case by itself, whatever stands
/// around it. `simple`: one character for one, so that U+0130 becomes i.
void appendLowercase(std::string_view text, bool simple, std::string &output);

/// The map that SentencePiece compiles its normalization rules into
/// (`precompiled_charsmap`): a 32-bit number of bytes, so many bytes of a
/// double array (https://github.com/s-yata/darts-clone), then what to write
/// instead, each text with a zero behind it.
class CompiledMap {
public:
  /// Takes the bytes, which must outlive the map; false if they are broken.
  bool open(std::string_view bytes);

  /// Appends `text` as Hugging Face `tokenizers` rewrites it: graphemes of up
  /// to five bytes as a whole, else characters, by the shortest entry that they
  /// begin with.
  void appendByGraphemes(std::string_view text, std::string &output) const;

  /// Appends `text` as SentencePiece rewrites it: everywhere the longest entry.
  void appendByLongest(std::string_view text, std::string &output) const;

private:
  struct Match {
    size_t length;
    std::string_view replacement;
  };
  std::optional<Match> find(std::string_view text, bool longest) const;
  uint32_t unit(size_t index) const;

  std::string_view units;
  std::string_view replacements;
};

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_UNICODE_H
