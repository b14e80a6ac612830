//===- server.h - the HTTP server -------------------------------*- C++ -*-===//
//
// One thread a connection reads requests, makes jobs of them and writes what comes of
// these. The thread that runs the model takes jobs one by one.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_SERVE_SERVER_H
#define INGOT_RUNTIME_SERVE_SERVER_H

#include "runtime/serve/api.h"
#include "runtime/serve/connection.h"
#include "runtime/serve/job.h"
#include "runtime/text/chat_template.h"

#include <set>
#include <thread>

namespace ingot::runtime::serve {

/// What the server needs of the model.
struct ServedModel {
  std::string name;
  const text::Tokenizer &tokenizer;
  std::optional<text::ChatTemplate> chatTemplate; ///< nothing where the model has none that can be used
  std::string whyNoTemplate;
  uint32_t context;    ///< positions
  uint32_t vocabulary; ///< tokens
};

class Server {
public:
  Server(const ServedModel &model, JobQueue &queue, std::string apiKey);

  /// Listens on a numeric address. Returns nothing, or why it cannot.
  std::optional<std::string> listen(const std::string &host, uint16_t port);

  /// The port that it listens on.
  uint16_t port() const;

  /// Takes connections until `stop`; to be run by a thread of its own.
  void run();

  /// Takes no more connections and ends those that there are, and returns when they are.
  void stop();

private:
  void serve(int socket);
  /// Answers a request; returns whether the connection goes on.
  bool answer(Connection &connection, const HttpRequest &request);
  bool complete(Connection &connection, const HttpRequest &request, CompletionKind kind);
  bool stream(Connection &connection, const HttpRequest &request, const CompletionRequest &wanted,
              const ResponseHead &head, Job &job);
  std::shared_ptr<Job> makeJob(const CompletionRequest &request, CompletionKind kind) const;
  bool isAuthorized(const HttpRequest &request) const;

  const ServedModel &model;
  JobQueue &queue;
  const std::string apiKey;
  const int64_t started;
  int listener = -1;
  std::mutex mutex;
  std::condition_variable changed;
  std::set<int> sockets; ///< of connections that there are
  bool stopping = false;
  std::atomic<uint64_t> requests = 0;
};

} // namespace ingot::runtime::serve

#endif // INGOT_RUNTIME_SERVE_SERVER_H
