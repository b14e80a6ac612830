//===- operators.cpp - Python's operators ---------------------------------===//

#include "runtime/text/template/operators.h"
#include "runtime/text/template/strings.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ingot::text::jinja {
namespace {

[[noreturn]] void failOperands(const char *symbol, const Value &left, const Value &right) {
  for (const Value *value : {&left, &right})
    if (value->isUndefined())
      throw Error(value->undefinedReason().empty() ? "a value is undefined" : value->undefinedReason());
  throw Error(std::string("unsupported operands for ") + symbol + ": '" + std::string(left.typeName()) + "' and '" +
              std::string(right.typeName()) + "'");
}

[[noreturn]] void failOverflow() { throw Error("a whole number needs more than 64 bits"); }

constexpr const char *symbols[] = {"+", "-", "*", "/", "//", "%", "**"};

Value computeIntegers(BinaryOperator kind, int64_t left, int64_t right) {
  int64_t result = 0;
  bool overflow = false;
  switch (kind) {
  case BinaryOperator::add:
    overflow = __builtin_add_overflow(left, right, &result);
    break;
  case BinaryOperator::subtract:
    overflow = __builtin_sub_overflow(left, right, &result);
    break;
  case BinaryOperator::multiply:
    overflow = __builtin_mul_overflow(left, right, &result);
    break;
  case BinaryOperator::floorDivide:
  case BinaryOperator::modulo: {
    if (right == 0)
      throw Error("integer division or modulo by zero");
    if (left == INT64_MIN && right == -1)
      failOverflow();
    const bool down = left % right != 0 && (left < 0) != (right < 0);
    result = kind == BinaryOperator::modulo ? left % right + (down ? right : 0) : left / right - down;
    break;
  }
  case BinaryOperator::divide:
    if (right == 0)
      throw Error("division by zero");
    return Value(static_cast<double>(left) / static_cast<double>(right));
  case BinaryOperator::power:
    if (right < 0)
      return Value(std::pow(static_cast<double>(left), static_cast<double>(right)));
    result = 1;
    if (left == 0 || left == 1)
      return Value(int64_t{right == 0 ? 1 : left});
    if (left == -1)
      return Value(int64_t{right % 2 ? -1 : 1});
    for (int64_t i = 0; i < right && !overflow; ++i)
      overflow = __builtin_mul_overflow(result, left, &result);
    break;
  }
  if (overflow)
    failOverflow();
  return Value(result);
}

Value computeReals(BinaryOperator kind, double left, double right) {
  switch (kind) {
  case BinaryOperator::add:
    return Value(left + right);
  case BinaryOperator::subtract:
    return Value(left - right);
  case BinaryOperator::multiply:
    return Value(left * right);
  case BinaryOperator::power:
    return Value(std::pow(left, right));
  case BinaryOperator::divide:
  case BinaryOperator::floorDivide:
  case BinaryOperator::modulo:
    break;
  }
  if (right == 0)
    throw Error("float division or modulo by zero");
  if (kind == BinaryOperator::divide)
    return Value(left / right);
  double remainder = std::fmod(left, right);
  if (remainder != 0 && (remainder < 0) != (right < 0))
    remainder += right;
  return Value(kind == BinaryOperator::modulo ? remainder : std::floor((left - remainder) / right + 0.5));
}

/// A string or a list, so many times.
Value repeat(Context &context, const Value &value, int64_t times) {
  const uint64_t count = times < 0 ? 0 : static_cast<uint64_t>(times);
  const uint64_t size = value.isString() ? value.string().size() : value.list().items.size() * sizeof(Value);
  if (size && count > maximumValueWeight / size)
    throw Error("a value is repeated beyond " + std::to_string(maximumValueWeight) + " bytes");
  context.charge(size * count + 32);
  if (value.isString()) {
    std::string result;
    for (uint64_t i = 0; i < count && size; ++i)
      result += value.string();
    return Value(std::move(result));
  }
  List result;
  result.kind = value.list().kind;
  for (uint64_t i = 0; i < count && size; ++i)
    result.items.insert(result.items.end(), value.list().items.begin(), value.list().items.end());
  return Value(std::move(result));
}

bool isPlainList(const Value &value) {
  return value.isList() && (value.list().kind == ListKind::list || value.list().kind == ListKind::tuple);
}

/// Width and precision of a conversion; a bound on both keeps texts small.
int64_t readNumber(std::string_view text, size_t &i) {
  int64_t number = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i)
    number = std::min<int64_t>(number * 10 + (text[i] - '0'), 10000);
  return number;
}

/// A conversion of % or of a format specification, in the parts that both have.
struct Specification {
  bool left = false, zero = false, plus = false, comma = false;
  char align = 0; ///< <, > or ^
  int64_t width = 0;
  int64_t precision = -1;
  char type = 0;
};

std::string pad(std::string text, const Specification &specification, bool number) {
  const size_t size = countCodePoints(text);
  if (static_cast<int64_t>(size) >= specification.width)
    return text;
  const size_t missing = specification.width - size;
  if (specification.zero && number && !specification.left) {
    const bool sign = !text.empty() && (text[0] == '-' || text[0] == '+');
    return text.insert(sign, std::string(missing, '0'));
  }
  const char align = specification.left ? '<' : specification.align ? specification.align : number ? '>' : '<';
  const size_t before = align == '>' ? missing : align == '^' ? missing / 2 : 0;
  return std::string(before, ' ') + text + std::string(missing - before, ' ');
}

std::string groupThousands(std::string text) {
  size_t end = text.find_first_of(".e");
  end = end == std::string::npos ? text.size() : end;
  const size_t begin = !text.empty() && (text[0] == '-' || text[0] == '+');
  for (size_t i = end; i > begin + 3; i -= 3)
    text.insert(i - 3, ",");
  return text;
}

std::string formatNumber(const Value &value, const Specification &specification) {
  std::string text;
  char buffer[512];
  switch (specification.type) {
  case 'd':
  case 'i':
  case 'u':
    if (value.isReal() && !(std::fabs(value.real()) < 9e18))
      failOverflow();
    text = std::to_string(value.isReal() ? static_cast<int64_t>(value.real()) : value.integer());
    break;
  case 'x':
  case 'X':
  case 'o': {
    const int64_t integer = value.integer();
    const uint64_t magnitude = integer < 0 ? -static_cast<uint64_t>(integer) : static_cast<uint64_t>(integer);
    const char *format = specification.type == 'x' ? "%llx" : specification.type == 'X' ? "%llX" : "%llo";
    snprintf(buffer, sizeof(buffer), format, static_cast<unsigned long long>(magnitude));
    text = (integer < 0 ? "-" : "") + std::string(buffer);
    break;
  }
  default: {
    const char format[] = {'%', '.', '*', specification.type, 0};
    const int precision =
        static_cast<int>(specification.precision < 0 ? 6 : std::min<int64_t>(specification.precision, 100));
    snprintf(buffer, sizeof(buffer), format, precision, value.real());
    text = buffer;
    break;
  }
  }
  if (specification.plus && !text.starts_with('-'))
    text = "+" + text;
  if (specification.comma)
    text = groupThousands(std::move(text));
  return pad(std::move(text), specification, true);
}

std::string convert(Context &context, const Value &value, const Specification &specification) {
  constexpr std::string_view ofIntegers = "diuxXo", ofReals = "eEfFgG";
  const bool integer = ofIntegers.find(specification.type) != ofIntegers.npos;
  if (specification.type && (integer || ofReals.find(specification.type) != ofReals.npos)) {
    const bool exact = specification.type == 'x' || specification.type == 'X' || specification.type == 'o';
    if (!value.isNumber() || (value.isReal() && exact))
      throw Error(std::string("a value of type ") + std::string(value.typeName()) + " is formatted as a number");
    return formatNumber(value, specification);
  }
  if (!specification.type && specification.comma && value.isNumber() && !value.isReal()) {
    Specification decimal = specification;
    decimal.type = 'd';
    return formatNumber(value, decimal);
  }
  std::string text = context.toText(value);
  if (specification.precision >= 0) {
    const std::vector<size_t> offsets = codePointOffsets(text);
    if (specification.precision < static_cast<int64_t>(offsets.size()))
      text.resize(offsets[specification.precision]);
  }
  return pad(std::move(text), specification, !specification.type && value.isNumber());
}

/// [[fill]align][sign][0][width][,][.precision][type], of which no fill but a space.
Specification parseSpecification(std::string_view text) {
  Specification result;
  size_t i = 0;
  auto take = [&](std::string_view choices) {
    return i < text.size() && choices.find(text[i]) != choices.npos ? text[i++] : '\0';
  };
  result.align = take("<>^");
  result.plus = take("+") != 0;
  result.zero = take("0") != 0;
  result.width = readNumber(text, i);
  result.comma = take(",") != 0;
  if (take("."))
    result.precision = readNumber(text, i);
  result.type = take("sdxXofFeEgG");
  if (i != text.size())
    throw Error("format specification '" + std::string(text) + "' is not supported");
  if (result.type == 's')
    result.type = 0;
  return result;
}

} // namespace

Value compute(Context &context, BinaryOperator kind, const Value &left, const Value &right) {
  if (left.isNumber() && right.isNumber())
    return left.isReal() || right.isReal() ? computeReals(kind, left.real(), right.real())
                                           : computeIntegers(kind, left.integer(), right.integer());
  if (kind == BinaryOperator::add && left.isString() && right.isString()) {
    context.charge(left.string().size() + right.string().size() + 32);
    return Value(left.string() + right.string());
  }
  if (kind == BinaryOperator::add && isPlainList(left) && isPlainList(right) && left.list().kind == right.list().kind) {
    context.charge((left.list().items.size() + right.list().items.size()) * sizeof(Value) + 64);
    List result{left.list().items, left.list().kind};
    result.items.insert(result.items.end(), right.list().items.begin(), right.list().items.end());
    return Value(std::move(result));
  }
  auto isCount = [](const Value &value) { return value.isNumber() && !value.isReal(); };
  if (kind == BinaryOperator::multiply && (left.isString() || isPlainList(left)) && isCount(right))
    return repeat(context, left, right.integer());
  if (kind == BinaryOperator::multiply && (right.isString() || isPlainList(right)) && isCount(left))
    return repeat(context, right, left.integer());
  if (kind == BinaryOperator::modulo && left.isString())
    return context.text(formatPercent(context, left.string(), right));
  failOperands(symbols[static_cast<size_t>(kind)], left, right);
}

Value negate(const Value &value) {
  if (value.isReal())
    return Value(-value.real());
  if (!value.isNumber())
    failOperands("-", value, value);
  return computeIntegers(BinaryOperator::subtract, 0, value.integer());
}

Value slice(Context &context, const Value &value, const Value &start, const Value &stop, const Value &step) {
  std::vector<size_t> offsets;
  if (value.isString()) {
    context.charge(value.string().size() * 8);
    offsets = codePointOffsets(value.string());
  } else if (!value.isList() || value.list().kind == ListKind::generator) {
    failOperands("[:]", value, value);
  }
  const int64_t size =
      value.isString() ? static_cast<int64_t>(offsets.size()) - 1 : static_cast<int64_t>(value.list().items.size());
  auto number = [&](const Value &bound, int64_t fallback) {
    if (bound.isUndefined() || bound.isNone())
      return fallback;
    if (!bound.isNumber() || bound.isReal())
      throw Error("a slice takes integers, not '" + std::string(bound.typeName()) + "'");
    return bound.integer();
  };
  const int64_t stride = number(step, 1);
  if (stride == 0)
    throw Error("slice step cannot be zero");
  // Python's PySlice_AdjustIndices.
  auto clamp = [&](int64_t index) {
    const int64_t low = stride < 0 ? -1 : 0, high = stride < 0 ? size - 1 : size;
    return index < 0 ? std::max(index < -size ? low : index + size, low) : std::min(index, high);
  };
  const bool open = start.isUndefined() || start.isNone(), endless = stop.isUndefined() || stop.isNone();
  const int64_t begin = open ? (stride < 0 ? size - 1 : 0) : clamp(number(start, 0));
  const int64_t end = endless ? (stride < 0 ? -1 : size) : clamp(number(stop, 0));
  std::string text;
  List list;
  if (value.isList())
    list.kind = value.list().kind;
  for (int64_t i = begin; stride < 0 ? i > end : i < end;) {
    context.charge(32);
    if (value.isString())
      text.append(value.string(), offsets[i], offsets[i + 1] - offsets[i]);
    else
      list.items.push_back(value.list().items[i]);
    if (__builtin_add_overflow(i, stride, &i))
      break;
  }
  return value.isString() ? context.text(std::move(text)) : Value(std::move(list));
}

std::string formatPercent(Context &context, std::string_view format, const Value &arguments) {
  const bool many = arguments.isList() && arguments.list().kind == ListKind::tuple;
  size_t next = 0;
  auto take = [&]() -> const Value & {
    if (many ? next >= arguments.list().items.size() : next > 0)
      throw Error("not enough arguments for format string");
    return many ? arguments.list().items[next++] : (++next, arguments);
  };
  std::string result;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      result += format[i];
      continue;
    }
    if (++i < format.size() && format[i] == '%') {
      result += '%';
      continue;
    }
    const Value *named = nullptr;
    if (i < format.size() && format[i] == '(') {
      const size_t end = format.find(')', i);
      if (end == format.npos || !arguments.isDictionary())
        throw Error("a format string names an argument; it needs a dictionary");
      named = arguments.dictionary().find(format.substr(i + 1, end - i - 1));
      if (!named)
        throw Error("a format string names an argument that there is not");
      i = end + 1;
    }
    Specification specification;
    for (; i < format.size() && (format[i] == '-' || format[i] == '0' || format[i] == '+'); ++i)
      (format[i] == '-' ? specification.left : format[i] == '0' ? specification.zero : specification.plus) = true;
    specification.align = '>';
    specification.width = readNumber(format, i);
    if (i < format.size() && format[i] == '.')
      specification.precision = readNumber(format, ++i);
    constexpr std::string_view types = "srdiuxXoeEfFgG";
    if (i >= format.size() || types.find(format[i]) == types.npos)
      throw Error("a format string has a conversion that is not supported");
    const Value &value = named ? *named : take();
    specification.type = format[i] == 's' || format[i] == 'r' ? '\0' : format[i];
    result += convert(context, format[i] == 'r' ? context.text(toRepresentation(value)) : value, specification);
    context.charge(static_cast<uint64_t>(specification.width) + 32);
  }
  const bool used = arguments.isDictionary() || (many ? next == arguments.list().items.size() : next == 1);
  if (!used)
    throw Error("not all arguments converted during string formatting");
  return result;
}

std::string formatBraces(Context &context, std::string_view format, const Arguments &arguments) {
  std::string result;
  size_t next = 0;
  bool numbered = false;
  for (size_t i = 0; i < format.size(); ++i) {
    const char c = format[i];
    if ((c == '{' || c == '}') && i + 1 < format.size() && format[i + 1] == c) {
      result += format[i++];
      continue;
    }
    if (c == '}')
      throw Error("a format string has a '}' alone");
    if (c != '{') {
      result += c;
      continue;
    }
    const size_t end = format.find('}', i);
    if (end == format.npos)
      throw Error("a format string has a '{' alone");
    std::string_view field = format.substr(i + 1, end - i - 1);
    const size_t colon = field.find(':');
    const std::string_view specification = colon == field.npos ? "" : field.substr(colon + 1);
    const std::string_view name = field.substr(0, colon);
    if (name.find_first_of(".[!") != name.npos || specification.find('{') != specification.npos)
      throw Error("format field '" + std::string(field) + "' is not supported");
    const Value *value = nullptr;
    if (name.empty() || (name[0] >= '0' && name[0] <= '9')) {
      size_t digits = 0;
      numbered |= !name.empty();
      if (numbered && (name.empty() || next > 0))
        throw Error("cannot switch between manual field specification and automatic field numbering");
      const size_t index = name.empty() ? next++ : static_cast<size_t>(readNumber(name, digits));
      if (digits == name.size() && index < arguments.positional.size())
        value = &arguments.positional[index];
    } else {
      for (const auto &[other, argument] : arguments.named)
        if (other == name)
          value = &argument;
    }
    if (!value)
      throw Error("format field '{" + std::string(field) + "}' has no argument");
    const Specification parsed = parseSpecification(specification);
    context.charge(static_cast<uint64_t>(parsed.width) + 32);
    result += convert(context, *value, parsed);
    i = end;
  }
  return result;
}

} // namespace ingot::text::jinja
