//===- PlanMemory.cpp - buffers get addresses -----------------------------===//

#include "passes/schedule/Order.h"
#include "passes/schedule/Passes.h"
#include "passes/schedule/planner/memory_planner.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"

namespace ingot::schedule {
#define GEN_PASS_DEF_SCHEDULEPLANMEMORY
#include "passes/schedule/Passes.h.inc"
} // namespace ingot::schedule

using namespace mlir;
using namespace ingot;
using namespace ingot::schedule;

namespace {

/// An arena as it fills up. All its buffers lie in one place, that of the
/// first.
class Arena {
public:
  Arena(StringRef name, int64_t alignment) : name(name), alignment(alignment) {}

  StringRef getName() const { return name; }

  /// Notes that `op` makes a buffer here; emits an error where that lies in
  /// another place than the others.
  LogicalResult enter(Operation *op, BufferType buffer) {
    if (!type)
      type = buffer;
    if (type.getTier() != buffer.getTier() || type.getOrdinal() != buffer.getOrdinal())
      return op->emitOpError() << "expected all buffers of @" << name << " in one place, found " << type << " and "
                               << buffer;
    return success();
  }

  /// Appends `size` bytes and returns their offset.
  int64_t append(uint64_t size) {
    int64_t offset = bytes;
    bytes += llvm::alignTo(size, alignment);
    return offset;
  }

  void growTo(uint64_t size) { bytes = std::max<int64_t>(bytes, llvm::alignTo(size, alignment)); }

  /// Writes the arena into the module, unless nothing lies in it.
  void declare(OpBuilder &builder, Location location) const {
    if (type)
      ArenaOp::create(builder, location, name, type.getTier(), type.getOrdinal(), type.getLifetime(), bytes, alignment);
  }

private:
  StringRef name;
  int64_t alignment;
  BufferType type;
  int64_t bytes = 0;
};

struct PlanMemory : schedule::impl::SchedulePlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    auto programs = llvm::to_vector(getOperation().getOps<ProgramOp>());
    if (!programs.empty() && failed(plan(programs)))
      signalPassFailure();
  }

  LogicalResult plan(ArrayRef<ProgramOp> programs);
};

} // namespace

/// Lays out the parameters in the order in which launches read them, program by
/// program.
static LogicalResult planConstants(ArrayRef<ProgramOp> programs, Arena &arena,
                                   llvm::MapVector<Attribute, std::pair<int64_t, uint64_t>> &slices) {
  for (ProgramOp program : programs)
    for (auto launch : program.getBody().front().getOps<LaunchOp>())
      for (Value input : launch.getInputs()) {
        auto constant = input.getDefiningOp<ConstantOp>();
        if (!constant)
          continue;
        if (failed(arena.enter(constant, constant.getBuffer().getType())))
          return failure();
        uint64_t bytes = constant.getBuffer().getType().getBytes();
        auto [slice, inserted] = slices.insert({constant.getParameterAttr(), {0, bytes}});
        if (inserted)
          slice->second.first = arena.append(bytes);
        else if (slice->second.second != bytes)
          return constant.emitOpError() << "expected " << slice->second.second << " bytes as elsewhere, found "
                                        << bytes;
      }
  return success();
}

/// Lays out the cache layer by layer, keys before values.
static LogicalResult planStates(ArrayRef<ProgramOp> programs, Arena &arena,
                                std::map<StateIdentity, std::pair<int64_t, uint64_t>> &places) {
  for (ProgramOp program : programs)
    for (auto state : program.getBody().front().getOps<StateOp>()) {
      BufferType type = state.getBuffer().getType();
      if (failed(arena.enter(state, type)))
        return failure();
      StateIdentity identity = *getStateIdentity(state.getBuffer());
      auto [place, inserted] = places.try_emplace(identity, 0, type.getBytes());
      if (!inserted && place->second.second != type.getBytes())
        return state.emitOpError() << "expected " << place->second.second << " bytes for " << describe(identity)
                                   << " as elsewhere, found " << type.getBytes();
    }
  for (auto &[identity, place] : places)
    place.first = arena.append(place.second);
  return success();
}

/// Offsets of one program's allocations, from its awaits.
static LogicalResult planTransients(ProgramOp program, Arena &arena, int64_t alignment,
                                    DenseMap<Operation *, int64_t> &offsets) {
  ProgramOrder order(program);
  auto ret = cast<ReturnOp>(program.getBody().front().back());
  planner::Problem problem;
  // The host's read of the output is one operation more.
  uint32_t end = order.size();
  problem.operations = end + 1;
  for (unsigned index = 0; index < order.size(); ++index) {
    LaunchOp launch = order.getLaunch(index);
    for (Value timepoint : launch.getAwaits())
      problem.edges.emplace_back(order.getIndexOf(timepoint), index);
    problem.edges.emplace_back(index, end);
  }
  SmallVector<AllocateOp> allocations;
  for (auto allocation : program.getBody().front().getOps<AllocateOp>()) {
    BufferType type = allocation.getBuffer().getType();
    if (failed(arena.enter(allocation, type)))
      return failure();
    planner::Buffer buffer{type.getBytes(), static_cast<uint64_t>(alignment), {}};
    for (Operation *user : allocation->getUsers())
      buffer.accesses.push_back(user == ret ? end : order.getIndex(user));
    // All programs leave their output at one address: the host knows no more
    // than one.
    buffer.atBase = allocation.getBuffer() == ret.getOutput();
    if (buffer.accesses.empty())
      buffer.bytes = 0, buffer.accesses.push_back(0);
    problem.buffers.push_back(std::move(buffer));
    allocations.push_back(allocation);
  }

  std::string error;
  std::optional<planner::Plan> plan = planner::planMemory(problem, error);
  if (!plan)
    return program.emitOpError() << "has buffers that cannot be planned: " << error;
  for (auto [allocation, offset] : llvm::zip_equal(allocations, plan->offsets))
    offsets[allocation] = offset;
  arena.growTo(plan->arenaBytes);
  remark::analysis(program.getLoc(),
                   remark::RemarkOpts::name("plan-memory").category("plan").function(program.getSymName()))
      << remark::metric("arena_bytes", plan->arenaBytes) << remark::metric("most_live_bytes", plan->lowerBound)
      << remark::metric("buffers", allocations.size());
  return success();
}

LogicalResult PlanMemory::plan(ArrayRef<ProgramOp> programs) {
  ModuleOp module = getOperation();
  FailureOr<const target::TargetDescription *> target = target::TargetDescription::of(module);
  if (failed(target))
    return failure();
  int64_t alignment = (*target)->getBufferAlignment();
  Arena weights("weights", alignment), cache("key_value", alignment), transient("transient", alignment);
  for (Arena *arena : {&weights, &cache, &transient})
    if (Operation *taken = SymbolTable::lookupSymbolIn(module, arena->getName()))
      return taken->emitOpError() << "has the name of an arena: expected a module without @" << arena->getName()
                                  << " before the plan phase";

  llvm::MapVector<Attribute, std::pair<int64_t, uint64_t>> slices;
  std::map<StateIdentity, std::pair<int64_t, uint64_t>> places;
  DenseMap<Operation *, int64_t> offsets;
  if (failed(planConstants(programs, weights, slices)) || failed(planStates(programs, cache, places)))
    return failure();
  for (ProgramOp program : programs)
    if (failed(planTransients(program, transient, alignment, offsets)))
      return failure();

  OpBuilder builder(programs.front());
  for (Arena *arena : {&weights, &cache, &transient})
    arena->declare(builder, module.getLoc());
  for (auto &[parameter, slice] : slices)
    ParameterSliceOp::create(builder, module.getLoc(), cast<FlatSymbolRefAttr>(parameter).getValue(), slice.first,
                             slice.second);

  for (ProgramOp program : programs)
    for (Operation &op : llvm::make_early_inc_range(program.getBody().front())) {
      builder.setInsertionPoint(&op);
      auto replace = [&](const Arena &arena, int64_t offset, FlatSymbolRefAttr parameter, StringAttr part,
                         IntegerAttr layer) {
        auto view = ViewOp::create(builder, op.getLoc(), op.getResult(0).getType(),
                                   FlatSymbolRefAttr::get(module.getContext(), arena.getName()),
                                   builder.getI64IntegerAttr(offset), parameter, part, layer);
        op.getResult(0).replaceAllUsesWith(view.getBuffer());
        op.erase();
      };
      if (op.getNumResults() == 1 && op.use_empty() && isa<ConstantOp, AllocateOp, StateOp>(op))
        op.erase(); // Nobody reads it: no bytes for it.
      else if (auto constant = dyn_cast<ConstantOp>(op))
        replace(weights, slices.find(constant.getParameterAttr())->second.first, constant.getParameterAttr(), {}, {});
      else if (auto state = dyn_cast<StateOp>(op))
        replace(cache, places.at(*getStateIdentity(state.getBuffer())).first, {}, state.getPartAttr(),
                state.getLayerAttr());
      else if (isa<AllocateOp>(op))
        replace(transient, offsets.lookup(&op), {}, {}, {});
    }
  return success();
}
