//===- methods.cpp - Methods of Python's strings, lists, dictionaries -----===//

#include "runtime/text/template/operators.h"
#include "runtime/text/template/strings.h"
#include "runtime/text/template/tables.h"

#include <algorithm>

namespace ingot::text::jinja {
namespace {

std::optional<std::string_view> optionalText(const Bound &arguments, size_t parameter) {
  const std::string *text = arguments.text(parameter);
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

const std::string &requireText(const Bound &arguments, size_t parameter) {
  arguments.require(parameter);
  if (const std::string *text = arguments.text(parameter))
    return *text;
  throw Error("a method of a string takes a string, not None");
}

template <bool left, bool right> Value stripEnds(Context &context, const Value &self, const Bound &arguments) {
  const auto set = optionalText(arguments, 0);
  context.charge(self.string().size() * (1 + (set ? set->size() : 0)));
  return context.text(strip(self.string(), left, right, set));
}

Value listOfTexts(Context &context, const std::vector<std::string_view> &parts, ListKind kind = ListKind::list) {
  List list;
  list.kind = kind;
  for (std::string_view part : parts) {
    context.charge(64);
    list.items.push_back(context.text(part));
  }
  return Value(std::move(list));
}

template <bool fromRight> Value splitText(Context &context, const Value &self, const Bound &arguments) {
  const auto separator = optionalText(arguments, 0);
  if (separator && separator->empty())
    throw Error("empty separator");
  context.charge(self.string().size() * 8);
  const int64_t most = arguments.integer(1, -1);
  return listOfTexts(context, fromRight ? splitFromRight(self.string(), separator, most)
                                        : split(self.string(), separator, most));
}

template <bool fromRight> Value partition(Context &context, const Value &self, const Bound &arguments) {
  const std::string &separator = requireText(arguments, 0);
  if (separator.empty())
    throw Error("empty separator");
  const std::string &text = self.string();
  context.charge(text.size());
  const size_t found = fromRight ? text.rfind(separator) : text.find(separator);
  std::string_view view = text;
  if (found == std::string::npos)
    return listOfTexts(
        context, fromRight ? std::vector<std::string_view>{"", "", view} : std::vector<std::string_view>{view, "", ""},
        ListKind::tuple);
  return listOfTexts(context, {view.substr(0, found), separator, view.substr(found + separator.size())},
                     ListKind::tuple);
}

/// str.startswith and str.endswith, of a string or a tuple of them.
template <bool start> Value hasEnd(Context &context, const Value &self, const Bound &arguments) {
  const Value &wanted = arguments.require(0);
  auto has = [&](const Value &part) {
    if (!part.isString())
      throw Error("startswith and endswith take a string or a tuple of strings");
    return start ? self.string().starts_with(part.string()) : self.string().ends_with(part.string());
  };
  if (!wanted.isList())
    return Value(has(wanted));
  const Values parts = context.iterate(wanted);
  return Value(std::any_of(parts.begin(), parts.end(), has));
}

/// The position of a text, in code points; -1 where it is not found.
int64_t findText(Context &context, const Value &self, const Bound &arguments, bool fromRight) {
  const std::string &part = requireText(arguments, 0);
  const std::string &text = self.string();
  context.charge(text.size() * (9 + part.size() / 64));
  const std::vector<size_t> offsets = codePointOffsets(text);
  const auto size = static_cast<int64_t>(offsets.size()) - 1;
  auto clamp = [size](int64_t index) { return std::clamp<int64_t>(index < 0 ? index + size : index, 0, size); };
  if (arguments.integer(1, 0) > size)
    return -1;
  const int64_t begin = clamp(arguments.integer(1, 0)), end = clamp(arguments.integer(2, size));
  if (end < begin)
    return -1;
  const std::string_view within = std::string_view(text).substr(offsets[begin], offsets[end] - offsets[begin]);
  const size_t found = fromRight ? within.rfind(part) : within.find(part);
  return found == within.npos ? -1 : begin + static_cast<int64_t>(countCodePoints(within.substr(0, found)));
}
template <bool fromRight> Value find(Context &context, const Value &self, const Bound &arguments) {
  return Value(findText(context, self, arguments, fromRight));
}
template <bool fromRight> Value findOrFail(Context &context, const Value &self, const Bound &arguments) {
  const int64_t found = findText(context, self, arguments, fromRight);
  if (found < 0)
    throw Error("substring not found");
  return Value(found);
}

Value countText(Context &context, const Value &self, const Bound &arguments) {
  const std::string &part = requireText(arguments, 0);
  const std::string &text = self.string();
  context.charge(text.size() * (1 + part.size() / 64));
  if (part.empty())
    return Value(static_cast<int64_t>(countCodePoints(text)) + 1);
  int64_t count = 0;
  for (size_t i = text.find(part); i != std::string::npos; i = text.find(part, i + part.size()))
    ++count;
  return Value(count);
}

Value replaceText(Context &context, const Value &self, const Bound &arguments) {
  const std::string &from = requireText(arguments, 0);
  const std::string &to = requireText(arguments, 1);
  context.charge(self.string().size() * (1 + from.size() / 64));
  return context.text(replace(self.string(), from, to, arguments.integer(2, -1), maximumValueWeight));
}

Value joinTexts(Context &context, const Value &self, const Bound &arguments) {
  std::string result;
  bool first = true;
  for (const Value &item : context.iterate(arguments.require(0))) {
    if (!item.isString())
      throw Error("join takes strings, not '" + std::string(item.typeName()) + "'");
    context.charge(self.string().size() + item.string().size());
    result += first ? "" : self.string();
    result += item.string();
    first = false;
  }
  return context.text(std::move(result));
}

Value removePrefix(Context &context, const Value &self, const Bound &arguments) {
  const std::string &prefix = requireText(arguments, 0);
  return context.text(self.string().substr(self.string().starts_with(prefix) ? prefix.size() : 0));
}
Value removeSuffix(Context &context, const Value &self, const Bound &arguments) {
  const std::string &suffix = requireText(arguments, 0);
  const size_t cut = self.string().ends_with(suffix) ? suffix.size() : 0;
  return context.text(self.string().substr(0, self.string().size() - cut));
}

/// str.ljust and str.rjust with one character.
template <bool left> Value justify(Context &context, const Value &self, const Bound &arguments) {
  const int64_t width = arguments.integer(0, 0);
  const std::string fill = arguments.text(1) ? *arguments.text(1) : " ";
  if (countCodePoints(fill) != 1)
    throw Error("The fill character must be exactly one character long");
  const int64_t missing = width - static_cast<int64_t>(countCodePoints(self.string()));
  if (missing <= 0)
    return self;
  const Value padding = compute(context, BinaryOperator::multiply, Value(fill), Value(missing));
  return compute(context, BinaryOperator::add, left ? self : padding, left ? padding : self);
}

template <Class kind> Value is(Context &context, const Value &self, const Bound &) {
  context.charge(self.string().size() * 4 + 256);
  return Value(isOf(self.string(), kind));
}

using Change = std::string (*)(std::string_view);
template <Change change> Value changed(Context &context, const Value &self, const Bound &) {
  context.charge(self.string().size() * 4);
  return context.text(change(self.string()));
}

Value linesOf(Context &context, const Value &self, const Bound &arguments) {
  return listOfTexts(context, splitLines(self.string(), arguments.flag(0, false)));
}

Value format(Context &context, const Value &self, const Arguments &arguments) {
  return context.text(formatBraces(context, self.string(), arguments));
}

Value getItem(Context &context, const Value &self, const Bound &arguments) {
  context.charge(self.dictionary().entries.size());
  if (const Value *found = self.dictionary().find(arguments.require(0)))
    return *found;
  return arguments.find(1) ? *arguments.find(1) : Value(nullptr);
}

Value keysOf(Context &context, const Value &self, const Bound &) {
  return Value(List{context.iterate(self), ListKind::view});
}

Value valuesOf(Context &context, const Value &self, const Bound &) {
  List list;
  list.kind = ListKind::view;
  for (const Dictionary::Entry &entry : self.dictionary().entries) {
    context.charge(sizeof(Value));
    list.items.push_back(entry.second);
  }
  return Value(std::move(list));
}

Value itemsOf(Context &context, const Value &self, const Bound &) {
  List list;
  list.kind = ListKind::view;
  for (const auto &[key, value] : self.dictionary().entries) {
    context.charge(128);
    list.items.push_back(Value(List{{key, value}, ListKind::tuple}));
  }
  return Value(std::move(list));
}

Value copy(Context &, const Value &self, const Bound &) { return self; }

int64_t countEqual(Context &context, const Value &self, const Value &wanted) {
  int64_t count = 0;
  for (const Value &item : self.list().items) {
    context.charge(std::min(item.weight(), wanted.weight()));
    count += equal(item, wanted);
  }
  return count;
}

Value countItems(Context &context, const Value &self, const Bound &arguments) {
  return Value(countEqual(context, self, arguments.require(0)));
}

Value indexOf(Context &context, const Value &self, const Bound &arguments) {
  const Values &items = self.list().items;
  for (size_t i = 0; i < items.size(); ++i) {
    context.charge(items[i].weight());
    if (equal(items[i], arguments.require(0)))
      return Value(static_cast<int64_t>(i));
  }
  throw Error("a value is not in list");
}

/// What Jinja's ImmutableSandboxedEnvironment does: methods that change a value are there, and refuse.
Value refuse(Context &, const Value &self, const Arguments &) {
  throw Error("a template may not change a " + std::string(self.typeName()) + "; use a namespace");
}

constexpr Method methods[] = {
    {"str", "capitalize", {}, changed<capitalize>},
    {"str", "count", {"sub"}, countText},
    {"str", "endswith", {"suffix"}, hasEnd<false>},
    {"str", "find", {"sub", "start", "end"}, find<false>},
    {"str", "format", {}, nullptr, format},
    {"str", "index", {"sub", "start", "end"}, findOrFail<false>},
    {"str", "isalnum", {}, is<Class::alphanumeric>},
    {"str", "isalpha", {}, is<Class::letter>},
    {"str", "isdecimal", {}, is<Class::decimal>},
    {"str", "isdigit", {}, is<Class::decimal>},
    {"str", "islower", {}, is<Class::lower>},
    {"str", "isnumeric", {}, is<Class::decimal>},
    {"str", "isspace", {}, is<Class::space>},
    {"str", "isupper", {}, is<Class::upper>},
    {"str", "join", {"iterable"}, joinTexts},
    {"str", "ljust", {"width", "fillchar"}, justify<true>},
    {"str", "lower", {}, changed<toLower>},
    {"str", "lstrip", {"chars"}, stripEnds<true, false>},
    {"str", "partition", {"sep"}, partition<false>},
    {"str", "removeprefix", {"prefix"}, removePrefix},
    {"str", "removesuffix", {"suffix"}, removeSuffix},
    {"str", "replace", {"old", "new", "count"}, replaceText},
    {"str", "rfind", {"sub", "start", "end"}, find<true>},
    {"str", "rindex", {"sub", "start", "end"}, findOrFail<true>},
    {"str", "rjust", {"width", "fillchar"}, justify<false>},
    {"str", "rpartition", {"sep"}, partition<true>},
    {"str", "rsplit", {"sep", "maxsplit"}, splitText<true>},
    {"str", "rstrip", {"chars"}, stripEnds<false, true>},
    {"str", "split", {"sep", "maxsplit"}, splitText<false>},
    {"str", "splitlines", {"keepends"}, linesOf},
    {"str", "startswith", {"prefix"}, hasEnd<true>},
    {"str", "strip", {"chars"}, stripEnds<true, true>},
    {"str", "title", {}, changed<titleCase>},
    {"str", "upper", {}, changed<toUpper>},
    {"dict", "clear", {}, nullptr, refuse},
    {"dict", "copy", {}, copy},
    {"dict", "get", {"key", "default"}, getItem},
    {"dict", "items", {}, itemsOf},
    {"dict", "keys", {}, keysOf},
    {"dict", "pop", {}, nullptr, refuse},
    {"dict", "popitem", {}, nullptr, refuse},
    {"dict", "setdefault", {}, nullptr, refuse},
    {"dict", "update", {}, nullptr, refuse},
    {"dict", "values", {}, valuesOf},
    {"list", "append", {}, nullptr, refuse},
    {"list", "clear", {}, nullptr, refuse},
    {"list", "copy", {}, copy},
    {"list", "count", {"value"}, countItems},
    {"list", "extend", {}, nullptr, refuse},
    {"list", "index", {"value"}, indexOf},
    {"list", "insert", {}, nullptr, refuse},
    {"list", "pop", {}, nullptr, refuse},
    {"list", "remove", {}, nullptr, refuse},
    {"list", "reverse", {}, nullptr, refuse},
    {"list", "sort", {}, nullptr, refuse},
    {"tuple", "count", {"value"}, countItems},
    {"tuple", "index", {"value"}, indexOf},
};

/// Methods of Python's strings, numbers and dictionaries that are in no row above.
constexpr std::string_view missing[] = {
    "as_integer_ratio", "bit_count",  "bit_length", "casefold", "center",   "conjugate",    "encode",
    "expandtabs",       "format_map", "fromkeys",   "hex",      "isascii",  "isidentifier", "is_integer",
    "isprintable",      "istitle",    "maketrans",  "swapcase", "to_bytes", "translate",    "zfill",
};

} // namespace

const Method *findMethod(std::string_view type, std::string_view name) {
  for (const Method &method : methods)
    if (name == method.name && type == method.type)
      return &method;
  return nullptr;
}

bool isMissingMethod(std::string_view name) {
  return std::find(std::begin(missing), std::end(missing), name) != std::end(missing);
}

} // namespace ingot::text::jinja
