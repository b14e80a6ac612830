//===- added_tokens.cpp - Spellings that are tokens in any case -----------===//
//
// Implements added_tokens.h: llama.cpp's order (tokenizer_st_partition in
// src/llama-vocab.cpp) and that of Hugging Face `tokenizers`
// (AddedVocabulary::find_matches in tokenizers/src/tokenizer/added_vocabulary.rs).
//
//===----------------------------------------------------------------------===//

#include "runtime/text/added_tokens.h"

#include "runtime/text/utf8.h"

#include <utf8proc.h>

#include <algorithm>
#include <cctype>

using namespace ingot::text;

namespace {

/// Unicode's property White_Space.
bool isSpace(uint32_t character) {
  return (character >= 0x09 && character <= 0x0d) || character == 0x20 || character == 0x85 || character == 0xa0 ||
         character == 0x1680 || (character >= 0x2000 && character <= 0x200a) || character == 0x2028 ||
         character == 0x2029 || character == 0x202f || character == 0x205f || character == 0x3000;
}

/// Letters, marks, decimal digits, connectors and joiners: \w of Unicode Technical Standard 18.
bool isWord(uint32_t character) {
  switch (utf8proc_category(utf8proc_int32_t(character))) {
  case UTF8PROC_CATEGORY_LU:
  case UTF8PROC_CATEGORY_LL:
  case UTF8PROC_CATEGORY_LT:
  case UTF8PROC_CATEGORY_LM:
  case UTF8PROC_CATEGORY_LO:
  case UTF8PROC_CATEGORY_MN:
  case UTF8PROC_CATEGORY_MC:
  case UTF8PROC_CATEGORY_ME:
  case UTF8PROC_CATEGORY_ND:
  case UTF8PROC_CATEGORY_NL:
  case UTF8PROC_CATEGORY_PC:
    return true;
  default:
    return character == 0x200c || character == 0x200d;
  }
}

uint32_t firstCharacter(std::string_view text) { return takeCharacter(text); }

/// Where the last character of a text that is not empty begins.
size_t lastCharacter(std::string_view text) {
  size_t begin = text.size() - 1;
  while (begin > 0 && text.size() - begin < 4 && (static_cast<uint8_t>(text[begin]) & 0xc0) == 0x80)
    --begin;
  return begin;
}

size_t spacesAtEnd(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    size_t begin = lastCharacter(rest);
    if (!isSpace(firstCharacter(rest.substr(begin))))
      break;
    rest = rest.substr(0, begin);
  }
  return text.size() - rest.size();
}

size_t spacesAtBegin(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty() && isSpace(firstCharacter(rest)))
    takeCharacter(rest);
  return text.size() - rest.size();
}

} // namespace

AddedTokens::AddedTokens(const Vocabulary &vocabulary, bool inNormalized)
    : leftmost(vocabulary.is(leftmostAddedTokens)) {
  const blob::Section &section = vocabulary.header.addedTokens;
  for (size_t index = 0; index < section.count; ++index) {
    auto added = vocabulary.record<blob::AddedToken>(section, index);
    if (bool(added.flags & inNormalizedText) != inNormalized)
      continue;
    int32_t id = added.token;
    tokens.push_back({vocabulary.text(added.spelling), id, added.flags,
                      (vocabulary.attributesOf(id) & (controlToken | unknownToken)) != 0});
  }
  if (!leftmost)
    return;
  auto byteOf = [](const Token &token) { return static_cast<uint8_t>(token.spelling[0]); };
  std::sort(tokens.begin(), tokens.end(), [&](const Token &left, const Token &right) {
    if (byteOf(left) != byteOf(right))
      return byteOf(left) < byteOf(right);
    if (left.spelling.size() != right.spelling.size())
      return left.spelling.size() > right.spelling.size();
    return left.id < right.id;
  });
  for (const Token &token : tokens)
    ++startOfByte[byteOf(token) + 1];
  for (size_t byte = 0; byte < 256; ++byte)
    startOfByte[byte + 1] += startOfByte[byte];
}

std::vector<Fragment> AddedTokens::partition(std::string_view text, bool parseSpecial) const {
  if (text.empty())
    return {};
  return leftmost ? partitionLeftmost(text, parseSpecial) : partitionLongestFirst(text, parseSpecial);
}

/// One token after the other, each in what the ones before left.
std::vector<Fragment> AddedTokens::partitionLongestFirst(std::string_view text, bool parseSpecial) const {
  std::vector<Fragment> fragments;
  fragments.push_back({text});
  std::vector<Fragment> finer;
  for (const Token &token : tokens) {
    if (!parseSpecial && token.isSpecial)
      continue;
    if (text.find(token.spelling) == std::string_view::npos)
      continue;
    finer.clear();
    for (const Fragment &fragment : fragments) {
      if (fragment.token != noToken) {
        finer.push_back(fragment);
        continue;
      }
      std::string_view rest = fragment.text;
      for (size_t match; (match = rest.find(token.spelling)) != rest.npos;) {
        std::string_view before = rest.substr(0, match);
        if (token.flags & stripLeft)
          while (!before.empty() && std::isspace(static_cast<unsigned char>(before.back())))
            before.remove_suffix(1);
        if (!before.empty())
          finer.push_back({before});
        finer.push_back({token.spelling, token.id});
        rest.remove_prefix(match + token.spelling.size());
        if (token.flags & stripRight)
          while (!rest.empty() && std::isspace(static_cast<unsigned char>(rest.front())))
            rest.remove_prefix(1);
      }
      if (!rest.empty())
        finer.push_back({rest});
    }
    fragments.swap(finer);
  }
  return fragments;
}

std::vector<Fragment> AddedTokens::partitionLeftmost(std::string_view text, bool parseSpecial) const {
  std::vector<Fragment> fragments;
  size_t done = 0;
  for (size_t position = 0; position < text.size();) {
    uint8_t byte = static_cast<uint8_t>(text[position]);
    const Token *found = nullptr;
    for (uint32_t index = startOfByte[byte]; index < startOfByte[byte + 1] && !found; ++index)
      if (text.compare(position, tokens[index].spelling.size(), tokens[index].spelling) == 0)
        found = &tokens[index];
    if (!found) {
      ++position;
      continue;
    }
    size_t begin = position;
    size_t end = position + found->spelling.size();
    // The next match begins behind this one even if this one does not count.
    position = end;
    if (!parseSpecial && found->isSpecial)
      continue;
    if (found->flags & singleWord) {
      bool goesOnLeft = begin > 0 && isWord(firstCharacter(text.substr(lastCharacter(text.substr(0, begin)))));
      bool goesOnRight = end < text.size() && isWord(firstCharacter(text.substr(end)));
      if (goesOnLeft || goesOnRight)
        continue;
    }
    if (found->flags & stripLeft)
      begin = std::max(done, begin - spacesAtEnd(text.substr(0, begin)));
    if (found->flags & stripRight)
      end += spacesAtBegin(text.substr(end));
    if (done < begin)
      fragments.push_back({text.substr(done, begin - done)});
    fragments.push_back({text.substr(begin, end - begin), found->id});
    done = end;
  }
  if (done < text.size())
    fragments.push_back({text.substr(done)});
  return fragments;
}
