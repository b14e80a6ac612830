//===- MatrixKernels.cpp - matmul, gated_matmul, qkv_rope_append ----------===//
//
// All three are one product with different ends. Of few rows a block streams one unit
// of panels, of many it computes a tile. Where a library multiplies, the ends are
// kernels of their own.
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/Kernels.h"
#include "codegen/cuda/RegionPrinter.h"
#include "target/CudaTarget.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::cuda;

/// Threads of a block of multiplyManyRows.
static constexpr int64_t tileThreads = 128;

/// Warps that share out the columns of a product of few rows: no more than have something to do.
static int64_t getWarps(Value weight) {
  encoding::StorageAttr storage = encoding::getStorage(weight.getType());
  encoding::WeightFormat format = storage.getFormat().getWeightFormat();
  // As Strip of device/fragments.cuh and Piece of device/weights.cuh, whose sums need twice the registers.
  int64_t mostWarps = format.isQuantized() ? 16 : 8;
  int64_t warpColumns = format.isQuantized()                 ? 2 * encoding::groupColumns
                        : storage.getLayout().hasPlainRows() ? 128 / format.blockBytes
                                                             : 512 / (encoding::panelRows * format.blockBytes);
  int64_t warps = 1;
  while (warps < mostWarps && warps * warpColumns < columnsOf(weight))
    warps *= 2;
  return warps;
}

int64_t cuda::getThreads(Operation *kernel, kernel::RowRangeAttr rows) {
  constexpr int64_t rowThreads = 128;
  if (!isa<kernel::MatmulOp, kernel::GatedMatmulOp, kernel::QkvRopeAppendOp>(kernel))
    return rowThreads;
  return target::isFewRows(rows) ? 32 * getWarps(kernel->getOperand(1)) : tileThreads;
}

void cuda::emitPrefetch(KernelContext &context, Operation *kernel) {
  std::optional<std::pair<int64_t, int64_t>> product = target::getProductPanels(kernel);
  if (!product || !target::isFewRows(context.rows))
    return;
  Value weight = kernel->getOperand(1);
  encoding::WeightFormat format = encoding::getStorage(weight.getType()).getFormat().getWeightFormat();
  context.print("  prefetchPanels<$format, $panels, $together>($weight, $panelBytes);\n",
                {{"format", context.structs.getFormat(tensorOf(weight))},
                 {"panels", product->first},
                 {"together", target::getProductTile(kernel, context.rows).panels},
                 {"weight", context.name(weight)},
                 {"panelBytes", encoding::getPanelBytes(format, columnsOf(weight))}});
}

/// Prints a product of units of panels that belong together; `finish` is the body of what is done with the `sums` of
/// (row, unit, lane).
static void emitProduct(KernelContext &context, Operation *kernel, StringRef finish) {
  Value input = kernel->getOperand(0), weight = kernel->getOperand(1);
  encoding::WeightFormat format = encoding::getStorage(weight.getType()).getFormat().getWeightFormat();
  auto [panels, together] = *target::getProductPanels(kernel);
  bool isFew = target::isFewRows(context.rows);
  target::ProductTile tile = target::getProductTile(kernel, context.rows);
  std::string arguments =
      isFew ? fillIn("columns, $rows, panels, $together, $panels, $warps", {{"rows", context.rows.getLast()},
                                                                            {"together", together},
                                                                            {"panels", tile.panels},
                                                                            {"warps", context.threads / 32}})
            : fillIn("columns, panels, $together, $rows, $panels",
                     {{"together", together}, {"rows", tile.rows}, {"panels", tile.panels}});
  context.print(R"(  constexpr int columns = $columns, panels = $panels;
  constexpr uint64_t panelBytes = $panelBytes;
  multiply$kind<$format, $arguments>(
      $input, $stride, $weight, panelBytes, rows, [&](int row, int unit, int lane, const float *sums) {
        $finish
      });
)",
                {{"columns", columnsOf(weight)},
                 {"panels", panels},
                 {"panelBytes", encoding::getPanelBytes(format, columnsOf(weight))},
                 {"kind", isFew ? "FewRows" : "ManyRows"},
                 {"format", context.structs.getFormat(tensorOf(weight))},
                 {"arguments", arguments},
                 {"input", context.name(input)},
                 {"stride", strideOf(input)},
                 {"weight", context.name(weight)},
                 {"finish", finish}});
}

/// The same of a product that is there, `together` panels of which belong together.
static void emitFinish(KernelContext &context, Value product, int64_t together, StringRef finish) {
  context.print(
      R"(  finishProduct<$panels, $together, $threads>($product, $stride, [&](int row, int unit, int lane, const float *sums) {
    $finish
  });
)",
      {{"panels", columnsOf(product) / encoding::panelRows},
       {"together", together},
       {"threads", context.threads},
       {"product", context.name(product)},
       {"stride", strideOf(product)},
       {"finish", finish}});
}
static void emitProduct(KernelContext &context, kernel::GatedEpilogueOp op, StringRef finish) {
  emitFinish(context, op.getProduct(), 2, finish);
}
static void emitProduct(KernelContext &context, kernel::QkvEpilogueOp op, StringRef finish) {
  emitFinish(context, op.getProduct(), 2, finish);
}

/// matmul and gated_matmul: an elementwise epilogue over `accumulators` panels.
template <typename Op>
static LogicalResult emitElementwiseProduct(KernelContext &context, Op op, ArrayRef<std::string> accumulators) {
  SmallVector<std::string> arguments;
  std::string declarations;
  for (auto [index, name] : llvm::enumerate(accumulators)) {
    declarations += (Twine(index ? ", " : "const float ") + name + " = sums[" + Twine(index) + "]").str();
    arguments.push_back(name);
  }
  std::string operands = printOperands(context, op.getOperands_(), arguments);
  arguments.append({"row", "column"});
  FailureOr<RegionText> region = printRegion(op.getEpilogue(), arguments);
  if (failed(region))
    return failure();
  emitProduct(context, op,
              fillIn(R"(const int column = unit * panelRows + lane;
if (column >= $outputs)
  return;
$declarations;
$operands
$region
$result[row * $stride + column] = $rounded;
)",
                     {{"outputs", columnsOf(op.getResult())},
                      {"declarations", declarations},
                      {"operands", operands},
                      {"region", region->statements},
                      {"result", context.name(op.getResult())},
                      {"stride", strideOf(op.getResult())},
                      {"rounded", roundResult(op.getResult(), region->results.front())}}));
  return success();
}

LogicalResult cuda::emitMatmul(KernelContext &context, kernel::MatmulOp op) {
  return emitElementwiseProduct(context, op, {"accumulator"});
}

LogicalResult cuda::emitGatedMatmul(KernelContext &context, kernel::GatedMatmulOp op) {
  return emitElementwiseProduct(context, op, {"gate", "up"});
}

LogicalResult cuda::emitGatedEpilogue(KernelContext &context, kernel::GatedEpilogueOp op) {
  return emitElementwiseProduct(context, op, {"gate", "up"});
}

/// What becomes of the sums of one of a unit's panels: declares `finished(panel)` where that is more than nothing, and
/// says how it is called.
template <typename Op>
static FailureOr<std::string> printFinished(KernelContext &context, Op op, std::string &declaration) {
  if (op.getEpilogue().empty())
    return std::string("sums[$panel]");
  SmallVector<std::string> arguments = {"accumulator"};
  std::string operands = printOperands(context, op.getOperands_(), arguments);
  arguments.append({"row", "column"});
  FailureOr<RegionText> region = printRegion(op.getEpilogue(), arguments);
  if (failed(region))
    return failure();
  declaration = fillIn(R"(const auto finished = [&](int panel) {
  const float accumulator = sums[panel];
  const int column = (2 * unit + panel) * panelRows + lane;
  $operands
  $region
  return $value;
};
)",
                       {{"operands", operands}, {"region", region->statements}, {"value", region->results.front()}});
  return std::string("finished($panel)");
}

/// Queries, keys and values: rotation, and what goes into the cache.
template <typename Op> static LogicalResult emitHeads(KernelContext &context, Op op) {
  model::KeyValueType cache = op.getCache().getType();
  FailureOr<std::string> shape = context.structs.getCache(op, cache, op.getStep().getType(), std::nullopt);
  if (failed(shape))
    return failure();
  std::string declaration;
  FailureOr<std::string> finished = printFinished(context, op, declaration);
  if (failed(finished))
    return failure();
  RegionText rotation = {"", {"first", "second"}};
  if (op.getTable()) {
    FailureOr<RegionText> region = printRegion(op.getRotation(), {"first", "second", "cosine", "sine"});
    if (failed(region))
      return failure();
    rotation = *region;
    rotation.statements =
        fillIn("const float cosine = $table[row * $stride + pair], sine = $table[row * $stride + half + pair];\n",
               {{"table", context.name(op.getTable())}, {"stride", strideOf(op.getTable())}}) +
        rotation.statements;
  }
  const BufferNames &names = context.buffers.find(op.getCache())->second;
  int64_t half = encoding::paddedToPanels(cache.getDimension() / 2);
  emitProduct(context, op,
              fillIn(R"(using C = Cache<$shape>;
constexpr int heads = $heads, keyHeads = $keyHeads, half = $half, headUnits = half / panelRows;
constexpr int pairedUnits = (heads + keyHeads) * headUnits, valuePanels = $shape::valueColumns / panelRows;
const int position = step.positions[row], page = C::page(step, row, position);
$declaration
if (unit < pairedUnits) {
  // Members of pairs stand in two panels. Queries come first, then keys.
  const int head = unit / headUnits, pair = unit % headUnits * panelRows + lane;
  const float first = $first, second = $second;
  $rotation
  if (head < heads) {
    float *paired = $query + row * $queryStride + head * 2 * half;
    paired[pair] = $one;
    paired[half + pair] = $other;
  } else {
    C::Element *paired = C::keyRow($keys, head - heads, page, position);
    paired[pair] = fromFloat<C::Element>($one);
    paired[half + pair] = fromFloat<C::Element>($other);
  }
} else {
  for (int i = 0; i < 2; ++i) {
    const int panel = 2 * (unit - pairedUnits) + i;
    if (panel < keyHeads * valuePanels)
      C::valueRow($values, panel / valuePanels, page, position)[panel % valuePanels * panelRows + lane] =
          fromFloat<C::Element>($value);
  }
}
)",
                     {{"shape", *shape},
                      {"heads", op.getHeads()},
                      {"keyHeads", cache.getHeads()},
                      {"half", half},
                      {"declaration", declaration},
                      {"first", fillIn(*finished, {{"panel", 0}})},
                      {"second", fillIn(*finished, {{"panel", 1}})},
                      {"value", fillIn(*finished, {{"panel", "i"}})},
                      {"rotation", rotation.statements},
                      {"query", context.name(op.getQuery())},
                      {"queryStride", strideOf(op.getQuery())},
                      {"one", rotation.results[0]},
                      {"other", rotation.results[1]},
                      {"keys", names.first},
                      {"values", names.second}}));
  return success();
}

LogicalResult cuda::emitQkvRopeAppend(KernelContext &context, kernel::QkvRopeAppendOp op) {
  return emitHeads(context, op);
}

LogicalResult cuda::emitQkvEpilogue(KernelContext &context, kernel::QkvEpilogueOp op) { return emitHeads(context, op); }
