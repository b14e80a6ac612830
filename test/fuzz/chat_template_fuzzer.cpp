//===- chat_template_fuzzer.cpp - chat templates of arbitrary bytes -------===//
//
// A libFuzzer target: parses the input as a chat template and renders it for a
// conversation with what templates look at. What is wrong must come as one line.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/chat_template.h"
#include "runtime/text/template/json.h"

#include <cstdio>
#include <cstdlib>

using namespace ingot::text;

static constexpr const char *variables = R"({
  "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": " Hé \n"},
               {"role": "assistant", "content": "<think>x</think>y", "tool_calls": [{"function": {"name": "f",
                "arguments": {"a": 1.5, "b": [true, null]}}}]}, {"role": "user", "content": [{"type": "text", "text": "z"}]}],
  "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}], "documents": null,
  "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>"})";

static void require(bool condition, const char *what) {
  if (condition)
    return;
  fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

static void checkMessage(const std::string &message) {
  require(!message.empty() && message.size() < 600, "an error has a text, and a short one");
  for (unsigned char c : message)
    require(c >= 0x20 && c != 0x7f, "an error is one line");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const jinja::Value values = jinja::parseJson(variables);
  ChatTemplate chatTemplate;
  if (auto error = chatTemplate.parse({reinterpret_cast<const char *>(data), size})) {
    checkMessage(*error);
    return 0;
  }
  std::string prompt;
  if (auto error = chatTemplate.render(values.dictionary(), std::tm(), prompt))
    checkMessage(*error);
  return 0;
}
