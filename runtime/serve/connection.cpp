//===- connection.cpp - HTTP/1.1 on one socket ----------------------------===//

#include "runtime/serve/connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cerrno>
#include <cstdio>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace ingot::runtime::serve {
namespace {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;

/// Seconds that a client may keep silent between requests, and within one.
constexpr int idleSeconds = 60;
constexpr int requestSeconds = 10;
/// Milliseconds that a client may take nothing of what is written.
constexpr int writeMilliseconds = 30000;

constexpr const char *reason(int status) {
  switch (status) {
  case 200:
    return "OK";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 408:
    return "Request Timeout";
  case 413:
    return "Payload Too Large";
  case 429:
    return "Too Many Requests";
  case 431:
    return "Request Header Fields Too Large";
  case 501:
    return "Not Implemented";
  case 503:
    return "Service Unavailable";
  default:
    return "Internal Server Error";
  }
}

std::string toString(boost::beast::string_view text) { return {text.data(), text.size()}; }

void prepare(Parser &parser) {
  parser.header_limit(maximumHeaderBytes);
  parser.body_limit(maximumBodyBytes);
  parser.eager(true);
}

HttpFailure failureOf(const boost::system::error_code &error) {
  if (error == http::error::body_limit)
    return {413, "the body has more than " + std::to_string(maximumBodyBytes) + " bytes"};
  if (error == http::error::header_limit)
    return {431, "the header has more than " + std::to_string(maximumHeaderBytes) + " bytes"};
  return {400, "no HTTP request: " + error.message()};
}

/// The path of a target, %XX resolved.
std::string decodePath(const std::string &target) {
  auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string path;
  for (size_t i = 0; i < target.size() && target[i] != '?'; ++i) {
    const bool escaped =
        target[i] == '%' && i + 2 < target.size() && digit(target[i + 1]) >= 0 && digit(target[i + 2]) >= 0;
    path += escaped ? static_cast<char>(digit(target[i + 1]) * 16 + digit(target[i + 2])) : target[i];
    i += escaped ? 2 : 0;
  }
  return path;
}

HttpRequest take(Parser &parser) {
  const bool keepAlive = parser.keep_alive();
  auto message = parser.release();
  HttpRequest request;
  request.method = toString(message.method_string());
  request.target = decodePath(toString(message.target()));
  request.authorization = toString(message[http::field::authorization]);
  request.keepAlive = keepAlive;
  request.chunked = message.version() >= 11;
  request.body = std::move(message.body());
  return request;
}

/// Gives the parser bytes until it wants more or has enough; takes them off `bytes`.
boost::system::error_code feed(Parser &parser, std::string_view &bytes) {
  boost::system::error_code error;
  while (!bytes.empty() && !parser.is_done()) {
    const size_t used = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    bytes.remove_prefix(used);
    if (error == http::error::need_more)
      return {};
    if (error || used == 0)
      break;
  }
  return error;
}

} // namespace

ParsedRequest parseRequest(std::string_view bytes) {
  Parser parser;
  prepare(parser);
  if (auto error = feed(parser, bytes))
    return {{}, failureOf(error)};
  if (!parser.is_done())
    return {};
  return {take(parser), {}};
}

Connection::Connection(int socket) : socket(socket) {}
Connection::~Connection() { close(socket); }

bool Connection::receive(int seconds) {
  pollfd waiting{socket, POLLIN, 0};
  if (poll(&waiting, 1, seconds * 1000) <= 0)
    return false;
  char buffer[16384];
  const ssize_t size = recv(socket, buffer, sizeof(buffer), 0);
  if (size <= 0)
    return false;
  pending.append(buffer, size);
  return true;
}

std::optional<HttpRequest> Connection::read(std::optional<HttpFailure> &failure) {
  if (pending.empty() && !receive(idleSeconds))
    return std::nullopt;
  Parser parser;
  prepare(parser);
  bool asked = false;
  while (true) {
    std::string_view bytes = pending;
    const auto error = feed(parser, bytes);
    pending.erase(0, pending.size() - bytes.size());
    if (error) {
      failure = failureOf(error);
      return std::nullopt;
    }
    if (parser.is_done())
      return take(parser);
    // A header is parsed once it is whole; until then its bytes are here.
    if (!parser.is_header_done() && pending.size() > maximumHeaderBytes) {
      failure = failureOf(http::error::header_limit);
      return std::nullopt;
    }
    if (parser.is_header_done() && !asked) {
      asked = true;
      if (parser.get()[http::field::expect] == "100-continue" && !send("HTTP/1.1 100 Continue\r\n\r\n"))
        return std::nullopt;
    }
    if (!receive(requestSeconds)) {
      if (!isGone())
        failure = HttpFailure{408, "the request does not come to its end"};
      return std::nullopt;
    }
  }
}

bool Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd waiting{socket, POLLOUT, 0};
    if (poll(&waiting, 1, writeMilliseconds) <= 0)
      return false;
    const ssize_t size = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno != EAGAIN && errno != EINTR)
      return false;
    bytes.remove_prefix(size < 0 ? 0 : size);
  }
  return true;
}

bool Connection::respond(int status, std::string_view type, std::string_view body, bool keepAlive) {
  std::string response = "HTTP/1.1 " + std::to_string(status) + " " + reason(status) + "\r\nContent-Type: ";
  response.append(type).append("\r\nContent-Length: ").append(std::to_string(body.size()));
  if (status == 429)
    response += "\r\nRetry-After: 1";
  if (status == 401)
    response += "\r\nWWW-Authenticate: Bearer";
  response.append(keepAlive ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n").append(body);
  return send(response);
}

bool Connection::beginStream(std::string_view type, const HttpRequest &request) {
  chunked = request.chunked;
  std::string response = "HTTP/1.1 200 OK\r\nContent-Type: ";
  response.append(type).append("\r\nCache-Control: no-cache");
  response += chunked ? "\r\nTransfer-Encoding: chunked" : "";
  response += chunked && request.keepAlive ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  return send(response);
}

bool Connection::writePart(std::string_view part) {
  if (!chunked)
    return send(part);
  char size[20];
  snprintf(size, sizeof(size), "%zx\r\n", part.size());
  return send(std::string(size).append(part).append("\r\n"));
}

bool Connection::endStream() { return !chunked || send("0\r\n\r\n"); }

void Connection::linger() {
  shutdown(socket, SHUT_WR);
  for (size_t read = 0; read < maximumBodyBytes; read += std::exchange(pending, {}).size())
    if (!receive(1))
      return;
}

bool Connection::isGone() const {
  char byte = 0;
  const ssize_t size = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
}

} // namespace ingot::runtime::serve
