//===- value.h - What a template computes with ------------------*- C++ -*-===//
//
// Values with Python's meaning, as far as templates can tell: numbers, strings of
// code points, lists, ordered dictionaries. Values are immutable but for the
// attributes of namespaces, as in Jinja's ImmutableSandboxedEnvironment.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_TEMPLATE_VALUE_H
#define INGOT_RUNTIME_TEXT_TEMPLATE_VALUE_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace ingot::text::jinja {

/// Containers within containers; a bound, since values are walked by recursion.
inline constexpr uint32_t maximumValueDepth = 200;

/// The most that a value may weigh; containers can share parts, so that a small program could make one whose text would
/// fill any memory.
inline constexpr uint64_t maximumValueWeight = uint64_t(1) << 28;

/// Ends the rendering (or the parsing) with one line of text; never leaves this folder's public functions.
class Error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

class Value;
struct List;
struct Dictionary;
struct Arguments;
class Context;
using Values = std::vector<Value>;

/// What is neither data nor a number: namespaces, macros, functions, `loop`.
class Object {
public:
  virtual ~Object() = default;
  virtual std::string_view typeName() const = 0;
  /// Undefined where there is no such attribute.
  virtual Value attribute(std::string_view name) const;
  virtual bool isCallable() const { return false; }
  virtual Value call(Context &context, const Arguments &arguments) const;
};

/// Nothing; `reason` says which name or attribute did not exist.
struct Undefined {
  std::shared_ptr<const std::string> reason;
};

class Value {
public:
  Value() = default; ///< undefined
  Value(std::nullptr_t) : data(nullptr) {}
  Value(bool value) : data(value) {}
  Value(int64_t value) : data(value) {}
  Value(double value) : data(value) {}
  Value(std::string value) : data(std::make_shared<const std::string>(std::move(value))) {}
  Value(std::string_view value) : Value(std::string(value)) {}
  Value(const char *value) : Value(std::string(value)) {}
  Value(List value);
  Value(Dictionary value);
  Value(std::shared_ptr<const Object> value) : data(std::move(value)) {}
  static Value undefined(std::string reason);

  bool isUndefined() const { return std::holds_alternative<Undefined>(data); }
  bool isNone() const { return std::holds_alternative<std::nullptr_t>(data); }
  bool isBoolean() const { return std::holds_alternative<bool>(data); }
  bool isInteger() const { return std::holds_alternative<int64_t>(data); }
  bool isReal() const { return std::holds_alternative<double>(data); }
  /// Numbers that Python computes with: booleans are 0 and 1.
  bool isNumber() const { return isBoolean() || isInteger() || isReal(); }
  bool isString() const { return std::holds_alternative<String>(data); }
  bool isList() const { return std::holds_alternative<std::shared_ptr<const List>>(data); }
  bool isDictionary() const { return std::holds_alternative<std::shared_ptr<const Dictionary>>(data); }
  bool isObject() const { return std::holds_alternative<std::shared_ptr<const Object>>(data); }

  /// Only for a value of that kind.
  bool boolean() const { return std::get<bool>(data); }
  const std::string &string() const { return *std::get<String>(data); }
  const List &list() const { return *std::get<std::shared_ptr<const List>>(data); }
  const Dictionary &dictionary() const { return *std::get<std::shared_ptr<const Dictionary>>(data); }
  const std::shared_ptr<const Object> &object() const { return std::get<std::shared_ptr<const Object>>(data); }
  /// The integer of a boolean or an integer.
  int64_t integer() const { return isBoolean() ? boolean() : std::get<int64_t>(data); }
  /// The number of a boolean, an integer or a real.
  double real() const { return isReal() ? std::get<double>(data) : static_cast<double>(integer()); }

  /// Why an undefined value is; "" for others.
  std::string undefinedReason() const;

  /// Containers on the longest way down: 0 for what is no container.
  uint32_t depth() const;

  /// What a walk over all of the value costs: about the bytes of its text.
  uint64_t weight() const;

  /// Python's truth.
  bool truth() const;

  /// Python's name of the type, for messages.
  std::string_view typeName() const;

private:
  using String = std::shared_ptr<const std::string>;
  std::variant<Undefined, std::nullptr_t, bool, int64_t, double, String, std::shared_ptr<const List>,
               std::shared_ptr<const Dictionary>, std::shared_ptr<const Object>>
      data;
};

/// What Python tells apart among things in a row.
enum class ListKind : uint8_t {
  list,
  tuple,
  view,      ///< range(), items(), keys(), values()
  generator, ///< of filters that do not make a list: always true, without a length
};

struct List {
  Values items;
  ListKind kind = ListKind::list;
  uint32_t depth = 1;  ///< kept by Value(List), as is the next
  uint64_t weight = 1; ///< of all items
};

/// Keys in the order in which they came.
struct Dictionary {
  using Entry = std::pair<Value, Value>;

  const Value *find(const Value &key) const;
  const Value *find(std::string_view key) const;
  const Value *find(const char *key) const { return find(std::string_view(key)); }
  /// Adds an entry, or replaces the value of one that is there.
  void set(Value key, Value value);

  std::vector<Entry> entries;
  uint32_t depth = 1;  ///< kept by Value(Dictionary), as is the next
  uint64_t weight = 1; ///< of all keys and values

private:
  size_t position(const Value &key) const;
  size_t position(std::string_view key) const;
  std::unordered_map<std::string, size_t> index; ///< of string keys, once there are many
};

/// Arguments of a call, evaluated.
struct Arguments {
  Values positional;
  std::vector<std::pair<std::string, Value>> named;
};

/// Python's ==.
bool equal(const Value &a, const Value &b);

/// Python's <, an order of all values for which it does not throw Error: where Python raises a TypeError, and for nan.
bool less(const Value &a, const Value &b);

/// Python's str() and repr().
std::string toString(const Value &value);
std::string toRepresentation(const Value &value);

} // namespace ingot::text::jinja

#endif // INGOT_RUNTIME_TEXT_TEMPLATE_VALUE_H
