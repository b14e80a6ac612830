//===- Config.cpp - a Hugging Face config.json ----------------------------===//

#include "compiler/import/huggingface/Config.h"

#include "compiler/import/mapped_file.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace llvm;
using namespace ingot;
using namespace ingot::huggingface;
using compiler::quote;

static std::string textOf(const json::Value &value) {
  constexpr size_t longest = 80;
  std::string text;
  raw_string_ostream(text) << value;
  return text.size() > longest ? text.substr(0, longest) + "..." : text;
}

Error Config::error(const Twine &message) const { return createStringError(path + ": " + message); }

Error Config::wrong(StringRef key, const Twine &expected) const {
  const json::Value *value = find({key});
  return error("key " + quote(key) + " is " + (value ? textOf(*value) : "absent") + "; expected " + expected);
}

const json::Value *Config::find(ArrayRef<StringRef> keys) const {
  for (StringRef key : keys)
    if (const json::Value *value = object.get(key); value && value->kind() != json::Value::Null)
      return value;
  return nullptr;
}

/// The first of `keys` that is there, or the first.
static StringRef nameOf(const Config &config, ArrayRef<StringRef> keys) {
  for (StringRef key : keys)
    if (config.has(key))
      return key;
  return keys.front();
}

Expected<std::optional<int64_t>> Config::findSize(ArrayRef<StringRef> keys, int64_t most) const {
  const json::Value *value = find(keys);
  if (!value)
    return std::nullopt;
  std::optional<int64_t> number = value->getAsInteger();
  if (!number || *number < 1 || *number > most)
    return wrong(nameOf(*this, keys), "an integer of 1 to " + Twine(most));
  return number;
}

Expected<int64_t> Config::getSize(ArrayRef<StringRef> keys, int64_t most) const {
  Expected<std::optional<int64_t>> number = findSize(keys, most);
  if (!number)
    return number.takeError();
  if (!*number)
    return wrong(keys.front(), "an integer of 1 to " + Twine(most));
  return **number;
}

Expected<double> Config::getNumber(ArrayRef<StringRef> keys, double fallback) const {
  const json::Value *value = find(keys);
  if (!value)
    return fallback;
  std::optional<double> number = value->getAsNumber();
  if (!number || !std::isfinite(*number))
    return wrong(nameOf(*this, keys), "a finite number");
  return *number;
}

Expected<bool> Config::getFlag(StringRef key, bool fallback) const {
  const json::Value *value = find({key});
  if (!value)
    return fallback;
  std::optional<bool> flag = value->getAsBoolean();
  if (!flag)
    return wrong(key, "true or false");
  return *flag;
}

Expected<std::string> Config::getText(ArrayRef<StringRef> keys, StringRef fallback) const {
  const json::Value *value = find(keys);
  if (!value)
    return fallback.str();
  std::optional<StringRef> text = value->getAsString();
  if (!text)
    return wrong(nameOf(*this, keys), "a string");
  return text->str();
}

Expected<std::optional<Config>> Config::findObject(StringRef key) const {
  const json::Value *value = find({key});
  if (!value)
    return std::nullopt;
  const json::Object *nested = value->getAsObject();
  if (!nested)
    return wrong(key, "an object");
  return Config(path, *nested);
}
