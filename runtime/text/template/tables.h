//===- tables.h - Filters, tests, functions, methods ------------*- C++ -*-===//
//
// What a template can call by name, each group a table. The parser looks names up
// here, so that what is not supported is told when a template is parsed.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_TEMPLATE_TABLES_H
#define INGOT_RUNTIME_TEXT_TEMPLATE_TABLES_H

#include "runtime/text/template/context.h"

namespace ingot::text::jinja {

// Of the two functions of an entry one is there: `apply` takes the arguments by the names of the parameters,
// `applyFreely` as they came.

struct Filter {
  const char *name;
  Parameters parameters;
  Value (*apply)(Context &context, const Value &input, const Bound &arguments);
  Value (*applyFreely)(Context &context, const Value &input, const Arguments &arguments) = nullptr;
};

struct Test {
  const char *name;
  Parameters parameters;
  bool (*apply)(Context &context, const Value &input, const Bound &arguments);
};

/// A function without an object, as `range`.
struct Function {
  const char *name;
  Parameters parameters;
  Value (*apply)(Context &context, const Bound &arguments);
  Value (*applyFreely)(Context &context, const Arguments &arguments) = nullptr;
};

/// A method of a type of values; `type` is Python's name.
struct Method {
  const char *type;
  const char *name;
  Parameters parameters;
  Value (*apply)(Context &context, const Value &self, const Bound &arguments);
  Value (*applyFreely)(Context &context, const Value &self, const Arguments &arguments) = nullptr;
};

/// nullptr for a name that is not supported.
const Filter *findFilter(std::string_view name);
const Test *findTest(std::string_view name);
const Function *findFunction(std::string_view name);
const Method *findMethod(std::string_view type, std::string_view name);

/// Whether a string, a list or a dictionary of Python has a method of this name, and none has it here.
bool isMissingMethod(std::string_view name);

Value applyFilter(Context &context, const Filter &filter, const Value &input, const Arguments &arguments);
bool applyTest(Context &context, const Test &test, const Value &input, const Arguments &arguments);

/// A function as a value.
Value functionValue(const Function &function);

} // namespace ingot::text::jinja

#endif // INGOT_RUNTIME_TEXT_TEMPLATE_TABLES_H
