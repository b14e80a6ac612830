//===- context.cpp - What a rendering offers to its functions -------------===//

#include "runtime/text/template/context.h"
#include "runtime/text/template/strings.h"
#include "runtime/text/template/tables.h"

#include <algorithm>
#include <charconv>

namespace ingot::text::jinja {
namespace {

/// Expressions and statements within each other, macros followed; each takes some of the stack.
constexpr uint32_t maximumDepth = 1000;

Value missing(const Value &object, const std::string &name) {
  return Value::undefined("'" + std::string(object.typeName()) + " object' has no attribute '" + name + "'");
}

/// A method with the value that it was taken from.
class BoundMethod : public Object {
public:
  BoundMethod(const Method &method, Value self) : method(method), self(std::move(self)) {}
  std::string_view typeName() const override { return "method"; }
  bool isCallable() const override { return true; }
  Value call(Context &context, const Arguments &arguments) const override {
    if (method.applyFreely)
      return method.applyFreely(context, self, arguments);
    return method.apply(context, self, Bound(method.name, method.parameters, arguments));
  }

private:
  const Method &method;
  const Value self;
};

/// The method of a value, or undefined.
Value findMember(const Value &object, std::string_view name) {
  if (object.isObject())
    return object.object()->attribute(name);
  if (const Method *method = findMethod(object.typeName(), name))
    return Value(std::shared_ptr<const Object>(std::make_shared<BoundMethod>(*method, object)));
  return missing(object, std::string(name));
}

/// Finds the position that an index means, counted from the end if it is negative.
std::optional<size_t> resolveIndex(int64_t index, size_t size) {
  if (index < 0)
    index += static_cast<int64_t>(size);
  if (index < 0 || index >= static_cast<int64_t>(size))
    return std::nullopt;
  return static_cast<size_t>(index);
}

} // namespace

Value Namespace::attribute(std::string_view name) const {
  const Value *found = attributes.find(name);
  return found ? *found : Object::attribute(name);
}

Context::~Context() {
  for (const auto &space : namespaces)
    space->attributes = {};
}

Context::Depth::Depth(Context &context) : context(context) {
  if (context.depth >= maximumDepth)
    throw Error("calls and expressions are nested deeper than " + std::to_string(maximumDepth));
  ++context.depth;
}

void Context::charge(uint64_t units) {
  if (units > remaining) {
    remaining = 0;
    throw Error("rendering takes more work than a template may ask for");
  }
  remaining -= units;
}

Value Context::text(std::string value) {
  charge(value.size() + 32);
  return Value(std::move(value));
}

Values Context::iterate(const Value &value) {
  Values items;
  if (value.isList()) {
    charge(value.list().items.size() * sizeof(Value));
    return value.list().items;
  }
  if (value.isDictionary()) {
    charge(value.dictionary().entries.size() * sizeof(Value));
    for (const Dictionary::Entry &entry : value.dictionary().entries)
      items.push_back(entry.first);
    return items;
  }
  if (value.isString()) {
    const std::string &text = value.string();
    charge(text.size() * 64);
    for (size_t i = 0; i < text.size();) {
      const size_t bytes = decodeCodePoint(text, i).bytes;
      items.emplace_back(text.substr(i, bytes));
      i += bytes;
    }
    return items;
  }
  if (!value.isUndefined())
    throw Error("'" + std::string(value.typeName()) + "' object is not iterable");
  return items;
}

Value Context::attribute(const Value &object, std::string_view name) {
  if (object.isUndefined())
    throw Error(object.undefinedReason().empty() ? "a value is undefined" : object.undefinedReason());
  // As in Jinja, `items` of a dictionary is its method, whatever its keys are.
  Value member = findMember(object, name);
  if (member.isUndefined() && object.isDictionary())
    if (const Value *found = object.dictionary().find(name))
      return *found;
  return member;
}

Value Context::item(const Value &object, const Value &index) {
  if (object.isUndefined())
    throw Error(object.undefinedReason().empty() ? "a value is undefined" : object.undefinedReason());
  if (object.isDictionary()) {
    charge(object.dictionary().entries.size());
    if (const Value *found = object.dictionary().find(index))
      return *found;
  } else if (object.isList() && index.isNumber() && !index.isReal()) {
    const Values &items = object.list().items;
    if (auto position = resolveIndex(index.integer(), items.size()))
      return items[*position];
  } else if (object.isString() && index.isNumber() && !index.isReal()) {
    charge(object.string().size());
    const std::vector<size_t> offsets = codePointOffsets(object.string());
    if (auto position = resolveIndex(index.integer(), offsets.size() - 1))
      return text(object.string().substr(offsets[*position], offsets[*position + 1] - offsets[*position]));
  }
  if (index.isString())
    return findMember(object, index.string());
  return missing(object, index.isNumber() ? toString(index) : std::string(index.typeName()));
}

Value Context::path(const Value &object, const Value &path) {
  if (!path.isString())
    return item(object, path);
  charge(path.string().size());
  Value value = object;
  for (std::string_view part : split(path.string(), ".", -1)) {
    int64_t index = 0;
    const char *end = part.data() + part.size();
    const bool number = !part.empty() && part[0] != '-' && std::from_chars(part.data(), end, index).ptr == end;
    value = item(value, number ? Value(index) : Value(part));
  }
  return value;
}

Value Context::call(const Value &callee, const Arguments &arguments) {
  if (callee.isUndefined())
    throw Error(callee.undefinedReason().empty() ? "what is called is undefined" : callee.undefinedReason());
  if (!callee.isObject())
    throw Error("'" + std::string(callee.typeName()) + "' object is not callable");
  Depth deeper(*this);
  return callee.object()->call(*this, arguments);
}

bool Context::contains(const Value &container, const Value &item) {
  if (container.isString()) {
    if (!item.isString())
      throw Error("'in <string>' requires a string, not " + std::string(item.typeName()));
    charge(container.string().size() * (1 + item.string().size() / 64));
    return container.string().find(item.string()) != std::string::npos;
  }
  if (container.isDictionary()) {
    charge(container.dictionary().entries.size());
    return container.dictionary().find(item);
  }
  if (!container.isList()) {
    if (container.isUndefined())
      return false;
    throw Error("'" + std::string(container.typeName()) + "' is no container");
  }
  const Values &items = container.list().items;
  return std::any_of(items.begin(), items.end(), [&](const Value &other) {
    charge(std::min(item.weight(), other.weight()));
    return equal(item, other);
  });
}

std::string Context::toText(const Value &value) {
  charge(value.weight());
  return toString(value);
}

Value Context::makeNamespace(Dictionary attributes) {
  charge(256);
  auto space = std::make_shared<Namespace>();
  space->attributes = std::move(attributes);
  namespaces.push_back(space);
  return Value(std::shared_ptr<const Object>(std::move(space)));
}

Bound::Bound(const char *function, const Parameters &parameters, const Arguments &arguments)
    : function(function), parameters(parameters) {
  const size_t count = std::find(parameters.begin(), parameters.end(), nullptr) - parameters.begin();
  if (arguments.positional.size() > count)
    throw Error(std::string(function) + "() takes " + std::to_string(count) + " arguments, not " +
                std::to_string(arguments.positional.size()));
  for (size_t i = 0; i < arguments.positional.size(); ++i)
    values[i] = &arguments.positional[i];
  for (const auto &[name, value] : arguments.named) {
    size_t i = 0;
    while (i < count && name != parameters[i])
      ++i;
    if (i == count || values[i])
      throw Error(std::string(function) + "() got an unexpected argument '" + name + "'");
    values[i] = &value;
  }
}

const Value &Bound::require(size_t parameter) const {
  if (!values[parameter])
    throw Error(std::string(function) + "() needs the argument '" + parameters[parameter] + "'");
  return *values[parameter];
}

bool Bound::flag(size_t parameter, bool fallback) const {
  return values[parameter] ? values[parameter]->truth() : fallback;
}

int64_t Bound::integer(size_t parameter, int64_t fallback) const {
  const Value *value = values[parameter];
  if (!value || value->isNone())
    return fallback;
  if (!value->isNumber() || value->isReal())
    throw Error(std::string(function) + "(): '" + parameters[parameter] + "' is no integer");
  return value->integer();
}

const std::string *Bound::text(size_t parameter) const {
  const Value *value = values[parameter];
  if (!value || value->isNone())
    return nullptr;
  if (!value->isString())
    throw Error(std::string(function) + "(): '" + parameters[parameter] + "' is no string");
  return &value->string();
}

} // namespace ingot::text::jinja
