//===- chat_template.h - Conversations to prompts ---------------*- C++ -*-===//
//
// A model's chat template, in Jinja, with the environment and the variables that Hugging
// Face transformers gives it
// (https://huggingface.co/docs/transformers/chat_templating_writing). Templates come from
// files of unknown origin: parsing and rendering one takes bounded memory, stack and
// time, and it reaches nothing but what it is given.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_CHAT_TEMPLATE_H
#define INGOT_RUNTIME_TEXT_CHAT_TEMPLATE_H

#include "runtime/text/template/value.h"
#include "runtime/text/tokenizer.h"

#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ingot::text {

struct ChatMessage {
  std::string role; ///< system, user or assistant
  std::string content;
};

class ChatTemplate {
public:
  ChatTemplate();
  ~ChatTemplate();
  ChatTemplate(ChatTemplate &&) noexcept;
  ChatTemplate &operator=(ChatTemplate &&) noexcept;

  /// The longest source taken, in bytes.
  static constexpr size_t maximumBytes = size_t(1) << 20;

  /// Parses a template. Returns nothing on success, else one line with the line of the source and what is wrong or not
  /// supported there; the template is then empty.
  std::optional<std::string> parse(std::string_view source);

  /// Gives the spellings of the tokenizer's special tokens: bos_token, eos_token, unk_token, pad_token.
  void setSpecialTokens(const Tokenizer &tokenizer);

  /// Writes the prompt of a conversation to `prompt`, with `addGenerationPrompt` up to where the answer begins. Returns
  /// nothing on success, else one line: the template's own refusal or what went wrong.
  std::optional<std::string> render(std::span<const ChatMessage> messages, bool addGenerationPrompt,
                                    std::string &prompt) const;

  /// The same with all variables that a template may ask for: `messages`, `tools`, `documents`, `add_generation_prompt`
  /// and the special tokens too. `now` is the local time that strftime_now() tells.
  std::optional<std::string> render(const jinja::Dictionary &variables, const std::tm &now, std::string &prompt) const;

  /// The special tokens as variables.
  const jinja::Dictionary &specialTokens() const;

private:
  struct State;
  std::unique_ptr<State> state;
};

/// The local time of now.
std::tm localTime();

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_CHAT_TEMPLATE_H
