//===- context.h - What a rendering offers to its functions -----*- C++ -*-===//

#ifndef INGOT_RUNTIME_TEXT_TEMPLATE_CONTEXT_H
#define INGOT_RUNTIME_TEXT_TEMPLATE_CONTEXT_H

#include "runtime/text/template/value.h"

#include <array>

namespace ingot::text::jinja {

/// The only value that a template can change.
class Namespace : public Object {
public:
  std::string_view typeName() const override { return "Namespace"; }
  Value attribute(std::string_view name) const override;

  mutable Dictionary attributes;
};

/// One rendering: its share of work, and the rules by which values are looked into.
class Context {
public:
  virtual ~Context();

  /// Takes work, about one unit a byte; throws Error when the rendering has had its share. Since what is made is
  /// charged for, this bounds memory too.
  void charge(uint64_t units);

  /// A string, charged.
  Value text(std::string value);
  Value text(std::string_view value) { return text(std::string(value)); }
  Value text(const char *value) { return text(std::string(value)); }

  /// What Python iterates over: items, keys, code points. Throws Error where it would not.
  Values iterate(const Value &value);

  /// Jinja's `object.name` and `object[index]`: undefined where there is no such thing.
  Value attribute(const Value &object, std::string_view name);
  Value item(const Value &object, const Value &index);

  /// An attribute as filters name it: "a.b.0", or an index.
  Value path(const Value &object, const Value &path);

  Value call(const Value &callee, const Arguments &arguments);

  /// Python's `item in container`.
  bool contains(const Value &container, const Value &item);

  /// str(value), charged.
  std::string toText(const Value &value);

  Value makeNamespace(Dictionary attributes);

  /// Counts calls within calls; throws Error when there are too many.
  class Depth {
  public:
    explicit Depth(Context &context);
    ~Depth() { --context.depth; }
    Depth(const Depth &) = delete;
    Depth &operator=(const Depth &) = delete;

  private:
    Context &context;
  };

  /// strftime of the time at which the conversation takes place.
  virtual std::string formatTime(const std::string &format) = 0;

protected:
  explicit Context(uint64_t work) : remaining(work) {}

private:
  uint64_t remaining;
  uint32_t depth = 0;
  /// A namespace can come to hold itself; their attributes are dropped at the end.
  std::vector<std::shared_ptr<const Namespace>> namespaces;
};

/// Names of parameters in order; the rest of the row is empty.
using Parameters = std::array<const char *, 5>;

/// The arguments of a call, by the names of its parameters.
class Bound {
public:
  /// Throws Error where there are too many, or one of another name. All three must outlive this.
  Bound(const char *function, const Parameters &parameters, const Arguments &arguments);

  /// nullptr where it is not given.
  const Value *find(size_t parameter) const { return values[parameter]; }
  /// Throws Error where it is not given.
  const Value &require(size_t parameter) const;
  bool flag(size_t parameter, bool fallback) const;
  /// Throws Error where it is no integer.
  int64_t integer(size_t parameter, int64_t fallback) const;
  /// Throws Error where it is no string; nothing where it is not given or none.
  const std::string *text(size_t parameter) const;

private:
  const char *function;
  const Parameters &parameters;
  std::array<const Value *, std::tuple_size_v<Parameters>> values{};
};

} // namespace ingot::text::jinja

#endif // INGOT_RUNTIME_TEXT_TEMPLATE_CONTEXT_H
