//===- utf8.cpp - UTF-8 sequences in streams of bytes ---------------------===//
//
// Implements utf8.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/utf8.h"

using namespace ingot::text;

namespace {

/// What the first byte of a sequence demands of the others (Unicode standard,
/// table 3-7: only the second byte has a range of its own).
struct Lead {
  size_t length; ///< 0: no first byte
  uint8_t secondLow;
  uint8_t secondHigh;
};

Lead leadOf(uint8_t byte) {
  if (byte < 0x80)
    return {1, 0, 0};
  if (byte < 0xc2 || byte > 0xf4)
    return {0, 0, 0};
  if (byte < 0xe0)
    return {2, 0x80, 0xbf};
  if (byte < 0xf0)
    return {3, uint8_t(byte == 0xe0 ? 0xa0 : 0x80), uint8_t(byte == 0xed ? 0x9f : 0xbf)};
  return {4, uint8_t(byte == 0xf0 ? 0x90 : 0x80), uint8_t(byte == 0xf4 ? 0x8f : 0xbf)};
}

/// How many of the first bytes agree with `lead`.
size_t matchingBytes(std::string_view bytes, Lead lead) {
  size_t index = 1;
  for (; index < lead.length && index < bytes.size(); ++index) {
    uint8_t byte = static_cast<uint8_t>(bytes[index]);
    uint8_t low = index == 1 ? lead.secondLow : 0x80;
    uint8_t high = index == 1 ? lead.secondHigh : 0xbf;
    if (byte < low || byte > high)
      break;
  }
  return index;
}

} // namespace

size_t ingot::text::validSequenceLength(std::string_view bytes) {
  if (bytes.empty())
    return 0;
  Lead lead = leadOf(static_cast<uint8_t>(bytes[0]));
  if (lead.length == 0 || matchingBytes(bytes, lead) != lead.length)
    return 0;
  return lead.length;
}

uint32_t ingot::text::takeCharacter(std::string_view &text) {
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

void ingot::text::appendCharacter(uint32_t character, std::string &text) {
  if (character < 0x80) {
    text += char(character);
    return;
  }
  if (character < 0x800) {
    text += char(0xc0 | character >> 6);
  } else {
    if (character < 0x10000) {
      text += char(0xe0 | character >> 12);
    } else {
      text += char(0xf0 | character >> 18);
      text += char(0x80 | (character >> 12 & 0x3f));
    }
    text += char(0x80 | (character >> 6 & 0x3f));
  }
  text += char(0x80 | (character & 0x3f));
}

bool ingot::text::isIncompleteSequence(std::string_view bytes) {
  if (bytes.empty())
    return false;
  Lead lead = leadOf(static_cast<uint8_t>(bytes[0]));
  return bytes.size() < lead.length && matchingBytes(bytes, lead) == bytes.size();
}

void Utf8Stream::release(std::string_view bytes, std::string &output) const {
  if (invalid == Invalid::keep)
    output += bytes;
  else
    output += "\xef\xbf\xbd";
}

std::string Utf8Stream::append(std::string_view bytes) {
  pending += bytes;
  std::string output;
  std::string_view rest = pending;
  while (!rest.empty()) {
    size_t length = validSequenceLength(rest);
    if (length > 0) {
      output += rest.substr(0, length);
      rest.remove_prefix(length);
      continue;
    }
    if (isIncompleteSequence(rest))
      break;
    // A broken sequence counts once, with all bytes that belonged to it.
    Lead lead = leadOf(static_cast<uint8_t>(rest[0]));
    size_t broken = lead.length == 0 ? 1 : matchingBytes(rest, lead);
    release(rest.substr(0, broken), output);
    rest.remove_prefix(broken);
  }
  pending.erase(0, pending.size() - rest.size());
  return output;
}

std::string Utf8Stream::flush() {
  std::string output;
  if (!pending.empty())
    release(pending, output);
  pending.clear();
  return output;
}
