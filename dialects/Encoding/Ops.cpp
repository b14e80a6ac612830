//===- Ops.cpp - verifiers of the encoding dialect ------------------------===//

#include "dialects/Encoding/Encoding.h"

using namespace mlir;
using namespace ingot::encoding;

#define GET_OP_CLASSES
#include "dialects/Encoding/Ops.cpp.inc"

static LogicalResult verifyConversion(Operation *op, Type plain, Type encoded) {
  auto plainTensor = cast<RankedTensorType>(plain), encodedTensor = cast<RankedTensorType>(encoded);
  if (plainTensor.getShape() != encodedTensor.getShape())
    return op->emitOpError() << "expected equal shapes, found " << plain << " and " << encoded;
  if (plainTensor.getEncoding() || !isQuantizedActivation(encoded))
    return op->emitOpError() << "expected a plain tensor and one in a dynamic block format, found " << plain << " and "
                             << encoded;
  return success();
}

LogicalResult QuantizeOp::verify() { return verifyConversion(*this, getInput().getType(), getResult().getType()); }

LogicalResult DequantizeOp::verify() { return verifyConversion(*this, getResult().getType(), getInput().getType()); }

//===----------------------------------------------------------------------===//
// Recipes
//===----------------------------------------------------------------------===//

/// Rows of a matrix or vector; 0 for a tensor without dimensions.
static int64_t rowsOf(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() ? type.getDimSize(0) : 0;
}

/// A row movement keeps columns and storage, and has `rows` rows.
static LogicalResult verifyRowMovement(Operation *op, ValueRange inputs, Type result, int64_t rows) {
  auto type = cast<RankedTensorType>(result);
  if (type.getRank() == 0)
    return op->emitOpError() << "expected a result with rows, found " << type;
  for (Value input : inputs) {
    auto inputType = cast<RankedTensorType>(input.getType());
    if (inputType.getRank() != type.getRank() || inputType.getShape().drop_front() != type.getShape().drop_front() ||
        inputType.getEncoding() != type.getEncoding())
      return op->emitOpError() << "expected inputs with the columns and storage of the result " << result << ", found "
                               << inputType;
  }
  if (type.getDimSize(0) != rows)
    return op->emitOpError() << "expected " << rows << " rows in the result, found " << type.getDimSize(0);
  return success();
}

LogicalResult ConcatenateOp::verify() {
  int64_t rows = 0;
  for (Value input : getInputs())
    rows += rowsOf(input);
  return verifyRowMovement(*this, getInputs(), getResult().getType(), rows);
}

LogicalResult InterleaveOp::verify() {
  if (getPanel() != static_cast<uint64_t>(panelRows))
    return emitOpError() << "expected panel = " << panelRows << ", found " << getPanel();
  if (getFirst().getType() != getSecond().getType())
    return emitOpError() << "expected two inputs of one type, found " << getFirst().getType() << " and "
                         << getSecond().getType();
  int64_t rows = rowsOf(getFirst());
  return verifyRowMovement(*this, {getFirst(), getSecond()}, getResult().getType(), 2 * paddedToPanels(rows));
}

LogicalResult HeadRowsOp::verify() {
  int64_t rows = rowsOf(getInput()), dimension = getDimension();
  if (getPanel() != static_cast<uint64_t>(panelRows))
    return emitOpError() << "expected panel = " << panelRows << ", found " << getPanel();
  if (dimension <= 0 || rows % dimension || (getOrder() != HeadOrder::Natural && dimension % 2))
    return emitOpError() << "expected rows in whole heads of an even dimension, found " << rows
                         << " rows and dimension " << dimension;
  int64_t rotated = getRotated().value_or(dimension);
  if (getRotated() && (getOrder() == HeadOrder::Natural || rotated < 2 || rotated % 2 || rotated > dimension))
    return emitOpError() << "expected an even number of at most " << dimension
                         << " rotated rows, in rotary pairs, found rotated = " << rotated << " in the order "
                         << stringifyHeadOrder(getOrder());
  int64_t padded = getOrder() == HeadOrder::Natural ? paddedToPanels(dimension) : 2 * paddedToPanels(dimension / 2);
  return verifyRowMovement(*this, getInput(), getResult().getType(), rows / dimension * padded);
}

LogicalResult LoadOp::verifySymbolUses(SymbolTableCollection &symbols) {
  Operation *symbol = symbols.lookupNearestSymbolFrom(*this, getParameterAttr());
  // Parameters are of the dialect above, which this one does not know; they say their type as recipes do.
  auto type = symbol && !isa<AssembleOp>(symbol) ? symbol->getAttrOfType<TypeAttr>("type") : TypeAttr();
  if (!type)
    return emitOpError() << "expected a parameter named " << getParameterAttr() << ", found none";
  if (type.getValue() != getResult().getType())
    return emitOpError() << "expected the parameter's type " << type.getValue() << ", found " << getResult().getType();
  return success();
}

LogicalResult AssembleOp::verify() {
  if (cast<RankedTensorType>(getType()).getNumDynamicDims())
    return emitOpError() << "expected a static type, found " << getType();
  StorageAttr storage = getStorage(getType());
  if (cast<RankedTensorType>(getType()).getRank() == 1 && storage && storage.getFormat().isQuantized())
    return emitOpError() << "expected a vector in a plain format, found " << getType();
  return success();
}

LogicalResult AssembleOp::verifySymbolUses(SymbolTableCollection &symbols) {
  for (auto load : getRecipe().front().getOps<LoadOp>()) {
    // Parameters are the model dialect's, which stands above this one; what counts here is the type.
    Operation *parameter = symbols.lookupNearestSymbolFrom(*this, load.getParameterAttr());
    auto type = parameter ? parameter->getAttrOfType<TypeAttr>("type") : TypeAttr();
    if (!type || isa<AssembleOp>(parameter))
      return load.emitOpError() << "expected a parameter named " << load.getParameterAttr() << ", found none";
    if (type.getValue() != load.getType())
      return load.emitOpError() << "expected the parameter's type " << type.getValue() << ", found " << load.getType();
  }
  return success();
}

LogicalResult AssembleOp::verifyRegions() {
  for (Operation &op : getRecipe().front())
    if (!isa<EncodingDialect>(op.getDialect()))
      return op.emitOpError() << "is not allowed in a recipe: expected operations of the encoding dialect";
  auto yield = dyn_cast<YieldOp>(getRecipe().front().getTerminator());
  if (!yield)
    return emitOpError() << "expected a recipe that ends in encoding.yield";
  auto yielded = cast<RankedTensorType>(yield.getValue().getType()), type = cast<RankedTensorType>(getType());
  StorageAttr from = getStorage(yielded), to = getStorage(type);
  bool widens = from && to && type.getRank() == 1 && !from.getFormat().isQuantized() &&
                to.getFormat() == GgmlAttr::get(getContext(), GgmlType::F32);
  if (yielded.getShape() != type.getShape() || !from != !to || (from && from.getFormat() != to.getFormat() && !widens))
    return emitOpError() << "expected a recipe that yields the shape and format of " << type << ", found " << yielded;
  return success();
}
