//===- Ops.cpp - verifiers of the model dialect ---------------------------===//

#include "dialects/Model/Columns.h"
#include "dialects/Model/Model.h"

#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::model;

#define GET_OP_CLASSES
#include "dialects/Model/Ops.cpp.inc"

//===----------------------------------------------------------------------===//
// What the file holds
//===----------------------------------------------------------------------===//

LogicalResult ParameterOp::verify() {
  int sources = getFile().has_value() + getSplat().has_value() + getSeed().has_value();
  if (sources != 1)
    return emitOpError() << "expected exactly one source (a file, a splat or a seed), found " << sources;
  if (getFile().has_value() != getKey().has_value() || getSeed().has_value() != getScale().has_value())
    return emitOpError() << "expected a key with the file, and a scale with the seed";
  auto type = cast<RankedTensorType>(getType());
  if (type.getNumDynamicDims())
    return emitOpError() << "expected a static shape, found " << getType();
  if ((getView() || getAddend()) && !getFile())
    return emitOpError() << "expected a view and an addend with a file, found none";
  if (ViewAttr view = getViewAttr()) {
    bool isRow = type.getRank() == 1;
    if (type.getRank() < 1 || view.getCount() != type.getNumElements() ||
        (!isRow && view.getSizes().back() != type.getShape().back()))
      return emitOpError() << "expected a view of the elements of " << type
                           << (isRow ? "" : ", its last size that of a row") << ", found " << view;
  }
  encoding::StorageAttr storage = encoding::getStorage(type);
  if (getAddend() && (!storage || storage.getFormat().isQuantized() ||
                      storage.getFormat().getWeightFormat().element != encoding::ElementKind::F32))
    return emitOpError() << "expected elements stored as f32 beside an addend, found " << type;
  return success();
}

LogicalResult CacheGroupOp::verify() {
  // Kernels unroll over a page; the runtime counts positions and pages in 32 bits.
  constexpr uint64_t mostPageRows = 256, most = std::numeric_limits<int32_t>::max();
  if (getPageRows() < 16 || getPageRows() % 16 || getPageRows() > mostPageRows)
    return emitOpError() << "expected pages of a multiple of 16 rows, at most " << mostPageRows
                         << ", found page_rows = " << getPageRows();
  if (getContext() < 1 || getContext() > most || getPages() > most)
    return emitOpError() << "expected 1 <= context, pages <= " << most << ", found context = " << getContext()
                         << ", pages = " << getPages();
  if (getWindow().has_value() != getRing().has_value())
    return emitOpError() << "expected a ring exactly where a window is given";
  if (getWindow() && (*getWindow() < 1 || *getWindow() >= getContext()))
    return emitOpError() << "expected a window of 1 to " << getContext() - 1 << " positions in a context of "
                         << getContext() << ", found " << static_cast<int64_t>(*getWindow());
  if (getRing() && (*getRing() < 1 || *getRing() > llvm::divideCeil(getContext(), getPageRows())))
    return emitOpError() << "expected a ring of 1 to " << llvm::divideCeil(getContext(), getPageRows())
                         << " pages, those of the context, found " << static_cast<int64_t>(*getRing());
  if (static_cast<int64_t>(getPages()) < getSequencePages())
    return emitOpError() << "expected pages for at least one sequence of "
                         << (getRing() ? getSequencePages() * getPageRows() : getContext()) << " positions, found "
                         << getPages() << " pages of " << getPageRows();
  return success();
}

int64_t CacheGroupOp::getSequencePages() {
  return getRing() ? *getRing() : llvm::divideCeil(getContext(), getPageRows());
}

int64_t CacheGroupOp::getFewestRingPages(int64_t context, int64_t pageRows, int64_t window, int64_t rows) {
  return llvm::divideCeil(std::min(context, window + std::min(rows, context) - 1), pageRows);
}

LogicalResult CacheGroupOp::verifyReader(Operation *op, std::optional<int64_t> window, int64_t rows) {
  if (!getWindow())
    return success();
  if (!window || *window > static_cast<int64_t>(*getWindow()))
    return op->emitOpError() << "expected a window of at most " << *getWindow()
                             << " positions, which is what cache group " << getNameAttr() << " keeps, found "
                             << (window ? Twine(*window) : Twine("none"));
  int64_t fewest = getFewestRingPages(getContext(), getPageRows(), *window, rows);
  if (static_cast<int64_t>(*getRing()) < fewest)
    return op->emitOpError() << "expected a ring of at least " << fewest << " pages in cache group " << getNameAttr()
                             << " for steps of " << rows << " rows, found " << *getRing();
  return success();
}

LogicalResult EncoderOp::verify() {
  constexpr uint64_t most = std::numeric_limits<int32_t>::max();
  if (getVocabulary() < 1 || getVocabulary() > most)
    return emitOpError() << "expected a vocabulary of 1 to " << most << " tokens, found "
                         << static_cast<int64_t>(getVocabulary());
  if (getLabels() && (getLabels()->empty() || getEachRow()))
    return emitOpError() << "expected labels of whole sequences, at least one, found " << getLabels()->size()
                         << (getEachRow() ? " beside each_row" : "");
  return success();
}

LogicalResult LoadParameterOp::verifySymbolUses(SymbolTableCollection &symbols) {
  Operation *symbol = symbols.lookupNearestSymbolFrom(*this, getParameterAttr());
  Type type;
  if (auto parameter = dyn_cast_or_null<ParameterOp>(symbol))
    type = parameter.getType();
  else if (auto assemble = dyn_cast_or_null<encoding::AssembleOp>(symbol))
    type = assemble.getType();
  else
    return emitOpError() << "expected a parameter named " << getParameterAttr() << ", found none";
  if (type != getResult().getType())
    return emitOpError() << "expected the parameter's type " << type << ", found " << getResult().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

LogicalResult EmbeddingOp::verify() { return verifyColumns(*this, getResult(), columnsOf(getTable()), "a result"); }

LogicalResult PositionEmbeddingOp::verify() {
  RankedTensorType table = tensorOf(getTable());
  auto offset = static_cast<int64_t>(getOffset());
  if (table.getRank() != 2 || !table.hasStaticShape() || offset < 0 || offset >= table.getDimSize(0))
    return emitOpError() << "expected a static table [positions, columns] with a row for position 0, found " << table
                         << " and offset = " << offset;
  return verifyColumns(*this, getResult(), columnsOf(getTable()), "a result");
}

LogicalResult RepeatRowOp::verify() {
  if (failed(verifyVector(*this, getVector(), columnsOf(getResult()), "a vector")))
    return failure();
  return verifyColumns(*this, getResult(), columnsOf(getVector()), "a result");
}

LogicalResult RepeatColumnOp::verify() {
  if (failed(verifyColumns(*this, getInput(), 1, "an input")))
    return failure();
  return verifyColumns(*this, getResult(), columnsOf(getResult()), "a result");
}

LogicalResult SequenceMeanOp::verify() { return verifyColumns(*this, getResult(), columnsOf(getInput()), "a result"); }

LogicalResult WantedRowsOp::verify() { return verifyColumns(*this, getResult(), columnsOf(getInput()), "a result"); }

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

static LogicalResult verifyOrder(Operation *op, Value input, Value weight) {
  encoding::StorageAttr given = encoding::getStorage(input.getType()), stored = encoding::getStorage(weight.getType());
  if (given && stored && given.getOrder() != stored.getOrder())
    return op->emitOpError() << "expected input and weight in one channel order, found " << input.getType() << " and "
                             << weight.getType();
  return success();
}

static LogicalResult verifyLinear(Operation *op, Value input, Value weight, Value result) {
  RankedTensorType type = tensorOf(weight);
  if (type.getRank() != 2 || !type.hasStaticShape())
    return op->emitOpError() << "expected a static matrix [outputs, inputs], found " << type;
  if (failed(verifyOrder(op, input, weight)) || failed(verifyColumns(op, input, type.getDimSize(1), "an input")))
    return failure();
  return verifyColumns(op, result, type.getDimSize(0), "a result");
}

/// The same of an operation that may have a bias.
template <typename Linear> static LogicalResult verifyLinear(Linear op) {
  if (failed(verifyLinear(op, op.getInput(), op.getWeight(), op.getResult())))
    return failure();
  return op.getBias() ? verifyVector(op, op.getBias(), columnsOf(op.getResult()), "a bias") : success();
}

LogicalResult LinearOp::verify() { return verifyLinear(*this); }
LogicalResult LogitsOp::verify() { return verifyLinear(*this); }

LogicalResult GatedMlpOp::verify() {
  if (failed(verifyLinear(*this, getInput(), getGate(), getResult())) ||
      failed(verifyLinear(*this, getInput(), getUp(), getResult())))
    return failure();
  if (!getGateBias() != !getUpBias())
    return emitOpError() << "expected both biases or none, found one";
  for (Value bias : {getGateBias(), getUpBias()})
    if (bias && failed(verifyVector(*this, bias, columnsOf(getResult()), "a bias")))
      return failure();
  return success();
}

LogicalResult RmsNormOp::verify() { return verifyNorm(*this, getInput(), getGroups(), getWeight(), Value()); }

LogicalResult LayerNormOp::verify() { return verifyNorm(*this, getInput(), getGroups(), getWeight(), getBias()); }

LogicalResult RopeOp::verify() {
  int64_t dimension = getDimension();
  if (dimension <= 0 || dimension % 2 || columnsOf(getInput()) % dimension)
    return emitOpError() << "expected whole heads of an even dimension, found " << getInput().getType()
                         << " and dimension = " << dimension;
  int64_t pairs = getFrequencies().size();
  if (pairs < 1 || pairs > dimension / 2)
    return emitOpError() << "expected 1 to " << dimension / 2 << " frequencies, found " << pairs;
  if (getFactors() && tensorOf(getFactors()).getShape() != ArrayRef<int64_t>{pairs})
    return emitOpError() << "expected " << pairs << " factors, found " << getFactors().getType();
  return success();
}

LogicalResult KeyValueAppendOp::verify() {
  KeyValueType cache = getCache().getType();
  int64_t width = cache.getHeads() * cache.getDimension();
  if (failed(verifyColumns(*this, getKey(), width, "a key")) ||
      failed(verifyColumns(*this, getValue(), width, "a value")))
    return failure();
  // In place and never a copy: nothing may look at the version that the append consumes.
  if (!getCache().hasOneUse())
    return emitOpError() << "expected to be the only user of the cache version it takes, found another";
  return success();
}

LogicalResult AttentionOp::verify() {
  int64_t heads = getHeads(), keyValueHeads = getKeyValueHeads();
  if (heads < 1 || keyValueHeads < 1 || heads % keyValueHeads || columnsOf(getQuery()) % heads)
    return emitOpError() << "expected heads in whole groups per key-value head, found heads = " << heads
                         << ", key_value_heads = " << keyValueHeads << " on " << getQuery().getType();
  if (failed(verifyWindow(*this, getWindow())) || failed(verifyDirection(*this)) || failed(verifyScores(*this, heads)))
    return failure();
  int64_t dimension = columnsOf(getQuery()) / heads;
  if (failed(verifyColumns(*this, getResult(), heads * dimension, "a result")))
    return failure();
  if (getCache()) {
    KeyValueType cache = getCache().getType();
    if (getKey() || getValue() || cache.getHeads() != keyValueHeads || cache.getDimension() != dimension)
      return emitOpError() << "expected either key and value, or a cache of " << keyValueHeads << " x " << dimension
                           << ", found " << cache;
    return success();
  }
  if (!getKey() || !getValue())
    return emitOpError() << "expected either key and value or a cache, found neither";
  if (failed(verifyColumns(*this, getKey(), keyValueHeads * dimension, "a key")))
    return failure();
  return verifyColumns(*this, getValue(), keyValueHeads * dimension, "a value");
}

//===----------------------------------------------------------------------===//
// Mixtures of experts
//===----------------------------------------------------------------------===//

LogicalResult ChooseExpertsOp::verify() { return verifyChoice(*this, getInput(), getCount(), getResult()); }

int64_t ExpertGatedMlpOp::getCount() { return columnsOf(getChoice()) / 2; }
int64_t ExpertSumOp::getCount() { return columnsOf(getChoice()) / 2; }

/// What each expert has of `weight`, of whose rows it has so many.
template <typename Experts> static LogicalResult verifyExperts(Experts op, Value weight) {
  RankedTensorType type = tensorOf(weight);
  auto experts = static_cast<int64_t>(op.getExperts());
  if (experts < 1 || type.getRank() != 2 || !type.hasStaticShape() || type.getDimSize(0) % experts)
    return op.emitOpError() << "expected a static matrix of whole experts, found experts = " << experts << " and "
                            << type;
  int64_t count = op.getCount();
  if (tensorOf(op.getChoice()).getRank() != 2 || columnsOf(op.getChoice()) % 2 || count < 1 || count > experts)
    return op.emitOpError() << "expected a choice of at most " << experts << " experts and their weights, found "
                            << op.getChoice().getType();
  return success();
}

LogicalResult ExpertGatedMlpOp::verify() {
  for (Value weight : {getGate(), getUp()}) {
    if (failed(verifyExperts(*this, weight)) || failed(verifyOrder(*this, getInput(), weight)) ||
        failed(verifyColumns(*this, getInput(), columnsOf(weight), "an input")))
      return failure();
    int64_t hidden = tensorOf(weight).getDimSize(0) / static_cast<int64_t>(getExperts());
    if (failed(verifyColumns(*this, getResult(), getCount() * hidden, "a result")))
      return failure();
  }
  return success();
}

LogicalResult ExpertSumOp::verify() {
  if (failed(verifyExperts(*this, getWeight())) || failed(verifyOrder(*this, getInput(), getWeight())) ||
      failed(verifyColumns(*this, getInput(), getCount() * columnsOf(getWeight()), "an input")))
    return failure();
  int64_t columns = tensorOf(getWeight()).getDimSize(0) / static_cast<int64_t>(getExperts());
  return verifyColumns(*this, getResult(), columns, "a result");
}
