//===- chat.cpp - talk with the model -------------------------------------===//

#include "runtime/core/commands/commands.h"
#include "runtime/core/error.h"
#include "runtime/core/line_editor.h"
#include "runtime/core/process.h"
#include "runtime/core/prompt_cache.h"
#include "runtime/core/text_output.h"
#include "runtime/core/token_source.h"

#include <cinttypes>
#include <cstdio>
#include <unistd.h>

namespace ingot::runtime {

text::ChatTemplate openTemplate(const text::Tokenizer &tokenizer, const std::optional<std::string> &file) {
  const std::string_view own = tokenizer.chatTemplate();
  if (!file && own.empty())
    fail("the model has no chat template; give one with --template FILE");
  const std::string source = file ? readText(*file) : std::string(own);
  text::ChatTemplate result;
  if (auto error = result.parse(source))
    fail("%s: %s; give another template with --template FILE", file ? file->c_str() : "the model's chat template",
         error->c_str());
  result.setSpecialTokens(tokenizer);
  return result;
}

namespace {

struct ChatOptions {
  std::optional<std::string> system;
  std::optional<std::string> templateFile;
  int64_t newTokens = -1;
  Sampling sampling;
};

ChatOptions parseOptions(Arguments arguments, Machine &machine) {
  ChatOptions result;
  Options options("chat [options]",
                  "Answers what you write, line by line, with the whole conversation in mind.\nIn a terminal Ctrl-C "
                  "stops an answer; there it ends the chat while you write, as Ctrl-D does.\nOtherwise each line of "
                  "standard input is a message. Answers go to standard output, statistics to standard error.");
  options.text({"--system"}, "TEXT", "what the model is told before the first message", result.system);
  options.text({"--template"}, "FILE", "a chat template (Jinja) instead of the model's own", result.templateFile);
  options.integer({"-n", "--predict", "--n-predict"}, "most new tokens of an answer; -1 until the model ends (default)",
                  -1, INT32_MAX, result.newTokens);
  result.sampling.declareOptions(options);
  machine.declareOptions(options);
  options.parse(arguments);
  return result;
}

/// Messages from whoever writes them.
class Messages {
public:
  /// The next message; nothing at the end.
  std::optional<std::string> read() {
    if (terminal) {
      std::string line;
      const LineEditor::End end = editor.read("> ", line);
      wasInterrupted = end == LineEditor::End::interrupt;
      return end == LineEditor::End::line ? std::optional(std::move(line)) : std::nullopt;
    }
    char *line = nullptr;
    size_t capacity = 0;
    const ssize_t size = getline(&line, &capacity, stdin);
    std::optional<std::string> message;
    if (size >= 0)
      message.emplace(line, size);
    free(line);
    while (message && (message->ends_with('\n') || message->ends_with('\r')))
      message->pop_back();
    return message;
  }

  const bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
  bool wasInterrupted = false;

private:
  LineEditor editor;
};

class Chat {
public:
  Chat(const text::Tokenizer &tokenizer, Model &model, const ChatOptions &options, text::ChatTemplate chatTemplate)
      : tokenizer(tokenizer), model(model), options(options), chatTemplate(std::move(chatTemplate)), cache(model) {
    if (options.system)
      conversation.push_back({"system", *options.system});
  }

  /// Answers a message. Returns nothing, or one line that says why it could not.
  std::optional<std::string> answer(std::string message) {
    conversation.push_back({"user", std::move(message)});
    std::vector<int32_t> prompt;
    std::optional<std::string> error = makePrompt(prompt);
    if (!error) {
      std::string text = generate(prompt);
      // A message that was stopped before its answer began is as good as unsaid.
      if (!text.empty()) {
        conversation.push_back({"assistant", std::move(text)});
        return std::nullopt;
      }
    }
    conversation.pop_back();
    return error;
  }

  void printStatistics() const {
    fprintf(stderr, "\nprompts       %zu tokens, of which %zu were there already\nnew           %zu tokens",
            promptTokens, keptTokens, newTokens);
    if (decodeSeconds > 0)
      fprintf(stderr, ", %.1f tokens/s", newTokens / decodeSeconds);
    fprintf(stderr, "\npeak memory   %.1f MiB\n", peakMemory() / 1048576.0);
  }

private:
  /// The tokens of the conversation; the oldest messages are forgotten as far as it does not fit the context.
  std::optional<std::string> makePrompt(std::vector<int32_t> &prompt) {
    const size_t first = options.system ? 1 : 0;
    for (bool forgotten = false;; forgotten = true) {
      std::string text;
      if (auto error = chatTemplate.render(conversation, /*addGenerationPrompt=*/true, text))
        return "the chat template refuses: " + *error;
      // The template writes all tokens that there are to be, the first one too.
      prompt = tokenizer.encode(text, /*addSpecial=*/false, /*parseSpecial=*/true);
      if (prompt.empty())
        return "the chat template makes no text of this conversation";
      if (prompt.size() < model.context()) {
        if (forgotten)
          note("the oldest messages are forgotten: the context has %u positions", model.context());
        return std::nullopt;
      }
      if (conversation.size() < first + 3)
        return "this message makes " + std::to_string(prompt.size()) + " tokens and the context has " +
               std::to_string(model.context()) + "; shorten it, or compile the model with a larger --context";
      conversation.erase(conversation.begin() + first, conversation.begin() + first + 2);
    }
  }

  std::string generate(const std::vector<int32_t> &prompt) {
    auto isEnd = [&](int32_t token) { return tokenizer.isEndOfGeneration(token); };
    TextOutput output;
    std::string text;
    std::vector<int32_t> tokens;
    tokens.reserve(model.context());
    text.reserve(size_t{16} * 1024);
    catchInterrupt();
    std::unique_ptr<TokenSource> source =
        makeTokenSource(model, cache.sequence(), nullptr, options.sampling.options, prompt, isEnd);
    bool goesOn = cache.hold(prompt);
    promptTokens += cache.sequence().length();
    keptTokens += cache.kept();
    const double start = now();
    while (goesOn && static_cast<int64_t>(tokens.size()) != options.newTokens) {
      const std::optional<int32_t> token = source->next(static_cast<uint64_t>(options.newTokens) - tokens.size());
      if (!token)
        break;
      if (*token < 0)
        fail("the logits after position %u are no numbers; the model's file may be damaged", source->length() - 1);
      tokens.push_back(*token);
      if (isEnd(*token))
        break;
      const std::string_view piece = tokenizer.piece(*token, /*renderSpecial=*/false);
      output.append(piece);
      text += piece;
      goesOn = source->length() < model.context() && !interrupted();
    }
    source->finish();
    output.finish();
    decodeSeconds += now() - start;
    newTokens += tokens.size();
    cache.noteGenerated(tokens);
    if (!goesOn && !interrupted())
      note("stopped because the context of %u positions is full", model.context());
    releaseInterrupt();
    return text;
  }

  const text::Tokenizer &tokenizer;
  Model &model;
  const ChatOptions &options;
  const text::ChatTemplate chatTemplate;
  PromptCache cache;
  std::vector<text::ChatMessage> conversation;
  size_t promptTokens = 0, keptTokens = 0, newTokens = 0;
  double decodeSeconds = 0;
};

} // namespace

int runChat(const IngotDescriptor &descriptor, Arguments arguments) {
  std::unique_ptr<Machine> machine = makeMachine();
  ChatOptions options = parseOptions(arguments, *machine);
  text::Tokenizer tokenizer = openTokenizer(descriptor);
  text::ChatTemplate chatTemplate = openTemplate(tokenizer, options.templateFile);
  Model model(descriptor, *machine);
  options.sampling.chooseSeed();
  if (options.sampling.options.temperature > 0)
    fprintf(stderr, "seed          %" PRIu64 "\n", options.sampling.options.seed);
  Chat chat(tokenizer, model, options, std::move(chatTemplate));
  Messages messages;
  while (std::optional<std::string> message = messages.read()) {
    if (message->empty())
      continue;
    const std::optional<std::string> error = chat.answer(std::move(*message));
    if (error && !messages.terminal)
      fail("%s", error->c_str());
    if (error)
      note("%s", error->c_str());
  }
  chat.printStatistics();
  return messages.wasInterrupted ? 130 : 0;
}

} // namespace ingot::runtime
