//===- value.cpp - What a template computes with --------------------------===//

#include "runtime/text/template/value.h"
#include "runtime/text/template/strings.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <compare>

namespace ingot::text::jinja {
namespace {

/// From so many entries on a dictionary is worth an index.
constexpr size_t indexedFrom = 16;

/// Exact, as in Python, where an integer meets a real that cannot tell it from its neighbours.
std::partial_ordering compareNumbers(const Value &a, const Value &b) {
  if (a.isReal() == b.isReal())
    return a.isReal() ? a.real() <=> b.real() : std::partial_ordering(a.integer() <=> b.integer());
  if (a.isReal())
    return 0 <=> compareNumbers(b, a);
  const double real = b.real();
  if (!(std::fabs(real) < 0x1p63))
    return 0.0 <=> real;
  const double whole = std::trunc(real);
  const auto order = a.integer() <=> static_cast<int64_t>(whole);
  return order == 0 ? whole <=> real : std::partial_ordering(order);
}

/// Python's float.__repr__: the shortest digits that give the number back.
std::string representReal(double value) {
  if (std::isnan(value))
    return "nan";
  if (std::isinf(value))
    return value > 0 ? "inf" : "-inf";
  char text[64];
  char *end = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific).ptr;
  std::string scientific(text, end);
  const size_t mark = scientific.find('e');
  const int exponent = std::stoi(scientific.substr(mark + 1));
  if (exponent < -4 || exponent >= 16)
    return scientific;
  end = std::to_chars(text, text + sizeof(text), value, std::chars_format::fixed).ptr;
  std::string fixed(text, end);
  return fixed.find('.') == std::string::npos ? fixed + ".0" : fixed;
}

std::string representString(const std::string &text) {
  const bool doubled = text.find('\'') != std::string::npos && text.find('"') == std::string::npos;
  const char quote = doubled ? '"' : '\'';
  std::string result(1, quote);
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = decodeCodePoint(text, i);
    i += point.bytes;
    if (point.value == static_cast<uint32_t>(quote) || point.value == '\\')
      (result += '\\') += static_cast<char>(point.value);
    else if (point.value == '\n')
      result += "\\n";
    else if (point.value == '\r')
      result += "\\r";
    else if (point.value == '\t')
      result += "\\t";
    else if (isPrintable(point.value))
      result += text.substr(i - point.bytes, point.bytes);
    else
      result += escapeCodePoint(point.value);
  }
  return result + quote;
}

std::string join(const Values &items, const char *open, const char *close) {
  std::string result = open;
  for (const Value &item : items)
    (result += &item == items.data() ? "" : ", ") += toRepresentation(item);
  return result + close;
}

std::string representList(const List &list) {
  switch (list.kind) {
  case ListKind::list:
    return join(list.items, "[", "]");
  case ListKind::tuple:
    return join(list.items, "(", list.items.size() == 1 ? ",)" : ")");
  case ListKind::view:
  case ListKind::generator:
    break;
  }
  throw Error("a view or generator is printed; make it a list with the filter list");
}

/// Depth and weight of a container, from what is in it.
struct Measure {
  uint32_t depth = 1;
  uint64_t weight = 16;

  void add(const Value &item) {
    depth = std::max(depth, item.depth() + 1);
    weight += item.weight();
    if (depth > maximumValueDepth)
      throw Error("values are nested deeper than " + std::to_string(maximumValueDepth));
    if (weight > maximumValueWeight)
      throw Error("a value holds more than " + std::to_string(maximumValueWeight) + " bytes");
  }
};

} // namespace

Value Object::attribute(std::string_view name) const {
  return Value::undefined("'" + std::string(typeName()) + " object' has no attribute '" + std::string(name) + "'");
}

Value Object::call(Context &, const Arguments &) const {
  throw Error("'" + std::string(typeName()) + "' object is not callable");
}

Value::Value(List value) {
  Measure measure;
  for (const Value &item : value.items)
    measure.add(item);
  value.depth = measure.depth;
  value.weight = measure.weight;
  data = std::make_shared<const List>(std::move(value));
}

Value::Value(Dictionary value) {
  Measure measure;
  for (const auto &[key, entry] : value.entries) {
    measure.add(key);
    measure.add(entry);
  }
  value.depth = measure.depth;
  value.weight = measure.weight;
  data = std::make_shared<const Dictionary>(std::move(value));
}

Value Value::undefined(std::string reason) {
  Value value;
  value.data = Undefined{std::make_shared<const std::string>(std::move(reason))};
  return value;
}

std::string Value::undefinedReason() const {
  const auto *undefined = std::get_if<Undefined>(&data);
  return undefined && undefined->reason ? *undefined->reason : "";
}

uint32_t Value::depth() const { return isList() ? list().depth : isDictionary() ? dictionary().depth : 0; }

uint64_t Value::weight() const {
  return isString() ? string().size() + 16 : isList() ? list().weight : isDictionary() ? dictionary().weight : 16;
}

bool Value::truth() const {
  if (isUndefined() || isNone())
    return false;
  if (isNumber())
    return real() != 0;
  if (isString())
    return !string().empty();
  if (isList())
    return list().kind == ListKind::generator || !list().items.empty();
  return !isDictionary() || !dictionary().entries.empty();
}

std::string_view Value::typeName() const {
  if (isUndefined())
    return "Undefined";
  if (isNone())
    return "NoneType";
  if (isBoolean())
    return "bool";
  if (isInteger())
    return "int";
  if (isReal())
    return "float";
  if (isString())
    return "str";
  if (isDictionary())
    return "dict";
  if (isObject())
    return object()->typeName();
  constexpr std::string_view names[] = {"list", "tuple", "view", "generator"};
  return names[static_cast<size_t>(list().kind)];
}

size_t Dictionary::position(std::string_view key) const {
  if (entries.size() >= indexedFrom) {
    auto found = index.find(std::string(key));
    return found == index.end() ? entries.size() : found->second;
  }
  for (size_t i = 0; i < entries.size(); ++i)
    if (entries[i].first.isString() && entries[i].first.string() == key)
      return i;
  return entries.size();
}

size_t Dictionary::position(const Value &key) const {
  if (key.isString())
    return position(std::string_view(key.string()));
  for (size_t i = 0; i < entries.size(); ++i)
    if (equal(entries[i].first, key))
      return i;
  return entries.size();
}

const Value *Dictionary::find(const Value &key) const {
  const size_t found = position(key);
  return found < entries.size() ? &entries[found].second : nullptr;
}

const Value *Dictionary::find(std::string_view key) const {
  const size_t found = position(key);
  return found < entries.size() ? &entries[found].second : nullptr;
}

void Dictionary::set(Value key, Value value) {
  const size_t found = position(key);
  if (found < entries.size()) {
    entries[found].second = std::move(value);
    return;
  }
  entries.emplace_back(std::move(key), std::move(value));
  if (entries.size() < indexedFrom)
    return;
  for (size_t i = entries.size() == indexedFrom ? 0 : found; i < entries.size(); ++i)
    if (entries[i].first.isString())
      index.emplace(entries[i].first.string(), i);
}

bool equal(const Value &a, const Value &b) {
  if (a.isNumber() && b.isNumber())
    return compareNumbers(a, b) == 0;
  if (a.isString() && b.isString())
    return a.string() == b.string();
  if (a.isList() && b.isList())
    return a.list().kind == b.list().kind && std::equal(a.list().items.begin(), a.list().items.end(),
                                                        b.list().items.begin(), b.list().items.end(), equal);
  if (a.isDictionary() && b.isDictionary()) {
    const Dictionary &left = a.dictionary();
    const Dictionary &right = b.dictionary();
    return left.entries.size() == right.entries.size() &&
           std::all_of(left.entries.begin(), left.entries.end(), [&](const Dictionary::Entry &entry) {
             const Value *other = right.find(entry.first);
             return other && equal(entry.second, *other);
           });
  }
  if (a.isObject() && b.isObject())
    return a.object() == b.object();
  return (a.isUndefined() && b.isUndefined()) || (a.isNone() && b.isNone());
}

bool less(const Value &a, const Value &b) {
  if (a.isNumber() && b.isNumber()) {
    const std::partial_ordering order = compareNumbers(a, b);
    if (order == std::partial_ordering::unordered)
      throw Error("nan has no order");
    return order < 0;
  }
  // The order of UTF-8's bytes is that of code points.
  if (a.isString() && b.isString())
    return a.string() < b.string();
  if (a.isList() && b.isList() && a.list().kind == b.list().kind) {
    const Values &left = a.list().items;
    const Values &right = b.list().items;
    for (size_t i = 0; i < left.size() && i < right.size(); ++i)
      if (!equal(left[i], right[i]))
        return less(left[i], right[i]);
    return left.size() < right.size();
  }
  for (const Value *value : {&a, &b})
    if (value->isUndefined())
      throw Error(value->undefinedReason());
  throw Error("'" + std::string(a.typeName()) + "' and '" + std::string(b.typeName()) + "' have no order");
}

std::string toRepresentation(const Value &value) {
  if (value.isUndefined())
    return "Undefined";
  if (value.isNone())
    return "None";
  if (value.isBoolean())
    return value.boolean() ? "True" : "False";
  if (value.isInteger())
    return std::to_string(value.integer());
  if (value.isReal())
    return representReal(value.real());
  if (value.isString())
    return representString(value.string());
  if (value.isList())
    return representList(value.list());
  if (value.isObject())
    throw Error("a " + std::string(value.typeName()) + " is printed; it has no text");
  std::string result = "{";
  for (const Dictionary::Entry &entry : value.dictionary().entries) {
    result += &entry == value.dictionary().entries.data() ? "" : ", ";
    result += toRepresentation(entry.first) + ": " + toRepresentation(entry.second);
  }
  return result + "}";
}

std::string toString(const Value &value) {
  if (value.isUndefined())
    return "";
  return value.isString() ? value.string() : toRepresentation(value);
}

} // namespace ingot::text::jinja
