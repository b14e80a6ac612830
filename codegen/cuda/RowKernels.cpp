//===- RowKernels.cpp - kernels of a block for each row -------------------===//

#include "codegen/cuda/Kernels.h"
#include "codegen/cuda/RegionPrinter.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::cuda;

std::string cuda::printOperands(const KernelContext &context, ValueRange operands,
                                SmallVectorImpl<std::string> &names) {
  std::string text;
  for (auto [index, operand] : llvm::enumerate(operands)) {
    std::string name = "value" + (operands.size() > 1 ? std::to_string(index) : "");
    bool hasRows = tensorOf(operand).getRank() == 2;
    text += fillIn("const float $name = $buffer[$place];\n",
                   {{"name", name},
                    {"buffer", context.name(operand)},
                    {"place", (hasRows ? "row * " + std::to_string(strideOf(operand)) + " + " : "") + "column"}});
    names.push_back(std::move(name));
  }
  return text;
}

std::string cuda::roundResult(Value result, StringRef value) {
  if (!encoding::isHalfActivation(result.getType()))
    return value.str();
  return fillIn("roundActivation<$element>($value)", {{"element", spellElement(tensorOf(result))}, {"value", value}});
}

LogicalResult cuda::emitEmbedding(KernelContext &context, kernel::EmbeddingOp op) {
  encoding::WeightFormat format = encoding::getStorage(op.getTable().getType()).getFormat().getWeightFormat();
  SmallVector<std::string> arguments = {"number"};
  std::string operands = printOperands(context, op.getOperands_(), arguments);
  arguments.append({"row", "column"});
  RegionText region = {"", {"number"}};
  if (!op.getEpilogue().empty()) {
    FailureOr<RegionText> printed = printRegion(op.getEpilogue(), arguments);
    if (failed(printed))
      return failure();
    region = *printed;
  }
  std::optional<uint64_t> offset = op.getPositionOffset();
  context.print(R"(  constexpr int columns = $columns, stride = $stride;
  constexpr uint64_t panelBytes = $panelBytes;
  const int row = blockIdx.y, index = $index;
  const uint8_t *panel = $table + index / panelRows * panelBytes;
  for (int column = threadIdx.x; column < columns; column += $threads) {
    const float number = weightAt<$format>(panel, index % panelRows, column);
    $operands
    $region
    $result[row * stride + column] = $value;
  }
)",
                {{"columns", columnsOf(op.getResult())},
                 {"stride", strideOf(op.getResult())},
                 {"panelBytes", static_cast<int64_t>(encoding::getPanelBytes(format, columnsOf(op.getTable())))},
                 {"index", !offset   ? "step.tokens[row]"
                           : *offset ? "step.positions[row] + " + std::to_string(*offset)
                                     : "step.positions[row]"},
                 {"table", context.name(op.getTable())},
                 {"threads", context.threads},
                 {"format", context.structs.getFormat(tensorOf(op.getTable()))},
                 {"operands", operands},
                 {"region", region.statements},
                 {"result", context.name(op.getResult())},
                 {"value", region.results.front()}});
  return success();
}

LogicalResult cuda::emitWantedRows(KernelContext &context, kernel::WantedRowsOp op) {
  context.print(R"(  constexpr int columns = $columns, stride = $stride;
  const int row = blockIdx.y, source = step.wanted[row];
  for (int column = threadIdx.x; column < columns; column += $threads)
    $result[row * stride + column] = $input[source * stride + column];
)",
                {{"columns", columnsOf(op.getResult())},
                 {"stride", strideOf(op.getResult())},
                 {"threads", context.threads},
                 {"result", context.name(op.getResult())},
                 {"input", context.name(op.getInput())}});
  return success();
}

LogicalResult cuda::emitSequenceMean(KernelContext &context, kernel::SequenceMeanOp op) {
  context.print(R"(  constexpr int columns = $columns, stride = $stride;
  const int row = blockIdx.y, first = step.wanted[row];
  int end = first + 1;
  while (end < static_cast<int>(step.counts[0]) && step.row_sequences[end] == step.row_sequences[first])
    ++end;
  for (int column = threadIdx.x; column < columns; column += $threads) {
    float sum = 0.0f;
    for (int source = first; source < end; ++source)
      sum += $input[source * stride + column];
    $result[row * stride + column] = sum / static_cast<float>(end - first);
  }
)",
                {{"columns", columnsOf(op.getResult())},
                 {"stride", strideOf(op.getResult())},
                 {"threads", context.threads},
                 {"result", context.name(op.getResult())},
                 {"input", context.name(op.getInput())}});
  return success();
}

LogicalResult cuda::emitSoftmax(KernelContext &context, kernel::SoftmaxOp op) {
  // Labels are few: every thread adds up all of them.
  context.print(R"(  constexpr int columns = $columns, stride = $stride;
  const float *const numbers = $input + blockIdx.y * stride;
  float largest = numbers[0], sum = 0.0f;
  for (int column = 1; column < columns; ++column)
    largest = fmaxf(largest, numbers[column]);
  for (int column = 0; column < columns; ++column)
    sum += expf(numbers[column] - largest);
  for (int column = threadIdx.x; column < columns; column += $threads)
    $result[blockIdx.y * stride + column] = expf(numbers[column] - largest) / sum;
)",
                {{"columns", columnsOf(op.getResult())},
                 {"stride", strideOf(op.getResult())},
                 {"threads", context.threads},
                 {"result", context.name(op.getResult())},
                 {"input", context.name(op.getInput())}});
  return success();
}

LogicalResult cuda::emitRopeTable(KernelContext &context, kernel::RopeTableOp op) {
  std::string frequencies;
  for (float frequency : op.getFrequencies())
    frequencies += (frequencies.empty() ? "" : ", ") + literal(frequency);
  int64_t pairs = op.getFrequencies().size();
  int64_t all = pairs + static_cast<int64_t>(op.getUnrotated());
  context.print(R"(  constexpr int pairs = $pairs,$all padded = $padded, stride = $stride;
  static const float frequencies[pairs] = {$frequencies};
  const int row = blockIdx.y;
  const float position = static_cast<float>(step.positions[row]);
  // Padding pairs turn by nothing, and vanish with a magnitude of 0.
  for (int pair = threadIdx.x; pair < padded; pair += $threads) {
    const float angle = pair < pairs ? position * ($frequency) : 0.0f, magnitude = pair < pairs ? $magnitude : 0.0f;
    $result[row * stride + pair] = $cosine;
    $result[row * stride + padded + pair] = sinf(angle) * magnitude;
  }
)",
                {{"pairs", pairs},
                 {"all", all > pairs ? " all = " + std::to_string(all) + "," : std::string()},
                 {"cosine", all > pairs ? "pair >= pairs && pair < all ? 1.0f : cosf(angle) * magnitude"
                                        : "cosf(angle) * magnitude"},
                 {"padded", encoding::paddedToPanels(all)},
                 {"stride", strideOf(op.getResult())},
                 {"frequencies", frequencies},
                 {"threads", context.threads},
                 {"frequency", op.getFactors() ? "frequencies[pair] / " + context.name(op.getFactors()) + "[pair]"
                                               : Twine("frequencies[pair]")},
                 {"magnitude", literal(op.getMagnitude().convertToFloat())},
                 {"result", context.name(op.getResult())}});
  return success();
}

/// What is done to a normalised number at `column`: what its weight and bias say.
static std::string printNormEnd(const KernelContext &context, kernel::NormQuantizeOp op) {
  auto load = [&](Value vector) {
    int64_t length = columnsOf(vector);
    std::string column = length == columnsOf(op.getInput()) ? "column" : "column % " + std::to_string(length);
    return (context.name(vector) + "[" + column + "]").str();
  };
  return "value" + (op.getWeight() ? " * " + load(op.getWeight()) : "") +
         (op.getBias() ? " + " + load(op.getBias()) : "");
}

LogicalResult cuda::emitNormQuantize(KernelContext &context, kernel::NormQuantizeOp op) {
  if (!op.isNorm() && !encoding::isHalfActivation(op.getResult().getType()))
    return op.emitOpError() << "has no CUDA C++ without a norm: activations are rounded to 16 bits or not at all";
  // A prologue is for the only row.
  bool isPrologue = !isa<kernel::ReturnOp>(*op.getResult().user_begin());
  auto rowOf = [&](Value value) {
    return context.name(value).str() + (isPrologue ? "" : " + blockIdx.y * " + std::to_string(strideOf(value)));
  };
  int64_t groups = op.getGroups();
  std::string shape = std::to_string(columnsOf(op.getInput()));
  if (groups > 1)
    shape += ", " + std::to_string(groups);
  if (op.isNorm())
    shape += op.getCentered() ? ", true" : ", false";
  context.print(op.isNorm() ? R"(  $function<$shape, $threads>(
      $input, $epsilon, $result, [&](float value, int$column) { return $end; });
)"
                            : "  roundRow<$shape, $threads>($input, $result);\n",
                {{"function", groups > 1 ? "normPieces" : "normRow"},
                 {"shape", shape},
                 {"threads", context.threads},
                 {"input", rowOf(op.getInput())},
                 {"epsilon", op.isNorm() ? literal(op.getEpsilon()->convertToFloat()) : ""},
                 {"result", rowOf(op.getResult())},
                 {"column", op.getWeight() || op.getBias() ? " column" : ""},
                 {"end", printNormEnd(context, op)}});
  return success();
}

LogicalResult cuda::emitGeneric(KernelContext &context, kernel::GenericOp op) {
  SmallVector<std::string> arguments;
  std::string operands = printOperands(context, op.getOperands_(), arguments);
  arguments.append({"row", "column"});
  FailureOr<RegionText> region = printRegion(op.getBody(), arguments);
  if (failed(region))
    return failure();
  context.print(R"(  constexpr int columns = $columns, stride = $stride;
  const int row = blockIdx.y;
  for (int column = threadIdx.x; column < columns; column += $threads) {
    $operands
    $region
    $result[row * stride + column] = $value;
  }
)",
                {{"columns", columnsOf(op.getResult())},
                 {"stride", strideOf(op.getResult())},
                 {"threads", context.threads},
                 {"operands", operands},
                 {"region", region->statements},
                 {"result", context.name(op.getResult())},
                 {"value", roundResult(op.getResult(), region->results.front())}});
  return success();
}

LogicalResult cuda::emitPairHeads(KernelContext &context, kernel::PairHeadsOp op) {
  int64_t dimension = op.getDimension(), pairs = dimension / 2, half = encoding::paddedToPanels(pairs);
  int64_t rotated = op.countRotated();
  bool interleaved = op.getStyle() == model::RopeStyle::Interleaved;
  // Where the members of a pair stand: of a rotary one, and of one of those that follow.
  std::string first = interleaved ? "2 * pair" : "pair";
  std::string second = interleaved ? "2 * pair + 1" : std::to_string(rotated / 2) + " + pair";
  std::string place, turn = "paired[pair] = first;\npaired[half + pair] = second;\n";
  if (rotated == dimension) {
    place = fillIn("first = plain[$first];\nsecond = plain[$second];\n", {{"first", first}, {"second", second}});
  } else if (rotated == 0) {
    place = "first = plain[pair];\nsecond = plain[pairs + pair];\n";
  } else {
    place = fillIn(R"(constexpr int turning = $turning;
first = plain[pair < turning ? $first : turning + pair];
second = plain[pair < turning ? $second : pairs + pair];
)",
                   {{"turning", rotated / 2}, {"first", first}, {"second", second}});
  }
  if (op.getTable())
    turn = fillIn(
        R"(const float cosine = $table[row * $stride + pair], sine = $table[row * $stride + half + pair];
paired[pair] = first * cosine - second * sine;
paired[half + pair] = first * sine + second * cosine;
)",
        {{"table", context.name(op.getTable())}, {"stride", strideOf(op.getTable())}});
  context.print(R"(  constexpr int heads = $heads, dimension = $dimension, pairs = dimension / 2, half = $half;
  const int row = blockIdx.y;
  for (int index = threadIdx.x; index < heads * half; index += $threads) {
    const int head = index / half, pair = index % half;
    float *paired = $result + row * $resultStride + head * 2 * half;
    // Halves of a head are padded with zeros.
    float first = 0.0f, second = 0.0f;
    if (pair < pairs) {
      const float *plain = $input + row * $inputStride + head * dimension;
      $place
    }
    $turn
  }
)",
                {{"heads", columnsOf(op.getInput()) / dimension},
                 {"dimension", dimension},
                 {"half", half},
                 {"threads", context.threads},
                 {"result", context.name(op.getResult())},
                 {"resultStride", strideOf(op.getResult())},
                 {"input", context.name(op.getInput())},
                 {"inputStride", strideOf(op.getInput())},
                 {"place", place},
                 {"turn", turn}});
  return success();
}

LogicalResult cuda::emitAppend(KernelContext &context, kernel::AppendOp op) {
  model::KeyValueType cache = op.getCache().getType();
  FailureOr<std::string> shape = context.structs.getCache(op, cache, op.getStep().getType(), std::nullopt);
  if (failed(shape))
    return failure();
  const BufferNames &names = context.buffers.find(op.getCache())->second;
  context.print(R"(  using C = Cache<$shape>;
  constexpr int heads = $heads, dimension = $dimension, keyColumns = $shape::keyColumns;
  const int row = blockIdx.y, position = step.positions[row], page = C::page(step, row, position);
  for (int index = threadIdx.x; index < heads * keyColumns; index += $threads) {
    const int head = index / keyColumns, column = index % keyColumns;
    C::keyRow($keys, head, page, position)[column] = fromFloat<C::Element>($key[row * $keyStride + index]);
  }
  for (int index = threadIdx.x; index < heads * dimension; index += $threads) {
    const int head = index / dimension, column = index % dimension;
    C::valueRow($values, head, page, position)[column] = fromFloat<C::Element>($value[row * $valueStride + index]);
  }
)",
                {{"shape", *shape},
                 {"heads", cache.getHeads()},
                 {"dimension", cache.getDimension()},
                 {"threads", context.threads},
                 {"keys", names.first},
                 {"values", names.second},
                 {"key", context.name(op.getKey())},
                 {"keyStride", strideOf(op.getKey())},
                 {"value", context.name(op.getValue())},
                 {"valueStride", strideOf(op.getValue())}});
  return success();
}
