//===- expression.cpp - Finding a pattern in a text -----------------------===//
//
// Implements expression.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/expression.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <cstdint>
#include <limits>
#include <new>

using namespace ingot::text;

namespace {

struct Free {
  void operator()(pcre2_code *code) const { pcre2_code_free(code); }
  void operator()(pcre2_match_data *data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context *context) const { pcre2_match_context_free(context); }
};

} // namespace

struct Matcher::State {
  std::unique_ptr<pcre2_match_context, Free> context;
  std::unique_ptr<pcre2_match_data, Free> data;
};

struct Expression::Code {
  std::unique_ptr<pcre2_code, Free> code;
};

Matcher::Matcher() : state(std::make_unique<State>()) {
  state->context.reset(pcre2_match_context_create(nullptr));
  state->data.reset(pcre2_match_data_create(1, nullptr));
  if (!state->context || !state->data)
    throw std::bad_alloc();
  // No limit on backtracking: the patterns of tokenizers go back over one run
  // of characters at most once, and a limit would cut long runs elsewhere.
  constexpr uint32_t unlimited = std::numeric_limits<uint32_t>::max();
  pcre2_set_match_limit(state->context.get(), unlimited);
  pcre2_set_depth_limit(state->context.get(), unlimited);
  pcre2_set_heap_limit(state->context.get(), unlimited);
}

Matcher::~Matcher() = default;

Expression::Expression() = default;
Expression::~Expression() = default;
Expression::Expression(Expression &&) noexcept = default;
Expression &Expression::operator=(Expression &&) noexcept = default;

std::optional<std::string> Expression::compile(std::string_view pattern, bool isLiteral) {
  code.reset();
  literal = isLiteral ? pattern : std::string_view();
  if (isLiteral)
    return pattern.empty() ? std::optional<std::string>("there is nothing to look for") : std::nullopt;
  int error = 0;
  PCRE2_SIZE position = 0;
  code = std::make_unique<Code>();
  code->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                 PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &position, nullptr));
  if (code->code)
    return std::nullopt;
  PCRE2_UCHAR message[128] = {};
  pcre2_get_error_message(error, message, sizeof(message));
  return std::string(reinterpret_cast<const char *>(message));
}

bool Expression::search(std::string_view text, size_t from, Matcher &matcher, size_t &begin, size_t &end) const {
  if (!code) {
    begin = text.find(literal, from);
    end = begin + literal.size();
    return begin != text.npos;
  }
  int result = pcre2_match(code->code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                           PCRE2_NO_UTF_CHECK, matcher.state->data.get(), matcher.state->context.get());
  if (result == PCRE2_ERROR_NOMEMORY)
    throw std::bad_alloc();
  if (result < 0)
    return false;
  const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer(matcher.state->data.get());
  begin = bounds[0];
  end = bounds[1];
  // \K in a look-ahead may begin a match behind its end.
  return begin <= end && begin >= from;
}

size_t Expression::characterLength(char first) {
  uint8_t byte = static_cast<uint8_t>(first);
  return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}
