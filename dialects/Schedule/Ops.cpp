//===- Ops.cpp - verifiers of the schedule dialect ------------------------===//

#include "dialects/Schedule/Schedule.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::schedule;

#define GET_OP_CLASSES
#include "dialects/Schedule/Ops.cpp.inc"

LogicalResult ProgramOp::verifyRegions() {
  for (Operation &op : getBody().front())
    if (!isa<ScheduleDialect>(op.getDialect()))
      return op.emitOpError() << "is not allowed in a program: expected operations of the schedule dialect";
  if (!isa<ReturnOp>(getBody().front().back()))
    return emitOpError() << "expected a program that ends in schedule.return";
  auto step = cast<model::StepType>(getStep());
  if (step.getRows() != getRowRange().getLast())
    return emitOpError() << "expected a step of as many rows as the program serves, " << getRowRange().getLast()
                         << ", found " << step.getRows();
  return success();
}

LogicalResult ConstantOp::verifySymbolUses(SymbolTableCollection &symbols) {
  Operation *symbol = symbols.lookupNearestSymbolFrom((*this)->getParentOp()->getParentOp(), getParameterAttr());
  if (!isa_and_nonnull<model::ParameterOp, encoding::AssembleOp>(symbol))
    return emitOpError() << "expected a parameter named " << getParameterAttr() << ", found none";
  if (getBuffer().getType().getLifetime() != Lifetime::Constant)
    return emitOpError() << "expected a buffer of lifetime constant, found " << getBuffer().getType();
  return success();
}

static LogicalResult verifyPart(Operation *op, StringRef part, int64_t layer) {
  if ((part != "key" && part != "value") || layer < 0)
    return op->emitOpError() << "expected the part \"key\" or \"value\" of a layer, found \"" << part << "\" of "
                             << layer;
  return success();
}

LogicalResult StateOp::verify() {
  if (getBuffer().getType().getLifetime() != Lifetime::State)
    return emitOpError() << "expected a buffer of lifetime state, found " << getBuffer().getType();
  return verifyPart(*this, getPart(), getLayer());
}

LogicalResult AllocateOp::verify() {
  if (getBuffer().getType().getLifetime() != Lifetime::Transient)
    return emitOpError() << "expected a buffer of lifetime transient, found " << getBuffer().getType();
  return success();
}

LogicalResult ArenaOp::verify() {
  if (static_cast<int64_t>(getBytes()) < 1 || !llvm::isPowerOf2_64(getAlignment()))
    return emitOpError() << "expected at least one byte and an alignment that is a power of two, found " << getBytes()
                         << " and " << getAlignment();
  return success();
}

LogicalResult ViewOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto arena = symbols.lookupNearestSymbolFrom<ArenaOp>((*this)->getParentOp()->getParentOp(), getArenaAttr());
  if (!arena)
    return emitOpError() << "expected a schedule.arena named " << getArenaAttr() << ", found none";
  BufferType type = getBuffer().getType();
  if (arena.getTier() != type.getTier() || arena.getOrdinal() != static_cast<uint64_t>(type.getOrdinal()) ||
      arena.getLifetime() != type.getLifetime())
    return emitOpError() << "expected a buffer in the place and of the lifetime of " << getArenaAttr() << ", found "
                         << type;
  if (getOffset() % 64)
    return emitOpError() << "expected an offset that is a multiple of 64, found " << getOffset();
  if (type.getBytes() > arena.getBytes() || getOffset() > arena.getBytes() - type.getBytes())
    return emitOpError() << "expected a range inside of " << getArenaAttr() << " (" << arena.getBytes()
                         << " bytes), found " << getOffset() << " + " << type.getBytes();
  Lifetime lifetime = type.getLifetime();
  if (getParameter().has_value() != (lifetime == Lifetime::Constant) ||
      getPart().has_value() != (lifetime == Lifetime::State) || getPart().has_value() != getLayer().has_value())
    return emitOpError() << "expected a parameter's name on constants, part and layer on state and neither on others";
  return getPart() ? verifyPart(*this, *getPart(), *getLayer()) : success();
}

LogicalResult LaunchOp::verify() {
  for (Value operand : getOperands())
    if (auto buffer = dyn_cast<BufferType>(operand.getType()))
      if (buffer.getTier() == Tier::Disk)
        return emitOpError() << "expected buffers that a kernel can read, found one on disk: " << buffer;
  for (Value output : getOutputs())
    if (cast<BufferType>(output.getType()).getLifetime() == Lifetime::Constant)
      return emitOpError() << "expected outputs that may be written, found a constant";
  for (Value state : getStates())
    if (cast<BufferType>(state.getType()).getLifetime() != Lifetime::State)
      return emitOpError() << "expected state buffers after 'updates', found " << state.getType();
  if (getPartition().getGrain() < 1 || getPartition().getGrains() < 0)
    return emitOpError() << "expected a grain of at least 1, found " << getPartition();
  auto program = (*this)->getParentOfType<ProgramOp>();
  if (getPartition().getAxis() == Axis::HeadKeys && program && program.getRowRange().getLast() != 1)
    return emitOpError() << "expected a program of one row for " << getPartition()
                         << ": rows see different numbers of keys; found " << program.getRowRange();
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  Operation *module = (*this)->getParentOp()->getParentOp();
  Operation *symbol = symbols.lookupNearestSymbolFrom(module, getCalleeAttr());
  // Kernel functions become llvm.func in the codegen phase, in one pass with the programs.
  auto function = dyn_cast_or_null<kernel::FunctionOp>(symbol);
  if (!function)
    return emitOpError() << "expected a kernel.function named " << getCalleeAttr() << ", found none";
  unsigned tensors = llvm::count_if(function.getArgumentTypes(), llvm::IsaPred<RankedTensorType>);
  unsigned results = llvm::count_if(function.getResultTypes(), llvm::IsaPred<RankedTensorType>);
  if (tensors != getInputs().size() || results != getOutputs().size())
    return emitOpError() << "expected " << tensors << " inputs and " << results << " outputs as " << getCalleeAttr()
                         << " has, found " << getInputs().size() << " and " << getOutputs().size();
  unsigned caches = llvm::count_if(function.getArgumentTypes(), llvm::IsaPred<model::KeyValueType>);
  if (2 * caches != getStates().size())
    return emitOpError() << "expected the key and the value buffer of " << caches << " caches as " << getCalleeAttr()
                         << " has, found " << getStates().size() << " states";
  return success();
}
