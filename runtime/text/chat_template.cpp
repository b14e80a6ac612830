//===- chat_template.cpp - Conversations to prompts -----------------------===//

#include "runtime/text/chat_template.h"
#include "runtime/text/template/interpreter.h"
#include "runtime/text/template/parser.h"
#include "runtime/text/template/strings.h"

#include <algorithm>

namespace ingot::text {
namespace {

/// Messages go to a terminal or into a log: one line of them.
std::string oneLine(std::string text) {
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  constexpr size_t longest = 500;
  if (text.size() <= longest)
    return text;
  return jinja::makeValid(text.substr(0, longest)) + " …";
}

} // namespace

struct ChatTemplate::State {
  jinja::Statements statements;
  jinja::Dictionary specialTokens;
};

ChatTemplate::ChatTemplate() : state(std::make_unique<State>()) {}
ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate &&) noexcept = default;
ChatTemplate &ChatTemplate::operator=(ChatTemplate &&) noexcept = default;

std::optional<std::string> ChatTemplate::parse(std::string_view source) {
  state->statements.clear();
  if (source.size() > maximumBytes)
    return "it has " + std::to_string(source.size()) + " bytes, more than " + std::to_string(maximumBytes);
  try {
    state->statements = jinja::parse(jinja::makeValid(source));
  } catch (const jinja::Error &error) {
    return oneLine(error.what());
  }
  return std::nullopt;
}

void ChatTemplate::setSpecialTokens(const Tokenizer &tokenizer) {
  const std::pair<const char *, int32_t> tokens[] = {{"bos_token", tokenizer.beginOfSequence()},
                                                     {"eos_token", tokenizer.endOfSequence()},
                                                     {"unk_token", tokenizer.unknown()},
                                                     {"pad_token", tokenizer.padding()}};
  for (const auto &[name, token] : tokens)
    if (token != noToken)
      state->specialTokens.set(jinja::Value(name),
                               jinja::Value(jinja::makeValid(tokenizer.piece(token, /*renderSpecial=*/true))));
}

std::optional<std::string> ChatTemplate::render(std::span<const ChatMessage> messages, bool addGenerationPrompt,
                                                std::string &prompt) const {
  jinja::Dictionary variables = state->specialTokens;
  try {
    jinja::List list;
    for (const ChatMessage &message : messages) {
      jinja::Dictionary entry;
      entry.set(jinja::Value("role"), jinja::Value(jinja::makeValid(message.role)));
      entry.set(jinja::Value("content"), jinja::Value(jinja::makeValid(message.content)));
      list.items.push_back(jinja::Value(std::move(entry)));
    }
    variables.set(jinja::Value("messages"), jinja::Value(std::move(list)));
    variables.set(jinja::Value("tools"), jinja::Value(nullptr));
    variables.set(jinja::Value("documents"), jinja::Value(nullptr));
    variables.set(jinja::Value("add_generation_prompt"), jinja::Value(addGenerationPrompt));
  } catch (const jinja::Error &error) {
    return oneLine(error.what());
  }
  return render(variables, localTime(), prompt);
}

std::optional<std::string> ChatTemplate::render(const jinja::Dictionary &variables, const std::tm &now,
                                                std::string &prompt) const {
  try {
    prompt = jinja::render(state->statements, variables, now);
  } catch (const jinja::Error &error) {
    return oneLine(error.what());
  }
  return std::nullopt;
}

const jinja::Dictionary &ChatTemplate::specialTokens() const { return state->specialTokens; }

std::tm localTime() {
  const std::time_t seconds = std::time(nullptr);
  std::tm time = {};
  localtime_r(&seconds, &time);
  return time;
}

} // namespace ingot::text
