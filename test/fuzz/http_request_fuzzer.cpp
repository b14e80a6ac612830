//===- http_request_fuzzer.cpp - requests of arbitrary bytes --------------===//
//
// A libFuzzer target: takes the input as what a client sends, and a request's body as
// both kinds of completion. What is wrong must come as an error of the API.
//
//===----------------------------------------------------------------------===//

#include "runtime/serve/api.h"
#include "runtime/serve/connection.h"

#include <cstdio>
#include <cstdlib>

using namespace ingot::runtime::serve;

static void require(bool condition, const char *what) {
  if (condition)
    return;
  fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ParsedRequest parsed = parseRequest({reinterpret_cast<const char *>(data), size});
  require(!parsed.request || !parsed.failure, "a request is read or it is not");
  if (parsed.failure)
    require(parsed.failure->status >= 400 && parsed.failure->status < 500, "a bad request is the client's fault");
  if (!parsed.request)
    return 0;
  require(parsed.request->body.size() <= maximumBodyBytes, "a body is bounded");
  for (CompletionKind kind : {CompletionKind::chat, CompletionKind::text}) {
    try {
      const CompletionRequest request = parseCompletion(parsed.request->body, kind);
      require(request.stops.size() <= 16 && request.mostTokens.value_or(1) > 0, "what is taken is within its bounds");
    } catch (const ApiError &error) {
      require(error.status == 400 && !error.message.empty() && error.message.size() < 1000,
              "an error says what is wrong");
      require(error.body().front() == '{', "an error is an object");
    }
  }
  return 0;
}
