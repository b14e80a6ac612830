//===- RepeatPrologues.cpp - small kernels that every worker repeats ------===//
//
// Of one row, a norm costs less than waiting for the worker that computes it.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Forward.h"
#include "passes/fuse/Passes.h"
#include "passes/fuse/Remarks.h"
#include "target/TargetDescription.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

#include <map>
#include <tuple>
#include <vector>

namespace ingot::kernel {
#define GEN_PASS_DEF_REPEATPROLOGUES
#include "passes/fuse/Passes.h.inc"
} // namespace ingot::kernel

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

static constexpr llvm::StringLiteral name = "repeat-prologue";

static uint64_t getScratchBytes(FunctionOp function, bool withKernel) {
  uint64_t bytes = 0;
  for (Operation &prologue : function.getPrologues())
    bytes += encoding::getActivationRowBytes(cast<RankedTensorType>(prologue.getResult(0).getType()));
  if (withKernel)
    bytes += encoding::getActivationRowBytes(cast<RankedTensorType>(function.getKernel()->getResult(0).getType()));
  return bytes;
}

namespace {
/// Puts the calls of one forward function in front of those that read them.
class PrologueRepeater {
public:
  PrologueRepeater(func::FuncOp forward, const target::TargetDescription &target, SymbolTable &symbols)
      : forward(forward), target(target), symbols(symbols) {}

  void run() {
    for (Operation *op = &forward.getBody().front().front(), *next; op; op = next) {
      auto call = dyn_cast<CallOp>(op);
      bool repeated = call && isRepeatable(getCallee(call).getKernel()) && repeat(call);
      // Readers were replaced meanwhile.
      next = op->getNextNode();
      if (repeated)
        op->erase();
    }
    llvm::StringSet<> called;
    for (auto call : forward.getOps<CallOp>())
      called.insert(call.getCallee());
    for (Operation *function : replaced)
      if (!called.contains(SymbolTable::getSymbolName(function).getValue()))
        symbols.erase(function);
  }

private:
  FunctionOp getCallee(CallOp call) { return symbols.lookup<FunctionOp>(call.getCallee()); }

  bool isRepeatable(Operation *kernel) { return kernel->hasTrait<Repeatable>() && target.repeatsPrologue(kernel); }

  /// Whether every reader of `call` does its work now.
  bool repeat(CallOp call) {
    SmallVector<Operation *> readers;
    for (Operation *reader : call->getUsers()) {
      if (!isa<CallOp>(reader))
        return false;
      if (!llvm::is_contained(readers, reader))
        readers.push_back(reader);
    }
    uint64_t own = getScratchBytes(getCallee(call), /*withKernel=*/true);
    for (Operation *reader : readers)
      if (uint64_t bytes = own + getScratchBytes(getCallee(cast<CallOp>(reader)), false);
          bytes > target.getPrologueScratchBytes()) {
        remarkMissed(call, name) << remark::reason("@{0} would need {1} bytes of a worker's scratch, of {2}",
                                                   call.getCallee(), bytes, target.getPrologueScratchBytes());
        return false;
      }
    for (Operation *reader : readers) {
      remarkFused(call, name) << remark::add("every worker computes @{0} for @{1}", call.getCallee(),
                                             cast<CallOp>(reader).getCallee());
      prepend(call, cast<CallOp>(reader));
    }
    replaced.insert(getCallee(call));
    return true;
  }

  /// Replaces `reader` by a call of a function that does all of `call` first.
  void prepend(CallOp call, CallOp reader) {
    FunctionOp first = getCallee(call), second = getCallee(reader);
    SmallVector<Value> operands(call.getOperands_());
    std::vector<bool> isRead;
    for (Value operand : reader.getOperands_()) {
      isRead.push_back(operand.getDefiningOp() == call);
      if (!isRead.back())
        operands.push_back(operand);
    }
    FunctionOp &merged = functions[{first, second, isRead}];
    if (!merged)
      merged = merge(first, second, isRead);
    OpBuilder builder(reader);
    auto next = CallOp::create(builder, reader.getLoc(), reader.getResultTypes(),
                               FlatSymbolRefAttr::get(merged.getSymNameAttr()), operands, reader.getWantedAttr(),
                               reader.getLaneAttr());
    reader.replaceAllUsesWith(next.getResults());
    reader.erase();
    replaced.insert(second);
  }

  /// A function of the operations of `first`, then those of `second`, whose arguments marked by `isRead` are what
  /// `first` computes.
  FunctionOp merge(FunctionOp first, FunctionOp second, const std::vector<bool> &isRead) {
    SmallVector<Type> types(first.getArgumentTypes());
    for (auto [type, read] : llvm::zip(second.getArgumentTypes(), isRead))
      if (!read)
        types.push_back(type);
    OpBuilder builder(second);
    std::string suffix = getRowRangeSuffix(second.getRowRange());
    StringRef base = first.getName(), rest = second.getName();
    base.consume_back(suffix);
    std::string merged = (base + "_then_" + rest).str();
    auto function = FunctionOp::create(builder, second.getLoc(), builder.getStringAttr(merged),
                                       TypeAttr::get(builder.getFunctionType(types, second.getResultTypes())),
                                       second.getRowRange(), /*arg_attrs=*/ArrayAttr(), /*res_attrs=*/ArrayAttr());
    symbols.insert(function, Block::iterator(second));
    Block *block =
        builder.createBlock(&function.getBody(), {}, types, SmallVector<Location>(types.size(), second.getLoc()));
    IRMapping mapping;
    unsigned next = 0;
    for (BlockArgument argument : first.getBody().getArguments())
      mapping.map(argument, block->getArgument(next++));
    for (Operation &op : first.getBody().front().without_terminator())
      builder.clone(op, mapping);
    Value computed = mapping.lookup(first.getKernel()->getResult(0));
    for (auto [argument, read] : llvm::zip(second.getBody().getArguments(), isRead))
      mapping.map(argument, read ? computed : block->getArgument(next++));
    for (Operation &op : second.getBody().front())
      builder.clone(op, mapping);
    return function;
  }

  func::FuncOp forward;
  const target::TargetDescription &target;
  SymbolTable &symbols;
  std::map<std::tuple<Operation *, Operation *, std::vector<bool>>, FunctionOp> functions;
  /// Functions that lost a call.
  llvm::SetVector<Operation *> replaced;
};

struct RepeatPrologues : kernel::impl::RepeatProloguesBase<RepeatPrologues> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> forwards = getForwardFunctions(getOperation());
    if (forwards.empty())
      return;
    FailureOr<const target::TargetDescription *> target = target::TargetDescription::of(getOperation());
    if (failed(target))
      return signalPassFailure();
    SymbolTable symbols(getOperation());
    for (func::FuncOp forward : forwards) {
      RowRangeAttr range = getRowRange(forward);
      if (range && range.getLast() == 1)
        PrologueRepeater(forward, **target, symbols).run();
    }
  }
};
} // namespace
