//===- functions.cpp - Functions that templates call by name --------------===//
//
// Jinja's, and those that Hugging Face transformers adds for chat templates.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/template/tables.h"

#include <algorithm>

namespace ingot::text::jinja {
namespace {

/// Jinja's sandbox allows no longer range.
constexpr uint64_t longestRange = 100000;

Value range(Context &context, const Bound &arguments) {
  arguments.require(0);
  const bool bounded = arguments.find(1);
  const int64_t start = bounded ? arguments.integer(0, 0) : 0;
  const int64_t stop = bounded ? arguments.integer(1, 0) : arguments.integer(0, 0);
  const int64_t step = arguments.integer(2, 1);
  if (step == 0)
    throw Error("range() arg 3 must not be zero");
  List list;
  list.kind = ListKind::view;
  for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
    if (list.items.size() == longestRange)
      throw Error("a range of more than " + std::to_string(longestRange) + " numbers");
    list.items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i))
      break;
  }
  context.charge(list.items.size() * sizeof(Value));
  return Value(std::move(list));
}

Dictionary makeDictionary(Context &context, const Arguments &arguments) {
  Dictionary result;
  if (arguments.positional.size() > 1)
    throw Error("dict() and namespace() take at most one argument without a name");
  if (!arguments.positional.empty() && arguments.positional[0].isDictionary()) {
    context.charge(arguments.positional[0].weight());
    result = arguments.positional[0].dictionary();
  } else if (!arguments.positional.empty()) {
    for (const Value &pair : context.iterate(arguments.positional[0])) {
      const Values parts = context.iterate(pair);
      if (parts.size() != 2)
        throw Error("dict() takes pairs");
      context.charge(result.entries.size());
      result.set(parts[0], parts[1]);
    }
  }
  for (const auto &[name, value] : arguments.named) {
    context.charge(name.size() + 64);
    result.set(Value(name), value);
  }
  return result;
}

Value dictionary(Context &context, const Arguments &arguments) { return Value(makeDictionary(context, arguments)); }

Value makeNamespace(Context &context, const Arguments &arguments) {
  return context.makeNamespace(makeDictionary(context, arguments));
}

Value raise(Context &context, const Bound &arguments) { throw Error(context.toText(arguments.require(0))); }

Value formatNow(Context &context, const Bound &arguments) {
  if (const std::string *format = arguments.text(0))
    return context.text(context.formatTime(*format));
  throw Error("strftime_now() takes a format");
}

constexpr Function functions[] = {
    {"dict", {}, nullptr, dictionary},       {"namespace", {}, nullptr, makeNamespace},
    {"raise_exception", {"message"}, raise}, {"range", {"start", "stop", "step"}, range},
    {"strftime_now", {"format"}, formatNow},
};

class FunctionObject : public Object {
public:
  explicit FunctionObject(const Function &function) : function(function) {}
  std::string_view typeName() const override { return "function"; }
  bool isCallable() const override { return true; }
  Value call(Context &context, const Arguments &arguments) const override {
    if (function.applyFreely)
      return function.applyFreely(context, arguments);
    return function.apply(context, Bound(function.name, function.parameters, arguments));
  }

private:
  const Function &function;
};

} // namespace

const Function *findFunction(std::string_view name) {
  for (const Function &function : functions)
    if (name == function.name)
      return &function;
  return nullptr;
}

Value functionValue(const Function &function) {
  return Value(std::shared_ptr<const Object>(std::make_shared<FunctionObject>(function)));
}

} // namespace ingot::text::jinja
