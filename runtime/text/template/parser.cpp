//===- parser.cpp - A template's source to its syntax tree ----------------===//
//
// The grammar of Jinja 3.1 (jinja2/parser.py), with the extensions that Hugging Face
// transformers enables: break, continue and {% generation %}.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/template/parser.h"
#include "runtime/text/template/lexer.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <map>
#include <set>

namespace ingot::text::jinja {
namespace {

/// Expressions and blocks within each other; both are walked by recursion.
constexpr uint32_t maximumHeight = 200;

class Parser {
public:
  explicit Parser(std::vector<Token> tokens) : tokens(std::move(tokens)) {}

  Statements run() {
    Statements statements = parseStatements({});
    checkFunctions();
    return statements;
  }

private:
  // Tokens.

  const Token &current() const { return tokens[position]; }
  const Token &ahead() const { return tokens[std::min(position + 1, tokens.size() - 1)]; }
  void next() { position += position + 1 < tokens.size(); }
  bool isSymbol(std::string_view text) const { return current().kind == TokenKind::symbol && current().text == text; }
  bool isName(std::string_view text) const { return current().kind == TokenKind::name && current().text == text; }
  bool skipSymbol(std::string_view text) {
    const bool found = isSymbol(text);
    if (found)
      next();
    return found;
  }
  bool skipName(std::string_view text) {
    const bool found = isName(text);
    if (found)
      next();
    return found;
  }

  [[noreturn]] void failAt(uint32_t line, const std::string &what) const {
    throw Error("line " + std::to_string(line) + ": " + what);
  }
  [[noreturn]] void fail(const std::string &what) const { failAt(current().line, what); }
  [[noreturn]] void failUnexpected(const std::string &wanted) const {
    constexpr const char *names[] = {"text", "{%", "%}", "{{", "}}", "", "a string", "", "", "", "the end"};
    const Token &token = current();
    const std::string found = token.text.empty() || token.kind == TokenKind::text || token.kind == TokenKind::string
                                  ? names[static_cast<size_t>(token.kind)]
                                  : "'" + token.text + "'";
    fail("expected " + wanted + ", found " + found);
  }
  void expectSymbol(std::string_view text) {
    if (!skipSymbol(text))
      failUnexpected("'" + std::string(text) + "'");
  }
  std::string expectName() {
    if (current().kind != TokenKind::name)
      failUnexpected("a name");
    std::string name = current().text;
    next();
    return name;
  }
  void expect(TokenKind kind, const char *name) {
    if (current().kind != kind)
      failUnexpected(name);
    next();
  }

  // Trees of bounded height.

  /// Counts what is being parsed within each other.
  class Nested {
  public:
    explicit Nested(Parser &parser) : parser(parser) {
      if (++parser.height > maximumHeight)
        parser.fail("expressions or blocks are nested deeper than " + std::to_string(maximumHeight));
    }
    ~Nested() { --parser.height; }
    Nested(const Nested &) = delete;
    Nested &operator=(const Nested &) = delete;

  private:
    Parser &parser;
  };

  template <typename Node> ExpressionPointer make(uint32_t line, Node node, uint32_t below) const {
    if (below >= maximumHeight)
      failAt(line, "an expression is nested deeper than " + std::to_string(maximumHeight));
    return std::make_unique<Expression>(Expression{line, below + 1, std::move(node)});
  }
  static uint32_t heightOf(const ExpressionPointer &expression) { return expression ? expression->height : 0; }
  static uint32_t heightOf(const Expressions &expressions) {
    uint32_t height = 0;
    for (const ExpressionPointer &expression : expressions)
      height = std::max(height, heightOf(expression));
    return height;
  }
  static uint32_t heightOf(const CallArguments &arguments) {
    uint32_t height =
        std::max({heightOf(arguments.positional), heightOf(arguments.positionalRest), heightOf(arguments.namedRest)});
    for (const auto &[name, value] : arguments.named)
      height = std::max(height, heightOf(value));
    return height;
  }

  // Expressions, loosest first.

  ExpressionPointer parseExpression(bool withCondition = true) {
    Nested nested(*this);
    return withCondition ? parseConditional() : parseOr();
  }

  ExpressionPointer parseConditional() {
    const uint32_t line = current().line;
    ExpressionPointer expression = parseOr();
    while (skipName("if")) {
      ExpressionPointer condition = parseOr();
      ExpressionPointer otherwise = skipName("else") ? parseExpression() : nullptr;
      const uint32_t below = std::max({heightOf(expression), heightOf(condition), heightOf(otherwise)});
      expression = make(line, Conditional{std::move(condition), std::move(expression), std::move(otherwise)}, below);
    }
    return expression;
  }

  ExpressionPointer parseLogical(bool isAnd) {
    const uint32_t line = current().line;
    ExpressionPointer left = isAnd ? parseNot() : parseAnd();
    while (skipName(isAnd ? "and" : "or")) {
      ExpressionPointer right = isAnd ? parseNot() : parseAnd();
      const uint32_t below = std::max(heightOf(left), heightOf(right));
      left = make(line, Logical{isAnd, std::move(left), std::move(right)}, below);
    }
    return left;
  }
  ExpressionPointer parseOr() { return parseLogical(false); }
  ExpressionPointer parseAnd() { return parseLogical(true); }

  ExpressionPointer parseNot() {
    const uint32_t line = current().line;
    if (!skipName("not"))
      return parseComparison();
    Nested nested(*this);
    ExpressionPointer operand = parseNot();
    const uint32_t below = heightOf(operand);
    return make(line, Unary{UnaryOperator::logicalNot, std::move(operand)}, below);
  }

  std::optional<CompareOperator> skipComparison() {
    constexpr std::pair<std::string_view, CompareOperator> operators[] = {
        {"==", CompareOperator::equal},     {"!=", CompareOperator::notEqual}, {"<", CompareOperator::less},
        {"<=", CompareOperator::lessEqual}, {">", CompareOperator::greater},   {">=", CompareOperator::greaterEqual},
    };
    for (const auto &[symbol, kind] : operators)
      if (skipSymbol(symbol))
        return kind;
    if (skipName("in"))
      return CompareOperator::in;
    if (isName("not") && ahead().kind == TokenKind::name && ahead().text == "in") {
      next();
      next();
      return CompareOperator::notIn;
    }
    return std::nullopt;
  }

  ExpressionPointer parseComparison() {
    const uint32_t line = current().line;
    Comparison comparison{parseSum(), {}};
    uint32_t below = heightOf(comparison.first);
    while (auto kind = skipComparison()) {
      comparison.rest.emplace_back(*kind, parseSum());
      below = std::max(below, heightOf(comparison.rest.back().second));
    }
    return comparison.rest.empty() ? std::move(comparison.first) : make(line, std::move(comparison), below);
  }

  using Operators = std::initializer_list<std::pair<std::string_view, BinaryOperator>>;
  template <typename Operand> ExpressionPointer parseBinary(Operators operators, Operand operand) {
    ExpressionPointer left = operand();
    while (true) {
      const auto *found = std::find_if(operators.begin(), operators.end(),
                                       [&](const auto &candidate) { return isSymbol(candidate.first); });
      if (found == operators.end())
        return left;
      const uint32_t line = current().line;
      next();
      ExpressionPointer right = operand();
      const uint32_t below = std::max(heightOf(left), heightOf(right));
      left = make(line, Binary{found->second, std::move(left), std::move(right)}, below);
    }
  }
  ExpressionPointer parseSum() {
    return parseBinary({{"+", BinaryOperator::add}, {"-", BinaryOperator::subtract}},
                       [this] { return parseConcatenation(); });
  }
  ExpressionPointer parseConcatenation() {
    const uint32_t line = current().line;
    Expressions parts;
    do
      parts.push_back(parseProduct());
    while (skipSymbol("~"));
    if (parts.size() == 1)
      return std::move(parts[0]);
    const uint32_t below = heightOf(parts);
    return make(line, Concatenation{std::move(parts)}, below);
  }
  ExpressionPointer parseProduct() {
    return parseBinary(
        {{"*", BinaryOperator::multiply},
         {"/", BinaryOperator::divide},
         {"//", BinaryOperator::floorDivide},
         {"%", BinaryOperator::modulo}},
        [this] { return parseBinary({{"**", BinaryOperator::power}}, [this] { return parseUnary(true); }); });
  }

  ExpressionPointer parseUnary(bool withFilters) {
    Nested nested(*this);
    const uint32_t line = current().line;
    ExpressionPointer node;
    if (isSymbol("-") || isSymbol("+")) {
      const UnaryOperator kind = isSymbol("-") ? UnaryOperator::negate : UnaryOperator::plus;
      next();
      ExpressionPointer operand = parseUnary(false);
      const uint32_t below = heightOf(operand);
      node = make(line, Unary{kind, std::move(operand)}, below);
    } else {
      node = parsePrimary();
    }
    node = parsePostfix(std::move(node));
    return withFilters ? parseFiltersAndTests(std::move(node)) : std::move(node);
  }

  ExpressionPointer constant(uint32_t line, Value value) const { return make(line, Constant{std::move(value)}, 0); }

  ExpressionPointer parsePrimary() {
    const Token token = current();
    switch (token.kind) {
    case TokenKind::name:
      next();
      return parseName(token);
    case TokenKind::string: {
      std::string text;
      for (; current().kind == TokenKind::string; next())
        text += current().text;
      return constant(token.line, Value(std::move(text)));
    }
    case TokenKind::integer:
    case TokenKind::real:
      next();
      return parseNumber(token);
    case TokenKind::symbol:
      if (token.text == "(" || token.text == "[" || token.text == "{")
        return parseBracketed(token);
      break;
    default:
      break;
    }
    failUnexpected("an expression");
  }

  ExpressionPointer parseName(const Token &token) const {
    if (token.text == "true" || token.text == "True" || token.text == "false" || token.text == "False")
      return constant(token.line, Value(token.text == "true" || token.text == "True"));
    if (token.text == "none" || token.text == "None")
      return constant(token.line, Value(nullptr));
    return make(token.line, Name{token.text}, 0);
  }

  ExpressionPointer parseNumber(const Token &token) const {
    const char *end = token.text.data() + token.text.size();
    int64_t integer = 0;
    double real = 0;
    const bool whole = token.kind == TokenKind::integer;
    const std::from_chars_result result =
        whole ? std::from_chars(token.text.data(), end, integer) : std::from_chars(token.text.data(), end, real);
    if (result.ec != std::errc() || result.ptr != end)
      failAt(token.line, "the number " + token.text + " is out of range");
    return constant(token.line, whole ? Value(integer) : Value(real));
  }

  ExpressionPointer parseBracketed(const Token &open) {
    next();
    if (open.text == "(") {
      ExpressionPointer tuple = parseTuple(true, true);
      expectSymbol(")");
      return tuple;
    }
    if (open.text == "[") {
      ListDisplay list{{}, ListKind::list};
      while (!isSymbol("]")) {
        if (!list.items.empty())
          expectSymbol(",");
        if (!isSymbol("]"))
          list.items.push_back(parseExpression());
      }
      next();
      const uint32_t below = heightOf(list.items);
      return make(open.line, std::move(list), below);
    }
    DictionaryDisplay dictionary;
    uint32_t below = 0;
    while (!isSymbol("}")) {
      if (!dictionary.entries.empty())
        expectSymbol(",");
      if (isSymbol("}"))
        break;
      ExpressionPointer key = parseExpression();
      expectSymbol(":");
      ExpressionPointer value = parseExpression();
      below = std::max({below, heightOf(key), heightOf(value)});
      dictionary.entries.emplace_back(std::move(key), std::move(value));
    }
    next();
    return make(open.line, std::move(dictionary), below);
  }

  bool isTupleEnd() const {
    return current().kind == TokenKind::variableEnd || current().kind == TokenKind::blockEnd || isSymbol(")");
  }

  /// Expressions with commas between them, or one.
  ExpressionPointer parseTuple(bool parenthesized, bool withCondition) {
    const uint32_t line = current().line;
    Expressions items;
    bool isTuple = false;
    while (true) {
      if (!items.empty())
        expectSymbol(",");
      if (isTupleEnd() || isName("recursive"))
        break;
      items.push_back(parseExpression(withCondition));
      if (!isSymbol(","))
        break;
      isTuple = true;
    }
    if (!isTuple && !items.empty())
      return std::move(items[0]);
    if (!isTuple && !parenthesized)
      failUnexpected("an expression");
    const uint32_t below = heightOf(items);
    return make(line, ListDisplay{std::move(items), ListKind::tuple}, below);
  }

  ExpressionPointer parsePostfix(ExpressionPointer node) {
    while (true) {
      if (isSymbol("."))
        node = parseAttribute(std::move(node));
      else if (isSymbol("["))
        node = parseSubscript(std::move(node));
      else if (isSymbol("("))
        node = parseCall(std::move(node));
      else
        return node;
    }
  }

  ExpressionPointer parseFiltersAndTests(ExpressionPointer node) {
    while (true) {
      if (isSymbol("|"))
        node = parseFilter(std::move(node));
      else if (isName("is"))
        node = parseTest(std::move(node));
      else if (isSymbol("("))
        node = parseCall(std::move(node));
      else
        return node;
    }
  }

  ExpressionPointer parseAttribute(ExpressionPointer object) {
    const uint32_t line = current().line;
    next();
    const uint32_t below = heightOf(object);
    if (current().kind == TokenKind::name)
      return make(line, Attribute{std::move(object), expectName()}, below);
    if (current().kind != TokenKind::integer)
      failUnexpected("a name or a number");
    ExpressionPointer index = parseNumber(current());
    next();
    return make(line, Subscript{std::move(object), std::move(index)}, below);
  }

  ExpressionPointer parseSubscript(ExpressionPointer object) {
    const uint32_t line = current().line;
    next();
    if (isSymbol("]"))
      failUnexpected("an index");
    Slice slice;
    bool isSlice = false;
    ExpressionPointer index = isSymbol(":") ? nullptr : parseExpression();
    if (skipSymbol(":")) {
      isSlice = true;
      slice.start = std::move(index);
      if (!isSymbol("]") && !isSymbol(":"))
        slice.stop = parseExpression();
      if (skipSymbol(":") && !isSymbol("]"))
        slice.step = parseExpression();
    }
    expectSymbol("]");
    if (!isSlice) {
      const uint32_t below = std::max(heightOf(object), heightOf(index));
      return make(line, Subscript{std::move(object), std::move(index)}, below);
    }
    const uint32_t below =
        std::max({heightOf(object), heightOf(slice.start), heightOf(slice.stop), heightOf(slice.step)});
    slice.object = std::move(object);
    return make(line, std::move(slice), below);
  }

  CallArguments parseArguments() {
    CallArguments arguments;
    expectSymbol("(");
    bool first = true;
    while (!isSymbol(")")) {
      if (!first)
        expectSymbol(",");
      first = false;
      if (isSymbol(")"))
        break;
      const bool restGiven = arguments.positionalRest || arguments.namedRest;
      if (skipSymbol("**")) {
        if (arguments.namedRest)
          fail("two ** arguments in one call");
        arguments.namedRest = parseExpression();
      } else if (skipSymbol("*")) {
        if (restGiven)
          fail("an argument after * or **");
        arguments.positionalRest = parseExpression();
      } else if (current().kind == TokenKind::name && ahead().kind == TokenKind::symbol && ahead().text == "=") {
        if (arguments.namedRest)
          fail("an argument after **");
        std::string name = expectName();
        next();
        arguments.named.emplace_back(std::move(name), parseExpression());
      } else {
        if (restGiven || !arguments.named.empty())
          fail("an argument without a name after one with a name");
        arguments.positional.push_back(parseExpression());
      }
    }
    next();
    return arguments;
  }

  ExpressionPointer parseCall(ExpressionPointer callee) {
    const uint32_t line = current().line;
    if (const auto *name = std::get_if<Name>(&callee->node))
      called.emplace(name->name, line);
    if (const auto *attribute = std::get_if<Attribute>(&callee->node))
      calledMethods.emplace(attribute->name, line);
    CallArguments arguments = parseArguments();
    const uint32_t below = std::max(heightOf(callee), heightOf(arguments));
    return make(line, Call{std::move(callee), std::move(arguments)}, below);
  }

  std::string parseDottedName() {
    std::string name = expectName();
    while (skipSymbol("."))
      name += "." + expectName();
    return name;
  }

  /// One filter; the current token is the | before its name.
  ExpressionPointer parseFilter(ExpressionPointer operand) {
    next();
    return parseFilterName(std::move(operand));
  }

  ExpressionPointer parseFilterName(ExpressionPointer operand) {
    const uint32_t line = current().line;
    const std::string name = parseDottedName();
    const Filter *filter = findFilter(name);
    if (!filter)
      failAt(line, "the filter '" + name + "' is not supported");
    CallArguments arguments;
    if (isSymbol("("))
      arguments = parseArguments();
    checkNamed(line, name, arguments);
    const uint32_t below = std::max(heightOf(operand), heightOf(arguments));
    return make(line, FilterUse{std::move(operand), filter, std::move(arguments)}, below);
  }

  /// map, select and their like name a filter or a test by a string.
  void checkNamed(uint32_t line, const std::string &filter, const CallArguments &arguments) const {
    const bool map = filter == "map", byAttribute = filter == "selectattr" || filter == "rejectattr";
    if (!map && !byAttribute && filter != "select" && filter != "reject")
      return;
    if (arguments.positional.size() <= size_t{byAttribute})
      return;
    const auto *name = std::get_if<Constant>(&arguments.positional[byAttribute]->node);
    if (!name || !name->value.isString())
      return;
    const std::string &text = name->value.string();
    if (map ? !findFilter(text) : !findTest(text))
      failAt(line, std::string(map ? "the filter '" : "the test '") + text + "' is not supported");
  }

  ExpressionPointer parseTest(ExpressionPointer operand) {
    const uint32_t line = current().line;
    next();
    const bool negated = skipName("not");
    const std::string name = parseDottedName();
    const Test *test = findTest(name);
    if (!test)
      failAt(line, "the test '" + name + "' is not supported");
    if (const auto *tested = std::get_if<Name>(&operand->node); tested && name == "defined")
      known.insert(tested->name);
    CallArguments arguments;
    const TokenKind kind = current().kind;
    const bool operatorName = isName("else") || isName("or") || isName("and");
    if (isSymbol("(")) {
      arguments = parseArguments();
    } else if ((kind == TokenKind::name && !operatorName) || kind == TokenKind::string || kind == TokenKind::integer ||
               kind == TokenKind::real || isSymbol("[") || isSymbol("{")) {
      if (isName("is"))
        fail("tests cannot be chained with is");
      // As in Jinja, what follows a test is its argument, but for what goes on with the expression.
      if (kind != TokenKind::name || !isOperatorName()) {
        Nested nested(*this);
        arguments.positional.push_back(parsePostfix(parsePrimary()));
      }
    }
    const uint32_t below = std::max(heightOf(operand), heightOf(arguments));
    ExpressionPointer node = make(line, TestUse{std::move(operand), test, std::move(arguments)}, below);
    return negated ? make(line, Unary{UnaryOperator::logicalNot, std::move(node)}, below + 1) : std::move(node);
  }

  /// Names that Jinja's lexer tells from others.
  bool isOperatorName() const { return isName("if") || isName("in") || isName("not"); }

  // Statements.

  /// Statements up to a tag of one of the names, whose {% has been read then; the name is the current token.
  Statements parseStatements(std::initializer_list<std::string_view> ends) {
    Nested nested(*this);
    Statements statements;
    while (current().kind != TokenKind::end) {
      const uint32_t line = current().line;
      if (current().kind == TokenKind::text) {
        statements.push_back({line, Text{current().text}});
        next();
        continue;
      }
      if (current().kind == TokenKind::variableBegin) {
        next();
        statements.push_back({line, Output{parseTuple(false, true)}});
        expect(TokenKind::variableEnd, "}}");
        continue;
      }
      const bool isEnd = std::any_of(ends.begin(), ends.end(), [&](std::string_view name) {
        return ahead().kind == TokenKind::name && ahead().text == name;
      });
      if (isEnd) {
        next();
        return statements;
      }
      next();
      parseStatement(statements);
    }
    if (ends.size())
      fail("the template ends inside of a block: {% " + std::string(*(ends.end() - 1)) + " %} is missing");
    return statements;
  }

  /// The body of a block up to its end tag, which is read.
  Statements parseBody(std::string_view end) {
    expect(TokenKind::blockEnd, "%}");
    Statements body = parseStatements({end});
    next();
    expect(TokenKind::blockEnd, "%}");
    return body;
  }

  void parseStatement(Statements &statements) {
    const uint32_t line = current().line;
    const std::string tag = expectName();
    auto add = [&](auto node) { statements.push_back({line, std::move(node)}); };
    if (tag == "if")
      return add(parseIf());
    if (tag == "for")
      return add(parseFor());
    if (tag == "set")
      return parseSet(line, statements);
    if (tag == "macro")
      return add(parseMacro());
    if (tag == "call")
      return add(parseCallBlock());
    if (tag == "filter")
      return add(parseFilterBlock());
    if (tag == "with")
      return add(parseWith());
    if (tag == "generation")
      return add(Scope{parseBody("endgeneration")});
    if (tag == "break" || tag == "continue") {
      if (loops == 0)
        failAt(line, "'" + tag + "' outside of a loop");
      if (tag == "break")
        add(Break{});
      else
        add(Continue{});
      return expect(TokenKind::blockEnd, "%}");
    }
    const bool closing = tag.starts_with("end") || tag == "else" || tag == "elif";
    failAt(line, "the tag '" + tag + (closing ? "' ends nothing here" : "' is not supported"));
  }

  If parseIf() {
    If node;
    while (true) {
      ExpressionPointer condition = parseTuple(false, false);
      expect(TokenKind::blockEnd, "%}");
      Statements body = parseStatements({"elif", "else", "endif"});
      node.branches.emplace_back(std::move(condition), std::move(body));
      const std::string tag = expectName();
      if (tag == "elif")
        continue;
      if (tag == "else")
        node.otherwise = parseBody("endif");
      else
        expect(TokenKind::blockEnd, "%}");
      return node;
    }
  }

  Target parseTarget(bool withAttribute) {
    Target target;
    if (skipSymbol("(")) {
      target = parseTarget(false);
      expectSymbol(")");
      return target;
    }
    while (true) {
      const uint32_t line = current().line;
      std::string name = expectName();
      if (withAttribute && target.names.empty() && skipSymbol(".")) {
        target.names.push_back(std::move(name));
        target.attribute = expectName();
        known.insert(*target.attribute);
        return target;
      }
      for (std::string_view constantName : {"true", "false", "none", "True", "False", "None"})
        if (name == constantName)
          failAt(line, "'" + name + "' cannot be assigned to");
      known.insert(name);
      target.names.push_back(std::move(name));
      if (!skipSymbol(","))
        return target;
      target.isTuple = true;
      if (current().kind != TokenKind::name || isName("in"))
        return target;
    }
  }

  For parseFor() {
    For node;
    node.target = parseTarget(false);
    if (!skipName("in"))
      failUnexpected("'in'");
    node.iterable = parseTuple(false, false);
    if (skipName("if"))
      node.condition = parseExpression();
    if (isName("recursive"))
      fail("recursive loops are not supported");
    expect(TokenKind::blockEnd, "%}");
    ++loops;
    node.body = parseStatements({"else", "endfor"});
    --loops;
    if (expectName() == "else")
      node.otherwise = parseBody("endfor");
    else
      expect(TokenKind::blockEnd, "%}");
    return node;
  }

  void parseSet(uint32_t line, Statements &statements) {
    Target target = parseTarget(true);
    if (skipSymbol("=")) {
      ExpressionPointer value = parseTuple(false, true);
      expect(TokenKind::blockEnd, "%}");
      statements.push_back({line, Set{std::move(target), std::move(value)}});
      return;
    }
    SetBlock node{std::move(target), nullptr, {}};
    while (isSymbol("|"))
      node.filters = parseFilter(std::move(node.filters));
    node.body = parseBody("endset");
    statements.push_back({line, std::move(node)});
  }

  std::vector<Parameter> parseParameters() {
    std::vector<Parameter> parameters;
    expectSymbol("(");
    while (!isSymbol(")")) {
      if (!parameters.empty())
        expectSymbol(",");
      Parameter parameter{expectName(), nullptr};
      known.insert(parameter.name);
      if (skipSymbol("="))
        parameter.fallback = parseExpression();
      else if (!parameters.empty() && parameters.back().fallback)
        fail("a parameter without a default follows one with a default");
      parameters.push_back(std::move(parameter));
    }
    next();
    return parameters;
  }

  /// Parses what a macro and a call block share: the body, and which of the names that only macros have it uses.
  void parseMacroBody(MacroDefinition &macro, std::string_view end) {
    const size_t begin = position;
    const uint32_t outerLoops = std::exchange(loops, 0);
    macro.body = parseBody(end);
    loops = outerLoops;
    for (size_t i = begin; i < position; ++i) {
      if (tokens[i].kind != TokenKind::name)
        continue;
      macro.usesCaller |= tokens[i].text == "caller";
      macro.usesRest |= tokens[i].text == "varargs";
      macro.usesNamedRest |= tokens[i].text == "kwargs";
    }
  }

  std::unique_ptr<MacroDefinition> parseMacro() {
    auto macro = std::make_unique<MacroDefinition>();
    macro->name = expectName();
    known.insert(macro->name);
    macro->parameters = parseParameters();
    parseMacroBody(*macro, "endmacro");
    return macro;
  }

  CallBlock parseCallBlock() {
    CallBlock node{nullptr, std::make_unique<MacroDefinition>()};
    node.caller->name = "caller";
    if (isSymbol("("))
      node.caller->parameters = parseParameters();
    node.call = parseExpression();
    if (!std::holds_alternative<Call>(node.call->node))
      fail("{% call %} takes a call");
    parseMacroBody(*node.caller, "endcall");
    return node;
  }

  FilterBlock parseFilterBlock() {
    FilterBlock node{parseFilterName(nullptr), {}};
    while (isSymbol("|"))
      node.filters = parseFilter(std::move(node.filters));
    node.body = parseBody("endfilter");
    return node;
  }

  With parseWith() {
    With node;
    while (current().kind != TokenKind::blockEnd) {
      if (!node.variables.empty())
        expectSymbol(",");
      Target target = parseTarget(false);
      expectSymbol("=");
      node.variables.emplace_back(std::move(target), parseExpression());
    }
    node.body = parseBody("endwith");
    return node;
  }

  // Names.

  /// Reports what is called but exists nowhere: functions by another name, and methods that Python has.
  void checkFunctions() const {
    for (const auto &[name, line] : called)
      if (!findFunction(name) && !known.contains(name) && name != "caller")
        failAt(line, "the function '" + name + "' is not supported");
    for (const auto &[name, line] : calledMethods)
      if (isMissingMethod(name) && !known.contains(name))
        failAt(line, "the method '" + name + "' is not supported");
  }

  const std::vector<Token> tokens;
  size_t position = 0;
  uint32_t height = 0;
  uint32_t loops = 0;
  std::set<std::string> known; ///< names that are assigned, or tested to be defined
  std::map<std::string, uint32_t> called, calledMethods;
};

} // namespace

Statements parse(std::string_view source) { return Parser(tokenize(source)).run(); }

} // namespace ingot::text::jinja
