//===- api.cpp - what requests and responses say --------------------------===//

#include "runtime/serve/api.h"
#include "runtime/text/template/json.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

namespace ingot::runtime::serve {
namespace {

using text::jinja::Dictionary;
using text::jinja::List;

constexpr size_t mostStops = 16;

Value object(std::initializer_list<std::pair<const char *, Value>> members) {
  Dictionary result;
  for (const auto &[name, value] : members)
    result.set(Value(name), value);
  return Value(std::move(result));
}

Value array(text::jinja::Values items) { return Value(List{std::move(items)}); }

std::string write(const Value &value) {
  text::jinja::JsonStyle style;
  style.itemSeparator = ",";
  style.keySeparator = ":";
  return text::jinja::writeJson(value, style);
}

std::string event(const Value &value) { return "data: " + write(value) + "\n\n"; }

Value textOrNone(const std::string &text) { return text.empty() ? Value(nullptr) : Value(text); }

[[noreturn]] void refuse(const std::string &parameter, const std::string &message, const std::string &code = "") {
  throw ApiError{400, "invalid_request_error", message, parameter, code};
}

/// A request's members, each taken once; what is left at the end is unknown.
class Members {
public:
  explicit Members(const Dictionary &members) : members(members) {}

  /// nullptr where it is absent or null.
  const Value *take(const char *name) {
    taken.emplace_back(name);
    const Value *found = members.find(name);
    return found && !found->isNone() ? found : nullptr;
  }

  bool flag(const char *name) {
    const Value *value = take(name);
    if (value && !value->isBoolean())
      refuse(name, std::string("'") + name + "' must be true or false");
    return value && value->boolean();
  }

  std::optional<double> number(const char *name, double low, double high) {
    const Value *value = take(name);
    if (!value)
      return std::nullopt;
    if (value->isBoolean() || !value->isNumber() || !(value->real() >= low && value->real() <= high))
      refuse(name, std::string("'") + name + "' must be a number from " + shorten(low) + " to " + shorten(high));
    return value->real();
  }

  std::optional<int64_t> integer(const char *name, int64_t low, int64_t high) {
    const Value *value = take(name);
    if (!value)
      return std::nullopt;
    if (!value->isInteger() || value->integer() < low || value->integer() > high)
      refuse(name, std::string("'") + name + "' must be a whole number from " + std::to_string(low) + " to " +
                       std::to_string(high));
    return value->integer();
  }

  /// Has no effect here, nor on the answer's text.
  void ignore(std::initializer_list<const char *> names) { taken.insert(taken.end(), names.begin(), names.end()); }

  /// Known, but only with the value that changes nothing.
  template <typename Predicate> void only(const char *name, const char *wanted, Predicate isNeutral) {
    const Value *value = take(name);
    if (value && !isNeutral(*value))
      refuse(name, std::string("'") + name + "' is not supported" + wanted, "unsupported_parameter");
  }

  void finish() const {
    for (const auto &[key, value] : members.entries)
      if (std::find(taken.begin(), taken.end(), key.string()) == taken.end())
        refuse(key.string(), "Unknown parameter: '" + key.string().substr(0, 100) + "'", "unknown_parameter");
  }

private:
  static std::string shorten(double value) {
    return value == std::floor(value) ? std::to_string(static_cast<int64_t>(value)) : std::to_string(value);
  }

  const Dictionary &members;
  std::vector<std::string> taken;
};

bool isZero(const Value &value) { return value.isNumber() && value.real() == 0; }
bool isFalse(const Value &value) { return value.isBoolean() && !value.boolean(); }
bool isEmpty(const Value &value) {
  return (value.isList() && value.list().items.empty()) ||
         (value.isDictionary() && value.dictionary().entries.empty()) || (value.isString() && value.string().empty());
}
bool isOne(const Value &value) { return value.isInteger() && value.integer() == 1; }

std::vector<std::string> parseStops(const Value &value) {
  std::vector<std::string> stops;
  if (value.isString()) {
    stops.push_back(value.string());
  } else if (value.isList()) {
    for (const Value &item : value.list().items) {
      if (!item.isString())
        refuse("stop", "'stop' must be a string or an array of strings");
      stops.push_back(item.string());
    }
  } else {
    refuse("stop", "'stop' must be a string or an array of strings");
  }
  if (stops.size() > mostStops)
    refuse("stop", "'stop' has more than " + std::to_string(mostStops) + " strings");
  return stops;
}

/// The content of a message as templates take it: parts of text become one text.
Value parseContent(const Value &content, const std::string &place) {
  if (content.isString() || content.isNone())
    return content;
  if (!content.isList())
    refuse(place, "'" + place + "' must be a string or an array of parts");
  std::string text;
  for (const Value &part : content.list().items) {
    const Value *type = part.isDictionary() ? part.dictionary().find("type") : nullptr;
    const Value *partText = part.isDictionary() ? part.dictionary().find("text") : nullptr;
    if (!type || !type->isString() || type->string() != "text" || !partText || !partText->isString())
      refuse(place, "'" + place + "' has a part that is no text; this model takes text alone");
    text += partText->string();
  }
  return Value(std::move(text));
}

Value parseMessages(const Value *messages) {
  if (!messages || !messages->isList() || messages->list().items.empty())
    refuse("messages", "'messages' must be an array with at least one message");
  text::jinja::Values result;
  for (const Value &message : messages->list().items) {
    const std::string place = "messages[" + std::to_string(result.size()) + "]";
    if (!message.isDictionary())
      refuse(place, "'" + place + "' must be an object");
    const Value *role = message.dictionary().find("role");
    if (!role || !role->isString())
      refuse(place + ".role", "'" + place + ".role' must be a string");
    Dictionary copy;
    for (const auto &[key, value] : message.dictionary().entries)
      copy.set(key, key.string() == "content" ? parseContent(value, place + ".content") : value);
    if (!copy.find("content") && !copy.find("tool_calls"))
      refuse(place + ".content", "'" + place + ".content' is missing");
    result.push_back(Value(std::move(copy)));
  }
  return array(std::move(result));
}

void parsePrompt(const Value *prompt, CompletionRequest &request) {
  if (prompt && prompt->isList() && prompt->list().items.size() == 1 && !prompt->list().items[0].isInteger())
    return parsePrompt(&prompt->list().items[0], request);
  if (prompt && prompt->isString()) {
    request.prompt = prompt->string();
    return;
  }
  const bool isArray = prompt && prompt->isList() && !prompt->list().items.empty();
  for (size_t i = 0; isArray && i < prompt->list().items.size(); ++i) {
    const Value &token = prompt->list().items[i];
    if (!token.isInteger() || token.integer() < 0 || token.integer() > INT32_MAX)
      refuse("prompt", "'prompt' must be one string or one array of tokens; several prompts are not supported");
    request.tokens.push_back(static_cast<int32_t>(token.integer()));
  }
  if (!isArray)
    refuse("prompt", "'prompt' must be one string or one array of tokens");
}

void parseSampling(Members &members, CompletionRequest &request) {
  request.sampler.temperature = members.number("temperature", 0, 2).value_or(1);
  request.sampler.topP = members.number("top_p", 0, 1).value_or(1);
  request.sampler.topK = members.integer("top_k", 0, INT32_MAX).value_or(0);
  request.sampler.minP = members.number("min_p", 0, 1).value_or(0);
  request.sampler.repeatPenalty = members.number("repeat_penalty", 0.001, 1000).value_or(1);
  if (auto seed = members.integer("seed", INT64_MIN, INT64_MAX))
    request.seed = static_cast<uint64_t>(*seed);
  members.only("n", "; one answer is given", isOne);
  members.only("presence_penalty", " (but repeat_penalty is)", isZero);
  members.only("frequency_penalty", " (but repeat_penalty is)", isZero);
  members.only("logit_bias", "", isEmpty);
}

Value choice(const ResponseHead &head, const char *chatMember, Value chatValue, const std::string &text, Value reason) {
  if (head.kind == CompletionKind::chat)
    return object({{"index", Value(int64_t{0})},
                   {chatMember, std::move(chatValue)},
                   {"logprobs", Value(nullptr)},
                   {"finish_reason", std::move(reason)}});
  return object({{"index", Value(int64_t{0})},
                 {"text", Value(text)},
                 {"logprobs", Value(nullptr)},
                 {"finish_reason", std::move(reason)}});
}

Value name(FinishReason reason) { return Value(reason == FinishReason::stop ? "stop" : "length"); }

Value usageObject(const Usage &usage) {
  auto number = [](uint64_t value) { return Value(static_cast<int64_t>(value)); };
  return object({{"prompt_tokens", number(usage.promptTokens)},
                 {"completion_tokens", number(usage.newTokens)},
                 {"total_tokens", number(usage.promptTokens + usage.newTokens)}});
}

Dictionary begin(const ResponseHead &head, bool stream) {
  Dictionary result;
  const bool chat = head.kind == CompletionKind::chat;
  result.set("id", head.id);
  result.set("object", chat ? (stream ? "chat.completion.chunk" : "chat.completion") : "text_completion");
  result.set("created", head.created);
  result.set("model", head.model);
  return result;
}

std::string choiceEvent(const ResponseHead &head, Value choiceValue) {
  Dictionary result = begin(head, true);
  result.set("choices", array({std::move(choiceValue)}));
  return event(Value(std::move(result)));
}

Value modelObject(const std::string &model, int64_t created) {
  return object(
      {{"id", Value(model)}, {"object", Value("model")}, {"created", Value(created)}, {"owned_by", Value("ingot")}});
}

Value errorObject(const ApiError &error) {
  return object({{"error", object({{"message", Value(error.message)},
                                   {"type", Value(error.type)},
                                   {"param", textOrNone(error.parameter)},
                                   {"code", textOrNone(error.code)}})}});
}

CompletionRequest parseMembers(const Value &value, CompletionKind kind) {
  if (!value.isDictionary())
    refuse("", "the body must be a JSON object");
  CompletionRequest request;
  Members members(value.dictionary());
  parseSampling(members, request);
  if (const Value *stop = members.take("stop"))
    request.stops = parseStops(*stop);
  request.stream = members.flag("stream");
  if (const Value *options = members.take("stream_options")) {
    if (!options->isDictionary() || !request.stream)
      refuse("stream_options", "'stream_options' is an object, and for a stream");
    Members inner(options->dictionary());
    request.streamUsage = inner.flag("include_usage");
    inner.ignore({"include_obfuscation"});
    inner.finish();
  }
  auto most = members.integer("max_tokens", 1, INT64_MAX);
  if (const Value *model = members.take("model"); model && !model->isString())
    refuse("model", "'model' must be a string");
  members.ignore({"user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key"});
  if (kind == CompletionKind::chat) {
    if (auto newer = members.integer("max_completion_tokens", 1, INT64_MAX))
      most = newer;
    request.messages = parseMessages(members.take("messages"));
    members.only("tools", "", isEmpty);
    members.only("functions", "", isEmpty);
    members.only("tool_choice", "", [](const Value &choice) {
      return choice.isString() && (choice.string() == "none" || choice.string() == "auto");
    });
    members.ignore({"parallel_tool_calls"});
    members.only("logprobs", "", isFalse);
    members.only("top_logprobs", "", isZero);
    members.only("response_format", " but as {\"type\": \"text\"}", [](const Value &format) {
      const Value *type = format.isDictionary() ? format.dictionary().find("type") : nullptr;
      return type && type->isString() && type->string() == "text";
    });
  } else {
    parsePrompt(members.take("prompt"), request);
    members.only("echo", "", isFalse);
    members.only("suffix", "", isEmpty);
    members.only("logprobs", "", [](const Value &) { return false; });
    members.only("best_of", "; one answer is given", isOne);
    if (!most)
      most = 16; // the API's
  }
  members.finish();
  if (most)
    request.mostTokens = static_cast<uint64_t>(*most);
  return request;
}

} // namespace

std::string ApiError::body() const { return write(errorObject(*this)); }

CompletionRequest parseCompletion(std::string_view body, CompletionKind kind) {
  Value value;
  try {
    value = text::jinja::parseJson(body);
  } catch (const text::jinja::Error &error) {
    refuse("", std::string("the body is no JSON that can be taken: ") + error.what());
  }
  return parseMembers(value, kind);
}

std::string completionBody(const ResponseHead &head, const std::string &text, FinishReason reason, const Usage &usage) {
  Dictionary result = begin(head, false);
  Value message = object({{"role", Value("assistant")}, {"content", Value(text)}, {"refusal", Value(nullptr)}});
  result.set("choices", array({choice(head, "message", std::move(message), text, name(reason))}));
  result.set("usage", usageObject(usage));
  return write(Value(std::move(result)));
}

std::string roleEvent(const ResponseHead &head) {
  Value delta = object({{"role", Value("assistant")}, {"content", Value("")}});
  return choiceEvent(head, choice(head, "delta", std::move(delta), "", Value(nullptr)));
}

std::string textEvent(const ResponseHead &head, const std::string &text) {
  return choiceEvent(head, choice(head, "delta", object({{"content", Value(text)}}), text, Value(nullptr)));
}

std::string finishEvent(const ResponseHead &head, FinishReason reason) {
  return choiceEvent(head, choice(head, "delta", object({}), "", name(reason)));
}

std::string usageEvent(const ResponseHead &head, const Usage &usage) {
  Dictionary result = begin(head, true);
  result.set("choices", array({}));
  result.set("usage", usageObject(usage));
  return event(Value(std::move(result)));
}

std::string errorEvent(const ApiError &error) { return event(errorObject(error)); }

std::string modelBody(const std::string &model, int64_t created) { return write(modelObject(model, created)); }

std::string modelsBody(const std::string &model, int64_t created) {
  return write(object({{"object", Value("list")}, {"data", array({modelObject(model, created)})}}));
}

} // namespace ingot::runtime::serve
