//===- tests.cpp - Jinja's tests ------------------------------------------===//
//
// With the meaning of Jinja 3.1 (jinja2/tests.py).
//
//===----------------------------------------------------------------------===//

#include "runtime/text/template/operators.h"
#include "runtime/text/template/strings.h"
#include "runtime/text/template/tables.h"

#include <algorithm>

namespace ingot::text::jinja {
namespace {

bool isRemainder(Context &context, const Value &value, int64_t divisor, int64_t wanted) {
  return equal(compute(context, BinaryOperator::modulo, value, Value(divisor)), Value(wanted));
}

bool isIterable(const Value &value) {
  return value.isList() || value.isDictionary() || value.isString() || value.isUndefined();
}

bool isSequence(const Value &value) {
  const bool lazy = value.isList() && value.list().kind >= ListKind::view;
  return isIterable(value) && !lazy;
}

bool compareLess(Context &context, const Value &a, const Value &b) {
  context.charge(std::min(a.weight(), b.weight()));
  return less(a, b);
}

bool areEqual(Context &context, const Value &a, const Value &b) {
  context.charge(std::min(a.weight(), b.weight()));
  return equal(a, b);
}

/// Python's `is`, for what has no identity of its own here: values of the same type that are equal.
bool isSame(Context &context, const Value &a, const Value &b) {
  return a.typeName() == b.typeName() && areEqual(context, a, b);
}

constexpr auto testEqual = [](Context &c, const Value &v, const Bound &a) { return areEqual(c, v, a.require(0)); };
constexpr auto testNotEqual = [](Context &c, const Value &v, const Bound &a) { return !areEqual(c, v, a.require(0)); };
constexpr auto testLess = [](Context &c, const Value &v, const Bound &a) { return compareLess(c, v, a.require(0)); };
constexpr auto testGreater = [](Context &c, const Value &v, const Bound &a) { return compareLess(c, a.require(0), v); };
constexpr auto testLessEqual = [](Context &c, const Value &v, const Bound &a) {
  return compareLess(c, v, a.require(0)) || areEqual(c, v, a.require(0));
};
constexpr auto testGreaterEqual = [](Context &c, const Value &v, const Bound &a) {
  return compareLess(c, a.require(0), v) || areEqual(c, v, a.require(0));
};

constexpr Test tests[] = {
    {"!=", {"other"}, testNotEqual},
    {"<", {"other"}, testLess},
    {"<=", {"other"}, testLessEqual},
    {"==", {"other"}, testEqual},
    {">", {"other"}, testGreater},
    {">=", {"other"}, testGreaterEqual},
    {"boolean", {}, [](Context &, const Value &v, const Bound &) { return v.isBoolean(); }},
    {"callable", {}, [](Context &, const Value &v, const Bound &) { return v.isObject() && v.object()->isCallable(); }},
    {"defined", {}, [](Context &, const Value &v, const Bound &) { return !v.isUndefined(); }},
    {"divisibleby",
     {"num"},
     [](Context &c, const Value &v, const Bound &a) {
       return equal(compute(c, BinaryOperator::modulo, v, a.require(0)), Value(int64_t{0}));
     }},
    {"eq", {"other"}, testEqual},
    {"equalto", {"other"}, testEqual},
    {"escaped", {}, [](Context &, const Value &, const Bound &) { return false; }},
    {"even", {}, [](Context &c, const Value &v, const Bound &) { return isRemainder(c, v, 2, 0); }},
    {"false", {}, [](Context &, const Value &v, const Bound &) { return v.isBoolean() && !v.boolean(); }},
    {"filter", {}, [](Context &, const Value &v, const Bound &) { return v.isString() && findFilter(v.string()); }},
    {"float", {}, [](Context &, const Value &v, const Bound &) { return v.isReal(); }},
    {"ge", {"other"}, testGreaterEqual},
    {"greaterthan", {"other"}, testGreater},
    {"gt", {"other"}, testGreater},
    {"in", {"seq"}, [](Context &c, const Value &v, const Bound &a) { return c.contains(a.require(0), v); }},
    {"integer", {}, [](Context &, const Value &v, const Bound &) { return v.isInteger(); }},
    {"iterable", {}, [](Context &, const Value &v, const Bound &) { return isIterable(v); }},
    {"le", {"other"}, testLessEqual},
    {"lessthan", {"other"}, testLess},
    {"lower", {}, [](Context &c, const Value &v, const Bound &) { return isOf(c.toText(v), Class::lower); }},
    {"lt", {"other"}, testLess},
    {"mapping", {}, [](Context &, const Value &v, const Bound &) { return v.isDictionary(); }},
    {"ne", {"other"}, testNotEqual},
    {"none", {}, [](Context &, const Value &v, const Bound &) { return v.isNone(); }},
    {"number", {}, [](Context &, const Value &v, const Bound &) { return v.isNumber(); }},
    {"odd", {}, [](Context &c, const Value &v, const Bound &) { return isRemainder(c, v, 2, 1); }},
    {"sameas", {"other"}, [](Context &c, const Value &v, const Bound &a) { return isSame(c, v, a.require(0)); }},
    {"sequence", {}, [](Context &, const Value &v, const Bound &) { return isSequence(v); }},
    {"string", {}, [](Context &, const Value &v, const Bound &) { return v.isString(); }},
    {"test", {}, [](Context &, const Value &v, const Bound &) { return v.isString() && findTest(v.string()); }},
    {"true", {}, [](Context &, const Value &v, const Bound &) { return v.isBoolean() && v.boolean(); }},
    {"undefined", {}, [](Context &, const Value &v, const Bound &) { return v.isUndefined(); }},
    {"upper", {}, [](Context &c, const Value &v, const Bound &) { return isOf(c.toText(v), Class::upper); }},
};

} // namespace

const Test *findTest(std::string_view name) {
  for (const Test &test : tests)
    if (name == test.name)
      return &test;
  return nullptr;
}

bool applyTest(Context &context, const Test &test, const Value &input, const Arguments &arguments) {
  context.charge(16);
  return test.apply(context, input, Bound(test.name, test.parameters, arguments));
}

} // namespace ingot::text::jinja
