//===- byte_alphabet.h - GPT-2's printable spelling of bytes --------------===//
//
// Byte-level BPE vocabularies spell each byte as one printable character.
// Source: bytes_to_unicode in
// https://github.com/openai/gpt-2/blob/master/src/encoder.py
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_BYTE_ALPHABET_H
#define INGOT_RUNTIME_TEXT_BYTE_ALPHABET_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ingot::text {

/// The character (UTF-8) that stands for a byte.
std::string spellByte(uint8_t byte);

/// The bytes that a spelling stands for; nothing if a character is outside the
/// alphabet.
std::optional<std::string> bytesOfSpelling(std::string_view spelling);

/// The same as llama.cpp renders it: a character outside the alphabet becomes
/// `[UNK_BYTE_0x<hexadecimal UTF-8><spelling>]`.
std::string renderSpelling(std::string_view spelling);

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_BYTE_ALPHABET_H
