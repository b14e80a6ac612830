//===- tokenizer.cpp - Text to tokens and back ----------------------------===//
//
// Implements tokenizer.h on the layout of blob.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/tokenizer.h"

#include "runtime/text/added_tokens.h"
#include "runtime/text/models.h"
#include "runtime/text/steps.h"
#include "runtime/text/utf8.h"
#include "runtime/text/vocabulary.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

using namespace ingot::text;

namespace {

size_t firstInvalid(std::string_view text) {
  size_t index = 0;
  while (index < text.size()) {
    if (static_cast<uint8_t>(text[index]) < 0x80) {
      ++index;
      continue;
    }
    size_t length = validSequenceLength(text.substr(index));
    if (length == 0)
      break;
    index += length;
  }
  return index;
}

/// A copy in which invalid bytes are valid UTF-8 of the same length and of the
/// class that llama.cpp gives them: no space, letter, number or punctuation.
std::string replaceInLength(std::string_view text, size_t firstInvalid) {
  std::string valid(text);
  for (size_t index = firstInvalid; index < valid.size();) {
    std::string_view rest = std::string_view(valid).substr(index);
    if (size_t length = validSequenceLength(rest)) {
      index += length;
      continue;
    }
    // llama.cpp takes an encoded surrogate for one character.
    if (rest.size() >= 3 && uint8_t(rest[0]) == 0xed && (uint8_t(rest[1]) & 0xe0) == 0xa0 &&
        (uint8_t(rest[2]) & 0xc0) == 0x80) {
      valid.replace(index, 3, "\xef\xbf\xbf");
      index += 3;
      continue;
    }
    valid[index++] = '\x01';
  }
  return valid;
}

/// A copy in which every broken sequence is U+FFFD.
std::string replaceInvalid(std::string_view text) {
  Utf8Stream stream(Utf8Stream::Invalid::replace);
  std::string valid = stream.append(text);
  return valid + stream.flush();
}

} // namespace

struct Tokenizer::State {
  Vocabulary vocabulary;
  Steps normalizer;
  Steps preTokenizer;
  AddedTokens rawTokens;
  AddedTokens normalizedTokens;

  /// Whether bytes that are no UTF-8 can go to the model as they are.
  bool takesAnyBytes() const {
    return (vocabulary.kind() == ModelKind::byteLevelPairs || vocabulary.kind() == ModelKind::sentencePiece) &&
           normalizer.empty() && !preTokenizer.rewrites();
  }

  std::optional<std::string> compileSteps();
};

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

Tokenizer::Tokenizer() = default;
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer &&) noexcept = default;
Tokenizer &Tokenizer::operator=(Tokenizer &&) noexcept = default;

std::optional<std::string> Tokenizer::State::compileSteps() {
  const blob::Header &header = vocabulary.header;
  for (size_t index = 0; index < header.steps.count; ++index) {
    auto step = vocabulary.record<blob::Step>(header.steps, index);
    Steps &steps = index < header.normalizerSteps ? normalizer : preTokenizer;
    if (std::optional<std::string> error =
            steps.add({StepKind(step.kind), step.flags, vocabulary.text(step.pattern), vocabulary.text(step.content)}))
      return "the tokenizer data is corrupt: step " + std::to_string(index) + ": " + *error;
  }
  return std::nullopt;
}

std::optional<std::string> Tokenizer::open(const uint8_t *data, size_t size) {
  state.reset();
  auto opened = std::make_unique<State>();
  if (std::optional<std::string> error = opened->vocabulary.open(data, size))
    return error;
  if (std::optional<std::string> error = opened->compileSteps())
    return error;
  opened->rawTokens = AddedTokens(opened->vocabulary, false);
  opened->normalizedTokens = AddedTokens(opened->vocabulary, true);
  state = std::move(opened);
  return std::nullopt;
}

bool Tokenizer::isOpen() const { return state != nullptr; }

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

std::vector<int32_t> Tokenizer::encode(std::string_view text, bool addSpecial, bool parseSpecial) const {
  std::vector<int32_t> output;
  if (!state)
    return output;
  if (text.size() >= maximumInputBytes)
    throw std::length_error("the text to tokenize is too long");
  const Vocabulary &vocabulary = state->vocabulary;
  auto append = [&](const blob::Section &ids) {
    for (size_t index = 0; addSpecial && index < ids.count; ++index)
      output.push_back(vocabulary.record<blob::Number>(ids, index));
  };
  append(vocabulary.header.prefix);

  std::string valid;
  size_t invalid = firstInvalid(text);
  if (invalid < text.size() && !state->takesAnyBytes()) {
    valid = replaceInvalid(text);
    text = valid;
    invalid = text.size();
  }
  const char *textEnd = text.data() + invalid;

  Matcher matcher;
  PieceEncoder encoder(vocabulary);
  Pieces normalized;
  Pieces pieces;
  auto encodeFragment = [&](std::string_view fragment, bool beginsText) {
    std::string copy;
    std::string_view matched = fragment;
    if (fragment.data() + fragment.size() > textEnd && state->takesAnyBytes() && !state->preTokenizer.empty()) {
      copy = replaceInLength(fragment, firstInvalid(fragment));
      matched = copy;
    }
    pieces.reset(matched, beginsText);
    state->preTokenizer.apply(pieces, matcher);
    for (size_t index = 0; index < pieces.size(); ++index)
      encoder.encode(copy.empty() ? pieces.textOf(index) : fragment.substr(pieces[index].begin, pieces[index].length),
                     output);
  };

  // SentencePiece puts a space in front of what follows a special token, the
  // beginning included.
  bool afterSpecial = true;
  std::string sentence;
  for (const Fragment &fragment : state->rawTokens.partition(text, parseSpecial)) {
    if (fragment.token != noToken) {
      output.push_back(fragment.token);
      afterSpecial = true;
      continue;
    }
    bool beginsText = fragment.text.data() == text.data();
    if (kind() == ModelKind::sentencePiece) {
      sentence.clear();
      if (afterSpecial && addsSpacePrefix())
        sentence += "▁";
      for (char byte : fragment.text) {
        if (byte == ' ')
          sentence += "▁";
        else
          sentence += byte;
      }
      encoder.encode(sentence, output);
    } else if (state->normalizer.empty() && state->normalizedTokens.empty()) {
      encodeFragment(fragment.text, beginsText);
    } else {
      normalized.reset(fragment.text, beginsText);
      state->normalizer.apply(normalized, matcher);
      for (size_t index = 0; index < normalized.size(); ++index) {
        std::string_view piece = normalized.textOf(index);
        for (const Fragment &part : state->normalizedTokens.partition(piece, parseSpecial)) {
          if (part.token != noToken)
            output.push_back(part.token);
          else
            encodeFragment(part.text, beginsText && index == 0 && part.text.data() == piece.data());
        }
      }
    }
    afterSpecial = false;
  }

  append(vocabulary.header.suffix);
  return output;
}

//===----------------------------------------------------------------------===//
// Decoding and facts
//===----------------------------------------------------------------------===//

std::string_view Tokenizer::piece(int32_t token, bool renderSpecial) const {
  if (!state || !state->vocabulary.contains(token))
    return {};
  if (!renderSpecial && (state->vocabulary.attributesOf(token) & (controlToken | unknownToken)))
    return {};
  return state->vocabulary.pieceOf(token);
}

std::string Tokenizer::decode(std::span<const int32_t> tokens, bool removeSpecial, bool renderSpecial) const {
  std::string text;
  if (!state)
    return text;
  const Vocabulary &vocabulary = state->vocabulary;
  bool removeSpace = vocabulary.is(spacePrefix) || vocabulary.is(stripFirstSpace);
  auto idAt = [&](const blob::Section &ids, size_t index) {
    return int32_t(vocabulary.record<blob::Number>(ids, index));
  };
  if (removeSpecial) {
    const blob::Section &prefix = vocabulary.header.prefix;
    const blob::Section &suffix = vocabulary.header.suffix;
    for (size_t index = 0; index < prefix.count && !tokens.empty() && tokens.front() == idAt(prefix, index); ++index) {
      // llama_detokenize keeps the space here; we follow it.
      removeSpace &= !vocabulary.is(spacePrefix);
      tokens = tokens.subspan(1);
    }
    for (size_t index = suffix.count; index > 0 && !tokens.empty() && tokens.back() == idAt(suffix, index - 1); --index)
      tokens = tokens.first(tokens.size() - 1);
  }
  for (int32_t token : tokens) {
    std::string_view next = piece(token, renderSpecial);
    // `tokenizers` takes the space from the first token that it renders.
    bool isRendered = vocabulary.is(spacePrefix) || !next.empty();
    if (removeSpace && !next.empty() && vocabulary.is(showFirstKey) && !vocabulary.keyOf(token).empty())
      next = vocabulary.keyOf(token);
    if (removeSpace && next.starts_with(' '))
      next.remove_prefix(1);
    removeSpace &= !isRendered;
    text += next;
  }
  if (vocabulary.is(stripLastSpace) && text.ends_with(' '))
    text.pop_back();
  return text;
}

bool Tokenizer::isEndOfGeneration(int32_t token) const {
  return state && state->vocabulary.contains(token) && (state->vocabulary.attributesOf(token) & endOfGenerationToken);
}

bool Tokenizer::isControl(int32_t token) const {
  return state && state->vocabulary.contains(token) && (state->vocabulary.attributesOf(token) & controlToken);
}

int32_t Tokenizer::specialToken(std::string_view spelling) const {
  if (!state)
    return noToken;
  const blob::Section &section = state->vocabulary.header.addedTokens;
  for (size_t index = 0; index < section.count; ++index) {
    int32_t id = state->vocabulary.record<blob::AddedToken>(section, index).token;
    if (state->vocabulary.pieceOf(id) == spelling)
      return id;
  }
  return noToken;
}

ModelKind Tokenizer::kind() const { return state ? state->vocabulary.kind() : ModelKind::byteLevelPairs; }

int32_t Tokenizer::vocabularySize() const { return state ? state->vocabulary.tokenCount() : 0; }

int32_t Tokenizer::beginOfSequence() const { return state ? state->vocabulary.header.beginOfSequence : noToken; }

int32_t Tokenizer::endOfSequence() const { return state ? state->vocabulary.header.endOfSequence : noToken; }

int32_t Tokenizer::endOfTurn() const { return state ? state->vocabulary.header.endOfTurn : noToken; }

int32_t Tokenizer::unknown() const { return state ? state->vocabulary.header.unknown : noToken; }

int32_t Tokenizer::padding() const { return state ? state->vocabulary.header.padding : noToken; }

bool Tokenizer::addsBeginOfSequence() const { return state && state->vocabulary.is(text::addsBeginOfSequence); }

bool Tokenizer::addsEndOfSequence() const { return state && state->vocabulary.is(text::addsEndOfSequence); }

bool Tokenizer::addsSpacePrefix() const { return state && state->vocabulary.is(spacePrefix); }

std::string_view Tokenizer::chatTemplate() const {
  return state ? state->vocabulary.characters(state->vocabulary.header.chatTemplate) : std::string_view();
}
