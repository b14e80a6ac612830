//===- command.cpp - OUT serve --------------------------------------------===//

#include "runtime/core/commands/commands.h"
#include "runtime/core/error.h"
#include "runtime/core/process.h"
#include "runtime/core/prompt_cache.h"
#include "runtime/core/token_source.h"
#include "runtime/serve/server.h"
#include "runtime/text/stop.h"
#include "runtime/text/utf8.h"

#include <csignal>
#include <cstdio>
#include <unistd.h>

namespace ingot::runtime {
namespace {

struct ServeOptions {
  std::optional<std::string> host = "127.0.0.1";
  int64_t port = 8080;
  int64_t queue = 16;
  std::optional<std::string> apiKey;
  std::optional<std::string> templateFile;
};

ServeOptions parseOptions(Arguments arguments, Machine &machine) {
  ServeOptions result;
  Options options("serve [options]", "Serves the model over HTTP, as the OpenAI API: /v1/chat/completions, "
                                     "/v1/completions, /v1/models, and /health.\nRequests are done one after the "
                                     "other. SIGINT and SIGTERM end the server.");
  options.text({"--host"}, "ADDRESS", "numeric address to listen on (default 127.0.0.1)", result.host);
  options.integer({"--port"}, "to listen on, 0 any (default 8080)", 0, 65535, result.port);
  options.text({"--api-key"}, "KEY", "demand 'Authorization: Bearer KEY'", result.apiKey);
  options.integer({"--queue"}, "requests that may wait (default 16)", 0, 4096, result.queue);
  options.text({"--template"}, "FILE", "a chat template (Jinja) instead of the model's own", result.templateFile);
  machine.declareOptions(options);
  options.parse(arguments);
  if (result.apiKey && result.apiKey->empty())
    failUsage("--api-key: the key is empty");
  return result;
}

/// The signals that end the server; blocked in all threads, for the one that waits for them.
sigset_t endingSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

serve::ServedModel describe(const text::Tokenizer &tokenizer, const Model &model, const ServeOptions &options) {
  serve::ServedModel result{model.descriptor.model_name, tokenizer, {}, {}, model.context(),
                            model.descriptor.vocabulary};
  const std::string source =
      options.templateFile ? readText(*options.templateFile) : std::string(tokenizer.chatTemplate());
  text::ChatTemplate chatTemplate;
  std::optional<std::string> error = chatTemplate.parse(source);
  if (options.templateFile && error)
    fail("%s: %s", options.templateFile->c_str(), error->c_str());
  if (source.empty())
    result.whyNoTemplate = "the model has no chat template";
  else if (error)
    result.whyNoTemplate = "the model's chat template cannot be used: " + *error;
  if (!result.whyNoTemplate.empty()) {
    note("%s; /v1/chat/completions will refuse, unless one is given with --template", result.whyNoTemplate.c_str());
    return result;
  }
  chatTemplate.setSpecialTokens(tokenizer);
  result.chatTemplate = std::move(chatTemplate);
  return result;
}

/// Does jobs; what the sequence holds of the one before is kept.
class Generator {
public:
  Generator(const text::Tokenizer &tokenizer, Model &model) : tokenizer(tokenizer), model(model), cache(model) {}

  void run(serve::Job &job) {
    auto isEnd = [&](int32_t token) { return tokenizer.isEndOfGeneration(token); };
    std::unique_ptr<TokenSource> source =
        makeTokenSource(model, cache.sequence(), nullptr, job.sampler, job.prompt, isEnd);
    if (!cache.hold(job.prompt, [&] { return job.cancelled.load(); }))
      return job.finish(serve::FinishReason::stop);
    std::vector<int32_t> tokens;
    text::Utf8Stream characters(text::Utf8Stream::Invalid::replace);
    text::StopMatcher stops(job.stops);
    serve::FinishReason reason = serve::FinishReason::length;
    bool sound = true;
    while (tokens.size() < job.mostTokens && !job.cancelled) {
      const std::optional<int32_t> token = source->next(job.mostTokens - tokens.size());
      sound = token && *token >= 0;
      if (!sound)
        break;
      tokens.push_back(*token);
      if (isEnd(*token)) {
        reason = serve::FinishReason::stop;
        break;
      }
      job.append(stops.append(characters.append(tokenizer.piece(*token, /*renderSpecial=*/false))), tokens.size());
      if (stops.stopped()) {
        reason = serve::FinishReason::stop;
        break;
      }
      if (source->length() == model.context())
        break;
    }
    source->finish();
    cache.noteGenerated(tokens);
    if (!sound)
      return job.fail("the logits are no numbers; the model's file may be damaged");
    job.append(stops.append(characters.flush()) + stops.flush(), tokens.size());
    job.finish(reason);
  }

private:
  const text::Tokenizer &tokenizer;
  Model &model;
  PromptCache cache;
};

} // namespace

int runServe(const IngotDescriptor &descriptor, Arguments arguments) {
  std::unique_ptr<Machine> machine = makeMachine();
  const ServeOptions options = parseOptions(arguments, *machine);
  const sigset_t signals = endingSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  text::Tokenizer tokenizer = openTokenizer(descriptor);
  Model model(descriptor, *machine);
  const serve::ServedModel served = describe(tokenizer, model, options);
  Generator generator(tokenizer, model);
  model.executor->finishLoading();

  serve::JobQueue queue(static_cast<size_t>(options.queue));
  serve::Server server(served, queue, options.apiKey.value_or(""));
  if (auto error = server.listen(*options.host, static_cast<uint16_t>(options.port)))
    fail("%s", error->c_str());
  const bool isV6 = options.host->find(':') != std::string::npos;
  fprintf(stderr, "serving on http://%s%s%s:%u\n", isV6 ? "[" : "", options.host->c_str(), isV6 ? "]" : "",
          server.port());
  std::thread accepting([&] { server.run(); });
  std::thread([&queue, signals] {
    int signal = 0;
    sigwait(&signals, &signal);
    queue.close();
    // A second signal does not wait for anything.
    sigwait(&signals, &signal);
    _exit(128 + signal);
  }).detach();

  // The model runs on this thread, the one that its workers know.
  while (std::shared_ptr<serve::Job> job = queue.pop()) {
    generator.run(*job);
    queue.finish();
  }
  server.stop();
  accepting.join();
  return 0;
}

} // namespace ingot::runtime
