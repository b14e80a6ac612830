//===- strings.cpp - Python's strings over UTF-8 --------------------------===//

#include "runtime/text/template/strings.h"
#include "runtime/text/template/value.h"
#include "runtime/text/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <cstdio>
#include <new>

namespace ingot::text::jinja {
namespace {

bool isAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

struct Free {
  void operator()(pcre2_code *code) const { pcre2_code_free(code); }
  void operator()(pcre2_match_data *data) const { pcre2_match_data_free(data); }
};

/// A pattern of this file; PCRE2 knows what Unicode says of letters.
std::unique_ptr<pcre2_code, Free> compile(const char *pattern) {
  int error = 0;
  PCRE2_SIZE position = 0;
  std::unique_ptr<pcre2_code, Free> code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern), PCRE2_ZERO_TERMINATED,
                                                       PCRE2_UTF | PCRE2_UCP | PCRE2_DOTALL, &error, &position,
                                                       nullptr));
  if (!code)
    throw std::bad_alloc();
  return code;
}

bool matches(std::string_view text, const char *pattern) {
  auto code = compile(pattern);
  std::unique_ptr<pcre2_match_data, Free> match(pcre2_match_data_create(1, nullptr));
  if (!match)
    throw std::bad_alloc();
  return pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, PCRE2_NO_UTF_CHECK,
                     match.get(), nullptr) >= 0;
}

std::string substitute(std::string_view text, const char *pattern, const char *replacement) {
  auto code = compile(pattern);
  // The other case of a letter takes at most three bytes for one.
  std::string result(text.size() * 3 + 16, '\0');
  PCRE2_SIZE size = result.size();
  int status = pcre2_substitute(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0,
                                PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_EXTENDED | PCRE2_NO_UTF_CHECK, nullptr,
                                nullptr, reinterpret_cast<PCRE2_SPTR>(replacement), PCRE2_ZERO_TERMINATED,
                                reinterpret_cast<PCRE2_UCHAR *>(result.data()), &size);
  if (status < 0)
    throw Error("a text of " + std::to_string(text.size()) + " bytes has no other case");
  result.resize(size);
  return result;
}

size_t spaceBytes(std::string_view text, size_t offset) {
  const CodePoint point = decodeCodePoint(text, offset);
  return isSpace(point.value) ? point.bytes : 0;
}

size_t previous(std::string_view text, size_t end) {
  do
    --end;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80);
  return end;
}

bool contains(const std::vector<uint32_t> &set, uint32_t value) {
  return std::find(set.begin(), set.end(), value) != set.end();
}

} // namespace

std::string makeValid(std::string_view text) {
  Utf8Stream stream(Utf8Stream::Invalid::replace);
  std::string valid = stream.append(text);
  return valid + stream.flush();
}

CodePoint decodeCodePoint(std::string_view text, size_t offset) {
  auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[offset + i])); };
  const uint32_t first = byte(0);
  const uint32_t bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (offset + bytes > text.size())
    return {0xfffd, static_cast<uint32_t>(text.size() - offset)};
  uint32_t value = bytes == 1 ? first : first & (0xffu >> (bytes + 1));
  for (uint32_t i = 1; i < bytes; ++i)
    value = value << 6 | (byte(i) & 0x3f);
  return {value, bytes};
}

void appendCodePoint(std::string &text, uint32_t value) {
  if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
    value = 0xfffd;
  auto put = [&](uint32_t byte) { text += static_cast<char>(byte); };
  if (value < 0x80)
    return put(value);
  if (value < 0x800) {
    put(0xc0 | value >> 6);
  } else if (value < 0x10000) {
    put(0xe0 | value >> 12);
    put(0x80 | (value >> 6 & 0x3f));
  } else {
    put(0xf0 | value >> 18);
    put(0x80 | (value >> 12 & 0x3f));
    put(0x80 | (value >> 6 & 0x3f));
  }
  put(0x80 | (value & 0x3f));
}

size_t countCodePoints(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
}

std::vector<size_t> codePointOffsets(std::string_view text) {
  std::vector<size_t> offsets;
  for (size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80)
      offsets.push_back(i);
  offsets.push_back(text.size());
  return offsets;
}

bool isSpace(uint32_t value) {
  return (value >= 0x09 && value <= 0x0d) || (value >= 0x1c && value <= 0x20) || value == 0x85 || value == 0xa0 ||
         value == 0x1680 || (value >= 0x2000 && value <= 0x200a) || value == 0x2028 || value == 0x2029 ||
         value == 0x202f || value == 0x205f || value == 0x3000;
}

bool isPrintable(uint32_t value) {
  if (value < 0x7f)
    return value >= 0x20;
  const bool format = value == 0xad || (value >= 0x200b && value <= 0x200f) || (value >= 0x202a && value <= 0x202e) ||
                      (value >= 0x2060 && value <= 0x206f) || value == 0xfeff || (value >= 0xe000 && value <= 0xf8ff) ||
                      (value >= 0xfff0 && value <= 0xfffb) || value >= 0xe0000;
  return value > 0xa0 && !isSpace(value) && !format;
}

std::string escapeCodePoint(uint32_t value) {
  char text[16];
  snprintf(text, sizeof(text), value < 0x100 ? "\\x%02x" : value < 0x10000 ? "\\u%04x" : "\\U%08x", value);
  return text;
}

std::string_view strip(std::string_view text, bool left, bool right, std::optional<std::string_view> set) {
  std::vector<uint32_t> members;
  for (size_t i = 0; set && i < set->size();) {
    const CodePoint point = decodeCodePoint(*set, i);
    members.push_back(point.value);
    i += point.bytes;
  }
  auto goes = [&](uint32_t value) { return set ? contains(members, value) : isSpace(value); };
  while (left && !text.empty()) {
    const CodePoint point = decodeCodePoint(text, 0);
    if (!goes(point.value))
      break;
    text.remove_prefix(point.bytes);
  }
  while (right && !text.empty()) {
    const size_t begin = previous(text, text.size());
    if (!goes(decodeCodePoint(text, begin).value))
      break;
    text = text.substr(0, begin);
  }
  return text;
}

std::vector<std::string_view> split(std::string_view text, std::optional<std::string_view> separator, int64_t most) {
  std::vector<std::string_view> parts;
  if (separator) {
    size_t begin = 0;
    for (size_t found; most != 0 && (found = text.find(*separator, begin)) != text.npos; --most) {
      parts.push_back(text.substr(begin, found - begin));
      begin = found + separator->size();
    }
    parts.push_back(text.substr(begin));
    return parts;
  }
  for (text = strip(text, true, false); !text.empty(); text = strip(text, true, false), --most) {
    if (most == 0) {
      parts.push_back(text);
      break;
    }
    size_t end = 0;
    while (end < text.size() && !spaceBytes(text, end))
      end += decodeCodePoint(text, end).bytes;
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return parts;
}

std::vector<std::string_view> splitFromRight(std::string_view text, std::optional<std::string_view> separator,
                                             int64_t most) {
  std::vector<std::string_view> parts;
  if (separator) {
    for (size_t found; most != 0 && (found = text.rfind(*separator)) != text.npos; --most) {
      parts.push_back(text.substr(found + separator->size()));
      text = text.substr(0, found);
      // A separator may not overlap the one that was found.
    }
    parts.push_back(text);
  } else {
    for (text = strip(text, false, true); !text.empty(); text = strip(text, false, true), --most) {
      if (most == 0) {
        parts.push_back(text);
        break;
      }
      size_t begin = text.size();
      while (begin > 0 && !spaceBytes(text, previous(text, begin)))
        begin = previous(text, begin);
      parts.push_back(text.substr(begin));
      text = text.substr(0, begin);
    }
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string_view> splitLines(std::string_view text, bool keepEnds) {
  auto isEnd = [](uint32_t value) {
    return (value >= 0x0a && value <= 0x0d) || (value >= 0x1c && value <= 0x1e) || value == 0x85 || value == 0x2028 ||
           value == 0x2029;
  };
  std::vector<std::string_view> lines;
  size_t begin = 0;
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = decodeCodePoint(text, i);
    const size_t end = i;
    i += point.bytes;
    if (!isEnd(point.value))
      continue;
    if (point.value == '\r' && i < text.size() && text[i] == '\n')
      ++i;
    lines.push_back(text.substr(begin, (keepEnds ? i : end) - begin));
    begin = i;
  }
  if (begin < text.size())
    lines.push_back(text.substr(begin));
  return lines;
}

std::string replace(std::string_view text, std::string_view from, std::string_view to, int64_t most, size_t longest) {
  std::string result;
  auto append = [&](std::string_view part) {
    if (result.size() + part.size() > longest)
      throw Error("a text grows beyond " + std::to_string(longest) + " bytes");
    result += part;
  };
  size_t begin = 0;
  if (from.empty()) {
    // Python puts the new text before every code point and after the last.
    for (; most != 0 && begin < text.size(); --most) {
      const size_t bytes = decodeCodePoint(text, begin).bytes;
      append(to);
      append(text.substr(begin, bytes));
      begin += bytes;
    }
    if (most != 0)
      append(to);
  } else {
    for (size_t found; most != 0 && (found = text.find(from, begin)) != text.npos; --most) {
      append(text.substr(begin, found - begin));
      append(to);
      begin = found + from.size();
    }
  }
  append(text.substr(begin));
  return result;
}

std::string toUpper(std::string_view text) {
  // The one letter in common use whose upper case is two.
  if (!isAscii(text))
    return substitute(replace(text, "ß", "SS", -1, text.size()), ".+", "\\U$0");
  std::string result(text);
  for (char &c : result)
    c = c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
  return result;
}

std::string toLower(std::string_view text) {
  if (!isAscii(text))
    return substitute(text, ".+", "\\L$0");
  std::string result(text);
  for (char &c : result)
    c = c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
  return result;
}

std::string capitalize(std::string_view text) {
  if (text.empty())
    return {};
  const size_t first = decodeCodePoint(text, 0).bytes;
  return toUpper(text.substr(0, first)) + toLower(text.substr(first));
}

std::string titleCase(std::string_view text) { return substitute(text, R"((\p{L})(\p{L}*))", "\\U$1\\L$2"); }

bool isOf(std::string_view text, Class kind) {
  switch (kind) {
  case Class::letter:
    return matches(text, R"(\A\p{L}+\z)");
  case Class::decimal:
    return matches(text, R"(\A\p{Nd}+\z)");
  case Class::alphanumeric:
    return matches(text, R"(\A[\p{L}\p{N}]+\z)");
  case Class::space:
    return !text.empty() && strip(text, true, false).empty();
  case Class::upper:
    return matches(text, R"(\A[^\p{Ll}\p{Lt}]*\p{Lu}[^\p{Ll}\p{Lt}]*\z)");
  case Class::lower:
    return matches(text, R"(\A[^\p{Lu}\p{Lt}]*\p{Ll}[^\p{Lu}\p{Lt}]*\z)");
  }
  return false;
}

} // namespace ingot::text::jinja
