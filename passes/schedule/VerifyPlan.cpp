//===- VerifyPlan.cpp - what the plan phase promises ----------------------===//

#include "passes/schedule/Order.h"
#include "passes/schedule/Passes.h"

#include "llvm/ADT/SmallPtrSet.h"

#include <map>

namespace ingot::schedule {
#define GEN_PASS_DEF_SCHEDULEVERIFYPLAN
#include "passes/schedule/Passes.h.inc"
} // namespace ingot::schedule

using namespace mlir;
using namespace ingot;
using namespace ingot::schedule;

namespace {

/// A range of an arena and who says so.
struct AddressRange {
  uint64_t offset, bytes;
  Operation *op;
  uint64_t end() const { return offset + bytes; }
};

class PlanVerifier {
public:
  PlanVerifier(ModuleOp module, const target::TargetDescription &target, const SymbolTable &symbols)
      : module(module), target(target), symbols(symbols) {}

  LogicalResult verify();

private:
  LogicalResult verifyArenas();
  LogicalResult verifySlices();
  LogicalResult verifyViews(ProgramOp program);
  LogicalResult verifyLiveness(ProgramOp program, const ProgramOrder &order);
  LogicalResult verifyBarriers(ProgramOp program);

  ModuleOp module;
  const target::TargetDescription &target;
  const SymbolTable &symbols;
  /// The one arena of each lifetime.
  std::map<Lifetime, ArenaOp> arenas;
  DenseMap<Attribute, ParameterSliceOp> slices;
  std::map<StateIdentity, AddressRange> states;
  /// The first program's output.
  ViewOp output;
};

struct VerifyPlan : schedule::impl::ScheduleVerifyPlanBase<VerifyPlan> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (module.getOps<ProgramOp>().empty())
      return;
    FailureOr<const target::TargetDescription *> target = target::TargetDescription::of(module);
    if (failed(target))
      return signalPassFailure();
    SymbolTable symbols(module);
    if (failed(PlanVerifier(module, **target, symbols).verify()))
      signalPassFailure();
  }
};

} // namespace

/// Emits an error where two of `ranges` share bytes; `describe` names one in
/// the message.
static LogicalResult verifyDisjoint(SmallVector<AddressRange> ranges, function_ref<std::string(Operation *)> describe) {
  llvm::sort(ranges, [](const AddressRange &a, const AddressRange &b) { return a.offset < b.offset; });
  for (size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].offset < ranges[i - 1].end())
      return ranges[i].op->emitOpError() << "expected bytes of its own, found " << describe(ranges[i].op) << " at "
                                         << ranges[i].offset << " inside of " << describe(ranges[i - 1].op) << ", "
                                         << ranges[i - 1].offset << " to " << ranges[i - 1].end();
  return success();
}

LogicalResult PlanVerifier::verify() {
  if (failed(verifyArenas()) || failed(verifySlices()))
    return failure();
  CacheGroups groups = getCacheGroups(module);
  for (auto program : module.getOps<ProgramOp>()) {
    ProgramOrder order(program);
    if (failed(verifyViews(program)) || failed(verifyOrder(program, order, {target, symbols, groups})) ||
        failed(verifyLiveness(program, order)) || failed(verifyBarriers(program)))
      return failure();
  }
  return verifyDisjoint(llvm::map_to_vector(states, [](auto &entry) { return entry.second; }),
                        [](Operation *op) { return describe(*getStateIdentity(op->getResult(0))); });
}

LogicalResult PlanVerifier::verifyArenas() {
  for (auto arena : module.getOps<ArenaOp>()) {
    if (!arenas.try_emplace(arena.getLifetime(), arena).second)
      return arena.emitOpError() << "expected one arena of lifetime " << stringifyLifetime(arena.getLifetime())
                                 << ", found another";
    // Offsets are only as aligned as what they start from.
    if (arena.getAlignment() % target.getBufferAlignment())
      return arena.emitOpError() << "expected an alignment of whole " << target.getBufferAlignment() << " bytes, found "
                                 << arena.getAlignment();
  }
  return success();
}

LogicalResult PlanVerifier::verifySlices() {
  auto weights = arenas.find(Lifetime::Constant);
  SmallVector<AddressRange> ranges;
  for (auto slice : module.getOps<ParameterSliceOp>()) {
    Operation *symbol = symbols.lookup(slice.getParameter());
    RankedTensorType type = getParameterType(symbol);
    if (!type)
      return slice.emitOpError() << "expected a parameter named " << slice.getParameterAttr() << ", found none";
    FailureOr<uint64_t> bytes = getParameterBytes(symbol, type);
    if (failed(bytes))
      return failure();
    if (slice.getBytes() != *bytes || slice.getOffset() % target.getBufferAlignment())
      return slice.emitOpError() << "expected " << *bytes << " bytes at a multiple of " << target.getBufferAlignment()
                                 << ", found " << slice.getBytes() << " at " << slice.getOffset();
    if (weights == arenas.end() || *bytes > weights->second.getBytes() ||
        slice.getOffset() > weights->second.getBytes() - *bytes)
      return slice.emitOpError() << "expected a range inside of the arena of constants, found " << *bytes
                                 << " bytes at " << slice.getOffset();
    if (!slices.try_emplace(slice.getParameterAttr(), slice).second)
      return slice.emitOpError() << "expected one slice for each parameter, found another";
    ranges.push_back({slice.getOffset(), *bytes, slice});
  }
  return verifyDisjoint(ranges, [](Operation *op) { return "@" + cast<ParameterSliceOp>(op).getParameter().str(); });
}

LogicalResult PlanVerifier::verifyViews(ProgramOp program) {
  for (Operation &op : program.getBody().front()) {
    if (isa<ConstantOp, StateOp, AllocateOp>(op))
      return op.emitOpError() << "has no address: expected a schedule.view after the plan phase";
    auto view = dyn_cast<ViewOp>(op);
    if (!view)
      continue;
    BufferType type = view.getBuffer().getType();
    if (FlatSymbolRefAttr parameter = view.getParameterAttr()) {
      ParameterSliceOp slice = slices.lookup(parameter);
      if (!slice)
        return view.emitOpError() << "expected a schedule.parameter_slice of " << parameter << ", found none";
      if (slice.getOffset() != view.getOffset() || slice.getBytes() != type.getBytes())
        return view.emitOpError() << "expected " << parameter << " where its slice says, " << slice.getBytes()
                                  << " bytes at " << slice.getOffset() << ", found " << type.getBytes() << " at "
                                  << view.getOffset();
    }
    if (std::optional<StateIdentity> state = getStateIdentity(view.getBuffer())) {
      auto [first, inserted] = states.try_emplace(*state, AddressRange{view.getOffset(), type.getBytes(), view});
      if (!inserted && (first->second.offset != view.getOffset() || first->second.bytes != type.getBytes()))
        return view.emitOpError() << "expected " << describe(*state) << " where they are elsewhere, "
                                  << first->second.bytes << " bytes at " << first->second.offset << ", found "
                                  << type.getBytes() << " at " << view.getOffset();
    }
  }

  // The host knows one address for the output, whatever the number of rows was.
  auto returned = cast<ReturnOp>(program.getBody().front().back()).getOutput().getDefiningOp<ViewOp>();
  if (!output)
    output = returned;
  if (output.getOffset() != returned.getOffset())
    return returned.emitOpError() << "expected the output of every program at one place, " << output.getOffset()
                                  << ", found " << returned.getOffset();
  return success();
}

LogicalResult PlanVerifier::verifyLiveness(ProgramOp program, const ProgramOrder &order) {
  struct Transient {
    ViewOp view;
    uint64_t offset, end;
    unsigned writer = 0;
    /// All launches that touch it.
    SmallVector<unsigned> users;
    bool outlivesProgram = false;
  };
  SmallVector<Transient> transients;
  for (auto view : program.getBody().front().getOps<ViewOp>()) {
    BufferType type = view.getBuffer().getType();
    if (type.getLifetime() != Lifetime::Transient)
      continue;
    Transient transient{view, view.getOffset(), view.getOffset() + type.getBytes(), 0, {}, false};
    bool written = false;
    for (OpOperand &use : view.getBuffer().getUses()) {
      auto launch = dyn_cast<LaunchOp>(use.getOwner());
      if (!launch) {
        transient.outlivesProgram = true;
        continue;
      }
      unsigned index = order.getIndex(launch);
      transient.users.push_back(index);
      if (llvm::is_contained(launch.getOutputs(), view.getBuffer())) {
        transient.writer = index;
        written = true;
      }
    }
    if (written)
      transients.push_back(std::move(transient));
  }

  auto doneBefore = [&](const Transient &early, const Transient &late) {
    return !early.outlivesProgram &&
           llvm::all_of(early.users, [&](unsigned user) { return order.isBefore(user, late.writer); });
  };
  llvm::sort(transients, [](const Transient &a, const Transient &b) { return a.offset < b.offset; });
  for (size_t i = 0; i < transients.size(); ++i)
    for (size_t j = i + 1; j < transients.size() && transients[j].offset < transients[i].end; ++j) {
      Transient &a = transients[i], &b = transients[j];
      if (doneBefore(a, b) || doneBefore(b, a))
        continue;
      auto writer = [&](const Transient &transient) { return order.getLaunch(transient.writer).getCallee(); };
      InFlightDiagnostic error = b.view.emitOpError();
      error << "expected bytes of its own while it is live, found the output of @" << writer(b) << ", " << b.offset
            << " to " << b.end << ", over the output of @" << writer(a) << ", " << a.offset << " to " << a.end;
      error.attachNote(a.view.getLoc()) << "the view that it overlaps";
      return error;
    }
  return success();
}

LogicalResult PlanVerifier::verifyBarriers(ProgramOp program) {
  llvm::SmallPtrSet<Operation *, 8> running;
  for (Operation &op : program.getBody().front()) {
    if (isa<BarrierOp>(op))
      running.clear();
    auto launch = dyn_cast<LaunchOp>(op);
    if (!launch || launch.getLane() != Lane::Compute)
      continue;
    for (Value timepoint : launch.getAwaits())
      if (running.contains(timepoint.getDefiningOp()))
        return launch.emitOpError() << "expected a schedule.barrier after @"
                                    << cast<LaunchOp>(timepoint.getDefiningOp()).getCallee()
                                    << ", which it awaits, found none between the two";
    running.insert(launch);
  }
  return success();
}
