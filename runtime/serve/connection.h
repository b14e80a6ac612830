//===- connection.h - HTTP/1.1 on one socket --------------------*- C++ -*-===//
//
// Reads requests and writes responses on a connected socket, with a bound on every
// size and every wait. Parsing is Boost.Beast's; sockets are POSIX's, blocking, one
// thread a connection.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_SERVE_CONNECTION_H
#define INGOT_RUNTIME_SERVE_CONNECTION_H

#include <optional>
#include <string>
#include <string_view>

namespace ingot::runtime::serve {

inline constexpr size_t maximumHeaderBytes = 16 * 1024;
inline constexpr size_t maximumBodyBytes = 8 * 1024 * 1024;

struct HttpRequest {
  std::string method;
  std::string target; ///< the path, without a query
  std::string authorization;
  std::string body;
  bool keepAlive = false;
  bool chunked = false; ///< whether the client takes chunks (HTTP/1.1)
};

/// A request that cannot be read: the status to answer with before closing.
struct HttpFailure {
  int status;
  std::string message;
};

/// Parses bytes as one whole request, as a connection does; for tests and fuzzers.
struct ParsedRequest {
  std::optional<HttpRequest> request;
  std::optional<HttpFailure> failure; ///< neither: more bytes are needed
};
ParsedRequest parseRequest(std::string_view bytes);

class Connection {
public:
  /// Takes the socket, and closes it in the end.
  explicit Connection(int socket);
  ~Connection();
  Connection(const Connection &) = delete;
  Connection &operator=(const Connection &) = delete;

  /// The next request; nothing where the client has gone or kept silent. A failure is to be answered, and the
  /// connection closed.
  std::optional<HttpRequest> read(std::optional<HttpFailure> &failure);

  /// Writes a whole response. Returns false where the client has gone; so do the others.
  bool respond(int status, std::string_view type, std::string_view body, bool keepAlive);

  /// Writes a response in parts as they come.
  bool beginStream(std::string_view type, const HttpRequest &request);
  bool writePart(std::string_view part);
  bool endStream();

  /// Ends what is written, and reads for a moment what the client may still be sending: closed with unread bytes, a
  /// connection is reset, and the client may lose the answer (RFC 9112, 9.6).
  void linger();

  /// Whether the client has closed its end.
  bool isGone() const;

private:
  bool send(std::string_view bytes);
  /// More bytes of the client into `pending`; false at the end or after `seconds`.
  bool receive(int seconds);

  const int socket;
  std::string pending; ///< read, but no part of a request yet
  bool chunked = false;
};

} // namespace ingot::runtime::serve

#endif // INGOT_RUNTIME_SERVE_CONNECTION_H
