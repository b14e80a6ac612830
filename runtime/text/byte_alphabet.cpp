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

/// Takes one character from the front. A byte that is no UTF-8 counts as
/// U+FFFD, as in llama.cpp.
uint32_t takeCharacter(std::string_view &text) {
  size_t length = validSequenceLength(text);
  if (length == 0) {
    text.remove_prefix(1);
    return 0xfffd;
  }
  uint8_t first = static_cast<uint8_t>(text[0]);
  uint32_t character = length == 1 ? first : first & (0x7f >> length);
  for (size_t index = 1; index < length; ++index)
    character = character << 6 | (static_cast<uint8_t>(text[index]) & 0x3f);
  text.remove_prefix(length);
  return character;
}

std::string encodeCharacter(uint32_t character) {
  if (character < 0x80)
    return {char(character)};
  if (character < 0x800)
    return {char(0xc0 | character >> 6), char(0x80 | (character & 0x3f))};
  if (character < 0x10000)
    return {char(0xe0 | character >> 12), char(0x80 | (character >> 6 & 0x3f)), char(0x80 | (character & 0x3f))};
  return {char(0xf0 | character >> 18), char(0x80 | (character >> 12 & 0x3f)), char(0x80 | (character >> 6 & 0x3f)),
          char(0x80 | (character & 0x3f))};
}

} // namespace

std::string ingot::text::spellByte(uint8_t byte) { return encodeCharacter(characterOfByte(byte)); }

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
    for (char unit : encodeCharacter(character)) {
      rendered += digits[static_cast<uint8_t>(unit) >> 4];
      rendered += digits[static_cast<uint8_t>(unit) & 15];
    }
    rendered += spelling;
    rendered += ']';
  }
  return rendered;
}
