//===- json.cpp - JSON to values and back ---------------------------------===//

#include "runtime/text/template/json.h"
#include "runtime/text/template/strings.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ingot::text::jinja {
namespace {

/// Takes nlohmann's events, so that no second tree of a large text is built.
class Builder : public nlohmann::json_sax<nlohmann::json> {
public:
  bool null() override { return add(Value(nullptr)); }
  bool boolean(bool value) override { return add(Value(value)); }
  bool number_integer(number_integer_t value) override { return add(Value(int64_t{value})); }
  bool number_unsigned(number_unsigned_t value) override {
    return add(value <= INT64_MAX ? Value(static_cast<int64_t>(value)) : Value(static_cast<double>(value)));
  }
  bool number_float(number_float_t value, const string_t &) override { return add(Value(value)); }
  bool string(string_t &value) override { return add(Value(std::move(value))); }
  bool binary(binary_t &) override { return false; }
  bool start_object(std::size_t) override { return open(false); }
  bool start_array(std::size_t) override { return open(true); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t &value) override {
    containers.back().key = std::move(value);
    return true;
  }
  bool parse_error(std::size_t position, const std::string &, const nlohmann::detail::exception &) override {
    throw Error("no JSON at byte " + std::to_string(position));
  }

  Value result;

private:
  struct Container {
    bool isList;
    List list;
    Dictionary dictionary;
    std::string key;
  };

  bool add(Value value) {
    if (containers.empty())
      result = std::move(value);
    else if (containers.back().isList)
      containers.back().list.items.push_back(std::move(value));
    else
      containers.back().dictionary.set(Value(std::move(containers.back().key)), std::move(value));
    return true;
  }
  bool open(bool isList) {
    if (containers.size() >= maximumValueDepth)
      throw Error("JSON is nested deeper than " + std::to_string(maximumValueDepth));
    containers.push_back({isList, {}, {}, {}});
    return true;
  }
  bool close() {
    Container done = std::move(containers.back());
    containers.pop_back();
    return add(done.isList ? Value(std::move(done.list)) : Value(std::move(done.dictionary)));
  }

  std::vector<Container> containers;
};

class Writer {
public:
  explicit Writer(const JsonStyle &style) : style(style) {}

  void write(const Value &value) {
    if (value.isUndefined() || value.isObject() ||
        (value.isList() && value.list().kind != ListKind::list && value.list().kind != ListKind::tuple))
      throw Error("a value of type " + std::string(value.typeName()) + " is no JSON" +
                  (value.isUndefined() ? ": " + value.undefinedReason() : ""));
    if (value.isNone())
      output += "null";
    else if (value.isBoolean())
      output += value.boolean() ? "true" : "false";
    else if (value.isReal())
      output += std::isnan(value.real())   ? "NaN"
                : std::isinf(value.real()) ? (value.real() > 0 ? "Infinity" : "-Infinity")
                                           : toString(value);
    else if (value.isInteger())
      output += std::to_string(value.integer());
    else if (value.isString())
      quote(value.string());
    else if (value.isList())
      writeList(value.list());
    else
      writeDictionary(value.dictionary());
  }

  std::string output;

private:
  void writeList(const List &list) {
    if (list.items.empty()) {
      output += "[]";
      return;
    }
    output += '[';
    ++level;
    for (const Value &item : list.items) {
      begin(&item == list.items.data());
      write(item);
    }
    end();
    output += ']';
  }

  void writeDictionary(const Dictionary &dictionary) {
    if (dictionary.entries.empty()) {
      output += "{}";
      return;
    }
    std::vector<const Dictionary::Entry *> entries;
    for (const Dictionary::Entry &entry : dictionary.entries)
      entries.push_back(&entry);
    if (style.sorted)
      std::sort(entries.begin(), entries.end(), [](const auto *a, const auto *b) { return less(a->first, b->first); });
    output += '{';
    ++level;
    for (const Dictionary::Entry *entry : entries) {
      begin(entry == entries.front());
      quote(keyText(entry->first));
      output += style.keySeparator;
      write(entry->second);
    }
    end();
    output += '}';
  }

  static std::string keyText(const Value &key) {
    if (key.isString())
      return key.string();
    if (!key.isNumber() && !key.isNone())
      throw Error("a key of type " + std::string(key.typeName()) + " is no JSON");
    const JsonStyle plain;
    Writer writer(plain);
    writer.write(key);
    return writer.output;
  }

  void begin(bool first) {
    if (!first)
      output += style.itemSeparator;
    if (style.indent >= 0)
      newLine();
  }
  void end() {
    --level;
    if (style.indent >= 0)
      newLine();
  }
  void newLine() {
    output += '\n';
    const size_t spaces = level * static_cast<size_t>(style.indent);
    if (output.size() + spaces > maximumValueWeight)
      throw Error("a text grows beyond " + std::to_string(maximumValueWeight) + " bytes");
    output.append(spaces, ' ');
  }

  void quote(const std::string &text) {
    output += '"';
    for (size_t i = 0; i < text.size();) {
      const CodePoint point = decodeCodePoint(text, i);
      switch (point.value) {
      case '"':
        output += "\\\"";
        break;
      case '\\':
        output += "\\\\";
        break;
      case '\n':
        output += "\\n";
        break;
      case '\r':
        output += "\\r";
        break;
      case '\t':
        output += "\\t";
        break;
      case '\b':
        output += "\\b";
        break;
      case '\f':
        output += "\\f";
        break;
      default:
        if (point.value < 0x20 || (style.ascii && point.value > 0x7e))
          escape(point.value);
        else
          output.append(text, i, point.bytes);
      }
      i += point.bytes;
    }
    output += '"';
  }

  void escape(uint32_t value) {
    char text[16];
    if (value < 0x10000)
      snprintf(text, sizeof(text), "\\u%04x", value);
    else
      snprintf(text, sizeof(text), "\\u%04x\\u%04x", 0xd800 + ((value - 0x10000) >> 10),
               0xdc00 + ((value - 0x10000) & 0x3ff));
    output += text;
  }

  const JsonStyle &style;
  size_t level = 0;
};

} // namespace

Value parseJson(std::string_view text) {
  Builder builder;
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return builder.result;
}

std::string writeJson(const Value &value, const JsonStyle &style) {
  Writer writer(style);
  writer.write(value);
  return std::move(writer.output);
}

} // namespace ingot::text::jinja
