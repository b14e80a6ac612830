//===- unicode.cpp - Unicode's rewritings of text -------------------------===//
//
// Implements unicode.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/unicode.h"

#include "runtime/text/utf8.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

using namespace ingot::text;

namespace {

bool isAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char byte) { return static_cast<uint8_t>(byte) < 0x80; });
}

utf8proc_option_t optionsOf(std::string_view form) {
  int options = UTF8PROC_STABLE | (form.ends_with('C') ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE);
  return utf8proc_option_t(form.size() == 4 ? options | UTF8PROC_COMPAT : options);
}

} // namespace

bool ingot::text::isNormalizationForm(std::string_view form) {
  return form == "NFC" || form == "NFD" || form == "NFKC" || form == "NFKD";
}

void ingot::text::appendNormalized(std::string_view text, std::string_view form, std::string &output) {
  if (isAscii(text)) {
    output += text;
    return;
  }
  struct Free {
    void operator()(utf8proc_uint8_t *bytes) const { std::free(bytes); }
  };
  utf8proc_uint8_t *result = nullptr;
  utf8proc_ssize_t length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t *>(text.data()),
                                         utf8proc_ssize_t(text.size()), &result, optionsOf(form));
  std::unique_ptr<utf8proc_uint8_t, Free> owner(result);
  if (length < 0)
    throw std::bad_alloc();
  output.append(reinterpret_cast<const char *>(result), size_t(length));
}

void ingot::text::appendLowercase(std::string_view text, bool simple, std::string &output) {
  while (!text.empty()) {
    uint8_t first = static_cast<uint8_t>(text[0]);
    if (first < 0x80) {
      output += first >= 'A' && first <= 'Z' ? char(first + 0x20) : char(first);
      text.remove_prefix(1);
      continue;
    }
    uint32_t character = takeCharacter(text);
    // The only character whose lower case is two, wherever it stands.
    if (character == 0x130 && !simple)
      output += "i\u0307";
    else
      appendCharacter(uint32_t(utf8proc_tolower(utf8proc_int32_t(character))), output);
  }
}

bool CompiledMap::open(std::string_view bytes) {
  uint32_t size;
  if (bytes.size() < sizeof(size))
    return false;
  std::memcpy(&size, bytes.data(), sizeof(size));
  bytes.remove_prefix(sizeof(size));
  if (size > bytes.size() || size % sizeof(uint32_t) != 0 || size == 0)
    return false;
  units = bytes.substr(0, size);
  replacements = bytes.substr(size);
  return !replacements.empty() && replacements.back() == '\0';
}

uint32_t CompiledMap::unit(size_t index) const {
  uint32_t value = 0;
  if (index < units.size() / sizeof(value))
    std::memcpy(&value, units.data() + index * sizeof(value), sizeof(value));
  return value;
}

std::optional<CompiledMap::Match> CompiledMap::find(std::string_view text, bool longest) const {
  // Source of the layout: `DoubleArrayUnit` in darts.h of darts-clone.
  auto offsetOf = [](uint32_t unit) { return (unit >> 10) << ((unit & (1u << 9)) >> 6); };
  std::optional<Match> best;
  size_t node = offsetOf(unit(0));
  for (size_t length = 0; length < text.size() && text[length] != '\0'; ++length) {
    uint8_t byte = static_cast<uint8_t>(text[length]);
    node ^= byte;
    uint32_t child = unit(node);
    if ((child & ((1u << 31) | 0xff)) != byte)
      break;
    node ^= offsetOf(child);
    bool isEntry = (child >> 8) & 1;
    size_t begin = unit(node) & ((1u << 31) - 1);
    if (!isEntry || begin >= replacements.size())
      continue;
    best = Match{length + 1, replacements.substr(begin, replacements.find('\0', begin) - begin)};
    if (!longest)
      break;
  }
  return best;
}

void CompiledMap::appendByGraphemes(std::string_view text, std::string &output) const {
  while (!text.empty()) {
    std::string_view rest = text;
    uint32_t previous = takeCharacter(rest);
    utf8proc_int32_t state = 0;
    while (!rest.empty()) {
      std::string_view next = rest;
      uint32_t character = takeCharacter(next);
      if (utf8proc_grapheme_break_stateful(utf8proc_int32_t(previous), utf8proc_int32_t(character), &state))
        break;
      previous = character;
      rest = next;
    }
    std::string_view grapheme = text.substr(0, text.size() - rest.size());
    text = rest;
    if (grapheme.size() < 6)
      if (std::optional<Match> match = find(grapheme, false)) {
        output += match->replacement;
        continue;
      }
    while (!grapheme.empty()) {
      std::string_view character = grapheme.substr(0, std::max<size_t>(validSequenceLength(grapheme), 1));
      std::optional<Match> match = find(character, false);
      output += match ? match->replacement : character;
      grapheme.remove_prefix(character.size());
    }
  }
}

void CompiledMap::appendByLongest(std::string_view text, std::string &output) const {
  while (!text.empty()) {
    if (std::optional<Match> match = find(text, true)) {
      output += match->replacement;
      text.remove_prefix(match->length);
      continue;
    }
    size_t length = std::max<size_t>(validSequenceLength(text), 1);
    output += text.substr(0, length);
    text.remove_prefix(length);
  }
}
