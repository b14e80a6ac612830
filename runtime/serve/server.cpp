//===- server.cpp - the HTTP server ---------------------------------------===//

#include "runtime/serve/server.h"
#include "runtime/core/commands/commands.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ingot::runtime::serve {
namespace {

constexpr size_t mostConnections = 128;
constexpr std::string_view json = "application/json";
constexpr auto poll = std::chrono::milliseconds(100); // how often a waiting connection is looked after

int64_t secondsSince1970() { return static_cast<int64_t>(std::time(nullptr)); }

ApiError invalid(const std::string &message, const std::string &parameter, const std::string &code = "") {
  return {400, "invalid_request_error", message, parameter, code};
}

bool respond(Connection &connection, const ApiError &error, bool keepAlive) {
  return connection.respond(error.status, json, error.body(), keepAlive) && keepAlive;
}

const ApiError serverFull = {429, "rate_limit_error", "too many requests are waiting; try again later", "",
                             "rate_limit_exceeded"};

} // namespace

Server::Server(const ServedModel &model, JobQueue &queue, std::string apiKey)
    : model(model), queue(queue), apiKey(std::move(apiKey)), started(secondsSince1970()) {}

std::optional<std::string> Server::listen(const std::string &host, uint16_t port) {
  sockaddr_in v4 = {};
  sockaddr_in6 v6 = {};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  const bool isV4 = inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1;
  if (!isV4 && inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1)
    return "'" + host + "' is no numeric address; give one like 127.0.0.1, 0.0.0.0 or ::1";
  listener = socket(isV4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  const sockaddr *address = isV4 ? reinterpret_cast<sockaddr *>(&v4) : reinterpret_cast<sockaddr *>(&v6);
  const bool listens = listener >= 0 && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
                       bind(listener, address, isV4 ? sizeof(v4) : sizeof(v6)) == 0 && ::listen(listener, 64) == 0;
  if (!listens)
    return "cannot listen on " + host + ", port " + std::to_string(port) + ": " + strerror(errno);
  return std::nullopt;
}

uint16_t Server::port() const {
  sockaddr_in6 address = {};
  socklen_t size = sizeof(address);
  getsockname(listener, reinterpret_cast<sockaddr *>(&address), &size);
  return ntohs(address.sin6_port); // at the same place in both families
}

void Server::run() {
  while (true) {
    const int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    std::unique_lock lock(mutex);
    if (stopping) {
      if (socket >= 0)
        close(socket);
      return;
    }
    if (socket < 0) {
      // Out of descriptors or memory for now.
      changed.wait_for(lock, poll);
      continue;
    }
    const int yes = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (sockets.size() >= mostConnections) {
      lock.unlock();
      Connection connection(socket);
      respond(connection, {503, "server_error", "too many connections", "", ""}, false);
      continue;
    }
    sockets.insert(socket);
    std::thread([this, socket] { serve(socket); }).detach();
  }
}

void Server::stop() {
  std::unique_lock lock(mutex);
  stopping = true;
  shutdown(listener, SHUT_RDWR);
  for (int socket : sockets)
    shutdown(socket, SHUT_RD);
  changed.wait_for(lock, std::chrono::seconds(5), [&] { return sockets.empty(); });
  close(listener);
}

void Server::serve(int socket) {
  {
    Connection connection(socket);
    bool goesOn = true;
    while (goesOn) {
      std::optional<HttpFailure> failure;
      const std::optional<HttpRequest> request = connection.read(failure);
      if (failure) {
        respond(connection, {failure->status, "invalid_request_error", failure->message, "", ""}, false);
        connection.linger();
      }
      goesOn = request && answer(connection, *request);
    }
    // The number of a closed socket may come back at once, so it is forgotten first.
    std::lock_guard lock(mutex);
    sockets.erase(socket);
    changed.notify_all();
  }
}

bool Server::isAuthorized(const HttpRequest &request) const {
  if (apiKey.empty())
    return true;
  const std::string expected = "Bearer " + apiKey;
  // Takes as long whatever is wrong.
  unsigned char difference = request.authorization.size() != expected.size();
  for (size_t i = 0; i < expected.size() && i < request.authorization.size(); ++i)
    difference |= static_cast<unsigned char>(request.authorization[i] ^ expected[i]);
  return difference == 0;
}

bool Server::answer(Connection &connection, const HttpRequest &request) {
  struct Route {
    std::string_view method, path;
  };
  constexpr Route routes[] = {{"GET", "/health"},
                              {"GET", "/v1/models"},
                              {"POST", "/v1/chat/completions"},
                              {"POST", "/v1/completions"},
                              {"POST", "/v1/embeddings"}};
  const std::string ownModel = "/v1/models/" + model.name;
  const bool keepAlive = request.keepAlive;
  const bool isOwnModel = request.target == ownModel;
  const auto *route = std::find_if(std::begin(routes), std::end(routes),
                                   [&](const Route &candidate) { return candidate.path == request.target; });
  if (request.target != "/health" && !isAuthorized(request))
    return respond(connection, {401, "authentication_error", "the API key is missing or wrong", "", "invalid_api_key"},
                   keepAlive);
  if (route == std::end(routes) && !isOwnModel)
    return respond(connection, {404, "invalid_request_error", "there is no " + request.target.substr(0, 200), "", ""},
                   keepAlive);
  const std::string_view method = isOwnModel ? "GET" : route->method;
  if (request.method != method)
    return respond(connection, {405, "invalid_request_error", request.target + " takes " + std::string(method), "", ""},
                   keepAlive);
  if (isOwnModel)
    return connection.respond(200, json, modelBody(model.name, started), keepAlive) && keepAlive;
  switch (route - routes) {
  case 0:
    return connection.respond(200, json, R"({"status":"ok"})", keepAlive) && keepAlive;
  case 1:
    return connection.respond(200, json, modelsBody(model.name, started), keepAlive) && keepAlive;
  case 4:
    return respond(
        connection,
        {501, "invalid_request_error", "this model generates text and makes no embeddings", "", "unsupported_model"},
        keepAlive);
  default:
    break;
  }
  try {
    return complete(connection, request, route - routes == 2 ? CompletionKind::chat : CompletionKind::text);
  } catch (const ApiError &error) {
    return respond(connection, error, keepAlive);
  } catch (const text::jinja::Error &error) {
    return respond(connection, invalid(error.what(), ""), keepAlive);
  }
}

std::shared_ptr<Job> Server::makeJob(const CompletionRequest &request, CompletionKind kind) const {
  auto job = std::make_shared<Job>();
  const char *parameter = kind == CompletionKind::chat ? "messages" : "prompt";
  if (kind == CompletionKind::chat) {
    if (!model.chatTemplate)
      throw ApiError{501, "invalid_request_error", model.whyNoTemplate + "; use /v1/completions", "", ""};
    text::jinja::Dictionary variables = model.chatTemplate->specialTokens();
    variables.set("messages", request.messages);
    variables.set("tools", Value(nullptr));
    variables.set("documents", Value(nullptr));
    variables.set("add_generation_prompt", Value(true));
    std::string prompt;
    if (auto error = model.chatTemplate->render(variables, text::localTime(), prompt))
      throw invalid("the model's chat template refuses: " + *error, parameter);
    job->prompt = model.tokenizer.encode(prompt, /*addSpecial=*/false, /*parseSpecial=*/true);
  } else if (!request.tokens.empty()) {
    job->prompt = request.tokens;
    for (int32_t token : job->prompt)
      if (static_cast<uint32_t>(token) >= model.vocabulary)
        throw invalid("token " + std::to_string(token) + " is outside the vocabulary", parameter);
  } else {
    job->prompt = model.tokenizer.encode(request.prompt, /*addSpecial=*/true, /*parseSpecial=*/true);
    if (job->prompt.empty() && model.tokenizer.beginOfSequence() != text::noToken)
      job->prompt.push_back(model.tokenizer.beginOfSequence());
  }
  if (job->prompt.empty())
    throw invalid("the prompt is empty", parameter);
  if (job->prompt.size() >= model.context)
    throw invalid("the prompt has " + std::to_string(job->prompt.size()) + " tokens and the context " +
                      std::to_string(model.context),
                  parameter, "context_length_exceeded");
  job->sampler = request.sampler;
  job->sampler.seed = request.seed ? *request.seed : randomSeed();
  job->stops = request.stops;
  job->mostTokens = request.mostTokens.value_or(UINT64_MAX);
  return job;
}

bool Server::complete(Connection &connection, const HttpRequest &request, CompletionKind kind) {
  const CompletionRequest wanted = parseCompletion(request.body, kind);
  const std::shared_ptr<Job> job = makeJob(wanted, kind);
  const ResponseHead head{kind,
                          (kind == CompletionKind::chat ? "chatcmpl-" : "cmpl-") + std::to_string(started) + "-" +
                              std::to_string(++requests),
                          secondsSince1970(), model.name};
  if (!queue.push(job))
    throw serverFull;
  if (wanted.stream)
    return stream(connection, request, wanted, head, *job);
  std::string text;
  while (true) {
    const Job::Progress progress = job->wait(poll);
    text += progress.text;
    if (connection.isGone()) {
      job->cancelled = true;
      return false;
    }
    if (!progress.done)
      continue;
    if (!progress.error.empty())
      throw ApiError{503, "server_error", progress.error, "", ""};
    return connection.respond(200, json,
                              completionBody(head, text, progress.reason, {job->prompt.size(), progress.tokens}),
                              request.keepAlive) &&
           request.keepAlive;
  }
}

bool Server::stream(Connection &connection, const HttpRequest &request, const CompletionRequest &wanted,
                    const ResponseHead &head, Job &job) {
  bool alive = connection.beginStream("text/event-stream", request) &&
               (head.kind != CompletionKind::chat || connection.writePart(roleEvent(head)));
  while (alive) {
    const Job::Progress progress = job.wait(poll);
    if (!progress.text.empty())
      alive = connection.writePart(textEvent(head, progress.text));
    alive = alive && !connection.isGone();
    if (!progress.done || !alive)
      continue;
    if (!progress.error.empty())
      return connection.writePart(errorEvent({503, "server_error", progress.error, "", ""})) &&
             connection.endStream() && false;
    alive = connection.writePart(finishEvent(head, progress.reason)) &&
            (!wanted.streamUsage || connection.writePart(usageEvent(head, {job.prompt.size(), progress.tokens}))) &&
            connection.writePart(doneEvent) && connection.endStream();
    return alive && request.keepAlive && request.chunked;
  }
  job.cancelled = true;
  return false;
}

} // namespace ingot::runtime::serve
