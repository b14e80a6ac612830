//===- interpreter.cpp - A template's text for some values ----------------===//

#include "runtime/text/template/interpreter.h"

#include <algorithm>
#include <array>

namespace ingot::text::jinja {
namespace {

/// What a step costs, in the units of Context::charge.
constexpr uint64_t stepWork = 10;

/// How statements ended.
enum class Flow { normal, breaks, continues };

/// Variables of a block. Names are those of the syntax tree.
struct Frame {
  explicit Frame(std::shared_ptr<Frame> parent) : parent(std::move(parent)) {}

  Value *find(std::string_view name) {
    for (auto &[own, value] : variables)
      if (own == name)
        return &value;
    return nullptr;
  }
  void set(std::string_view name, Value value) {
    if (Value *found = find(name))
      *found = std::move(value);
    else
      variables.emplace_back(name, std::move(value));
  }

  const std::shared_ptr<Frame> parent;
  std::vector<std::pair<std::string_view, Value>> variables;
};
using FramePointer = std::shared_ptr<Frame>;

class Interpreter;

/// A macro, with the variables around its definition. Those are kept to the end, since a macro can outlive the block
/// that it is defined in.
class Macro : public Object {
public:
  Macro(Interpreter &interpreter, const MacroDefinition &definition, Frame *frame)
      : interpreter(interpreter), definition(definition), frame(frame) {}
  std::string_view typeName() const override { return "Macro"; }
  bool isCallable() const override { return true; }
  Value attribute(std::string_view name) const override {
    return name == "name" ? Value(definition.name) : Object::attribute(name);
  }
  Value call(Context &context, const Arguments &arguments) const override;

private:
  Interpreter &interpreter;
  const MacroDefinition &definition;
  Frame *const frame;
};

/// `loop` inside of a for.
class Loop : public Object, public std::enable_shared_from_this<Loop> {
public:
  explicit Loop(Values items) : items(std::move(items)) {}
  std::string_view typeName() const override { return "LoopContext"; }
  Value attribute(std::string_view name) const override;

  const Values items;
  mutable size_t index = 0;
  mutable std::optional<Values> lastSeen; ///< by changed()
};

/// loop.cycle and loop.changed.
class LoopMethod : public Object {
public:
  LoopMethod(std::shared_ptr<const Loop> loop, bool cycle) : loop(std::move(loop)), cycle(cycle) {}
  std::string_view typeName() const override { return "method"; }
  bool isCallable() const override { return true; }
  Value call(Context &context, const Arguments &arguments) const override {
    if (cycle && arguments.positional.empty())
      throw Error("no items for cycling given");
    if (cycle)
      return arguments.positional[loop->index % arguments.positional.size()];
    auto same = [&](const Value &a, const Value &b) {
      context.charge(std::min(a.weight(), b.weight()));
      return equal(a, b);
    };
    const Values &given = arguments.positional;
    std::optional<Values> &seen = loop->lastSeen;
    const bool unchanged = seen && std::equal(given.begin(), given.end(), seen->begin(), seen->end(), same);
    seen = given;
    return Value(!unchanged);
  }

private:
  const std::shared_ptr<const Loop> loop;
  const bool cycle;
};

Value Loop::attribute(std::string_view name) const {
  const auto at = static_cast<int64_t>(index), size = static_cast<int64_t>(items.size());
  if (name == "index")
    return Value(at + 1);
  if (name == "index0")
    return Value(at);
  if (name == "revindex")
    return Value(size - at);
  if (name == "revindex0")
    return Value(size - at - 1);
  if (name == "first")
    return Value(at == 0);
  if (name == "last")
    return Value(at == size - 1);
  if (name == "length")
    return Value(size);
  if (name == "depth")
    return Value(int64_t{1});
  if (name == "depth0")
    return Value(int64_t{0});
  if (name == "previtem")
    return at > 0 ? items[at - 1] : Value::undefined("there is no previous item");
  if (name == "nextitem")
    return at + 1 < size ? items[at + 1] : Value::undefined("there is no next item");
  if (name == "cycle" || name == "changed")
    return Value(std::shared_ptr<const Object>(std::make_shared<LoopMethod>(shared_from_this(), name == "cycle")));
  return Object::attribute(name);
}

class Interpreter : public Context {
public:
  Interpreter(const Dictionary &variables, const std::tm &now, uint64_t work)
      : Context(work), variables(variables), now(now) {}

  std::string run(const Statements &statements) {
    std::string output;
    try {
      execute(statements, std::make_shared<Frame>(nullptr), output);
    } catch (const Error &error) {
      throw Error("line " + std::to_string(line) + ": " + error.what());
    }
    return output;
  }

  std::string formatTime(const std::string &format) override {
    // strftime's result of 0 means an empty one too; a character more tells them apart.
    const std::string padded = format + "!";
    charge(format.size() * 64 + 256);
    std::string text(padded.size() * 64 + 64, '\0');
    text.resize(strftime(text.data(), text.size(), padded.c_str(), &now));
    if (text.empty())
      throw Error("strftime_now(): the text is too long");
    text.pop_back();
    return text;
  }

  Value callMacro(const MacroDefinition &macro, Frame *frame, const Arguments &arguments);

private:
  // Statements.

  Flow execute(const Statements &statements, const FramePointer &frame, std::string &output) {
    Depth deeper(*this);
    for (const Statement &statement : statements) {
      charge(stepWork);
      line = statement.line;
      const Flow flow = std::visit([&](const auto &node) { return executeNode(node, frame, output); }, statement.node);
      if (flow != Flow::normal)
        return flow;
    }
    return Flow::normal;
  }

  FramePointer inner(const FramePointer &frame) { return std::make_shared<Frame>(frame); }

  void write(std::string_view text, std::string &output) {
    charge(text.size());
    output += text;
  }

  Flow executeNode(const Text &node, const FramePointer &, std::string &output) {
    write(node.text, output);
    return Flow::normal;
  }

  Flow executeNode(const Output &node, const FramePointer &frame, std::string &output) {
    const Value value = evaluate(node.expression, frame);
    if (value.isString())
      write(value.string(), output);
    else
      write(toText(value), output);
    return Flow::normal;
  }

  Flow executeNode(const If &node, const FramePointer &frame, std::string &output) {
    for (const auto &[condition, body] : node.branches)
      if (evaluate(condition, frame).truth())
        return execute(body, frame, output);
    return execute(node.otherwise, frame, output);
  }

  Flow executeNode(const For &node, const FramePointer &frame, std::string &output) {
    Values items = iterate(evaluate(node.iterable, frame));
    if (node.condition) {
      Values kept;
      for (Value &item : items) {
        const FramePointer own = inner(frame);
        charge(stepWork);
        assign(node.target, item, own);
        if (evaluate(node.condition, own).truth())
          kept.push_back(std::move(item));
      }
      items = std::move(kept);
    }
    if (items.empty())
      return execute(node.otherwise, inner(frame), output);
    const auto loop = std::make_shared<Loop>(std::move(items));
    for (; loop->index < loop->items.size(); ++loop->index) {
      charge(stepWork * 4);
      const FramePointer own = inner(frame);
      own->set("loop", Value(std::shared_ptr<const Object>(loop)));
      assign(node.target, loop->items[loop->index], own);
      if (execute(node.body, own, output) == Flow::breaks)
        break;
    }
    return Flow::normal;
  }

  Flow executeNode(const Set &node, const FramePointer &frame, std::string &) {
    assign(node.target, evaluate(node.value, frame), frame);
    return Flow::normal;
  }

  Flow executeNode(const SetBlock &node, const FramePointer &frame, std::string &) {
    std::string text;
    execute(node.body, inner(frame), text);
    Value value = this->text(std::move(text));
    assign(node.target, node.filters ? applyFilters(node.filters, value, frame) : value, frame);
    return Flow::normal;
  }

  Flow executeNode(const std::unique_ptr<MacroDefinition> &node, const FramePointer &frame, std::string &) {
    frame->set(node->name, makeMacro(*node, frame));
    return Flow::normal;
  }

  Flow executeNode(const CallBlock &node, const FramePointer &frame, std::string &output) {
    const auto &call = std::get<Call>(node.call->node);
    Arguments arguments = evaluateArguments(call.arguments, frame);
    arguments.named.emplace_back("caller", makeMacro(*node.caller, frame));
    write(toText(Context::call(evaluate(call.callee, frame), arguments)), output);
    return Flow::normal;
  }

  Flow executeNode(const FilterBlock &node, const FramePointer &frame, std::string &output) {
    std::string text;
    execute(node.body, inner(frame), text);
    write(toText(applyFilters(node.filters, this->text(std::move(text)), frame)), output);
    return Flow::normal;
  }

  Flow executeNode(const With &node, const FramePointer &frame, std::string &output) {
    const FramePointer own = inner(frame);
    for (const auto &[target, value] : node.variables)
      assign(target, evaluate(value, frame), own);
    return execute(node.body, own, output);
  }

  Flow executeNode(const Scope &node, const FramePointer &frame, std::string &output) {
    return execute(node.body, inner(frame), output);
  }

  Flow executeNode(const Break &, const FramePointer &, std::string &) { return Flow::breaks; }
  Flow executeNode(const Continue &, const FramePointer &, std::string &) { return Flow::continues; }

  void assign(const Target &target, const Value &value, const FramePointer &frame) {
    charge(frame->variables.size() + target.names.size() * 32);
    if (target.attribute) {
      const Value object = lookUp(target.names[0], frame);
      const auto *space = object.isObject() ? dynamic_cast<const Namespace *>(object.object().get()) : nullptr;
      if (!space)
        throw Error("cannot assign attribute on non-namespace object");
      charge(space->attributes.entries.size());
      space->attributes.set(Value(*target.attribute), value);
      return;
    }
    if (!target.isTuple)
      return frame->set(target.names[0], value);
    const Values values = iterate(value);
    if (values.size() != target.names.size())
      throw Error("cannot unpack " + std::to_string(values.size()) + " values into " +
                  std::to_string(target.names.size()) + " names");
    for (size_t i = 0; i < values.size(); ++i)
      frame->set(target.names[i], values[i]);
  }

  Value makeMacro(const MacroDefinition &definition, const FramePointer &frame) {
    charge(256);
    if (retained.empty() || retained.back() != frame)
      retained.push_back(frame);
    return Value(std::shared_ptr<const Object>(std::make_shared<Macro>(*this, definition, frame.get())));
  }

  // Expressions.

  Value lookUp(std::string_view name, const FramePointer &frame) {
    for (Frame *scope = frame.get(); scope; scope = scope->parent.get()) {
      charge(scope->variables.size() + 1);
      if (const Value *found = scope->find(name))
        return *found;
    }
    if (const Value *found = variables.find(name))
      return *found;
    if (const Function *function = findFunction(name))
      return functionValue(*function);
    return Value::undefined("'" + std::string(name) + "' is undefined");
  }

  Value evaluate(const ExpressionPointer &expression, const FramePointer &frame) {
    Depth deeper(*this);
    charge(stepWork);
    return std::visit([&](const auto &node) { return evaluateNode(node, frame); }, expression->node);
  }

  Value evaluateNode(const Constant &node, const FramePointer &) { return node.value; }
  Value evaluateNode(const Name &node, const FramePointer &frame) { return lookUp(node.name, frame); }

  Values evaluateAll(const Expressions &expressions, const FramePointer &frame) {
    Values values;
    for (const ExpressionPointer &expression : expressions)
      values.push_back(evaluate(expression, frame));
    charge(values.size() * sizeof(Value));
    return values;
  }

  Value evaluateNode(const ListDisplay &node, const FramePointer &frame) {
    return Value(List{evaluateAll(node.items, frame), node.kind});
  }

  Value evaluateNode(const DictionaryDisplay &node, const FramePointer &frame) {
    Dictionary dictionary;
    for (const auto &[key, value] : node.entries) {
      Value evaluated = evaluate(key, frame);
      if (evaluated.isList() || evaluated.isDictionary())
        throw Error("unhashable type: '" + std::string(evaluated.typeName()) + "'");
      charge(64 + (evaluated.isString() ? 0 : dictionary.entries.size()));
      dictionary.set(std::move(evaluated), evaluate(value, frame));
    }
    return Value(std::move(dictionary));
  }

  Value evaluateNode(const Unary &node, const FramePointer &frame) {
    const Value operand = evaluate(node.operand, frame);
    if (node.kind == UnaryOperator::logicalNot)
      return Value(!operand.truth());
    return node.kind == UnaryOperator::negate ? negate(operand) : negate(negate(operand));
  }

  Value evaluateNode(const Binary &node, const FramePointer &frame) {
    const Value left = evaluate(node.left, frame);
    return compute(*this, node.kind, left, evaluate(node.right, frame));
  }

  Value evaluateNode(const Logical &node, const FramePointer &frame) {
    Value left = evaluate(node.left, frame);
    return left.truth() == node.isAnd ? evaluate(node.right, frame) : left;
  }

  Value evaluateNode(const Concatenation &node, const FramePointer &frame) {
    std::string result;
    for (const ExpressionPointer &part : node.parts)
      result += toText(evaluate(part, frame));
    return text(std::move(result));
  }

  bool compare(CompareOperator kind, const Value &left, const Value &right) {
    const bool membership = kind == CompareOperator::in || kind == CompareOperator::notIn;
    if (!membership)
      charge(std::min(left.weight(), right.weight()));
    switch (kind) {
    case CompareOperator::equal:
      return equal(left, right);
    case CompareOperator::notEqual:
      return !equal(left, right);
    case CompareOperator::less:
      return less(left, right);
    case CompareOperator::lessEqual:
      return less(left, right) || equal(left, right);
    case CompareOperator::greater:
      return less(right, left);
    case CompareOperator::greaterEqual:
      return less(right, left) || equal(left, right);
    case CompareOperator::in:
      return contains(right, left);
    case CompareOperator::notIn:
      return !contains(right, left);
    }
    return false;
  }

  Value evaluateNode(const Comparison &node, const FramePointer &frame) {
    Value left = evaluate(node.first, frame);
    for (const auto &[kind, expression] : node.rest) {
      Value right = evaluate(expression, frame);
      if (!compare(kind, left, right))
        return Value(false);
      left = std::move(right);
    }
    return Value(true);
  }

  Value evaluateNode(const Conditional &node, const FramePointer &frame) {
    if (evaluate(node.condition, frame).truth())
      return evaluate(node.then, frame);
    if (node.otherwise)
      return evaluate(node.otherwise, frame);
    return Value::undefined("the inline if-expression evaluated to false and no else section was defined");
  }

  Value evaluateNode(const Attribute &node, const FramePointer &frame) {
    return attribute(evaluate(node.object, frame), node.name);
  }

  Value evaluateNode(const Subscript &node, const FramePointer &frame) {
    const Value object = evaluate(node.object, frame);
    return item(object, evaluate(node.index, frame));
  }

  Value evaluateNode(const Slice &node, const FramePointer &frame) {
    const Value object = evaluate(node.object, frame);
    std::array<Value, 3> bounds;
    const std::array<const ExpressionPointer *, 3> expressions = {&node.start, &node.stop, &node.step};
    for (size_t i = 0; i < bounds.size(); ++i)
      bounds[i] = *expressions[i] ? evaluate(*expressions[i], frame) : Value(nullptr);
    return slice(*this, object, bounds[0], bounds[1], bounds[2]);
  }

  Arguments evaluateArguments(const CallArguments &node, const FramePointer &frame) {
    Arguments arguments{evaluateAll(node.positional, frame), {}};
    for (const auto &[name, value] : node.named)
      arguments.named.emplace_back(name, evaluate(value, frame));
    if (node.positionalRest)
      for (Value &value : iterate(evaluate(node.positionalRest, frame)))
        arguments.positional.push_back(std::move(value));
    if (node.namedRest) {
      const Value rest = evaluate(node.namedRest, frame);
      if (!rest.isDictionary())
        throw Error("an argument after ** is no mapping");
      charge(rest.weight());
      for (const auto &[name, value] : rest.dictionary().entries) {
        if (!name.isString())
          throw Error("keywords must be strings");
        arguments.named.emplace_back(name.string(), value);
      }
    }
    return arguments;
  }

  Value evaluateNode(const Call &node, const FramePointer &frame) {
    const Value callee = evaluate(node.callee, frame);
    return Context::call(callee, evaluateArguments(node.arguments, frame));
  }

  Value evaluateNode(const FilterUse &node, const FramePointer &frame) {
    const Value operand = node.operand ? evaluate(node.operand, frame) : blockText;
    return applyFilter(*this, *node.filter, operand, evaluateArguments(node.arguments, frame));
  }

  /// Filters of a block, of which the innermost takes the block's text.
  Value applyFilters(const ExpressionPointer &filters, Value text, const FramePointer &frame) {
    const Value outer = std::exchange(blockText, std::move(text));
    Value result = evaluate(filters, frame);
    blockText = outer;
    return result;
  }

  Value evaluateNode(const TestUse &node, const FramePointer &frame) {
    const Value operand = evaluate(node.operand, frame);
    return Value(applyTest(*this, *node.test, operand, evaluateArguments(node.arguments, frame)));
  }

  const Dictionary &variables;
  const std::tm now;
  uint32_t line = 0;
  Value blockText;
  std::vector<FramePointer> retained; ///< frames that macros refer to
};

Value Interpreter::callMacro(const MacroDefinition &macro, Frame *around, const Arguments &arguments) {
  // The frame is retained, so this pointer needs to own nothing.
  const auto frame = std::make_shared<Frame>(FramePointer(FramePointer(), around));
  charge((arguments.positional.size() + arguments.named.size() + 1) * (macro.parameters.size() + 8) * 2);
  List rest;
  rest.kind = ListKind::tuple;
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    if (i < macro.parameters.size())
      frame->set(macro.parameters[i].name, arguments.positional[i]);
    else
      rest.items.push_back(arguments.positional[i]);
  }
  if (!rest.items.empty() && !macro.usesRest)
    throw Error("macro '" + macro.name + "' takes not more than " + std::to_string(macro.parameters.size()) +
                " argument(s)");
  Dictionary namedRest;
  Value caller = Value::undefined("No caller defined");
  for (const auto &[name, value] : arguments.named) {
    auto isParameter = [&name = name](const Parameter &parameter) { return parameter.name == name; };
    if (std::any_of(macro.parameters.begin(), macro.parameters.end(), isParameter)) {
      if (frame->find(name))
        throw Error("macro '" + macro.name + "' got two values for '" + name + "'");
      frame->set(std::find_if(macro.parameters.begin(), macro.parameters.end(), isParameter)->name, value);
    } else if (name == "caller" && macro.usesCaller) {
      caller = value;
    } else if (macro.usesNamedRest) {
      namedRest.set(Value(name), value);
    } else {
      throw Error("macro '" + macro.name + "' takes no keyword argument '" + name + "'");
    }
  }
  if (macro.usesCaller && !frame->find("caller"))
    frame->set("caller", caller);
  if (macro.usesRest)
    frame->set("varargs", Value(std::move(rest)));
  if (macro.usesNamedRest)
    frame->set("kwargs", Value(std::move(namedRest)));
  for (const Parameter &parameter : macro.parameters)
    if (!frame->find(parameter.name))
      frame->set(parameter.name, parameter.fallback
                                     ? evaluate(parameter.fallback, frame)
                                     : Value::undefined("parameter '" + parameter.name + "' was not provided"));
  const uint32_t callLine = line;
  std::string output;
  execute(macro.body, frame, output);
  line = callLine;
  return text(std::move(output));
}

Value Macro::call(Context &, const Arguments &arguments) const {
  return interpreter.callMacro(definition, frame, arguments);
}

} // namespace

std::string render(const Statements &statements, const Dictionary &variables, const std::tm &now,
                   const RenderLimits &limits) {
  return Interpreter(variables, now, limits.work).run(statements);
}

} // namespace ingot::text::jinja
