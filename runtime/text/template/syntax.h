//===- syntax.h - A parsed template -----------------------------*- C++ -*-===//

#ifndef INGOT_RUNTIME_TEXT_TEMPLATE_SYNTAX_H
#define INGOT_RUNTIME_TEXT_TEMPLATE_SYNTAX_H

#include "runtime/text/template/operators.h"
#include "runtime/text/template/tables.h"
#include "runtime/text/template/value.h"

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ingot::text::jinja {

struct Expression;
struct Statement;
using ExpressionPointer = std::unique_ptr<Expression>;
using Expressions = std::vector<ExpressionPointer>;
using Statements = std::vector<Statement>;

struct CallArguments {
  Expressions positional;
  std::vector<std::pair<std::string, ExpressionPointer>> named;
  ExpressionPointer positionalRest; ///< *rest, or null
  ExpressionPointer namedRest;      ///< **rest, or null
};

enum class UnaryOperator : uint8_t { negate, plus, logicalNot };
enum class CompareOperator : uint8_t { equal, notEqual, less, lessEqual, greater, greaterEqual, in, notIn };

struct Constant {
  Value value;
};
struct Name {
  std::string name;
};
struct ListDisplay {
  Expressions items;
  ListKind kind;
};
struct DictionaryDisplay {
  std::vector<std::pair<ExpressionPointer, ExpressionPointer>> entries;
};
struct Unary {
  UnaryOperator kind;
  ExpressionPointer operand;
};
struct Binary {
  BinaryOperator kind;
  ExpressionPointer left, right;
};
/// `and` or `or`.
struct Logical {
  bool isAnd;
  ExpressionPointer left, right;
};
struct Concatenation {
  Expressions parts;
};
struct Comparison {
  ExpressionPointer first;
  std::vector<std::pair<CompareOperator, ExpressionPointer>> rest;
};
struct Conditional {
  ExpressionPointer condition, then;
  ExpressionPointer otherwise; ///< or null
};
struct Attribute {
  ExpressionPointer object;
  std::string name;
};
struct Subscript {
  ExpressionPointer object, index;
};
struct Slice {
  ExpressionPointer object;
  ExpressionPointer start, stop, step; ///< each may be null
};
struct Call {
  ExpressionPointer callee;
  CallArguments arguments;
};
struct FilterUse {
  ExpressionPointer operand; ///< null in a block of text, which is then the operand
  const Filter *filter;
  CallArguments arguments;
};
struct TestUse {
  ExpressionPointer operand;
  const Test *test;
  CallArguments arguments;
};

struct Expression {
  uint32_t line;
  /// Expressions on the longest way down, this one included.
  uint32_t height = 1;
  std::variant<Constant, Name, ListDisplay, DictionaryDisplay, Unary, Binary, Logical, Concatenation, Comparison,
               Conditional, Attribute, Subscript, Slice, Call, FilterUse, TestUse>
      node;
};

/// What is assigned to: a name, names in a row, or an attribute of a namespace.
struct Target {
  std::vector<std::string> names;
  std::optional<std::string> attribute; ///< of the only name
  bool isTuple = false;
};

struct Parameter {
  std::string name;
  ExpressionPointer fallback; ///< or null
};

struct Text {
  std::string text;
};
struct Output {
  ExpressionPointer expression;
};
struct If {
  std::vector<std::pair<ExpressionPointer, Statements>> branches;
  Statements otherwise;
};
struct For {
  Target target;
  ExpressionPointer iterable;
  ExpressionPointer condition; ///< or null
  Statements body, otherwise;
};
struct Set {
  Target target;
  ExpressionPointer value;
};
struct SetBlock {
  Target target;
  ExpressionPointer filters; ///< or null
  Statements body;
};
struct MacroDefinition {
  std::string name;
  std::vector<Parameter> parameters;
  Statements body;
  bool usesCaller = false, usesRest = false, usesNamedRest = false;
};
struct CallBlock {
  ExpressionPointer call;
  std::unique_ptr<MacroDefinition> caller;
};
struct FilterBlock {
  ExpressionPointer filters;
  Statements body;
};
struct With {
  std::vector<std::pair<Target, ExpressionPointer>> variables;
  Statements body;
};
/// A block whose variables are its own.
struct Scope {
  Statements body;
};
struct Break {};
struct Continue {};

struct Statement {
  uint32_t line;
  std::variant<Text, Output, If, For, Set, SetBlock, std::unique_ptr<MacroDefinition>, CallBlock, FilterBlock, With,
               Scope, Break, Continue>
      node;
};

} // namespace ingot::text::jinja

#endif // INGOT_RUNTIME_TEXT_TEMPLATE_SYNTAX_H
