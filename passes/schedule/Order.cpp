//===- Order.cpp - what happens before what in a program ------------------===//

#include "passes/schedule/Order.h"

#include <map>

using namespace mlir;
using namespace ingot;
using namespace ingot::schedule;

ProgramOrder::ProgramOrder(ProgramOp program) {
  llvm::append_range(launches, program.getBody().front().getOps<LaunchOp>());
  before.reserve(launches.size());
  // Values are defined before they are used, so that one walk closes the
  // relation.
  for (LaunchOp launch : launches) {
    indices[launch] = before.size();
    llvm::BitVector &set = before.emplace_back(launches.size());
    for (Value timepoint : launch.getAwaits()) {
      unsigned awaited = getIndexOf(timepoint);
      set |= before[awaited];
      set.set(awaited);
    }
  }
}

std::optional<StateIdentity> schedule::getStateIdentity(Value buffer) {
  auto identity = [](int64_t layer, StringRef part) { return StateIdentity(layer, part == "key" ? 0 : 1); };
  if (auto state = buffer.getDefiningOp<StateOp>())
    return identity(state.getLayer(), state.getPart());
  if (auto view = buffer.getDefiningOp<ViewOp>())
    if (view.getPart())
      return identity(*view.getLayer(), *view.getPart());
  return std::nullopt;
}

std::string schedule::describe(StateIdentity state) {
  return (state.second == 0 ? "the keys of layer " : "the values of layer ") + std::to_string(state.first);
}

FlatSymbolRefAttr schedule::getParameter(Value buffer) {
  if (auto constant = buffer.getDefiningOp<ConstantOp>())
    return constant.getParameterAttr();
  if (auto view = buffer.getDefiningOp<ViewOp>())
    return view.getParameterAttr();
  return {};
}

bool schedule::writesState(Operation *kernel) {
  return isa<kernel::AppendOp, kernel::QkvRopeAppendOp, kernel::QkvEpilogueOp>(kernel);
}

namespace {

/// The rules for one program. Every check emits its error on the launch that
/// breaks the rule.
class OrderVerifier {
public:
  OrderVerifier(ProgramOp program, const ProgramOrder &order, const OrderContext &context)
      : program(program), order(order), context(context), step(cast<model::StepType>(program.getStep())) {}

  LogicalResult verify();

private:
  LogicalResult verifyTarget(LaunchOp launch, kernel::FunctionOp callee);
  LogicalResult verifyBuffers(LaunchOp launch, kernel::FunctionOp callee);
  LogicalResult verifyInputs(LaunchOp launch, unsigned index);
  LogicalResult verifyStates();
  LogicalResult verifyReturn();

  ProgramOp program;
  const ProgramOrder &order;
  const OrderContext &context;
  model::StepType step;
  /// The launch that writes an allocated buffer.
  DenseMap<Value, unsigned> writers;
};

} // namespace

LogicalResult schedule::verifyOrder(ProgramOp program, const ProgramOrder &order, const OrderContext &context) {
  return OrderVerifier(program, order, context).verify();
}

LogicalResult OrderVerifier::verify() {
  for (unsigned index = 0; index < order.size(); ++index) {
    LaunchOp launch = order.getLaunch(index);
    for (Value output : launch.getOutputs()) {
      if (cast<BufferType>(output.getType()).getLifetime() != Lifetime::Transient)
        return launch.emitOpError() << "expected transient outputs, found " << output.getType();
      auto [entry, inserted] = writers.try_emplace(output, index);
      if (!inserted)
        return launch.emitOpError() << "expected buffers that one launch writes, found an output "
                                       "that @"
                                    << order.getLaunch(entry->second).getCallee() << " writes too";
    }
  }
  for (unsigned index = 0; index < order.size(); ++index) {
    LaunchOp launch = order.getLaunch(index);
    auto callee = context.symbols.lookup<kernel::FunctionOp>(launch.getCallee());
    if (!callee)
      return launch.emitOpError() << "expected a kernel.function named " << launch.getCalleeAttr() << ", found none";
    if (failed(verifyTarget(launch, callee)) || failed(verifyBuffers(launch, callee)) ||
        failed(verifyInputs(launch, index)))
      return failure();
  }
  if (failed(verifyStates()))
    return failure();
  return verifyReturn();
}

LogicalResult OrderVerifier::verifyTarget(LaunchOp launch, kernel::FunctionOp callee) {
  Lane lane = context.target.getComputeLane();
  if (launch.getLane() != lane)
    return launch.emitOpError() << "expected the lane that executes kernels on target " << context.target.getName()
                                << ", " << stringifyLane(lane) << ", found " << stringifyLane(launch.getLane());
  PartitionAttr expected = context.target.getPartition(callee.getKernel(), callee.getRowRange());
  if (launch.getPartition() != expected)
    return launch.emitOpError() << "expected the target's partition for " << callee.getKernel()->getName() << ", "
                                << expected << ", found " << launch.getPartition();
  // A function for more rows writes whole tiles of them, beyond the buffers of this program.
  if (callee.getRowRange() != program.getRowRange())
    return launch.emitOpError() << "expected a function for the program's " << program.getRowRange() << ", found "
                                << launch.getCalleeAttr() << " for " << callee.getRowRange();
  return success();
}

LogicalResult OrderVerifier::verifyBuffers(LaunchOp launch, kernel::FunctionOp callee) {
  int64_t rows = getRowBound(step, program.getRowRange(), launch.getWanted());
  auto verifyActivation = [&](Value buffer, Type type, int64_t rows, StringRef what) -> LogicalResult {
    auto tensor = cast<RankedTensorType>(type);
    FailureOr<uint64_t> bytes = getActivationBytes(launch, context.target, tensor, rows);
    if (failed(bytes))
      return failure();
    uint64_t found = cast<BufferType>(buffer.getType()).getBytes();
    if (found < *bytes)
      return launch.emitOpError() << "expected " << what << " of at least " << *bytes << " bytes for " << rows
                                  << " rows of " << tensor << ", found " << found;
    return success();
  };

  // A kernel that gathers the wanted rows reads all of them.
  int64_t inputRows = callee.getKernel()->hasTrait<model::GathersWanted>()
                          ? getRowBound(step, program.getRowRange(), /*wanted=*/false)
                          : rows;
  auto inputs = launch.getInputs().begin(), states = launch.getStates().begin();
  for (Type type : callee.getArgumentTypes()) {
    if (auto cache = dyn_cast<model::KeyValueType>(type)) {
      std::optional<StateIdentity> found[2];
      for (int index : {0, 1}) {
        StringRef part = index == 0 ? "key" : "value";
        Value state = *states++;
        found[index] = getStateIdentity(state);
        if (!found[index] || found[index]->second != index || found[index]->first != found[0]->first)
          return launch.emitOpError() << "expected the keys and then the values of one layer after "
                                         "'updates', found "
                                      << (found[index] ? describe(*found[index]) : std::string("neither")) << " as the "
                                      << part;
        FailureOr<uint64_t> bytes = getCacheBytes(launch, context.groups, cache, part);
        if (failed(bytes))
          return failure();
        if (cast<BufferType>(state.getType()).getBytes() != *bytes)
          return launch.emitOpError() << "expected " << *bytes << " bytes for " << describe(*found[index]) << ", "
                                      << cache << ", found " << state.getType();
      }
      continue;
    }
    if (!isa<RankedTensorType>(type))
      continue;
    Value input = *inputs++;
    if (FlatSymbolRefAttr parameter = getParameter(input)) {
      Operation *symbol = context.symbols.lookup(parameter.getValue());
      RankedTensorType held = getParameterType(symbol);
      if (held != type)
        return launch.emitOpError() << "expected a parameter " << type << ", found " << parameter << ", " << held;
      FailureOr<uint64_t> bytes = getParameterBytes(symbol, held);
      if (failed(bytes))
        return failure();
      if (cast<BufferType>(input.getType()).getBytes() != *bytes)
        return launch.emitOpError() << "expected " << *bytes << " bytes for " << parameter << ", found "
                                    << input.getType();
    } else if (failed(verifyActivation(input, type, inputRows, "an input"))) {
      return failure();
    }
  }
  auto outputs = launch.getOutputs().begin();
  for (Type type : callee.getResultTypes())
    if (isa<RankedTensorType>(type) && failed(verifyActivation(*outputs++, type, rows, "an output")))
      return failure();
  return success();
}

LogicalResult OrderVerifier::verifyInputs(LaunchOp launch, unsigned index) {
  for (Value input : launch.getInputs()) {
    Lifetime lifetime = cast<BufferType>(input.getType()).getLifetime();
    if (lifetime == Lifetime::Constant)
      continue;
    if (lifetime != Lifetime::Transient)
      return launch.emitOpError() << "expected constant or transient inputs, found " << input.getType();
    auto writer = writers.find(input);
    if (writer == writers.end())
      return launch.emitOpError() << "expected inputs that an earlier launch "
                                     "writes, found one that nobody writes: "
                                  << input.getType();
    if (!order.isBefore(writer->second, index))
      return launch.emitOpError() << "expected to await, directly or through others, @"
                                  << order.getLaunch(writer->second).getCallee()
                                  << ", which writes its input; found awaits that do not lead there";
  }
  return success();
}

LogicalResult OrderVerifier::verifyStates() {
  struct Accesses {
    SmallVector<unsigned> all, writers;
  };
  std::map<StateIdentity, Accesses> states;
  for (unsigned index = 0; index < order.size(); ++index) {
    LaunchOp launch = order.getLaunch(index);
    Operation *kernel = context.symbols.lookup<kernel::FunctionOp>(launch.getCallee()).getKernel();
    for (Value state : launch.getStates()) {
      Accesses &accesses = states[*getStateIdentity(state)];
      accesses.all.push_back(index);
      if (writesState(kernel))
        accesses.writers.push_back(index);
    }
  }
  for (auto &[state, accesses] : states)
    for (unsigned index : accesses.all) {
      LaunchOp launch = order.getLaunch(index);
      bool filled = false;
      for (unsigned writer : accesses.writers) {
        if (writer != index && !order.isBefore(writer, index) && !order.isBefore(index, writer))
          return launch.emitOpError() << "expected to be ordered with @" << order.getLaunch(writer).getCallee()
                                      << ", which writes " << describe(state)
                                      << ", found no await that leads from one to the other";
        filled |= writer == index || order.isBefore(writer, index);
      }
      // The rows of a step see themselves, so that its own keys and values are
      // there first.
      if (!filled)
        return launch.emitOpError() << "expected to follow the launch that appends to " << describe(state)
                                    << ", found none before it";
    }
  return success();
}

LogicalResult OrderVerifier::verifyReturn() {
  auto op = cast<ReturnOp>(program.getBody().front().back());
  auto writer = writers.find(op.getOutput());
  if (writer == writers.end())
    return op.emitOpError() << "expected an output that a launch writes, found "
                               "one that nobody writes";
  unsigned last = order.getIndexOf(op.getTimepoint());
  for (unsigned index = 0; index < order.size(); ++index)
    if (index != last && !order.isBefore(index, last))
      return op.emitOpError() << "expected a timepoint that follows every "
                                 "launch, found one that does not follow @"
                              << order.getLaunch(index).getCallee();
  // Only the type of what is written says its columns, and with them its row stride.
  LaunchOp launch = order.getLaunch(writer->second);
  auto results = llvm::make_filter_range(
      context.symbols.lookup<kernel::FunctionOp>(launch.getCallee()).getResultTypes(), llvm::IsaPred<RankedTensorType>);
  for (auto [output, type] : llvm::zip(launch.getOutputs(), results)) {
    int64_t columns = cast<RankedTensorType>(type).getShape().back();
    if (output == op.getOutput() && columns != static_cast<int64_t>(op.getColumns()))
      return op.emitOpError() << "expected " << columns << " columns, as @" << launch.getCallee() << " writes, found "
                              << op.getColumns();
  }
  return success();
}
