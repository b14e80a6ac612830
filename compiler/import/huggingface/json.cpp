//===- json.cpp - JSON values that know where they stand ------------------===//

#include "compiler/import/huggingface/json.h"

#include "compiler/import/json_text.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace llvm;

namespace ingot::huggingface {

/// Whatever of the file's text is in the message, it is one line.
static Error fileError(const std::string &file, const Twine &what) {
  std::string message = file + ": " + what.str();
  std::replace_if(message.begin(), message.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return createStringError(message);
}

Expected<json::Value> parseFile(StringRef contents, const std::string &file) {
  Expected<json::Value> value = compiler::parseJson(contents);
  if (!value)
    return fileError(file, "is no JSON (" + toString(value.takeError()) + ")");
  return value;
}

/// A value as an error shows it: one line of bounded length.
static std::string shown(const json::Value &value) {
  if (const json::Object *object = value.getAsObject())
    return "an object of " + std::to_string(object->size()) + (object->size() == 1 ? " key" : " keys");
  if (const json::Array *array = value.getAsArray())
    return "a list of " + std::to_string(array->size());
  std::string text;
  raw_string_ostream(text) << value;
  constexpr size_t longest = 80;
  if (text.size() > longest) {
    size_t end = longest;
    while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80)
      --end;
    text = text.substr(0, end) + "…";
  }
  return text;
}

std::string printable(StringRef key) {
  std::string text = shown(json::Value(key));
  return text.substr(1, text.size() - (StringRef(text).ends_with("\"") ? 2 : 1));
}

Error Node::error(const Twine &what) const {
  return fileError(*file,
                   (path.empty() ? "the whole" : "'" + printable(path) + "'") + " is " + shown(*value) + "; " + what);
}

Error Node::mismatch(StringRef expected) const { return error("expected " + expected); }

Node Node::child(const Twine &childPath, const json::Value &childValue) const {
  Node node(*file, childValue);
  node.path = childPath.str();
  return node;
}

bool Node::isNull() const { return value->kind() == json::Value::Null; }

std::optional<Node> Node::find(StringRef key) const {
  const json::Object *object = value->getAsObject();
  const json::Value *found = object ? object->get(key) : nullptr;
  if (!found || found->kind() == json::Value::Null)
    return std::nullopt;
  return child(path.empty() ? Twine(key) : path + Twine(".") + key, *found);
}

Expected<Node> Node::get(StringRef key) const {
  if (std::optional<Node> found = find(key))
    return *found;
  return mismatch(("an object with the key '" + key + "'").str());
}

Expected<StringRef> Node::string() const {
  if (std::optional<StringRef> text = value->getAsString())
    return *text;
  return mismatch("a string");
}

Expected<bool> Node::boolean() const {
  if (std::optional<bool> truth = value->getAsBoolean())
    return *truth;
  return mismatch("true or false");
}

Expected<int64_t> Node::integer(int64_t least, int64_t most) const {
  if (std::optional<int64_t> number = value->getAsInteger(); number && *number >= least && *number <= most)
    return *number;
  return mismatch("an integer from " + std::to_string(least) + " to " + std::to_string(most));
}

Expected<double> Node::number() const {
  if (std::optional<double> number = value->getAsNumber())
    return *number;
  return mismatch("a number");
}

Expected<StringRef> Node::stringOr(StringRef key, StringRef otherwise) const {
  std::optional<Node> found = find(key);
  return found ? found->string() : otherwise;
}

Expected<bool> Node::booleanOr(StringRef key, bool otherwise) const {
  std::optional<Node> found = find(key);
  return found ? found->boolean() : otherwise;
}

Expected<int64_t> Node::integerOr(StringRef key, int64_t least, int64_t most, int64_t otherwise) const {
  std::optional<Node> found = find(key);
  return found ? found->integer(least, most) : otherwise;
}

Expected<const json::Object *> Node::object() const {
  if (const json::Object *object = value->getAsObject())
    return object;
  return mismatch("an object");
}

Expected<const json::Array *> Node::array() const {
  if (const json::Array *array = value->getAsArray())
    return array;
  return mismatch("a list");
}

Error Node::forEach(function_ref<Error(const Node &)> visit) const {
  if (const json::Object *object = value->getAsObject()) {
    for (const auto &[key, element] : *object)
      if (Error error = visit(child(path + "." + StringRef(key), element)))
        return error;
    return Error::success();
  }
  Expected<const json::Array *> elements = array();
  if (!elements)
    return elements.takeError();
  for (size_t i = 0; i < (*elements)->size(); ++i)
    if (Error error = visit(child(path + "[" + Twine(i) + "]", (**elements)[i])))
      return error;
  return Error::success();
}

} // namespace ingot::huggingface
