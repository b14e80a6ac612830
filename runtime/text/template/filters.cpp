//===- filters.cpp - Jinja's filters --------------------------------------===//
//
// With the meaning of Jinja 3.1 (jinja2/filters.py), but for `tojson`, which is that
// of Hugging Face transformers, and `from_json`, which is llama.cpp's.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/template/json.h"
#include "runtime/text/template/operators.h"
#include "runtime/text/template/strings.h"
#include "runtime/text/template/tables.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

namespace ingot::text::jinja {
namespace {

/// What Jinja's filters compare texts by unless they are told to mind case.
Value foldCase(Context &context, const Value &value) {
  if (!value.isString())
    return value;
  context.charge(value.string().size());
  return context.text(toLower(value.string()));
}

/// One text, or the characters of undefined: what Jinja's soft_str makes of a value.
std::string textOf(Context &context, const Value &value) { return context.toText(value); }

Value listOf(Values items, ListKind kind = ListKind::list) { return Value(List{std::move(items), kind}); }

Value lengthOf(Context &context, const Value &input, const Bound &) {
  if (input.isUndefined())
    return Value(int64_t{0});
  if (input.isString()) {
    context.charge(input.string().size());
    return Value(static_cast<int64_t>(countCodePoints(input.string())));
  }
  if (input.isDictionary())
    return Value(static_cast<int64_t>(input.dictionary().entries.size()));
  if (input.isList() && input.list().kind != ListKind::generator)
    return Value(static_cast<int64_t>(input.list().items.size()));
  throw Error("object of type '" + std::string(input.typeName()) + "' has no length");
}

Value makeList(Context &context, const Value &input, const Bound &) { return listOf(context.iterate(input)); }

Value trim(Context &context, const Value &input, const Bound &arguments) {
  const std::string text = textOf(context, input);
  const std::string *set = arguments.text(0);
  context.charge(text.size() * (1 + (set ? set->size() : 0)));
  return context.text(
      strip(text, true, true, set ? std::optional<std::string_view>(*set) : std::optional<std::string_view>()));
}

Value upper(Context &context, const Value &input, const Bound &) {
  return context.text(toUpper(textOf(context, input)));
}
Value lower(Context &context, const Value &input, const Bound &) {
  return context.text(toLower(textOf(context, input)));
}
Value capitalizeText(Context &context, const Value &input, const Bound &) {
  return context.text(capitalize(textOf(context, input)));
}

/// Jinja's own: words begin after white space, hyphens and opening brackets.
Value title(Context &context, const Value &input, const Bound &) {
  const std::string text = textOf(context, input);
  auto separates = [](uint32_t value) {
    return isSpace(value) || value == '-' || value == '(' || value == '{' || value == '[' || value == '<';
  };
  std::string result;
  for (size_t i = 0; i < text.size();) {
    const bool separator = separates(decodeCodePoint(text, i).value);
    size_t end = i;
    while (end < text.size() && separates(decodeCodePoint(text, end).value) == separator)
      end += decodeCodePoint(text, end).bytes;
    const std::string_view part = std::string_view(text).substr(i, end - i);
    result += separator ? std::string(part) : capitalize(part);
    i = end;
  }
  return context.text(std::move(result));
}

Value string(Context &context, const Value &input, const Bound &) { return context.text(textOf(context, input)); }

/// Nothing is escaped where nothing escapes by itself, as in chat templates.
Value safe(Context &, const Value &input, const Bound &) { return input; }

Value escape(Context &context, const Value &input, const Bound &) {
  std::string result;
  for (char c : textOf(context, input)) {
    constexpr std::string_view special = "&<>'\"";
    constexpr const char *names[] = {"&amp;", "&lt;", "&gt;", "&#39;", "&#34;"};
    const size_t found = special.find(c);
    if (found == special.npos)
      result += c;
    else
      result += names[found];
  }
  return context.text(std::move(result));
}

Value fallback(Context &context, const Value &input, const Bound &arguments) {
  const bool absent = input.isUndefined() || (arguments.flag(1, false) && !input.truth());
  if (!absent)
    return input;
  return arguments.find(0) ? *arguments.find(0) : context.text("");
}

Value join(Context &context, const Value &input, const Bound &arguments) {
  const std::string separator = arguments.find(0) ? context.toText(*arguments.find(0)) : "";
  std::string result;
  bool first = true;
  for (const Value &item : context.iterate(input)) {
    if (!first)
      result += separator;
    first = false;
    context.charge(separator.size());
    result += context.toText(arguments.find(1) ? context.path(item, *arguments.find(1)) : item);
  }
  return context.text(std::move(result));
}

Value replaceText(Context &context, const Value &input, const Bound &arguments) {
  const std::string text = textOf(context, input);
  const std::string from = context.toText(arguments.require(0));
  const std::string to = context.toText(arguments.require(1));
  context.charge(text.size() * (1 + from.size() / 64));
  return context.text(replace(text, from, to, arguments.integer(2, -1), maximumValueWeight));
}

Value toJson(Context &context, const Value &input, const Bound &arguments) {
  JsonStyle style;
  style.ascii = arguments.flag(0, false);
  style.indent = arguments.integer(1, -1);
  if (style.indent >= 0)
    style.itemSeparator = ",";
  if (style.indent > 64)
    throw Error("tojson(): an indent of more than 64 is not supported");
  if (const Value *separators = arguments.find(2); separators && !separators->isNone()) {
    const Values parts = context.iterate(*separators);
    if (parts.size() != 2 || !parts[0].isString() || !parts[1].isString())
      throw Error("tojson(): 'separators' are two strings");
    style.itemSeparator = parts[0].string();
    style.keySeparator = parts[1].string();
  }
  style.sorted = arguments.flag(3, false);
  context.charge(input.weight() * (1 + (style.itemSeparator.size() + style.keySeparator.size()) / 16));
  return context.text(writeJson(input, style));
}

Value fromJson(Context &context, const Value &input, const Bound &) {
  if (!input.isString())
    throw Error("from_json takes a string");
  context.charge(input.string().size() * 32);
  return parseJson(input.string());
}

Values pairsOf(Context &context, const Dictionary &dictionary) {
  Values pairs;
  for (const auto &[key, value] : dictionary.entries) {
    context.charge(128);
    pairs.push_back(listOf({key, value}, ListKind::tuple));
  }
  return pairs;
}

Value items(Context &context, const Value &input, const Bound &) {
  if (input.isUndefined())
    return listOf({}, ListKind::generator);
  if (!input.isDictionary())
    throw Error("items takes a mapping");
  return listOf(pairsOf(context, input.dictionary()), ListKind::generator);
}

/// Sorts by keys that are made of the items; equal ones keep their order.
Values sortBy(Context &context, const Values &values, bool reverse, const std::function<Value(const Value &)> &key) {
  struct Keyed {
    Value key;
    size_t position;
  };
  std::vector<Keyed> order;
  for (const Value &value : values)
    order.push_back({key(value), order.size()});
  std::sort(order.begin(), order.end(), [&](const Keyed &a, const Keyed &b) {
    context.charge(2 * std::min(a.key.weight(), b.key.weight()));
    if (reverse ? less(b.key, a.key) : less(a.key, b.key))
      return true;
    return !(reverse ? less(a.key, b.key) : less(b.key, a.key)) && a.position < b.position;
  });
  Values sorted;
  for (const Keyed &entry : order)
    sorted.push_back(values[entry.position]);
  return sorted;
}

Value dictsort(Context &context, const Value &input, const Bound &arguments) {
  if (!input.isDictionary())
    throw Error("dictsort takes a mapping, not '" + std::string(input.typeName()) + "'");
  const bool caseSensitive = arguments.flag(0, false);
  const std::string *by = arguments.text(1);
  if (by && *by != "key" && *by != "value")
    throw Error("dictsort sorts by key or by value");
  const size_t position = by && *by == "value";
  return listOf(sortBy(context, pairsOf(context, input.dictionary()), arguments.flag(2, false), [&](const Value &pair) {
    const Value &part = pair.list().items[position];
    return caseSensitive ? part : foldCase(context, part);
  }));
}

/// The key that sort, unique, min and max compare by.
std::function<Value(const Value &)> keyOf(Context &context, bool caseSensitive, const Value *attribute) {
  return [&context, caseSensitive, attribute](const Value &item) {
    Value key = attribute && !attribute->isNone() ? context.path(item, *attribute) : item;
    return caseSensitive ? key : foldCase(context, key);
  };
}

Value sort(Context &context, const Value &input, const Bound &arguments) {
  return listOf(sortBy(context, context.iterate(input), arguments.flag(0, false),
                       keyOf(context, arguments.flag(1, false), arguments.find(2))));
}

Value unique(Context &context, const Value &input, const Bound &arguments) {
  const auto key = keyOf(context, arguments.flag(0, false), arguments.find(1));
  Values kept, keys;
  for (const Value &item : context.iterate(input)) {
    const Value own = key(item);
    auto same = [&](const Value &other) {
      context.charge(std::min(own.weight(), other.weight()));
      return equal(own, other);
    };
    if (std::any_of(keys.begin(), keys.end(), same))
      continue;
    keys.push_back(own);
    kept.push_back(item);
  }
  return listOf(std::move(kept), ListKind::generator);
}

Value extreme(Context &context, const Value &input, const Bound &arguments, bool largest) {
  const Values values = context.iterate(input);
  if (values.empty())
    return Value::undefined("No aggregated item, sequence was empty.");
  const auto key = keyOf(context, arguments.flag(0, false), arguments.find(1));
  const Value *best = &values[0];
  Value bestKey = key(*best);
  for (const Value &value : values) {
    const Value own = key(value);
    if (largest ? less(bestKey, own) : less(own, bestKey)) {
      best = &value;
      bestKey = own;
    }
  }
  return *best;
}
Value minimum(Context &context, const Value &input, const Bound &arguments) {
  return extreme(context, input, arguments, false);
}
Value maximum(Context &context, const Value &input, const Bound &arguments) {
  return extreme(context, input, arguments, true);
}

Value first(Context &context, const Value &input, const Bound &) {
  const Values values = context.iterate(input);
  return values.empty() ? Value::undefined("No first item, sequence was empty.") : values.front();
}

Value last(Context &context, const Value &input, const Bound &) {
  if (input.isList() && input.list().kind == ListKind::generator)
    throw Error("'generator' object is not reversible");
  const Values values = context.iterate(input);
  return values.empty() ? Value::undefined("No last item, sequence was empty.") : values.back();
}

Value reverse(Context &context, const Value &input, const Bound &) {
  Values values = context.iterate(input);
  std::reverse(values.begin(), values.end());
  if (!input.isString())
    return listOf(std::move(values), ListKind::generator);
  std::string result;
  for (const Value &value : values)
    result += value.string();
  return context.text(std::move(result));
}

Value sum(Context &context, const Value &input, const Bound &arguments) {
  Value total = arguments.find(1) ? *arguments.find(1) : Value(int64_t{0});
  for (const Value &item : context.iterate(input)) {
    const bool byAttribute = arguments.find(0) && !arguments.find(0)->isNone();
    total = compute(context, BinaryOperator::add, total, byAttribute ? context.path(item, *arguments.find(0)) : item);
  }
  return total;
}

std::optional<double> parseReal(std::string_view text) {
  text = strip(text, true, true);
  if (text.starts_with('+'))
    text.remove_prefix(1);
  double value = 0;
  const char *end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && !text.empty() ? std::optional(value) : std::nullopt;
}

Value toInteger(Context &context, const Value &input, const Bound &arguments) {
  const Value otherwise = arguments.find(0) ? *arguments.find(0) : Value(int64_t{0});
  const int64_t base = arguments.integer(1, 10);
  if (base < 2 || base > 36)
    throw Error("int() takes a base from 2 to 36");
  std::optional<double> real;
  if (input.isString()) {
    context.charge(input.string().size());
    std::string_view text = strip(input.string(), true, true);
    if (text.starts_with('+'))
      text.remove_prefix(1);
    int64_t value = 0;
    const char *end = text.data() + text.size();
    auto [stop, error] = std::from_chars(text.data(), end, value, static_cast<int>(base));
    if (error == std::errc() && stop == end && !text.empty())
      return Value(value);
    real = parseReal(text);
  } else if (input.isReal()) {
    real = input.real();
  } else if (input.isNumber()) {
    return Value(input.integer());
  }
  return real && std::fabs(*real) < 9e18 ? Value(static_cast<int64_t>(*real)) : otherwise;
}

Value toReal(Context &context, const Value &input, const Bound &arguments) {
  if (input.isNumber())
    return Value(input.real());
  if (input.isString()) {
    context.charge(input.string().size());
    if (auto value = parseReal(input.string()))
      return Value(*value);
  }
  return arguments.find(0) ? *arguments.find(0) : Value(0.0);
}

Value absolute(Context &, const Value &input, const Bound &) {
  if (!input.isNumber())
    throw Error("abs takes a number, not '" + std::string(input.typeName()) + "'");
  return input.real() < 0 ? negate(input) : input.isBoolean() ? Value(input.integer()) : input;
}

Value round(Context &, const Value &input, const Bound &arguments) {
  if (!input.isNumber())
    throw Error("round takes a number, not '" + std::string(input.typeName()) + "'");
  const int64_t precision = arguments.integer(0, 0);
  const std::string method = arguments.text(1) ? *arguments.text(1) : "common";
  if (precision < -15 || precision > 15)
    throw Error("round(): a precision beyond 15 digits is not supported");
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = input.real() * scale;
  if (method == "ceil" || method == "floor")
    return Value((method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale);
  if (method != "common")
    throw Error("round takes the method common, ceil or floor");
  if (!input.isReal() && precision >= 0)
    return Value(input.integer());
  // Half to even of the number as it is printed, which is what Python's round gives.
  char text[400];
  snprintf(text, sizeof(text), "%.*f", static_cast<int>(std::max<int64_t>(precision, 0)), input.real());
  const double rounded = precision < 0 ? std::nearbyint(scaled) / scale : *parseReal(text);
  return input.isReal() ? Value(rounded) : Value(static_cast<int64_t>(rounded));
}

Value indent(Context &context, const Value &input, const Bound &arguments) {
  const std::string text = textOf(context, input) + "\n";
  std::string indention = "    ";
  if (const Value *width = arguments.find(0)) {
    const int64_t spaces = width->isString() ? 0 : arguments.integer(0, 4);
    if (spaces > 1000)
      throw Error("indent(): a width beyond 1000 is not supported");
    indention = width->isString() ? width->string() : std::string(std::max<int64_t>(spaces, 0), ' ');
  }
  std::string result = arguments.flag(1, false) ? indention : "";
  bool isFirst = true;
  for (std::string_view line : splitLines(text, false)) {
    context.charge(indention.size() + line.size() + 16);
    if (!isFirst)
      result += "\n" + (line.empty() && !arguments.flag(2, false) ? "" : indention);
    isFirst = false;
    result += line;
  }
  return context.text(std::move(result));
}

Value wordCount(Context &context, const Value &input, const Bound &) {
  const std::string text = textOf(context, input);
  size_t words = 0;
  bool inside = false;
  for (size_t i = 0; i < text.size();) {
    const CodePoint point = decodeCodePoint(text, i);
    const bool word = point.value >= 0x80 ? isOf(std::string_view(text).substr(i, point.bytes), Class::alphanumeric)
                                          : point.value == '_' || isalnum(static_cast<int>(point.value));
    words += word && !inside;
    inside = word;
    i += point.bytes;
    context.charge(16);
  }
  return Value(static_cast<int64_t>(words));
}

Value truncate(Context &context, const Value &input, const Bound &arguments) {
  const std::string text = textOf(context, input);
  const int64_t length = arguments.integer(0, 255);
  const std::string end = arguments.text(2) ? *arguments.text(2) : "...";
  const int64_t leeway = arguments.integer(3, 5);
  const std::vector<size_t> offsets = codePointOffsets(text);
  const int64_t kept = length - static_cast<int64_t>(countCodePoints(end));
  if (kept < 0 || leeway < 0)
    throw Error("truncate(): the length is too small");
  if (static_cast<int64_t>(offsets.size()) - 1 <= length + leeway)
    return context.text(text);
  std::string result = text.substr(0, offsets[kept]);
  if (!arguments.flag(1, false))
    if (size_t space = result.rfind(' '); space != std::string::npos)
      result.resize(space);
  return context.text(result + end);
}

Value center(Context &context, const Value &input, const Bound &arguments) {
  const int64_t width = std::min<int64_t>(arguments.integer(0, 80), 10000);
  const std::string text = textOf(context, input);
  const int64_t missing = width - static_cast<int64_t>(countCodePoints(text));
  if (missing <= 0)
    return context.text(text);
  const size_t left = missing / 2 + (missing & width & 1);
  return context.text(std::string(left, ' ') + text + std::string(missing - left, ' '));
}

Value urlencode(Context &context, const Value &input, const Bound &) {
  if (!input.isString())
    throw Error("urlencode takes a string");
  std::string result;
  for (char c : input.string()) {
    constexpr std::string_view kept = "-._~/";
    char escaped[4];
    if (isalnum(static_cast<unsigned char>(c)) || kept.find(c) != kept.npos) {
      result += c;
      continue;
    }
    snprintf(escaped, sizeof(escaped), "%%%02X", static_cast<unsigned char>(c));
    result += escaped;
  }
  return context.text(std::move(result));
}

Value attr(Context &context, const Value &input, const Bound &arguments) {
  const std::string *name = arguments.text(0);
  if (!name)
    throw Error("attr takes the name of an attribute");
  // Not an item, in contrast to `input.name`.
  return input.isDictionary() ? context.attribute(Value(Dictionary()), *name) : context.attribute(input, *name);
}

Value batch(Context &context, const Value &input, const Bound &arguments) {
  const int64_t count = arguments.integer(0, 0);
  if (count < 1)
    throw Error("batch takes how many items make one");
  Values batches, current;
  for (const Value &item : context.iterate(input)) {
    current.push_back(item);
    if (static_cast<int64_t>(current.size()) < count)
      continue;
    batches.push_back(listOf(std::move(current)));
    current.clear();
    context.charge(64);
  }
  if (!current.empty()) {
    context.charge(std::min<uint64_t>(count, maximumValueWeight) * (arguments.find(1) ? sizeof(Value) : 0));
    while (arguments.find(1) && !arguments.find(1)->isNone() && static_cast<int64_t>(current.size()) < count)
      current.push_back(*arguments.find(1));
    batches.push_back(listOf(std::move(current)));
  }
  return listOf(std::move(batches), ListKind::generator);
}

Value groupBy(Context &context, const Value &input, const Bound &arguments) {
  const Value &attribute = arguments.require(0);
  const bool caseSensitive = arguments.flag(2, false);
  auto own = [&](const Value &item) {
    Value key = context.path(item, attribute);
    return key.isUndefined() && arguments.find(1) ? *arguments.find(1) : key;
  };
  auto key = [&](const Value &item) { return caseSensitive ? own(item) : foldCase(context, own(item)); };
  Values groups, current;
  Value currentKey, shownKey;
  auto close = [&] {
    if (!current.empty())
      groups.push_back(listOf({shownKey, listOf(std::move(current))}, ListKind::tuple));
    current.clear();
  };
  for (const Value &item : sortBy(context, context.iterate(input), false, key)) {
    Value itemKey = key(item);
    context.charge(64);
    if (current.empty() || !equal(currentKey, itemKey)) {
      close();
      currentKey = itemKey;
      shownKey = own(item);
    }
    current.push_back(item);
  }
  close();
  return listOf(std::move(groups));
}

/// map(attribute=NAME, default=VALUE), or map(FILTER, arguments…).
Value map(Context &context, const Value &input, const Arguments &arguments) {
  Values results;
  // Of none too there is nothing to map; the same below.
  if (!input.truth())
    return listOf({}, ListKind::generator);
  const Value *attribute = nullptr, *otherwise = nullptr;
  if (arguments.positional.empty()) {
    for (const auto &[name, value] : arguments.named) {
      if (name != "attribute" && name != "default")
        throw Error("map() got an unexpected argument '" + name + "'");
      (name == "attribute" ? attribute : otherwise) = &value;
    }
    if (!attribute)
      throw Error("map() needs a filter or an attribute");
    for (const Value &item : context.iterate(input)) {
      Value value = context.path(item, *attribute);
      results.push_back(value.isUndefined() && otherwise ? *otherwise : value);
    }
    return listOf(std::move(results), ListKind::generator);
  }
  const Value &name = arguments.positional[0];
  const Filter *filter = name.isString() ? findFilter(name.string()) : nullptr;
  if (!filter)
    throw Error("map(): there is no filter '" + context.toText(name) + "'");
  const Arguments rest{{arguments.positional.begin() + 1, arguments.positional.end()}, arguments.named};
  for (const Value &item : context.iterate(input))
    results.push_back(applyFilter(context, *filter, item, rest));
  return listOf(std::move(results), ListKind::generator);
}

/// select(TEST, arguments…) and its three relatives.
Value choose(Context &context, const Value &input, const Arguments &arguments, bool byAttribute, bool wanted) {
  if (!input.truth())
    return listOf({}, ListKind::generator);
  const size_t first = byAttribute;
  if (arguments.positional.size() < first)
    throw Error("selectattr() and rejectattr() need an attribute");
  const Test *test = nullptr;
  Arguments rest;
  if (arguments.positional.size() > first) {
    const Value &name = arguments.positional[first];
    test = name.isString() ? findTest(name.string()) : nullptr;
    if (!test)
      throw Error("there is no test '" + context.toText(name) + "'");
    rest = {{arguments.positional.begin() + first + 1, arguments.positional.end()}, arguments.named};
  }
  Values kept;
  for (const Value &item : context.iterate(input)) {
    context.charge(32);
    const Value value = byAttribute ? context.path(item, arguments.positional[0]) : item;
    if ((test ? applyTest(context, *test, value, rest) : value.truth()) == wanted)
      kept.push_back(item);
  }
  return listOf(std::move(kept), ListKind::generator);
}
Value select(Context &context, const Value &input, const Arguments &arguments) {
  return choose(context, input, arguments, false, true);
}
Value reject(Context &context, const Value &input, const Arguments &arguments) {
  return choose(context, input, arguments, false, false);
}
Value selectAttribute(Context &context, const Value &input, const Arguments &arguments) {
  return choose(context, input, arguments, true, true);
}
Value rejectAttribute(Context &context, const Value &input, const Arguments &arguments) {
  return choose(context, input, arguments, true, false);
}

Value format(Context &context, const Value &input, const Arguments &arguments) {
  if (!arguments.positional.empty() && !arguments.named.empty())
    throw Error("format takes arguments by position or by name, not both");
  Dictionary named;
  for (const auto &[name, value] : arguments.named)
    named.set(Value(name), value);
  const Value values = named.entries.empty() ? listOf(arguments.positional, ListKind::tuple) : Value(std::move(named));
  return context.text(formatPercent(context, textOf(context, input), values));
}

constexpr Filter filters[] = {
    {"abs", {}, absolute},
    {"attr", {"name"}, attr},
    {"batch", {"linecount", "fill_with"}, batch},
    {"capitalize", {}, capitalizeText},
    {"center", {"width"}, center},
    {"count", {}, lengthOf},
    {"d", {"default_value", "boolean"}, fallback},
    {"default", {"default_value", "boolean"}, fallback},
    {"dictsort", {"case_sensitive", "by", "reverse"}, dictsort},
    {"e", {}, escape},
    {"escape", {}, escape},
    {"first", {}, first},
    {"float", {"default"}, toReal},
    {"forceescape", {}, escape},
    {"format", {}, nullptr, format},
    {"from_json", {}, fromJson},
    {"groupby", {"attribute", "default", "case_sensitive"}, groupBy},
    {"indent", {"width", "first", "blank"}, indent},
    {"int", {"default", "base"}, toInteger},
    {"items", {}, items},
    {"join", {"d", "attribute"}, join},
    {"last", {}, last},
    {"length", {}, lengthOf},
    {"list", {}, makeList},
    {"lower", {}, lower},
    {"map", {}, nullptr, map},
    {"max", {"case_sensitive", "attribute"}, maximum},
    {"min", {"case_sensitive", "attribute"}, minimum},
    {"reject", {}, nullptr, reject},
    {"rejectattr", {}, nullptr, rejectAttribute},
    {"replace", {"old", "new", "count"}, replaceText},
    {"reverse", {}, reverse},
    {"round", {"precision", "method"}, round},
    {"safe", {}, safe},
    {"select", {}, nullptr, select},
    {"selectattr", {}, nullptr, selectAttribute},
    {"sort", {"reverse", "case_sensitive", "attribute"}, sort},
    {"string", {}, string},
    {"sum", {"attribute", "start"}, sum},
    {"title", {}, title},
    {"tojson", {"ensure_ascii", "indent", "separators", "sort_keys"}, toJson},
    {"trim", {"chars"}, trim},
    {"truncate", {"length", "killwords", "end", "leeway"}, truncate},
    {"unique", {"case_sensitive", "attribute"}, unique},
    {"upper", {}, upper},
    {"urlencode", {}, urlencode},
    {"wordcount", {}, wordCount},
};

} // namespace

const Filter *findFilter(std::string_view name) {
  for (const Filter &filter : filters)
    if (name == filter.name)
      return &filter;
  return nullptr;
}

Value applyFilter(Context &context, const Filter &filter, const Value &input, const Arguments &arguments) {
  context.charge(16);
  Context::Depth deeper(context);
  if (filter.applyFreely)
    return filter.applyFreely(context, input, arguments);
  return filter.apply(context, input, Bound(filter.name, filter.parameters, arguments));
}

} // namespace ingot::text::jinja
