//===- FormLaunches.cpp - calls become launches ---------------------------===//

#include "passes/fuse/Forward.h"
#include "passes/schedule/Buffers.h"
#include "passes/schedule/Passes.h"

#include "llvm/ADT/SetVector.h"

namespace ingot::schedule {
#define GEN_PASS_DEF_SCHEDULEFORMLAUNCHES
#include "passes/schedule/Passes.h.inc"
} // namespace ingot::schedule

using namespace mlir;
using namespace ingot;
using namespace ingot::schedule;

namespace {

/// Turns one forward function into a program.
class ProgramBuilder {
public:
  ProgramBuilder(func::FuncOp function, const target::TargetDescription &target, const SymbolTable &symbols,
                 const CacheGroups &groups)
      : function(function), target(target), symbols(symbols), groups(groups), builder(function) {}

  LogicalResult build();

private:
  /// A layer's cache: its two buffers never change, its versions follow each
  /// other.
  struct Cache {
    Value key, value;
  };

  LogicalResult buildCaches();
  LogicalResult buildConstant(model::LoadParameterOp load);
  LogicalResult buildLaunch(kernel::CallOp call);
  LogicalResult buildReturn(func::ReturnOp op);

  BufferType homeBuffer(Lifetime lifetime, uint64_t bytes) {
    return BufferType::get(builder.getContext(), target.getHomeTier(), 0, lifetime, bytes);
  }

  func::FuncOp function;
  const target::TargetDescription &target;
  const SymbolTable &symbols;
  const CacheGroups &groups;
  OpBuilder builder;
  model::StepType step;
  kernel::RowRangeAttr rows;

  /// The buffer of every tensor, and the timepoint after which it is complete
  /// (constants have none).
  DenseMap<Value, Value> buffers;
  /// The index in `caches` of every cache version.
  DenseMap<Value, unsigned> layers;
  SmallVector<Cache> caches;
  /// The timepoint of the launch that a call has become, and its place in the
  /// order of launches.
  DenseMap<Operation *, Value> timepoints;
  DenseMap<Operation *, unsigned> positions;
  Value last;
};

struct FormLaunches : schedule::impl::ScheduleFormLaunchesBase<FormLaunches> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<func::FuncOp> functions;
    for (auto function : module.getOps<func::FuncOp>())
      if (function->hasAttr(kernel::rowRangeName))
        functions.push_back(function);
    if (functions.empty())
      return;

    FailureOr<const target::TargetDescription *> target = target::TargetDescription::of(module);
    if (failed(target))
      return signalPassFailure();
    SymbolTable symbols(module);
    CacheGroups groups = getCacheGroups(module);
    for (func::FuncOp function : functions) {
      if (failed(ProgramBuilder(function, **target, symbols, groups).build()))
        return signalPassFailure();
      function.erase();
    }
  }
};

} // namespace

LogicalResult ProgramBuilder::build() {
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return function.emitOpError() << "expected a body of one block";
  rows = function->getAttrOfType<kernel::RowRangeAttr>(kernel::rowRangeName);
  if (!rows)
    return function.emitOpError() << "expected '" << kernel::rowRangeName << "' to be a #kernel.rows attribute";
  step = function.getNumArguments() ? dyn_cast<model::StepType>(function.getArgument(0).getType()) : model::StepType();
  if (!step)
    return function.emitOpError() << "expected the step as its first argument";

  // What nobody reads is no launch.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();

  auto program = ProgramOp::create(builder, function.getLoc(), function.getName(), step, rows);
  builder.createBlock(&program.getBody());
  if (failed(buildCaches()))
    return failure();
  for (Operation &op : function.getBody().front()) {
    LogicalResult built = success();
    if (auto load = dyn_cast<model::LoadParameterOp>(op))
      built = buildConstant(load);
    else if (auto call = dyn_cast<kernel::CallOp>(op))
      built = buildLaunch(call);
    else if (auto ret = dyn_cast<func::ReturnOp>(op))
      built = buildReturn(ret);
    else
      built = op.emitOpError() << "is not allowed in a forward function at "
                                  "this point: expected model.load_parameter, "
                                  "kernel.call and return";
    if (failed(built))
      return failure();
  }
  return success();
}

LogicalResult ProgramBuilder::buildCaches() {
  for (BlockArgument argument : function.getArguments().drop_front()) {
    auto type = dyn_cast<model::KeyValueType>(argument.getType());
    if (!type)
      return function.emitOpError() << "expected caches after the step, found an argument " << argument.getType();
    Cache cache;
    int64_t layer = caches.size();
    for (StringRef part : {"key", "value"}) {
      FailureOr<uint64_t> bytes = getCacheBytes(function, groups, type, part);
      if (failed(bytes))
        return failure();
      // Dumps name values after their locations.
      Location location = NameLoc::get(builder.getStringAttr("layer." + Twine(layer) + "." + part), function.getLoc());
      Value state = StateOp::create(builder, location, homeBuffer(Lifetime::State, *bytes), layer, part).getBuffer();
      (part == "key" ? cache.key : cache.value) = state;
    }
    layers[argument] = layer;
    caches.push_back(cache);
  }
  return success();
}

LogicalResult ProgramBuilder::buildConstant(model::LoadParameterOp load) {
  Operation *symbol = symbols.lookup(load.getParameter());
  RankedTensorType type = getParameterType(symbol);
  if (!type)
    return load.emitOpError() << "expected a parameter named " << load.getParameterAttr() << ", found none";
  StringAttr home = getParameterHome(symbol);
  std::optional<Place> place = home ? parsePlace(home.getValue()) : std::nullopt;
  if (!place)
    return symbol->emitOpError() << "expected a home such as on \"host[0]\" from the place phase, "
                                    "found "
                                 << (home ? home.getValue() : StringRef("none"));
  FailureOr<uint64_t> bytes = getParameterBytes(symbol, type);
  if (failed(bytes))
    return failure();
  auto buffer = BufferType::get(builder.getContext(), place->tier, place->ordinal, Lifetime::Constant, *bytes);
  buffers[load.getResult()] = ConstantOp::create(builder, load.getLoc(), buffer, load.getParameterAttr()).getBuffer();
  return success();
}

LogicalResult ProgramBuilder::buildLaunch(kernel::CallOp call) {
  auto callee = symbols.lookup<kernel::FunctionOp>(call.getCallee());
  if (!callee)
    return call.emitOpError() << "expected a kernel.function named " << call.getCalleeAttr() << ", found none";
  std::optional<Lane> lane = call.getLane() ? symbolizeLane(*call.getLane()) : std::nullopt;
  if (!lane)
    return call.emitOpError() << "expected a lane such as on \"compute\" from the place phase, "
                                 "found "
                              << (call.getLane() ? *call.getLane() : StringRef("none"));

  llvm::SmallSetVector<Operation *, 4> awaited;
  SmallVector<Value> inputs, states, outputs, versions;
  for (Value operand : call.getOperands_()) {
    if (isa<model::StepType>(operand.getType()))
      continue;
    // Whoever produced a tensor or a cache version comes first.
    if (auto producer = operand.getDefiningOp<kernel::CallOp>())
      awaited.insert(producer);
    if (isa<model::KeyValueType>(operand.getType())) {
      const Cache &cache = caches[layers.lookup(operand)];
      states.append({cache.key, cache.value});
      versions.push_back(operand);
    } else {
      inputs.push_back(buffers.lookup(operand));
    }
  }

  unsigned version = 0;
  for (Value result : call.getResults_()) {
    if (isa<model::KeyValueType>(result.getType())) {
      if (version == versions.size())
        return call.emitOpError() << "expected to take a cache for each that it returns";
      // Bytes are written in place: readers of the version that goes away come
      // first.
      Value previous = versions[version++];
      for (Operation *reader : previous.getUsers())
        if (reader != call && isa<kernel::CallOp>(reader)) {
          if (!timepoints.contains(reader))
            return reader->emitOpError() << "reads a cache version that was already replaced: "
                                            "expected it before "
                                         << call.getCalleeAttr();
          awaited.insert(reader);
        }
      layers[result] = layers.lookup(previous);
      continue;
    }
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type)
      return call.emitOpError() << "expected to return tensors and caches, found " << result.getType();
    FailureOr<uint64_t> bytes = getActivationBytes(call, target, type, getRowBound(step, rows, call.getWanted()));
    if (failed(bytes))
      return failure();
    Value buffer = AllocateOp::create(builder, call.getLoc(), homeBuffer(Lifetime::Transient, *bytes)).getBuffer();
    buffers[result] = buffer;
    outputs.push_back(buffer);
  }

  SmallVector<Operation *> order = awaited.takeVector();
  llvm::sort(order, [&](Operation *a, Operation *b) { return positions.lookup(a) < positions.lookup(b); });
  SmallVector<Value> awaits = llvm::map_to_vector(order, [&](Operation *op) { return timepoints.lookup(op); });
  auto launch = LaunchOp::create(builder, call.getLoc(), TimepointType::get(builder.getContext()), call.getCallee(),
                                 inputs, states, outputs, awaits, *lane,
                                 target.getPartition(callee.getKernel(), callee.getRowRange()), call.getWanted());
  positions[call] = timepoints.size();
  timepoints[call] = last = launch.getTimepoint();
  return success();
}

LogicalResult ProgramBuilder::buildReturn(func::ReturnOp op) {
  unsigned layer = 0;
  Value output;
  for (Value value : op.getOperands()) {
    if (isa<model::KeyValueType>(value.getType())) {
      if (layers.lookup(value) != layer++)
        return op.emitOpError() << "expected the caches in the order of the arguments";
      continue;
    }
    if (output || !value.getDefiningOp<kernel::CallOp>())
      return op.emitOpError() << "expected one tensor that a kernel computes, and the caches";
    output = value;
  }
  if (!output || layer != caches.size())
    return op.emitOpError() << "expected one tensor that a kernel computes, and " << caches.size() << " caches";
  ReturnOp::create(builder, op.getLoc(), buffers.lookup(output),
                   cast<RankedTensorType>(output.getType()).getShape().back(), last);
  return success();
}
