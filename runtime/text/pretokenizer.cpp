//===- pretokenizer.cpp - Cutting text into words -------------------------===//
//
// Implements pretokenizer.h with llama.cpp's patterns (src/llama-vocab.cpp) and
// its tables of characters (src/unicode-data.cpp) expressed for PCRE2.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/pretokenizer.h"

#include "runtime/text/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <limits>
#include <new>

using namespace ingot::text;

// The character classes of the patterns, without brackets. Debian's PCRE2 knows
// Unicode 14; the ranges add what was assigned since (up to Unicode 15.1), as
// llama.cpp counts it. White space is spelt out because PCRE2's \s contains
// U+180E, which Unicode no longer counts as such.
#define LETTER                                                                                                         \
  R"(\p{L}\x{1123F}\x{11240}\x{11F02}\x{11F04}-\x{11F10}\x{11F12}-\x{11F33})"                                          \
  R"(\x{1342F}\x{13441}-\x{13446}\x{1B132}\x{1B155}\x{1DF25}-\x{1DF2A})"                                               \
  R"(\x{1E030}-\x{1E06D}\x{1E4D0}-\x{1E4EB}\x{2B739}\x{2EBF0}-\x{2EE5D})"                                              \
  R"(\x{31350}-\x{323AF})"
#define NUMBER R"(\p{N}\x{11F50}-\x{11F59}\x{1D2C0}-\x{1D2D3}\x{1E4F0}-\x{1E4F9})"
#define PUNCTUATION R"(\p{P}\x{11B00}-\x{11B09}\x{11F43}-\x{11F4F})"
#define SPACE                                                                                                          \
  R"(\x{09}-\x{0D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029})"                                        \
  R"(\x{202F}\x{205F}\x{3000})"

#define SPACES "[" SPACE "]+(?![^" SPACE "])|[" SPACE "]+"
#define GPT2_WORD "'s|'t|'re|'ve|'m|'ll|'d| ?[" LETTER "]+| ?[" NUMBER "]+| ?[^" SPACE LETTER NUMBER "]+|" SPACES
#define LLAMA3_WORD(DIGITS)                                                                                            \
  R"('[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|)"                                                          \
  R"([^\r\n)" LETTER NUMBER "]?[" LETTER "]+|[" NUMBER "]" DIGITS "| ?[^" SPACE LETTER NUMBER R"(]+[\r\n]*|[)" SPACE   \
  R"(]*[\r\n]+|)" SPACES

namespace {

/// Applied one after the other, each inside the words of the one before; what
/// lies between two matches is a word too.
std::vector<const char *> sources(Pattern pattern) {
  switch (pattern) {
  case Pattern::basic:
    return {"[" PUNCTUATION R"($+<=>^~|]+)", GPT2_WORD, "[" NUMBER "]+", "[0-9][0-9][0-9]"};
  case Pattern::gpt2:
    return {GPT2_WORD};
  case Pattern::smollm:
    return {"[" NUMBER "]", GPT2_WORD};
  case Pattern::llama3:
    return {LLAMA3_WORD("{1,3}")};
  case Pattern::qwen2:
    return {LLAMA3_WORD("")};
  }
  return {};
}

// The names that llama.cpp treats alike (llama_vocab::impl::load).
constexpr PreTokenizer table[] = {
    {"default", Pattern::basic, false, false},    {"gpt-2", Pattern::gpt2, false, false},
    {"phi-2", Pattern::gpt2, false, false},       {"mpt", Pattern::gpt2, false, false},
    {"olmo", Pattern::gpt2, false, false},        {"smollm", Pattern::smollm, false, false},
    {"starcoder", Pattern::smollm, false, false}, {"refact", Pattern::smollm, false, false},
    {"command-r", Pattern::smollm, false, false}, {"llama-bpe", Pattern::llama3, true, true},
    {"llama3", Pattern::llama3, true, true},      {"llama-v3", Pattern::llama3, true, true},
    {"falcon3", Pattern::llama3, true, true},     {"pixtral", Pattern::llama3, true, true},
    {"qwen2", Pattern::qwen2, false, false},      {"deepseek-r1-qwen", Pattern::qwen2, false, false},
    {"stablelm2", Pattern::qwen2, false, false},
};

/// A copy in which invalid bytes are valid UTF-8 of the same length and of the
/// class that llama.cpp gives them: no space, letter, number or punctuation.
std::string replaceInvalid(std::string_view text, size_t firstInvalid) {
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

} // namespace

std::span<const PreTokenizer> ingot::text::preTokenizers() { return table; }

struct WordSplitter::Expression {
  struct Free {
    void operator()(pcre2_code *code) const { pcre2_code_free(code); }
    void operator()(pcre2_match_data *data) const { pcre2_match_data_free(data); }
    void operator()(pcre2_match_context *context) const { pcre2_match_context_free(context); }
  };
  std::unique_ptr<pcre2_code, Free> code;
};

WordSplitter::WordSplitter() = default;
WordSplitter::~WordSplitter() = default;
WordSplitter::WordSplitter(WordSplitter &&) noexcept = default;
WordSplitter &WordSplitter::operator=(WordSplitter &&) noexcept = default;

std::optional<std::string> WordSplitter::compile(Pattern pattern) {
  expressions.clear();
  for (const char *source : sources(pattern)) {
    int error = 0;
    PCRE2_SIZE position = 0;
    Expression expression;
    expression.code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(source), PCRE2_ZERO_TERMINATED,
                                        PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK, &error, &position, nullptr));
    if (!expression.code) {
      PCRE2_UCHAR message[128] = {};
      pcre2_get_error_message(error, message, sizeof(message));
      return "the pattern of the pre-tokenizer does not compile: " +
             std::string(reinterpret_cast<const char *>(message));
    }
    expressions.push_back(std::move(expression));
  }
  if (expressions.empty())
    return "unknown pre-tokenizer pattern " + std::to_string(static_cast<uint32_t>(pattern));
  return std::nullopt;
}

void WordSplitter::split(std::string_view text, std::vector<size_t> &lengths) const {
  if (text.empty())
    return;
  std::string copy;
  if (size_t first = firstInvalid(text); first < text.size()) {
    copy = replaceInvalid(text, first);
    text = copy;
  }

  // No limit on backtracking: these patterns go back over one run of
  // characters at most once, and a limit would cut long runs elsewhere.
  std::unique_ptr<pcre2_match_context, Expression::Free> context(pcre2_match_context_create(nullptr));
  std::unique_ptr<pcre2_match_data, Expression::Free> match(pcre2_match_data_create(1, nullptr));
  if (!context || !match)
    throw std::bad_alloc();
  constexpr uint32_t unlimited = std::numeric_limits<uint32_t>::max();
  pcre2_set_match_limit(context.get(), unlimited);
  pcre2_set_depth_limit(context.get(), unlimited);
  pcre2_set_heap_limit(context.get(), unlimited);

  std::vector<size_t> words = {text.size()};
  std::vector<size_t> finer;
  for (const Expression &expression : expressions) {
    finer.clear();
    size_t begin = 0;
    for (size_t length : words) {
      auto subject = reinterpret_cast<PCRE2_SPTR>(text.data() + begin);
      size_t position = 0;
      while (position < length) {
        int result = pcre2_match(expression.code.get(), subject, length, position, PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY,
                                 match.get(), context.get());
        if (result < 0)
          break;
        const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer(match.get());
        if (bounds[0] > position)
          finer.push_back(bounds[0] - position);
        finer.push_back(bounds[1] - bounds[0]);
        position = bounds[1];
      }
      if (position < length)
        finer.push_back(length - position);
      begin += length;
    }
    words.swap(finer);
  }
  lengths.insert(lengths.end(), words.begin(), words.end());
}
