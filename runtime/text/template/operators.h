//===- operators.h - Python's operators -------------------------*- C++ -*-===//

#ifndef INGOT_RUNTIME_TEXT_TEMPLATE_OPERATORS_H
#define INGOT_RUNTIME_TEXT_TEMPLATE_OPERATORS_H

#include "runtime/text/template/context.h"

#include <optional>

namespace ingot::text::jinja {

enum class BinaryOperator : uint8_t { add, subtract, multiply, divide, floorDivide, modulo, power };

/// Throws Error where Python raises one, and where an integer would need more than 64 bits.
Value compute(Context &context, BinaryOperator kind, const Value &left, const Value &right);
Value negate(const Value &value);

/// value[start:stop:step], each nothing or none or an integer.
Value slice(Context &context, const Value &value, const Value &start, const Value &stop, const Value &step);

/// "%s ..." % arguments, and "{} ...".format(...).
std::string formatPercent(Context &context, std::string_view format, const Value &arguments);
std::string formatBraces(Context &context, std::string_view format, const Arguments &arguments);

} // namespace ingot::text::jinja

#endif // INGOT_RUNTIME_TEXT_TEMPLATE_OPERATORS_H
