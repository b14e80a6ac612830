//===- pipeline.cpp - the components around a tokenizer's model -----------===//

#include "compiler/import/huggingface/pipeline.h"

#include "compiler/import/huggingface/character_classes.h"
#include "runtime/text/byte_alphabet.h"
#include "runtime/text/regex_syntax.h"
#include "runtime/text/steps.h"
#include "runtime/text/utf8.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Base64.h"

using namespace llvm;
using namespace ingot::text;

namespace ingot::huggingface {

namespace {

/// A component by its type, and what reads it into a target.
template <typename Target> struct Component {
  StringLiteral type;
  Error (*read)(const Node &component, Target &target);
};

/// Reads a component with the reader of its type. A Sequence, whose parts lie
/// under `listKey`, is read part by part.
template <typename Target, size_t count>
Error readComponent(const Node &component, StringRef listKey, const Component<Target> (&known)[count], Target &target) {
  Expected<Node> type = component.get("type");
  if (!type)
    return type.takeError();
  Expected<StringRef> name = type->string();
  if (!name)
    return name.takeError();
  if (*name == "Sequence") {
    Expected<Node> parts = component.get(listKey);
    if (!parts)
      return parts.takeError();
    if (Expected<const json::Array *> array = parts->array(); !array)
      return array.takeError();
    return parts->forEach([&](const Node &part) { return readComponent(part, listKey, known, target); });
  }
  std::string names;
  for (const Component<Target> &entry : known) {
    if (entry.type == *name)
      return entry.read(component, target);
    names += entry.type.str() + ", ";
  }
  return type->error("supported: " + names + "Sequence");
}

using StepList = std::vector<Step>;

Step replaceStep(std::string pattern, std::string content) {
  return {StepKind::replace, 0, std::move(pattern), std::move(content)};
}

Step splitStep(std::string pattern, SplitBehavior behavior) {
  return {StepKind::split, uint32_t(behavior), std::move(pattern), ""};
}

Step unicodeStep(std::string form) { return {StepKind::normalize, 0, "", std::move(form)}; }

/// Sets the pattern of a step from `{"String": …}` or `{"Regex": …}`.
Error readPattern(const Node &component, Step &step) {
  Expected<Node> pattern = component.get("pattern");
  if (!pattern)
    return pattern.takeError();
  if (std::optional<Node> literal = pattern->find("String")) {
    Expected<StringRef> string = literal->string();
    if (!string)
      return string.takeError();
    if (string->empty())
      return literal->error("expected something to look for");
    step.pattern = string->str();
    step.flags |= literalPattern;
    return Error::success();
  }
  Expected<Node> regex = pattern->get("Regex");
  if (!regex)
    return regex.takeError();
  Expected<StringRef> string = regex->string();
  if (!string)
    return string.takeError();
  if (std::optional<std::string> wrong = translateRegex(std::string_view(*string), step.pattern))
    return regex->error(*wrong);
  Expression expression;
  if (std::optional<std::string> wrong = expression.compile(step.pattern, false))
    return regex->error("as a regular expression: " + *wrong);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Normalizers
//===----------------------------------------------------------------------===//

Error readBertNormalizer(const Node &component, StepList &steps) {
  Expected<bool> clean = component.booleanOr("clean_text", true);
  if (!clean)
    return clean.takeError();
  Expected<bool> chinese = component.booleanOr("handle_chinese_chars", true);
  if (!chinese)
    return chinese.takeError();
  Expected<bool> lowercase = component.booleanOr("lowercase", true);
  if (!lowercase)
    return lowercase.takeError();
  Expected<bool> strip = component.booleanOr("strip_accents", *lowercase);
  if (!strip)
    return strip.takeError();
  if (*clean) {
    steps.push_back(replaceStep(bertControl(), ""));
    steps.push_back(replaceStep(whiteSpace(), " "));
  }
  if (*chinese)
    steps.push_back({StepKind::surround, 0, chineseCharacter(), " "});
  if (*strip) {
    steps.push_back(unicodeStep("NFD"));
    steps.push_back(replaceStep(nonspacingMark(), ""));
  }
  if (*lowercase)
    steps.push_back({StepKind::lowercase, 0, "", ""});
  return Error::success();
}

Error readStrip(const Node &component, StepList &steps) {
  Expected<bool> left = component.booleanOr("strip_left", true);
  if (!left)
    return left.takeError();
  Expected<bool> right = component.booleanOr("strip_right", true);
  if (!right)
    return right.takeError();
  if (*left)
    steps.push_back(replaceStep("\\A" + whiteSpace() + "++", ""));
  if (*right)
    steps.push_back(replaceStep("(?<!" + whiteSpace() + ")" + whiteSpace() + "++\\z", ""));
  return Error::success();
}

Error readNmt(const Node &, StepList &steps) {
  steps.push_back(replaceStep(R"([\x{1}-\x{8}\x{B}\x{E}-\x{1F}\x{7F}\x{8F}\x{9F}])", ""));
  steps.push_back(
      replaceStep(R"([\x{9}\x{A}\x{C}\x{D}\x{1680}\x{200B}-\x{200F}\x{2028}\x{2029}\x{2581}\x{FEFF}\x{FFFD}])", " "));
  return Error::success();
}

Error readPrecompiled(const Node &component, StepList &steps) {
  std::optional<Node> map = component.find("precompiled_charsmap");
  if (!map)
    return Error::success();
  Expected<StringRef> encoded = map->string();
  if (!encoded)
    return encoded.takeError();
  if (encoded->empty())
    return Error::success();
  std::vector<char> bytes;
  if (Error error = decodeBase64(*encoded, bytes)) {
    consumeError(std::move(error));
    return map->error("expected base 64");
  }
  std::string content(bytes.begin(), bytes.end());
  if (!CompiledMap().open(content))
    return map->error("expected a compiled map of SentencePiece");
  steps.push_back({StepKind::precompiled, 0, "", std::move(content)});
  return Error::success();
}

Error readReplace(const Node &component, StepList &steps) {
  Step step{StepKind::replace, 0, "", ""};
  if (Error error = readPattern(component, step))
    return error;
  Expected<Node> content = component.get("content");
  if (!content)
    return content.takeError();
  Expected<StringRef> string = content->string();
  if (!string)
    return string.takeError();
  step.content = string->str();
  steps.push_back(std::move(step));
  return Error::success();
}

Error readPrepend(const Node &component, StepList &steps) {
  Expected<Node> prepend = component.get("prepend");
  if (!prepend)
    return prepend.takeError();
  Expected<StringRef> string = prepend->string();
  if (!string)
    return string.takeError();
  steps.push_back({StepKind::prepend, 0, "", string->str()});
  return Error::success();
}

template <char... form> Error readUnicodeForm(const Node &, StepList &steps) {
  steps.push_back(unicodeStep({form...}));
  return Error::success();
}

Error readLowercase(const Node &, StepList &steps) {
  steps.push_back({StepKind::lowercase, 0, "", ""});
  return Error::success();
}

Error readStripAccents(const Node &, StepList &steps) {
  steps.push_back(replaceStep(combiningMark(), ""));
  return Error::success();
}

Error readByteNormalizer(const Node &, StepList &steps) {
  steps.push_back({StepKind::spellBytes, 0, "", ""});
  return Error::success();
}

constexpr Component<StepList> normalizers[] = {
    {"BertNormalizer", readBertNormalizer},
    {"ByteLevel", readByteNormalizer},
    {"Lowercase", readLowercase},
    {"NFC", readUnicodeForm<'N', 'F', 'C'>},
    {"NFD", readUnicodeForm<'N', 'F', 'D'>},
    {"NFKC", readUnicodeForm<'N', 'F', 'K', 'C'>},
    {"NFKD", readUnicodeForm<'N', 'F', 'K', 'D'>},
    {"Nmt", readNmt},
    {"Precompiled", readPrecompiled},
    {"Prepend", readPrepend},
    {"Replace", readReplace},
    {"Strip", readStrip},
    {"StripAccents", readStripAccents},
};

//===----------------------------------------------------------------------===//
// Pre-tokenizers
//===----------------------------------------------------------------------===//

Error readBehavior(const Node &component, SplitBehavior &behavior) {
  std::optional<Node> found = component.find("behavior");
  if (!found)
    return Error::success();
  Expected<StringRef> name = found->string();
  if (!name)
    return name.takeError();
  constexpr std::pair<StringLiteral, SplitBehavior> behaviors[] = {
      {"Isolated", SplitBehavior::isolated},
      {"Removed", SplitBehavior::removed},
      {"MergedWithPrevious", SplitBehavior::mergedWithPrevious},
      {"MergedWithNext", SplitBehavior::mergedWithNext},
      {"Contiguous", SplitBehavior::contiguous},
  };
  for (auto [known, value] : behaviors)
    if (known == *name) {
      behavior = value;
      return Error::success();
    }
  return found->error("supported: Isolated, Removed, MergedWithPrevious, MergedWithNext, Contiguous");
}

Error readByteLevel(const Node &component, StepList &steps) {
  Expected<bool> prefixSpace = component.booleanOr("add_prefix_space", true);
  if (!prefixSpace)
    return prefixSpace.takeError();
  Expected<bool> useRegex = component.booleanOr("use_regex", true);
  if (!useRegex)
    return useRegex.takeError();
  if (*prefixSpace)
    steps.push_back({StepKind::prepend, unlessPresent, "", " "});
  if (*useRegex) {
    Step split = splitStep("", SplitBehavior::isolated);
    // GPT-2's pattern, which is one that can be translated.
    translateRegex(R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", split.pattern);
    steps.push_back(std::move(split));
  }
  steps.push_back({StepKind::spellBytes, 0, "", ""});
  return Error::success();
}

/// The replacement of a Metaspace, and whether a space is put in front.
Error readMetaspaceOptions(const Node &component, std::string &replacement, StringRef &scheme) {
  Expected<StringRef> mark = component.stringOr("replacement", "▁");
  if (!mark)
    return mark.takeError();
  replacement = mark->str();
  if (replacement.empty())
    return component.error("its 'replacement' is empty");
  Expected<bool> prefixSpace = component.booleanOr("add_prefix_space", true);
  if (!prefixSpace)
    return prefixSpace.takeError();
  Expected<StringRef> named = component.stringOr("prepend_scheme", *prefixSpace ? "always" : "never");
  if (!named)
    return named.takeError();
  scheme = *named;
  if (scheme != "always" && scheme != "first" && scheme != "never")
    return component.get("prepend_scheme")->error("supported: always, first, never");
  return Error::success();
}

Error readMetaspace(const Node &component, StepList &steps) {
  std::string replacement;
  StringRef scheme;
  if (Error error = readMetaspaceOptions(component, replacement, scheme))
    return error;
  Expected<bool> split = component.booleanOr("split", true);
  if (!split)
    return split.takeError();
  steps.push_back({StepKind::replace, literalPattern, " ", replacement});
  if (scheme != "never")
    steps.push_back(
        {StepKind::prepend, uint32_t(unlessPresent | (scheme == "first" ? onlyFirst : 0)), "", replacement});
  if (*split)
    steps.push_back({StepKind::split, uint32_t(SplitBehavior::mergedWithNext) | literalPattern, replacement, ""});
  return Error::success();
}

Error readSplit(const Node &component, StepList &steps) {
  Step step = splitStep("", SplitBehavior::isolated);
  if (Error error = readPattern(component, step))
    return error;
  SplitBehavior behavior = SplitBehavior::isolated;
  if (Error error = readBehavior(component, behavior))
    return error;
  Expected<bool> invert = component.booleanOr("invert", false);
  if (!invert)
    return invert.takeError();
  step.flags |= uint32_t(behavior) | (*invert ? invertedPattern : 0);
  steps.push_back(std::move(step));
  return Error::success();
}

Error readPunctuation(const Node &component, StepList &steps) {
  SplitBehavior behavior = SplitBehavior::isolated;
  if (Error error = readBehavior(component, behavior))
    return error;
  steps.push_back(splitStep(punctuation(), behavior));
  return Error::success();
}

Error readDigits(const Node &component, StepList &steps) {
  Expected<bool> individual = component.booleanOr("individual_digits", false);
  if (!individual)
    return individual.takeError();
  steps.push_back(splitStep(numeric(), *individual ? SplitBehavior::isolated : SplitBehavior::contiguous));
  return Error::success();
}

Error readWhitespace(const Node &, StepList &steps) {
  std::string word = wordClass(), space(spaceClass());
  Step step = splitStep("[" + word + "]+|[^" + word + space + "]+", SplitBehavior::removed);
  step.flags |= invertedPattern;
  steps.push_back(std::move(step));
  return Error::success();
}

Error readWhitespaceSplit(const Node &, StepList &steps) {
  steps.push_back(splitStep(whiteSpace() + "+", SplitBehavior::removed));
  return Error::success();
}

Error readBertPreTokenizer(const Node &, StepList &steps) {
  steps.push_back(splitStep(whiteSpace() + "+", SplitBehavior::removed));
  steps.push_back(splitStep(punctuation(), SplitBehavior::isolated));
  return Error::success();
}

Error readDelimiter(const Node &component, StepList &steps) {
  Expected<Node> delimiter = component.get("delimiter");
  if (!delimiter)
    return delimiter.takeError();
  Expected<StringRef> character = delimiter->string();
  if (!character)
    return character.takeError();
  if (character->empty())
    return delimiter->error("expected a character");
  steps.push_back({StepKind::split, uint32_t(SplitBehavior::removed) | literalPattern, character->str(), ""});
  return Error::success();
}

constexpr Component<StepList> preTokenizers[] = {
    {"BertPreTokenizer", readBertPreTokenizer},
    {"ByteLevel", readByteLevel},
    {"CharDelimiterSplit", readDelimiter},
    {"Digits", readDigits},
    {"Metaspace", readMetaspace},
    {"Punctuation", readPunctuation},
    {"Split", readSplit},
    {"Whitespace", readWhitespace},
    {"WhitespaceSplit", readWhitespaceSplit},
};

//===----------------------------------------------------------------------===//
// Post-processors
//===----------------------------------------------------------------------===//

/// The largest id that can stand at the ends; whether the vocabulary has it is
/// checked with the rest.
constexpr int64_t largestToken = maximumTokens - 1;

Error readTemplate(const Node &component, TokenizerContents &contents) {
  Expected<Node> single = component.get("single");
  if (!single)
    return single.takeError();
  if (Expected<const json::Array *> array = single->array(); !array)
    return array.takeError();
  std::vector<int32_t> before, after;
  bool seen = false;
  Error error = single->forEach([&](const Node &part) -> Error {
    if (std::optional<Node> sequence = part.find("Sequence")) {
      Expected<StringRef> name = sequence->stringOr("id", "A");
      if (!name)
        return name.takeError();
      if (*name != "A" || seen)
        return sequence->error("expected the sequence A once");
      seen = true;
      return Error::success();
    }
    Expected<Node> special = part.get("SpecialToken");
    if (!special)
      return special.takeError();
    Expected<Node> name = special->get("id");
    if (!name)
      return name.takeError();
    Expected<StringRef> key = name->string();
    if (!key)
      return key.takeError();
    std::optional<Node> tokens = component.find("special_tokens");
    std::optional<Node> token = tokens ? tokens->find(*key) : std::nullopt;
    std::optional<Node> ids = token ? token->find("ids") : std::nullopt;
    if (!ids)
      return name->error("expected a key of 'special_tokens' that gives its ids");
    if (Expected<const json::Array *> array = ids->array(); !array)
      return array.takeError();
    return ids->forEach([&](const Node &element) -> Error {
      Expected<int64_t> id = element.integer(0, largestToken);
      if (!id)
        return id.takeError();
      (seen ? after : before).push_back(int32_t(*id));
      return Error::success();
    });
  });
  if (error)
    return error;
  if (!seen)
    return single->error("expected the sequence A in it");
  // A later processor puts its tokens around those of the ones before.
  contents.prefix.insert(contents.prefix.begin(), before.begin(), before.end());
  contents.suffix.insert(contents.suffix.end(), after.begin(), after.end());
  return Error::success();
}

/// `["[SEP]", 102]`
Error readPair(const Node &component, StringRef key, int32_t &token) {
  Expected<Node> pair = component.get(key);
  if (!pair)
    return pair.takeError();
  Expected<const json::Array *> array = pair->array();
  if (!array)
    return array.takeError();
  if ((*array)->size() != 2)
    return pair->error("expected a token and its id");
  Expected<int64_t> id = pair->child(Twine(key) + "[1]", (**array)[1]).integer(0, largestToken);
  if (!id)
    return id.takeError();
  token = int32_t(*id);
  return Error::success();
}

Error readBertProcessing(const Node &component, TokenizerContents &contents) {
  int32_t begin, end;
  if (Error error = readPair(component, "cls", begin))
    return error;
  if (Error error = readPair(component, "sep", end))
    return error;
  contents.prefix.insert(contents.prefix.begin(), begin);
  contents.suffix.push_back(end);
  return Error::success();
}

/// Moves offsets of characters, which we do not have.
Error readByteProcessing(const Node &, TokenizerContents &) { return Error::success(); }

constexpr Component<TokenizerContents> postProcessors[] = {
    {"BertProcessing", readBertProcessing},
    {"ByteLevel", readByteProcessing},
    {"RobertaProcessing", readBertProcessing},
    {"TemplateProcessing", readTemplate},
};

//===----------------------------------------------------------------------===//
// Decoders
//===----------------------------------------------------------------------===//

/// The decoder so far.
struct Decoding {
  TokenizerContents &contents;
  bool isFused = false; ///< All tokens are one text from here on.
  bool isBytes = false; ///< The text is spelled by bytes no more.
};

/// Applies a change to every token that is still by itself; to those of a joined text where the change is
/// `ofCharacters`, each by itself, which comes to the same.
Error changeEach(const Node &component, const Decoding &decoding, function_ref<void(std::string &)> change,
                 bool ofCharacters = false) {
  if (decoding.isFused && (!ofCharacters || decoding.isBytes))
    return component.error("a decoder of this type behind one that joins the tokens is not supported");
  for (std::string &piece : decoding.contents.pieces)
    change(piece);
  return Error::success();
}

void replaceAll(std::string &text, StringRef from, StringRef to) {
  for (size_t at = 0; (at = text.find(from.data(), at, from.size())) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to.data(), to.size());
}

Error decodeByteLevel(const Node &component, Decoding &decoding) {
  // One foreign character keeps all of a joined text as it is; added tokens, which are mostly skipped, are let through.
  const TokenizerContents &contents = decoding.contents;
  auto isAdded = [&](size_t id) {
    return llvm::any_of(contents.addedTokens, [&](const auto &added) { return size_t(added.token) == id; });
  };
  for (size_t id = 0; decoding.isFused && id < contents.pieces.size(); ++id)
    if (!bytesOfSpelling(contents.pieces[id]) && !isAdded(id))
      return component.error(
          "a decoder of this type behind one that joins the tokens needs tokens that are spelled in " +
          Twine("its alphabet; token ") + Twine(id) + " is not");
  Error error = changeEach(
      component, decoding,
      [](std::string &piece) {
        if (std::optional<std::string> bytes = bytesOfSpelling(piece))
          piece = std::move(*bytes);
      },
      /*ofCharacters=*/true);
  decoding.isFused = decoding.isBytes = true;
  return error;
}

Error decodeByteFallback(const Node &component, Decoding &decoding) {
  return changeEach(component, decoding, [](std::string &piece) {
    StringRef digits = piece;
    uint8_t byte;
    if (piece.size() == 6 && digits.consume_front("<0x") && digits.consume_back(">") && !digits.getAsInteger(16, byte))
      piece.assign(1, char(byte));
  });
}

Error decodeFuse(const Node &, Decoding &decoding) {
  decoding.isFused = true;
  return Error::success();
}

Error decodeMetaspace(const Node &component, Decoding &decoding) {
  std::string replacement;
  StringRef scheme;
  if (Error error = readMetaspaceOptions(component, replacement, scheme))
    return error;
  if (scheme != "never")
    decoding.contents.flags |= stripFirstSpace;
  return changeEach(component, decoding, [&](std::string &piece) { replaceAll(piece, replacement, " "); });
}

Error decodeReplace(const Node &component, Decoding &decoding) {
  std::vector<Step> steps;
  if (Error error = readReplace(component, steps))
    return error;
  text::Steps compiled;
  const Step &step = steps.front();
  if (std::optional<std::string> wrong = compiled.add({step.kind, step.flags, step.pattern, step.content}))
    return component.error(*wrong);
  Matcher matcher;
  Pieces pieces;
  auto replace = [&](std::string &piece) {
    // Bytes of their own are no text.
    if (piece.empty() || !json::isUTF8(piece))
      return;
    std::string copy = piece;
    pieces.reset(copy, true);
    compiled.apply(pieces, matcher);
    piece = pieces.size() ? std::string(pieces.textOf(0)) : "";
  };
  bool isCharacter =
      (step.flags & text::literalPattern) && text::validSequenceLength(step.pattern) == step.pattern.size();
  return changeEach(component, decoding, replace, isCharacter);
}

Error decodeStrip(const Node &component, Decoding &decoding) {
  Expected<StringRef> content = component.stringOr("content", " ");
  if (!content)
    return content.takeError();
  constexpr int64_t most = maximumTokenBytes;
  Expected<int64_t> start = component.integerOr("start", 0, most, 0);
  if (!start)
    return start.takeError();
  Expected<int64_t> stop = component.integerOr("stop", 0, most, 0);
  if (!stop)
    return stop.takeError();
  if (content->empty())
    return component.error("its 'content' is empty");
  if (decoding.isFused) {
    if (*content != " " || *start > 1 || *stop > 1)
      return component.error("of a whole text only one space can be stripped at each end");
    decoding.contents.flags |= (*start ? stripFirstSpace : 0) | (*stop ? stripLastSpace : 0);
    return Error::success();
  }
  return changeEach(component, decoding, [&](std::string &piece) {
    StringRef rest = piece;
    for (int64_t i = 0; i < *start && rest.consume_front(*content); ++i)
      ;
    for (int64_t i = 0; i < *stop && rest.consume_back(*content); ++i)
      ;
    piece = rest.str();
  });
}

Error decodeWordPiece(const Node &component, Decoding &decoding) {
  Expected<StringRef> prefix = component.stringOr("prefix", "##");
  if (!prefix)
    return prefix.takeError();
  Expected<bool> cleanup = component.booleanOr("cleanup", true);
  if (!cleanup)
    return cleanup.takeError();
  decoding.contents.flags |= stripFirstSpace | showFirstKey;
  return changeEach(component, decoding, [&](std::string &piece) {
    StringRef rest = piece;
    piece = rest.consume_front(*prefix) ? rest.str() : " " + piece;
    if (!*cleanup)
      return;
    constexpr std::pair<StringLiteral, StringLiteral> replacements[] = {
        {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
        {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    for (auto [from, to] : replacements)
      replaceAll(piece, from, to);
  });
}

Error decodeSuffix(const Node &component, Decoding &decoding) {
  Expected<StringRef> suffix = component.stringOr("suffix", "</w>");
  if (!suffix)
    return suffix.takeError();
  if (suffix->empty())
    return component.error("its 'suffix' is empty");
  decoding.contents.flags |= stripLastSpace;
  return changeEach(component, decoding, [&](std::string &piece) { replaceAll(piece, *suffix, " "); });
}

constexpr Component<Decoding> decoders[] = {
    {"BPEDecoder", decodeSuffix}, {"ByteFallback", decodeByteFallback}, {"ByteLevel", decodeByteLevel},
    {"Fuse", decodeFuse},         {"Metaspace", decodeMetaspace},       {"Replace", decodeReplace},
    {"Strip", decodeStrip},       {"WordPiece", decodeWordPiece},
};

} // namespace

Error readNormalizer(const Node &normalizer, std::vector<Step> &steps) {
  return readComponent(normalizer, "normalizers", normalizers, steps);
}

Error readPreTokenizer(const Node &preTokenizer, std::vector<Step> &steps) {
  return readComponent(preTokenizer, "pretokenizers", preTokenizers, steps);
}

Error readPostProcessor(const Node &postProcessor, TokenizerContents &contents) {
  return readComponent(postProcessor, "processors", postProcessors, contents);
}

Error readDecoder(std::optional<Node> decoder, TokenizerContents &contents) {
  if (!decoder) {
    // Tokens are then words with a space between them.
    for (std::string &piece : contents.pieces)
      if (!piece.empty())
        piece.insert(0, " ");
    contents.flags |= stripFirstSpace;
    return Error::success();
  }
  Decoding decoding{contents};
  return readComponent(*decoder, "decoders", decoders, decoding);
}

std::string applySteps(const std::vector<Step> &steps, StringRef text) {
  text::Steps compiled;
  for (const Step &step : steps)
    if (compiled.add({step.kind, step.flags, step.pattern, step.content}))
      return text.str();
  Matcher matcher;
  Pieces pieces;
  pieces.reset(text, true);
  compiled.apply(pieces, matcher);
  std::string result;
  for (size_t i = 0; i < pieces.size(); ++i)
    result += pieces.textOf(i);
  return result;
}

} // namespace ingot::huggingface
