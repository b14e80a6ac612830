//===- models.cpp - From a piece of text to its tokens --------------------===//
//
// Implements models.h. Sources: tokenizers/src/models of Hugging Face
// `tokenizers` 0.22 and src/llama-vocab.cpp of llama.cpp.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/models.h"

#include "runtime/text/utf8.h"

using namespace ingot::text;

namespace {

/// The length of a UTF-8 sequence by its first byte alone, as llama.cpp counts.
size_t claimedLength(char first) {
  uint8_t byte = static_cast<uint8_t>(first);
  return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/// The length of the first character of a valid text.
size_t characterLength(std::string_view text) { return std::min(claimedLength(text[0]), text.size()); }

} // namespace

void PieceEncoder::encode(std::string_view piece, std::vector<int32_t> &output) {
  switch (vocabulary.kind()) {
  case ModelKind::byteLevelPairs:
    return encodeBytePairs(piece, output);
  case ModelKind::sentencePiece:
    return encodeSentence(piece, output);
  case ModelKind::characterPairs:
    return encodeCharacterPairs(piece, output);
  case ModelKind::unigram:
    return encodeUnigram(piece, output);
  case ModelKind::wordPiece:
    return encodeWordPiece(piece, output);
  }
}

bool PieceEncoder::encodeWhole(std::string_view piece, std::vector<int32_t> &output) const {
  if (!vocabulary.is(wholePieces) &&
      !(vocabulary.is(wholeLineFeeds) && piece.find_first_not_of('\n') == std::string_view::npos))
    return false;
  int32_t token = vocabulary.findKey(piece);
  if (token == noToken)
    return false;
  output.push_back(token);
  return true;
}

bool PieceEncoder::hasByteTokens(std::string_view text) const {
  return std::all_of(text.begin(), text.end(),
                     [&](char byte) { return vocabulary.header.byteTokens[static_cast<uint8_t>(byte)] != noToken; });
}

/// Merges the symbols of `ranked` and appends their tokens.
void PieceEncoder::mergeByRank(std::vector<int32_t> &output) {
  ranked.run([&](int32_t left, int32_t right) {
    const Symbol &a = ranked.symbols[left];
    const Symbol &b = ranked.symbols[right];
    if (a.token == noToken || b.token == noToken)
      return;
    if (std::optional<blob::Merge> merge = vocabulary.findMerge(a.token, b.token))
      ranked.push({{left, right, a.length + b.length, int32_t(merge->result)}, merge->rank});
  });
  for (int32_t index = 0; index >= 0; index = ranked.symbols[index].next)
    if (ranked.symbols[index].token != noToken)
      output.push_back(ranked.symbols[index].token);
}

void PieceEncoder::encodeBytePairs(std::string_view piece, std::vector<int32_t> &output) {
  if (encodeWhole(piece, output))
    return;
  ranked.clear();
  for (size_t index = 0; index < piece.size(); ++index)
    ranked.addSymbol(index, 1, vocabulary.header.byteTokens[static_cast<uint8_t>(piece[index])]);
  mergeByRank(output);
}

void PieceEncoder::encodeCharacterPairs(std::string_view piece, std::vector<int32_t> &output) {
  if (encodeWhole(piece, output))
    return;
  std::string_view prefix = vocabulary.text(vocabulary.header.continuingPrefix);
  std::string_view suffix = vocabulary.text(vocabulary.header.wordSuffix);
  int32_t unknown = vocabulary.header.unknown;
  ranked.clear();
  // Unknown characters that no symbol stands for yet.
  uint32_t pending = 0;
  auto flush = [&](size_t end) {
    if (pending)
      ranked.addSymbol(end - pending, pending, unknown);
    pending = 0;
  };
  for (size_t begin = 0; begin < piece.size();) {
    size_t length = characterLength(piece.substr(begin));
    bool isLast = begin + length == piece.size();
    key = begin == 0 ? std::string_view() : prefix;
    key += piece.substr(begin, length);
    if (isLast)
      key += suffix;
    if (int32_t token = vocabulary.findKey(key); token != noToken) {
      flush(begin);
      ranked.addSymbol(begin, length, token);
    } else if (vocabulary.is(byteFallback) && hasByteTokens(key)) {
      // In `tokenizers` an unknown character before goes behind these bytes.
      for (char byte : key)
        ranked.addSymbol(begin, 1, vocabulary.header.byteTokens[static_cast<uint8_t>(byte)]);
    } else if (unknown != noToken) {
      if (!vocabulary.is(fuseUnknown))
        flush(begin);
      pending += length;
    }
    begin += length;
  }
  flush(piece.size());
  if (!ranked.symbols.empty())
    mergeByRank(output);
}

/// SentencePiece BPE; spaces are already marks.
void PieceEncoder::encodeSentence(std::string_view piece, std::vector<int32_t> &output) {
  scored.clear();
  for (size_t begin = 0; begin < piece.size();) {
    size_t length = characterLength(piece.substr(begin));
    scored.addSymbol(begin, length, noToken);
    begin += length;
  }
  scored.run([&](int32_t left, int32_t right) {
    const Symbol &a = scored.symbols[left];
    const Symbol &b = scored.symbols[right];
    int32_t token = vocabulary.findKey(piece.substr(a.begin, a.length + b.length));
    if (token != noToken)
      scored.push({{left, right, a.length + b.length, token}, vocabulary.scoreOf(token)});
  });
  for (int32_t index = 0; index >= 0; index = scored.symbols[index].next) {
    const Symbol &symbol = scored.symbols[index];
    std::string_view spelling = piece.substr(symbol.begin, symbol.length);
    int32_t token = symbol.token != noToken ? symbol.token : vocabulary.findKey(spelling);
    if (token != noToken) {
      output.push_back(token);
      continue;
    }
    for (char byte : spelling)
      if (int32_t byteToken = vocabulary.header.byteTokens[static_cast<uint8_t>(byte)]; byteToken != noToken)
        output.push_back(byteToken);
  }
}

/// The best segmentation, place by place (Viterbi).
void PieceEncoder::encodeUnigram(std::string_view piece, std::vector<int32_t> &output) {
  best.assign(piece.size() + 1, {0, 0, noToken});
  for (size_t begin = 0; begin < piece.size();) {
    double before = best[begin].score;
    size_t character = characterLength(piece.substr(begin));
    size_t longest = std::min<size_t>(piece.size() - begin, vocabulary.header.maximumKeyLength);
    bool characterIsToken = false;
    auto consider = [&](size_t length, double score, int32_t token) {
      Best &place = best[begin + length];
      if (place.length == 0 || before + score > place.score)
        place = {before + score, uint32_t(length), token};
    };
    blob::KeyHash hash;
    for (size_t length = 1; length <= longest; ++length) {
      hash.add(piece[begin + length - 1]);
      // No token ends within a character.
      if (begin + length < piece.size() && (static_cast<uint8_t>(piece[begin + length]) & 0xc0) == 0x80)
        continue;
      int32_t token = vocabulary.findKey(piece.substr(begin, length), hash);
      if (token == noToken)
        continue;
      characterIsToken |= length == character;
      consider(length, vocabulary.scoreOf(token), token);
    }
    if (!characterIsToken)
      consider(character, vocabulary.header.unknownScore, noToken);
    begin += character;
  }

  reversed.clear();
  int32_t unknown = vocabulary.header.unknown;
  for (size_t end = piece.size(); end > 0;) {
    auto isUnknown = [&](size_t place) { return best[place].token == noToken || best[place].token == unknown; };
    if (!isUnknown(end)) {
      reversed.push_back(best[end].token);
      end -= best[end].length;
      continue;
    }
    // Neighbouring unknown characters are one text.
    size_t begin = end;
    while (begin > 0 && isUnknown(begin))
      begin -= best[begin].length;
    std::string_view text = piece.substr(begin, end - begin);
    end = begin;
    if (vocabulary.is(byteFallback) && vocabulary.findKey(text) == noToken && hasByteTokens(text))
      for (size_t index = text.size(); index-- > 0;)
        reversed.push_back(vocabulary.header.byteTokens[static_cast<uint8_t>(text[index])]);
    else if (unknown != noToken)
      reversed.push_back(unknown);
  }
  output.insert(output.end(), reversed.rbegin(), reversed.rend());
}

void PieceEncoder::encodeWordPiece(std::string_view piece, std::vector<int32_t> &output) {
  std::string_view prefix = vocabulary.text(vocabulary.header.continuingPrefix);
  size_t first = output.size();
  auto giveUp = [&] {
    output.resize(first);
    if (vocabulary.header.unknown != noToken)
      output.push_back(vocabulary.header.unknown);
  };
  auto isBoundary = [&](size_t position) {
    return position == piece.size() || (static_cast<uint8_t>(piece[position]) & 0xc0) != 0x80;
  };
  size_t characters = 0;
  for (size_t position = 0; position < piece.size(); ++position)
    characters += isBoundary(position);
  if (characters > vocabulary.header.maximumWordCharacters)
    return giveUp();
  for (size_t begin = 0; begin < piece.size();) {
    blob::KeyHash hash;
    key = begin == 0 ? std::string_view() : prefix;
    hash.add(key);
    size_t prefixLength = key.size();
    key += piece.substr(begin);
    size_t longest = std::min<size_t>(key.size(), vocabulary.header.maximumKeyLength);
    size_t found = 0;
    int32_t token = noToken;
    for (size_t length = prefixLength + 1; length <= longest; ++length) {
      hash.add(key[length - 1]);
      if (!isBoundary(begin + length - prefixLength))
        continue;
      if (int32_t id = vocabulary.findKey(std::string_view(key).substr(0, length), hash); id != noToken) {
        token = id;
        found = length - prefixLength;
      }
    }
    if (token == noToken)
      return giveUp();
    output.push_back(token);
    begin += found;
  }
}
