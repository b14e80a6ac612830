//===- api.h - what requests and responses say ------------------*- C++ -*-===//
//
// The bodies of the OpenAI API (https://platform.openai.com/docs/api-reference) as far
// as they are supported: requests to what is wanted, results to JSON. What is known
// there and not here is refused by name, never ignored.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_SERVE_API_H
#define INGOT_RUNTIME_SERVE_API_H

#include "runtime/core/sampler.h"
#include "runtime/serve/job.h"
#include "runtime/text/template/value.h"

#include <optional>
#include <string>
#include <vector>

namespace ingot::runtime::serve {

using text::jinja::Value;

/// An answer that is an error; becomes an error object.
struct ApiError {
  int status;
  std::string type; ///< invalid_request_error, …
  std::string message;
  std::string parameter; ///< the request's member that is at fault; "" for none
  std::string code;      ///< "" for none

  std::string body() const;
};

/// What both kinds of completion take.
struct CompletionRequest {
  bool stream = false;
  bool streamUsage = false;
  std::optional<uint64_t> mostTokens;
  std::vector<std::string> stops;
  std::optional<uint64_t> seed;
  SamplerOptions sampler;

  Value messages;              ///< of a chat
  std::string prompt;          ///< of a completion, if there are no tokens
  std::vector<int32_t> tokens; ///< of a completion
};

enum class CompletionKind { chat, text };

/// Reads the body of a request. Throws ApiError.
CompletionRequest parseCompletion(std::string_view body, CompletionKind kind);

/// What every response of one request says.
struct ResponseHead {
  CompletionKind kind;
  std::string id;
  int64_t created; ///< seconds since 1970
  std::string model;
};

struct Usage {
  uint64_t promptTokens;
  uint64_t newTokens;
};

/// The body of a whole response.
std::string completionBody(const ResponseHead &head, const std::string &text, FinishReason reason, const Usage &usage);

/// Events of a stream, each with the blank line that ends it: the first one of a chat, a piece of text, how it ended,
/// what it took.
std::string roleEvent(const ResponseHead &head);
std::string textEvent(const ResponseHead &head, const std::string &text);
std::string finishEvent(const ResponseHead &head, FinishReason reason);
std::string usageEvent(const ResponseHead &head, const Usage &usage);
std::string errorEvent(const ApiError &error);
inline constexpr std::string_view doneEvent = "data: [DONE]\n\n";

/// The list of the only model, and the model.
std::string modelBody(const std::string &model, int64_t created);
std::string modelsBody(const std::string &model, int64_t created);

} // namespace ingot::runtime::serve

#endif // INGOT_RUNTIME_SERVE_API_H
