//===- byte_alphabet.cpp - GPT-2's printable spelling of bytes ------------===//
//
// Implements byte_alphabet.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/byte_alphabet.h"

#include "runtime/text/utf8.h"

using namespace ingot::text;

namespace {

/// Bytes that are printable characters of Latin-1 stand for themselves.
bool isPrintable(uint32_t byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
}

/// The others, in order, are numbered from U+0100 on.
uint32_t characterOfByte(uint8_t byte) {
  if (isPrintable(byte))
    return byte;
  uint32_t character = 0x100;
  for (uint32_t other = 0; other < byte; ++other)
    character += !isPrintable(other);
  return character;
}

std::optional<uint8_t> byteOfCharacter(uint32_t character) {
  if (character < 0x100)
    return isPrintable(character) ? std::optional<uint8_t>(character) : std::nullopt;
  for (uint32_t byte = 0; byte < 0x100; ++byte)
    if (!isPrintable(byte) && characterOfByte(byte) == character)
      return byte;
  return std::nullopt;
}

} // namespace

std::string ingot::text::spellByte(uint8_t byte) {
  std::string spelling;
  appendCharacter(characterOfByte(byte), spelling);
  return spelling;
}

std::optional<std::string> ingot::text::bytesOfSpelling(std::string_view spelling) {
  std::string bytes;
  while (!spelling.empty()) {
    std::optional<uint8_t> byte = byteOfCharacter(takeCharacter(spelling));
    if (!byte)
      return std::nullopt;
    bytes += static_cast<char>(*byte);
  }
  return bytes;
}

std::string ingot::text::renderSpelling(std::string_view spelling) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string rendered;
  for (std::string_view rest = spelling; !rest.empty();) {
    uint32_t character = takeCharacter(rest);
    if (std::optional<uint8_t> byte = byteOfCharacter(character)) {
      rendered += static_cast<char>(*byte);
      continue;
    }
    rendered += "[UNK_BYTE_0x";
    std::string encoded;
    appendCharacter(character, encoded);
    for (char unit : encoded) {
      rendered += digits[static_cast<uint8_t>(unit) >> 4];
      rendered += digits[static_cast<uint8_t>(unit) & 15];
    }
    rendered += spelling;
    rendered += ']';
  }
  return rendered;
}
