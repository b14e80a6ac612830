//===- steps.cpp - From a text to the pieces that the model takes ---------===//
//
// Implements steps.h. What each step does to a text is what Hugging Face
// `tokenizers` 0.22 does (tokenizers/src/{normalizers,pre_tokenizers} and
// NormalizedString::split in tokenizers/src/tokenizer/normalizer.rs).
//
//===----------------------------------------------------------------------===//

#include "runtime/text/steps.h"

#include "runtime/text/byte_alphabet.h"

using namespace ingot::text;

namespace {

using Piece = Pieces::Piece;

/// The last piece of `pieces` from index `first` on grows by `piece`, which
/// lies next to it; if there is none, `piece` is the first.
void growLast(std::vector<Piece> &pieces, size_t first, Piece piece) {
  if (pieces.size() == first) {
    pieces.push_back(piece);
    return;
  }
  Piece &last = pieces.back();
  last.begin = std::min(last.begin, piece.begin);
  last.length += piece.length;
}

bool usesPattern(StepKind kind) {
  return kind == StepKind::replace || kind == StepKind::surround || kind == StepKind::split;
}

} // namespace

void Pieces::reset(std::string_view whole, bool beginsText) {
  text = whole;
  pieces.clear();
  if (!whole.empty())
    pieces.push_back({0, whole.size()});
  firstBeginsText = beginsText;
}

template <typename Rewrite> void Pieces::rewriteEach(Rewrite rewrite) {
  nextStorage.clear();
  finer.clear();
  for (size_t index = 0; index < pieces.size(); ++index) {
    size_t begin = nextStorage.size();
    rewrite(index, textOf(index), nextStorage);
    if (nextStorage.size() > begin)
      finer.push_back({begin, nextStorage.size() - begin});
    else if (index == 0)
      firstBeginsText = false;
  }
  storage.swap(nextStorage);
  text = storage;
  pieces.swap(finer);
}

std::optional<std::string> Steps::add(const View &step) {
  Compiled compiled{step, {}, {}};
  if (uint32_t(step.kind) == 0 || uint32_t(step.kind) > lastStepKind || (step.flags & ~uint32_t(allStepFlags)) ||
      (step.flags & splitBehaviorBits) > lastSplitBehavior)
    return "there is no such step";
  if (step.kind == StepKind::normalize && !isNormalizationForm(step.content))
    return "there is no such normalization form";
  if (step.kind == StepKind::precompiled && !compiled.map.open(step.content))
    return "its map is broken";
  if (usesPattern(step.kind))
    if (std::optional<std::string> error = compiled.expression.compile(step.pattern, step.flags & literalPattern))
      return "its pattern does not compile: " + *error;
  steps.push_back(std::move(compiled));
  return std::nullopt;
}

bool Steps::rewrites() const {
  for (const Compiled &step : steps)
    if (step.kind != StepKind::split)
      return true;
  return false;
}

void Steps::split(const Compiled &step, Pieces &pieces, Matcher &matcher) {
  auto behavior = SplitBehavior(step.flags & splitBehaviorBits);
  bool inverted = step.flags & invertedPattern;
  std::vector<Piece> &finer = pieces.finer;
  finer.clear();
  bool beginsText = pieces.firstBeginsText;
  for (size_t index = 0; index < pieces.size(); ++index) {
    Piece whole = pieces[index];
    size_t first = finer.size();
    bool wasMatch = false;
    auto add = [&](size_t begin, size_t end, bool isMatch) {
      Piece part{whole.begin + begin, end - begin};
      switch (behavior) {
      case SplitBehavior::isolated:
        finer.push_back(part);
        break;
      case SplitBehavior::removed:
        if (!isMatch)
          finer.push_back(part);
        break;
      case SplitBehavior::mergedWithPrevious:
        if (isMatch && !wasMatch)
          growLast(finer, first, part);
        else
          finer.push_back(part);
        break;
      case SplitBehavior::mergedWithNext:
        // The last match before something else goes with it.
        if (!isMatch && wasMatch)
          growLast(finer, first, part);
        else
          finer.push_back(part);
        break;
      case SplitBehavior::contiguous:
        if (isMatch == wasMatch)
          growLast(finer, first, part);
        else
          finer.push_back(part);
        break;
      }
      wasMatch = isMatch;
    };
    size_t position = 0;
    step.expression.forEachMatch(pieces.textOf(index), matcher, [&](size_t begin, size_t end) {
      if (begin > position)
        add(position, begin, inverted);
      add(begin, end, !inverted);
      position = end;
    });
    if (position < whole.length)
      add(position, whole.length, inverted);
    if (index == 0 && (finer.empty() || finer.front().begin != whole.begin))
      beginsText = false;
  }
  // Empty matches cut, and are nothing themselves.
  std::erase_if(finer, [](Piece piece) { return piece.length == 0; });
  pieces.pieces.swap(finer);
  pieces.firstBeginsText = beginsText;
}

void Steps::rewrite(const Compiled &step, Pieces &pieces, Matcher &matcher) {
  std::string_view content = step.content;
  pieces.rewriteEach([&](size_t index, std::string_view piece, std::string &output) {
    switch (step.kind) {
    case StepKind::normalize:
      appendNormalized(piece, content, output);
      break;
    case StepKind::lowercase:
      appendLowercase(piece, step.flags & simpleCase, output);
      break;
    case StepKind::replace:
    case StepKind::surround: {
      size_t position = 0;
      step.expression.forEachMatch(piece, matcher, [&](size_t begin, size_t end) {
        output += piece.substr(position, begin - position);
        output += content;
        if (step.kind == StepKind::surround) {
          output += piece.substr(begin, end - begin);
          output += content;
        }
        position = end;
      });
      output += piece.substr(position);
      break;
    }
    case StepKind::prepend:
      if (!((step.flags & unlessPresent) && piece.starts_with(content)) &&
          !((step.flags & onlyFirst) && !(index == 0 && pieces.firstBeginsText)))
        output += content;
      output += piece;
      break;
    case StepKind::append:
      output += piece;
      output += content;
      break;
    case StepKind::precompiled:
      if (step.flags & longestEntry)
        step.map.appendByLongest(piece, output);
      else
        step.map.appendByGraphemes(piece, output);
      break;
    case StepKind::spellBytes:
      for (char byte : piece)
        output += spellByte(static_cast<uint8_t>(byte));
      break;
    case StepKind::split:
      break;
    }
  });
}

void Steps::apply(Pieces &pieces, Matcher &matcher) const {
  for (const Compiled &step : steps) {
    if (step.kind == StepKind::split)
      split(step, pieces, matcher);
    else
      rewrite(step, pieces, matcher);
  }
}
