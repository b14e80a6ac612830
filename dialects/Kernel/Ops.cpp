//===- Ops.cpp - verifiers of the kernel dialect --------------------------===//

#include "dialects/Kernel/Kernel.h"
#include "dialects/Model/Columns.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FoldInterfaces.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;
using ingot::model::columnsOf;
using ingot::model::tensorOf;
using ingot::model::verifyColumns;

#include "dialects/Kernel/Dialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Kernel/Attributes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Kernel/Ops.cpp.inc"

namespace {
/// Constants of a region stay in it: a kernel is one operation with all that it computes.
struct KeepConstants : DialectFoldInterface {
  using DialectFoldInterface::DialectFoldInterface;
  bool shouldMaterializeInto(Region *) const override { return true; }
};
} // namespace

void KernelDialect::initialize() {
  addInterfaces<KeepConstants>();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Kernel/Attributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Kernel/Ops.cpp.inc"
      >();
}

LogicalResult RowRangeAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t first, int64_t last) {
  if (first < 1 || last < first)
    return emitError() << "expected 1 <= first <= last, found " << first << " to " << last;
  return success();
}

/// A region of scalar arithmetic that maps `inputs` to `results` f32 values.
static LogicalResult verifyScalarRegion(Operation *op, Region &region, ArrayRef<Type> inputs, unsigned results) {
  Block &block = region.front();
  if (block.getArgumentTypes() != TypeRange(inputs)) {
    auto error = op->emitOpError() << "expected a region over (";
    llvm::interleaveComma(inputs, error);
    error << "), found (";
    llvm::interleaveComma(block.getArgumentTypes(), error);
    return error << ")";
  }
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || yield.getValues().size() != results)
    return op->emitOpError() << "expected a region that yields " << results << " values";
  for (Operation &inner : block.without_terminator())
    if (!isa<arith::ArithDialect, math::MathDialect>(inner.getDialect()))
      return inner.emitOpError() << "is not allowed in a kernel's region: expected scalar arith or math";
  return success();
}

static LogicalResult verifyElementwise(Operation *op, Region &region, unsigned accumulators, unsigned operands) {
  MLIRContext *context = op->getContext();
  SmallVector<Type> inputs(accumulators + operands, Float32Type::get(context));
  inputs.append(2, IndexType::get(context));
  return verifyScalarRegion(op, region, inputs, 1);
}

Block *kernel::addElementwiseBlock(OpBuilder &builder, Location location, Region &region, unsigned accumulators,
                                   unsigned operands) {
  SmallVector<Type> types(accumulators + operands, builder.getF32Type());
  types.append(2, builder.getIndexType());
  return builder.createBlock(&region, region.end(), types, SmallVector<Location>(types.size(), location));
}

/// Operands of an elementwise region are plain: [rows, columns] like the result, or one value per column, or [rows, 1].
static LogicalResult verifyElementwiseOperands(Operation *op, ValueRange operands, int64_t columns) {
  for (Value operand : operands) {
    RankedTensorType type = tensorOf(operand);
    // Parameters of 16 bits are f32 where kernels read them.
    bool isVector = type.getRank() == 1;
    bool plain = !type.getEncoding() || (!encoding::getStorage(type).getFormat().isQuantized() &&
                                         (isVector || !encoding::isHalfActivation(type)));
    bool fits = columnsOf(operand) == columns || (!isVector && columnsOf(operand) == 1);
    if (!plain || !type.getElementType().isF32() || !fits)
      return op->emitOpError() << "expected plain f32 operands of " << columns << " columns, found " << type;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

LogicalResult EmbeddingOp::verify() {
  if (getPositionOffset() && *getPositionOffset() >= static_cast<uint64_t>(tensorOf(getTable()).getDimSize(0)))
    return emitOpError() << "expected a table with a row for position 0, found " << getTable().getType()
                         << " and position_offset = " << static_cast<int64_t>(*getPositionOffset());
  if (failed(verifyElementwiseOperands(*this, getOperands_(), columnsOf(getResult()))))
    return failure();
  return verifyColumns(*this, getResult(), columnsOf(getTable()), "a result");
}

LogicalResult EmbeddingOp::verifyRegions() {
  if (!getEpilogue().empty())
    return verifyElementwise(*this, getEpilogue(), 1, getOperands_().size());
  if (!getOperands_().empty())
    return emitOpError() << "expected an epilogue that takes the operands, found none";
  return success();
}

LogicalResult RopeTableOp::verify() {
  int64_t pairs = getFrequencies().size(), unrotated = getUnrotated();
  if (unrotated < 0)
    return emitOpError() << "expected no less than 0 unrotated pairs, found " << unrotated;
  if (getFactors() && tensorOf(getFactors()).getShape() != ArrayRef<int64_t>{pairs})
    return emitOpError() << "expected " << pairs << " factors, found " << getFactors().getType();
  return verifyColumns(*this, getResult(), 2 * encoding::paddedToPanels(pairs + unrotated), "a result");
}

LogicalResult NormQuantizeOp::verify() {
  if (!isNorm() && (getWeight() || getBias() || getCentered() || getGroups() != 1))
    return emitOpError() << "expected an epsilon where there is a weight, a bias, a mean or groups";
  if (isNorm() && failed(model::verifyNorm(*this, getInput(), getGroups(), getWeight(), getBias())))
    return failure();
  if (getGroups() != 1 && encoding::getStorage(getResult().getType()))
    return emitOpError() << "expected a plain result of several groups, found " << getResult().getType();
  return verifyColumns(*this, getResult(), columnsOf(getInput()), "a result");
}

LogicalResult PairHeadsOp::verify() {
  int64_t dimension = getDimension(), columns = columnsOf(getInput());
  if (dimension <= 0 || dimension % 2 || columns % dimension)
    return emitOpError() << "expected whole heads of an even dimension, found " << getInput().getType()
                         << " and dimension = " << dimension;
  if (static_cast<bool>(getTable()) != getStyle().has_value() || (getRotated() && !getTable()))
    return emitOpError() << "expected a style exactly where a table is given, and rotated only there";
  int64_t rotated = countRotated();
  if (getTable() && (rotated < 2 || rotated % 2 || rotated > dimension))
    return emitOpError() << "expected an even number of at most " << dimension
                         << " rotated elements, found rotated = " << rotated;
  if (getTable() && failed(verifyColumns(*this, getTable(), pairedHeadColumns(dimension), "a table")))
    return failure();
  return verifyColumns(*this, getResult(), columns / dimension * pairedHeadColumns(dimension), "a result");
}

LogicalResult GenericOp::verify() { return verifyElementwiseOperands(*this, getOperands_(), columnsOf(getResult())); }
LogicalResult GenericOp::verifyRegions() { return verifyElementwise(*this, getBody(), 0, getOperands_().size()); }

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

/// An integer activation meets an integer weight, a plain one any weight.
static LogicalResult verifyWeight(Operation *op, Value input, Value weight) {
  RankedTensorType type = tensorOf(weight);
  encoding::StorageAttr stored = encoding::getStorage(type);
  if (type.getRank() != 2 || !type.hasStaticShape() || !stored)
    return op->emitOpError() << "expected a static weight matrix with a storage, found " << type;
  if (encoding::isQuantizedActivation(input.getType()) && !stored.getFormat().isQuantized())
    return op->emitOpError() << "expected a plain input for the plain weight " << type << ", found " << input.getType();
  if (encoding::isQuantizedActivation(input.getType())) {
    int64_t sums = encoding::ActivationRow(tensorOf(input)).sumColumns;
    int64_t wanted = stored.getFormat().getWeightFormat().getSumColumns();
    if (sums > wanted)
      return op->emitOpError() << "expected an input with sums = " << wanted << " for the scales of " << type
                               << ", found " << input.getType();
  }
  if (encoding::StorageAttr activation = encoding::getStorage(input.getType()))
    if (activation.getOrder() != stored.getOrder())
      return op->emitOpError() << "expected input and weight in one channel order, found " << input.getType() << " and "
                               << type;
  return success();
}

/// Such a product of all columns.
static LogicalResult verifyProduct(Operation *op, Value input, Value weight) {
  if (failed(verifyWeight(op, input, weight)))
    return failure();
  return verifyColumns(op, input, tensorOf(weight).getDimSize(1), "an input");
}

LogicalResult MatmulOp::verify() {
  if (failed(verifyProduct(*this, getInput(), getWeight())))
    return failure();
  if (failed(verifyElementwiseOperands(*this, getOperands_(), columnsOf(getResult()))))
    return failure();
  return verifyColumns(*this, getResult(), tensorOf(getWeight()).getDimSize(0), "a result");
}

LogicalResult MatmulOp::verifyRegions() { return verifyElementwise(*this, getEpilogue(), 1, getOperands_().size()); }

/// What takes `heads` heads and those of `cache` apart: the columns, or rows of a weight, that stand for them.
static int64_t countHeadRows(model::KeyValueType cache, int64_t heads) {
  return (heads + cache.getHeads()) * pairedHeadColumns(cache.getDimension()) +
         cache.getHeads() * encoding::paddedToPanels(cache.getDimension());
}

LogicalResult GatedMatmulOp::verify() {
  if (failed(verifyProduct(*this, getInput(), getWeight())))
    return failure();
  if (failed(verifyElementwiseOperands(*this, getOperands_(), columnsOf(getResult()))))
    return failure();
  int64_t rows = tensorOf(getWeight()).getDimSize(0);
  if (2 * encoding::paddedToPanels(columnsOf(getResult())) != rows)
    return emitOpError() << "expected a weight of two interleaved matrices of " << columnsOf(getResult())
                         << " rows in whole panels, found " << getWeight().getType();
  return success();
}

LogicalResult GatedMatmulOp::verifyRegions() {
  return verifyElementwise(*this, getEpilogue(), 2, getOperands_().size());
}

/// The operands of both forms of queries, keys and values behind a product of `rows` columns.
template <typename Heads> static LogicalResult verifyHeads(Heads op, int64_t rows) {
  model::KeyValueType cache = op.getCache().getType();
  for (Value operand : op.getOperands_())
    if (tensorOf(operand).getRank() != 1)
      return op.emitOpError() << "expected vectors for the epilogue, found " << operand.getType();
  if (failed(verifyElementwiseOperands(op, op.getOperands_(), rows)))
    return failure();
  int64_t dimension = pairedHeadColumns(cache.getDimension());
  if (op.getTable() && failed(verifyColumns(op, op.getTable(), dimension, "a table")))
    return failure();
  if (op.getResult().getType() != cache)
    return op.emitOpError() << "expected the next version of " << cache << ", found " << op.getResult().getType();
  return verifyColumns(op, op.getQuery(), op.getHeads() * dimension, "a query");
}

/// The regions of both.
template <typename Heads> static LogicalResult verifyHeadRegions(Heads op) {
  if (op.getEpilogue().empty() && !op.getOperands_().empty())
    return op.emitOpError() << "expected an epilogue over its operands, found none";
  if (!op.getEpilogue().empty() && failed(verifyElementwise(op, op.getEpilogue(), 1, op.getOperands_().size())))
    return failure();
  if (static_cast<bool>(op.getTable()) == op.getRotation().empty())
    return op.emitOpError() << "expected a rotation exactly where a table is given";
  SmallVector<Type> inputs(4, Float32Type::get(op.getContext()));
  return op.getTable() ? verifyScalarRegion(op, op.getRotation(), inputs, 2) : success();
}

LogicalResult QkvRopeAppendOp::verify() {
  if (failed(verifyProduct(*this, getInput(), getWeight())))
    return failure();
  model::KeyValueType cache = getCache().getType();
  int64_t heads = getHeads(), rows = countHeadRows(cache, heads);
  if (heads < 1 || heads % cache.getHeads() || tensorOf(getWeight()).getDimSize(0) != rows)
    return emitOpError() << "expected " << rows << " weight rows for " << heads << " heads over " << cache << ", found "
                         << getWeight().getType();
  return verifyHeads(*this, rows);
}

LogicalResult QkvRopeAppendOp::verifyRegions() { return verifyHeadRegions(*this); }

//===----------------------------------------------------------------------===//
// Mixtures of experts
//===----------------------------------------------------------------------===//

LogicalResult ChooseExpertsOp::verify() { return model::verifyChoice(*this, getInput(), getCount(), getResult()); }

/// `groups`: the table of kernel.group_rows for `count` of `experts` experts.
static LogicalResult verifyGroups(Operation *op, Value groups, int64_t experts, int64_t count) {
  if (experts < 1 || count < 1 || count > experts)
    return op->emitOpError() << "expected 1 <= count <= experts, found count = " << count
                             << " and experts = " << experts;
  if (!tensorOf(groups).getElementType().isInteger(32))
    return op->emitOpError() << "expected groups in words of 32 bits, found " << groups.getType();
  return verifyColumns(op, groups, GroupTable(experts).countColumns(count), "groups");
}

LogicalResult GroupRowsOp::verify() {
  if (tensorOf(getChoice()).getRank() != 2 || columnsOf(getChoice()) % 2)
    return emitOpError() << "expected a choice of experts and their weights, found " << getChoice().getType();
  return verifyGroups(*this, getResult(), getExperts(), columnsOf(getChoice()) / 2);
}

/// `inputs`: rows of the input that stand side by side; `panels` is what each expert's rows are made of.
template <typename Product> static LogicalResult verifyExpertProduct(Product op, int64_t inputs, int64_t panels) {
  auto experts = static_cast<int64_t>(op.getExperts());
  if (failed(verifyWeight(op, op.getInput(), op.getWeight())) ||
      failed(verifyGroups(op, op.getGroups(), experts, op.getCount())))
    return failure();
  if (int64_t rows = tensorOf(op.getWeight()).getDimSize(0); rows % (experts * panels * encoding::panelRows))
    return op.emitOpError() << "expected a weight of whole panels for each of " << experts << " experts, found "
                            << op.getWeight().getType();
  return verifyColumns(op, op.getInput(), inputs * columnsOf(op.getWeight()), "an input");
}

LogicalResult ExpertGatedMatmulOp::verify() {
  if (failed(verifyExpertProduct(*this, /*inputs=*/1, /*panels=*/2)))
    return failure();
  if (!getOperands_().empty())
    return emitOpError() << "expected no operands of the epilogue, found " << getOperands_().size();
  auto count = static_cast<int64_t>(getCount()), experts = static_cast<int64_t>(getExperts());
  int64_t hidden = columnsOf(getResult()) / count, rows = tensorOf(getWeight()).getDimSize(0) / experts;
  if (columnsOf(getResult()) % count || 2 * encoding::paddedToPanels(hidden) != rows)
    return emitOpError() << "expected a result of " << count << " pieces, each half as wide as an expert has rows of "
                         << getWeight().getType() << ", found " << getResult().getType();
  if (encoding::isQuantizedActivation(getResult().getType()) && hidden % encoding::groupColumns)
    return emitOpError() << "expected pieces of whole groups of " << encoding::groupColumns
                         << " for a result in an integer format, found " << getResult().getType();
  return verifyColumns(*this, getResult(), count * hidden, "a result");
}

LogicalResult ExpertGatedMatmulOp::verifyRegions() { return verifyElementwise(*this, getEpilogue(), 2, 0); }

LogicalResult ExpertSumOp::verify() {
  if (failed(verifyExpertProduct(*this, /*inputs=*/getCount(), /*panels=*/1)))
    return failure();
  if (failed(verifyElementwiseOperands(*this, getOperands_(), columnsOf(getResult()))))
    return failure();
  int64_t rows = tensorOf(getWeight()).getDimSize(0) / static_cast<int64_t>(getExperts());
  if (encoding::paddedToPanels(columnsOf(getResult())) != rows || tensorOf(getResult()).getEncoding())
    return emitOpError() << "expected a plain result as wide as an expert has rows of " << getWeight().getType()
                         << ", found " << getResult().getType();
  return success();
}

LogicalResult ExpertSumOp::verifyRegions() { return verifyElementwise(*this, getEpilogue(), 1, getOperands_().size()); }

//===----------------------------------------------------------------------===//
// Products of a library
//===----------------------------------------------------------------------===//

LogicalResult LibraryMatmulOp::verify() {
  RankedTensorType weight = tensorOf(getWeight());
  encoding::StorageAttr stored = encoding::getStorage(weight), given = encoding::getStorage(getInput().getType());
  if (!encoding::isHalfActivation(getInput().getType()) || !stored || stored.getFormat() != given.getFormat())
    return emitOpError() << "expected input and weight in f16 or both in bf16, found " << getInput().getType()
                         << " and " << weight;
  if (weight.getRank() != 2 || !weight.hasStaticShape() || (stored.getLayout() && !stored.getLayout().hasPlainRows()))
    return emitOpError() << "expected a static weight matrix in plain rows, found " << weight;
  if (failed(verifyColumns(*this, getInput(), weight.getDimSize(1), "an input")) ||
      failed(verifyColumns(*this, getResult(), weight.getDimSize(0), "a result")))
    return failure();
  if (tensorOf(getResult()).getEncoding() || (getAddend() && getAddend().getType() != getResult().getType()))
    return emitOpError() << "expected a result, and an addend, in plain f32, found " << getResult().getType()
                         << (getAddend() ? " and another type" : "");
  if (tensorOf(getWorkspace()).getRank() != 2 || tensorOf(getWorkspace()).getEncoding())
    return emitOpError() << "expected a workspace [rows, columns] of plain f32, found " << getWorkspace().getType();
  return success();
}

LogicalResult GatedEpilogueOp::verify() {
  if (failed(verifyElementwiseOperands(*this, getOperands_(), columnsOf(getResult()))))
    return failure();
  return verifyColumns(*this, getProduct(), 2 * encoding::paddedToPanels(columnsOf(getResult())), "a product");
}

LogicalResult GatedEpilogueOp::verifyRegions() {
  return verifyElementwise(*this, getEpilogue(), 2, getOperands_().size());
}

LogicalResult QkvEpilogueOp::verify() {
  model::KeyValueType cache = getCache().getType();
  int64_t heads = getHeads();
  if (heads < 1 || heads % cache.getHeads())
    return emitOpError() << "expected whole groups of heads over " << cache << ", found " << heads << " heads";
  int64_t rows = countHeadRows(cache, heads);
  if (failed(verifyColumns(*this, getProduct(), rows, "a product")))
    return failure();
  return verifyHeads(*this, rows);
}

LogicalResult QkvEpilogueOp::verifyRegions() { return verifyHeadRegions(*this); }

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// How keys are taken: in chunks, and of a window.
template <typename Attention> static LogicalResult verifyKeys(Attention op) {
  int64_t keyChunk = op.getKeyChunk();
  if (keyChunk < 16 || keyChunk % 16)
    return op->emitOpError() << "expected a key_chunk of whole blocks of 16 keys, found " << keyChunk;
  return model::verifyWindow(op, op.getWindow());
}

/// What the forms of attention over a cache have in common.
template <typename Attention> static LogicalResult verifyAttention(Attention op) {
  model::KeyValueType cache = op.getCache().getType();
  int64_t heads = op.getHeads();
  if (heads < 1 || heads % cache.getHeads())
    return op.emitOpError() << "expected whole groups of heads over " << cache << ", found " << heads << " heads";
  if (failed(verifyKeys(op)) || failed(model::verifyScores(op, heads)))
    return failure();
  return verifyColumns(op, op.getQuery(), heads * pairedHeadColumns(cache.getDimension()), "a query");
}

/// `partial`: as kernel.attention_partial leaves it.
static LogicalResult verifyPartial(Operation *op, Value partial, int64_t heads, int64_t dimension, int64_t chunks) {
  if (chunks < 1 || heads < 1 || dimension < 1)
    return op->emitOpError() << "expected at least one chunk, head and column of a head, found chunks = " << chunks
                             << ", heads = " << heads << ", dimension = " << dimension;
  if (tensorOf(partial).getRank() != 2 || tensorOf(partial).getDimSize(0) != 1 || tensorOf(partial).getEncoding())
    return op->emitOpError() << "expected partial results of one row in plain f32, found " << partial.getType();
  return verifyColumns(op, partial, heads * partialColumns(dimension, chunks), "partial results");
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyAttention(*this)) || failed(model::verifyDirection(*this)))
    return failure();
  return verifyColumns(*this, getResult(), getHeads() * getCache().getType().getDimension(), "a result");
}

LogicalResult AttentionPartialOp::verify() {
  if (failed(verifyAttention(*this)))
    return failure();
  return verifyPartial(*this, getResult(), getHeads(), getCache().getType().getDimension(), getChunks());
}

LogicalResult AttentionMergeOp::verify() {
  if (failed(verifyKeys(*this)) || failed(verifyPartial(*this, getPartial(), getHeads(), getDimension(), getChunks())))
    return failure();
  return verifyColumns(*this, getResult(), getHeads() * getDimension(), "a result");
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

ParseResult FunctionOp::parse(OpAsmParser &parser, OperationState &result) {
  auto buildType = [](Builder &builder, ArrayRef<Type> arguments, ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag,
                      std::string &) { return builder.getFunctionType(arguments, results); };
  return function_interface_impl::parseFunctionOp(parser, result, /*allowVariadic=*/false,
                                                  getFunctionTypeAttrName(result.name), buildType,
                                                  getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void FunctionOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(printer, *this, /*isVariadic=*/false, getFunctionTypeAttrName(),
                                           getArgAttrsAttrName(), getResAttrsAttrName());
}

LogicalResult FunctionOp::verifyRegions() {
  Block &block = getBody().front();
  if (block.getOperations().size() < 2 || !isa<ReturnOp>(block.back()) ||
      !llvm::all_of(block.without_terminator(), [](Operation &op) { return isa<KernelDialect>(op.getDialect()); }))
    return emitOpError() << "expected kernel operations and kernel.return";
  if (block.back().getOperandTypes() != TypeRange(getFunctionType().getResults()))
    return emitOpError() << "expected to return the function's result types";
  for (Operation &prologue : getPrologues()) {
    if (getRowRange().getLast() != 1)
      return prologue.emitOpError() << "expected a prologue in a function for one row only, found " << getRowRange();
    if (!prologue.hasTrait<Repeatable>())
      return prologue.emitOpError()
             << "is not an operation that every worker may repeat: expected it to be the last one "
                "before kernel.return";
    if (llvm::is_contained(prologue.getUsers(), &block.back()))
      return prologue.emitOpError() << "computes what only this worker has: expected kernel.return to leave it";
  }
  return success();
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto function = symbols.lookupNearestSymbolFrom<FunctionOp>(*this, getCalleeAttr());
  if (!function)
    return emitOpError() << "expected a kernel.function named " << getCalleeAttr() << ", found none";
  if (function.getFunctionType().getInputs() != getOperandTypes() ||
      function.getFunctionType().getResults() != getResultTypes())
    return emitOpError() << "expected the type of " << getCalleeAttr() << ", " << function.getFunctionType()
                         << ", found " << FunctionType::get(getContext(), getOperandTypes(), getResultTypes());
  return success();
}

LogicalResult Dot4Op::verify() {
  if (getUnsigned_().empty() || getUnsignedMax() < 1 || getUnsignedMax() > 255)
    return emitOpError() << "expected at least one pair and 1 <= unsigned_max <= 255, found " << getUnsigned_().size()
                         << " pairs and " << getUnsignedMax();
  int64_t bytes = 4 * cast<VectorType>(getType()).getNumElements();
  for (Value operand : getOperands().drop_front())
    if (cast<VectorType>(operand.getType()).getNumElements() != bytes)
      return emitOpError() << "expected vectors of " << bytes << " bytes, four for each sum, found "
                           << operand.getType();
  return success();
}
