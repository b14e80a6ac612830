//===- OutlineFunctions.cpp - kernels become functions and calls ----------===//
//
// Equal kernels are one function: adding layers adds calls, no code.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Forward.h"
#include "passes/fuse/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

namespace ingot::kernel {
#define GEN_PASS_DEF_OUTLINEFUNCTIONS
#include "passes/fuse/Passes.h.inc"
} // namespace ingot::kernel

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

//===----------------------------------------------------------------------===//
// Equality
//===----------------------------------------------------------------------===//

namespace {
/// Operations are equal as kernels: in everything but the values that they
/// take.
struct KernelInfo : llvm::DenseMapInfo<Operation *> {
  static unsigned getHashValue(const Operation *op) {
    return OperationEquivalence::computeHash(
        const_cast<Operation *>(op), [](Value value) { return mlir::hash_value(value.getType()); },
        OperationEquivalence::ignoreHashValue, OperationEquivalence::IgnoreLocations);
  }
  static bool isEqual(const Operation *left, const Operation *right) {
    if (left == right)
      return true;
    if (left == getTombstoneKey() || left == getEmptyKey() || right == getTombstoneKey() || right == getEmptyKey())
      return false;
    // What stands inside of the regions must match value by value.
    llvm::DenseMap<Value, Value> inner;
    return OperationEquivalence::isEquivalentTo(
        const_cast<Operation *>(left), const_cast<Operation *>(right),
        [&](Value a, Value b) {
          auto known = inner.find(a);
          return success(known == inner.end() ? a.getType() == b.getType() : known->second == b);
        },
        [&](Value a, Value b) { inner[a] = b; }, OperationEquivalence::IgnoreLocations);
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

static std::string describeFormat(Value value) {
  encoding::StorageAttr storage = encoding::getStorage(value.getType());
  if (!storage)
    return "f32";
  if (auto ggml = dyn_cast<encoding::GgmlAttr>(storage.getFormat()))
    return stringifyGgmlType(ggml.getType()).str();
  auto block = cast<encoding::BlockAttr>(storage.getFormat());
  return "i" + std::to_string(block.getCode().getWidth()) + "_" + std::to_string(block.getGroup());
}

static std::string describeColumns(Value value) {
  return std::to_string(cast<RankedTensorType>(value.getType()).getShape().back());
}

static std::string describeMatrix(Value weight) {
  auto type = cast<RankedTensorType>(weight.getType());
  return std::to_string(type.getDimSize(0)) + "x" + describeColumns(weight) + "_" + describeFormat(weight);
}

/// The arithmetic of a region as words, where there is little of it.
static std::string describeArithmetic(Block &block) {
  std::string words;
  unsigned count = 0;
  for (Operation &op : block.without_terminator()) {
    if (op.hasTrait<OpTrait::ConstantLike>())
      continue;
    if (++count > 3)
      return "_epilogue";
    StringRef word = op.getName().stripDialect();
    if (isa<arith::ArithDialect>(op.getDialect()))
      word.consume_back("f");
    words += ("_" + word).str();
  }
  return words;
}

static std::string describeWindow(std::optional<int64_t> window) {
  return window ? "_window_" + std::to_string(*window) : "";
}
template <typename Attention> static std::string describeScores(Attention op) {
  return std::string(op.getSoftcap() ? "_softcap" : "") + (op.getAlibiSlopes() ? "_alibi" : "");
}

static std::string describeRounding(Value result) {
  return encoding::isQuantizedActivation(result.getType()) ? "_quantize" : "";
}

/// A name for `kernel`, good enough to tell functions of one model apart.
static std::string describe(Operation *kernel) {
  std::string mnemonic = kernel->getName().stripDialect().str();
  auto number = [](int64_t value) { return std::to_string(value); };
  auto describeCache = [&](model::KeyValueType cache) {
    std::string element;
    llvm::raw_string_ostream(element) << cache.getElement();
    return number(cache.getHeads()) + "x" + number(cache.getDimension()) + "_" + element;
  };
  return llvm::TypeSwitch<Operation *, std::string>(kernel)
      .Case([&](EmbeddingOp op) {
        return (op.getPositionOffset() ? "position_" : "") + mnemonic + "_" + describeMatrix(op.getTable()) +
               (op.getEpilogue().empty() ? "" : describeArithmetic(op.getEpilogue().front()));
      })
      .Case([&](NormQuantizeOp op) {
        std::string norm =
            std::string(op.getGroups() > 1 ? "grouped_" : "") + (op.getCentered() ? "layer_norm" : "norm");
        if (encoding::isHalfActivation(op.getResult().getType()))
          return (op.isNorm() ? norm : "round") + "_" + describeColumns(op.getInput()) + "_" +
                 describeFormat(op.getResult());
        std::string kind = op.isNorm() ? norm + describeRounding(op.getResult()) : "quantize";
        return kind + "_" + describeColumns(op.getInput());
      })
      .Case([&](PairHeadsOp op) { return (op.getTable() ? "rope" : mnemonic) + "_" + describeColumns(op.getInput()); })
      .Case([&](AppendOp op) { return mnemonic + "_" + describeCache(op.getCache().getType()); })
      .Case([&](GenericOp op) {
        std::string arithmetic = describeArithmetic(op.getBody().front());
        return "elementwise_" + describeColumns(op.getResult()) + (arithmetic.empty() ? "_repeat" : arithmetic);
      })
      .Case([&](MatmulOp op) {
        return mnemonic + "_" + describeMatrix(op.getWeight()) + describeArithmetic(op.getEpilogue().front()) +
               describeRounding(op.getResult());
      })
      .Case([&](GatedMatmulOp op) {
        return mnemonic + "_" + describeMatrix(op.getWeight()) + describeRounding(op.getResult());
      })
      .Case([&](ChooseExpertsOp op) {
        return mnemonic + "_" + number(op.getCount()) + "_of_" + describeColumns(op.getInput());
      })
      .Case([&](GroupRowsOp op) { return mnemonic + "_" + number(op.getExperts()); })
      .Case([&](ExpertGatedMatmulOp op) {
        return mnemonic + "_" + number(op.getCount()) + "_of_" + number(op.getExperts()) + "_" +
               describeMatrix(op.getWeight()) + describeRounding(op.getResult());
      })
      .Case([&](ExpertSumOp op) {
        return mnemonic + "_" + number(op.getCount()) + "_of_" + number(op.getExperts()) + "_" +
               describeMatrix(op.getWeight()) + describeArithmetic(op.getEpilogue().front());
      })
      .Case([&](LibraryMatmulOp op) {
        return mnemonic + "_" + describeMatrix(op.getWeight()) + (op.getAddend() ? "_add" : "");
      })
      .Case([&](QkvRopeAppendOp op) {
        std::string arithmetic = op.getEpilogue().empty() ? "" : describeArithmetic(op.getEpilogue().front());
        return (op.getTable() ? mnemonic : "qkv_append") + "_" + number(op.getHeads()) + "x" +
               describeCache(op.getCache().getType()) + "_" + describeMatrix(op.getWeight()) + arithmetic;
      })
      .Case<AttentionOp, AttentionPartialOp>([&](auto op) {
        return mnemonic + "_" + number(op.getHeads()) + "x" + describeCache(op.getCache().getType()) +
               describeWindow(op.getWindow()) + describeScores(op) + describeRounding(op.getResult());
      })
      .Case([&](AttentionMergeOp op) {
        return mnemonic + "_" + number(op.getHeads()) + "x" + number(op.getDimension()) +
               describeWindow(op.getWindow()) + describeRounding(op.getResult());
      })
      .Default([&](Operation *op) { return mnemonic + "_" + describeColumns(op->getResult(0)); });
}

//===----------------------------------------------------------------------===//
// Outlining
//===----------------------------------------------------------------------===//

namespace {
class Outliner {
public:
  Outliner(func::FuncOp function, SymbolTable &symbols)
      : function(function), symbols(symbols), range(getRowRange(function)) {}

  LogicalResult run() {
    SmallVector<Operation *> kernels;
    for (Block &block : function.getBody())
      for (Operation &op : block)
        if (isa<KernelDialect>(op.getDialect()) && !isa<CallOp>(op))
          kernels.push_back(&op);
    if (kernels.empty())
      return success();
    if (!range)
      return function.emitError() << "expected @" << function.getName() << " to take a model.step, found "
                                  << function.getFunctionType();
    // A function that was not specialised serves all rows of its step.
    function->setAttr(rowRangeName, range);
    for (Operation *kernel : kernels)
      if (failed(outline(kernel)))
        return failure();
    return success();
  }

private:
  LogicalResult outline(Operation *kernel) {
    for (Region &region : kernel->getRegions()) {
      WalkResult result = region.walk([&](Operation *inner) {
        for (Value operand : inner->getOperands())
          if (!region.isAncestor(operand.getParentRegion())) {
            inner->emitError() << "cannot outline '" << kernel->getName()
                               << "': its region uses a value of the function around it; "
                                  "pass it as an operand";
            return WalkResult::interrupt();
          }
        return WalkResult::advance();
      });
      if (result.wasInterrupted())
        return failure();
    }
    auto known = functions.find(kernel);
    FunctionOp callee = known != functions.end() ? known->second : createFunction(kernel);
    bool isWanted = kernel->hasTrait<model::GathersWanted>() ||
                    llvm::any_of(kernel->getOperands(), [&](Value operand) { return wanted.contains(operand); });
    OpBuilder builder(kernel);
    auto call = CallOp::create(builder, kernel->getLoc(), kernel->getResultTypes(),
                               FlatSymbolRefAttr::get(callee.getSymNameAttr()), kernel->getOperands(),
                               isWanted ? builder.getUnitAttr() : UnitAttr(), /*lane=*/StringAttr());
    if (isWanted)
      wanted.insert_range(call.getResults());
    kernel->replaceAllUsesWith(call.getResults());
    kernel->erase();
    return success();
  }

  FunctionOp createFunction(Operation *kernel) {
    OpBuilder builder(function);
    std::string base = describe(kernel), suffix = getRowRangeSuffix(range);
    std::string name = base + suffix;
    for (unsigned number = 2; symbols.lookup(name); ++number)
      name = base + "_" + std::to_string(number) + suffix;
    auto outlined =
        FunctionOp::create(builder, kernel->getLoc(), builder.getStringAttr(name),
                           TypeAttr::get(builder.getFunctionType(kernel->getOperandTypes(), kernel->getResultTypes())),
                           range, /*arg_attrs=*/ArrayAttr(), /*res_attrs=*/ArrayAttr());
    symbols.insert(outlined, Block::iterator(function));
    SmallVector<Location> locations(kernel->getNumOperands(), kernel->getLoc());
    Block *block = builder.createBlock(&outlined.getBody(), {}, kernel->getOperandTypes(), locations);
    Operation *copy = builder.clone(*kernel);
    copy->setOperands(block->getArguments());
    ReturnOp::create(builder, kernel->getLoc(), copy->getResults());
    functions[copy] = outlined;
    return outlined;
  }

  func::FuncOp function;
  SymbolTable &symbols;
  RowRangeAttr range;
  /// By the operation inside.
  llvm::DenseMap<Operation *, FunctionOp, KernelInfo> functions;
  llvm::DenseSet<Value> wanted;
};

struct OutlineFunctions : kernel::impl::OutlineFunctionsBase<OutlineFunctions> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (func::FuncOp function : getForwardFunctions(getOperation()))
      if (failed(Outliner(function, symbols).run()))
        return signalPassFailure();
  }
};
} // namespace
