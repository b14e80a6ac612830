//===- RegionPrinter.cpp - scalar regions as C++ --------------------------===//

#include "codegen/cuda/RegionPrinter.h"

#include "codegen/cuda/SourcePrinter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::cuda;

namespace {
/// How an operation reads: the noun that names its result, and the expression in its operands $a, $b, $c.
struct Wording {
  StringLiteral operation, noun, expression;
};
} // namespace

static constexpr Wording wordings[] = {
    {"arith.addf", "sum", "$a + $b"},
    {"arith.subf", "difference", "$a - $b"},
    {"arith.mulf", "product", "$a * $b"},
    {"arith.divf", "quotient", "$a / $b"},
    {"arith.negf", "negative", "-$a"},
    {"arith.maximumf", "larger", "ingot::maximum($a, $b)"},
    {"arith.minimumf", "smaller", "ingot::minimum($a, $b)"},
    {"arith.maxnumf", "larger", "fmaxf($a, $b)"},
    {"arith.minnumf", "smaller", "fminf($a, $b)"},
    {"arith.select", "choice", "$a ? $b : $c"},
    {"arith.sitofp", "number", "static_cast<float>($a)"},
    {"arith.index_cast", "index", "static_cast<int>($a)"},
    {"math.absf", "magnitude", "fabsf($a)"},
    {"math.ceil", "above", "ceilf($a)"},
    {"math.cos", "cosine", "cosf($a)"},
    {"math.erf", "error", "erff($a)"},
    {"math.exp", "power", "expf($a)"},
    {"math.exp2", "power", "exp2f($a)"},
    {"math.floor", "below", "floorf($a)"},
    {"math.fma", "sum", "fmaf($a, $b, $c)"},
    {"math.log", "logarithm", "logf($a)"},
    {"math.log1p", "logarithm", "log1pf($a)"},
    {"math.log2", "logarithm", "log2f($a)"},
    {"math.powf", "power", "powf($a, $b)"},
    {"math.rsqrt", "inverse", "rsqrtf($a)"},
    {"math.sin", "sine", "sinf($a)"},
    {"math.sqrt", "root", "sqrtf($a)"},
    {"math.tanh", "tangent", "tanhf($a)"},
};

/// The comparison as C++ has it: false where one is NaN, as the ordered predicates say, and `!=` true.
static std::optional<StringRef> spell(arith::CmpFPredicate predicate) {
  switch (predicate) {
  case arith::CmpFPredicate::OEQ:
    return "==";
  case arith::CmpFPredicate::OGT:
    return ">";
  case arith::CmpFPredicate::OGE:
    return ">=";
  case arith::CmpFPredicate::OLT:
    return "<";
  case arith::CmpFPredicate::OLE:
    return "<=";
  case arith::CmpFPredicate::UNE:
    return "!=";
  default:
    return std::nullopt;
  }
}

static std::optional<StringRef> spell(Type type) {
  if (type.isF32())
    return "float";
  if (type.isIndex() || type.isInteger(32))
    return "int";
  if (type.isInteger(1))
    return "bool";
  return std::nullopt;
}

/// A constant as a literal; nothing where C++ has no type for it.
static std::optional<std::string> spell(arith::ConstantOp op) {
  if (auto real = dyn_cast<FloatAttr>(op.getValue()); real && op.getType().isF32() && real.getValue().isFinite())
    return literal(real.getValue().convertToFloat());
  if (auto integer = dyn_cast<IntegerAttr>(op.getValue()); integer && spell(op.getType()))
    return std::to_string(integer.getInt());
  return std::nullopt;
}

static std::optional<Wording> findWording(Operation *op) {
  for (const Wording &wording : wordings)
    if (wording.operation == op->getName().getStringRef())
      return wording;
  return std::nullopt;
}

FailureOr<RegionText> cuda::printRegion(Region &region, ArrayRef<std::string> arguments) {
  DenseMap<Value, std::string> names;
  llvm::StringSet<> taken;
  for (auto [argument, name] : llvm::zip_equal(region.getArguments(), arguments)) {
    names[argument] = name;
    taken.insert(name);
  }
  auto newName = [&](StringRef noun) {
    std::string name = noun.str();
    for (unsigned number = 2; !taken.insert(name).second; ++number)
      name = (noun + Twine(number)).str();
    return name;
  };
  RegionText text;
  for (Operation &op : region.front().without_terminator()) {
    auto refuse = [&] { return op.emitOpError() << "has no CUDA C++ in a kernel's region"; };
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      std::optional<std::string> value = spell(constant);
      if (!value)
        return refuse();
      names[constant] = *value;
      continue;
    }
    std::optional<Wording> wording = findWording(&op);
    std::optional<StringRef> type = op.getNumResults() == 1 ? spell(op.getResult(0).getType()) : std::nullopt;
    std::string pattern;
    if (auto compare = dyn_cast<arith::CmpFOp>(op)) {
      std::optional<StringRef> spelled = spell(compare.getPredicate());
      if (!spelled)
        return refuse();
      wording = {"arith.cmpf", "isTrue", ""};
      pattern = ("$a " + *spelled + " $b").str();
    } else if (wording) {
      pattern = wording->expression.str();
    }
    if (!wording || !type)
      return refuse();
    SmallVector<Hole> holes;
    static constexpr StringLiteral letters[] = {"a", "b", "c"};
    for (auto [index, operand] : llvm::enumerate(op.getOperands()))
      holes.emplace_back(letters[index], names.lookup(operand));
    std::string name = newName(wording->noun);
    text.statements += ("const " + *type + " " + name + " = " + fillIn(pattern, holes) + ";\n").str();
    names[op.getResult(0)] = name;
  }
  for (Value value : region.front().getTerminator()->getOperands())
    text.results.push_back(names.lookup(value));
  return text;
}
