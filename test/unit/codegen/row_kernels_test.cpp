//===- row_kernels_test.cpp - generated row kernels against plain loops ---===//

#include "test/unit/codegen/kernel_harness.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <bit>
#include <cmath>

using namespace ingot;
using namespace ingot::test;

namespace {
class RowKernels : public testing::TestWithParam<InstructionSet> {};

const std::string stepType = "!model.step<rows = 512, sequences = 2, wanted = 512>";
const std::string attributes = " attributes {row_range = #kernel.rows<9 to 512>} {\n";

/// The text of a function with one operation.
std::string makeFunction(const std::string &name, const std::string &arguments, const std::string &result,
                         const std::string &operation) {
  return "kernel.function @" + name + "(" + arguments + ") -> " + result + attributes + "  %y = " + operation + " to " +
         result + "\n  kernel.return %y : " + result + "\n}\n";
}
} // namespace

INSTANTIATE_TEST_SUITE_P(All, RowKernels, testing::ValuesIn(getInstructionSets()),
                         [](const auto &info) { return info.param.name; });

TEST_P(RowKernels, EmbeddingReadsRowsOfEveryFormat) {
  constexpr int64_t vocabulary = 37;
  auto columnsOf = [](const NamedFormat &format) -> int64_t {
    return format.isQuantized() ? 2 * format.format.blockColumns : 45;
  };
  std::string text;
  for (const NamedFormat &format : getFormats()) {
    std::string table = weightType(vocabulary, columnsOf(format), format.alias);
    std::string result = activationType(0, columnsOf(format), false);
    text += makeFunction(format.alias, "%t: " + table + ", %s: " + stepType, result,
                         "kernel.embedding %t, %s : " + table + ", " + stepType);
  }
  auto kernels = Kernels::compile(text, GetParam());
  ASSERT_TRUE(kernels);
  Random random(5);
  for (const NamedFormat &format : getFormats()) {
    int64_t columns = columnsOf(format);
    WeightMatrix table = makeWeights(random, format.format, vocabulary, columns);
    Step step;
    step.tokens = {0, 36, 15, 16, 31, 7, 7, 32, 20};
    int64_t rows = static_cast<int64_t>(step.tokens.size());
    Activation result(rows, columns, false);
    kernels->run(format.alias, step.view(), rows, {table.packed.as<void>(), result.data()});
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column) {
        double expected = table.at(step.tokens[row], column);
        ASSERT_NEAR(result.at(row, column), expected, 2e-7 * (1 + std::abs(expected))) << format.alias << " " << row;
      }
  }
}

/// The scale of a group is `largest` / 127, rounded up to one of 1, 1.25, 1.5, 1.75 times a power of two.
void expectScaleIsRoundedUp(const Activation &result, int64_t row, int64_t column, double largest) {
  double scale = getScale(result, row, column);
  uint32_t stored = getStoredExponent(result, row, column);
  if (largest == 0) {
    EXPECT_EQ(scale, 0);
    EXPECT_EQ(stored, 0U);
    return;
  }
  int exponent = std::ilogb(scale);
  double quarters = std::ldexp(scale, 2 - exponent);
  EXPECT_EQ(quarters, std::trunc(quarters)) << "scale " << scale;
  EXPECT_EQ(stored, static_cast<uint32_t>(exponent + 64) << 23);
  EXPECT_GE(scale * 127, largest * (1 - 2e-6));
  EXPECT_LE(scale * 127, largest * 1.25 * (1 + 2e-6));
}

TEST_P(RowKernels, NormQuantize) {
  struct Shape {
    int64_t columns;
    bool norm;
    Rounding rounding;
  };
  std::vector<Shape> shapes = {{576, true, true}, {96, true, false}, {50, true, false},
                               {7, true, false},  {64, false, true}, {96, true, Rounding::withSums(16)}};
  auto nameOf = [](const Shape &shape) {
    return "norm_" + std::to_string(shape.columns) + (shape.norm ? "_norm" : "") + shape.rounding.getSuffix();
  };
  std::string text;
  for (const Shape &shape : shapes) {
    std::string input = activationType(0, shape.columns, false),
                result = activationType(0, shape.columns, shape.rounding);
    std::string weight = "tensor<" + std::to_string(shape.columns) + "xf32>";
    text += makeFunction(nameOf(shape), "%x: " + input + (shape.norm ? ", %w: " + weight : ""), result,
                         "kernel.norm_quantize %x " +
                             (shape.norm ? "norm %w : " + weight + " {epsilon = 1.0e-5 : f32}" : std::string()) +
                             " : " + input);
  }
  auto kernels = Kernels::compile(text, GetParam());
  ASSERT_TRUE(kernels);
  Random random(6);
  constexpr int64_t rows = 11;
  for (const Shape &shape : shapes) {
    SCOPED_TRACE(nameOf(shape));
    Activation input = makeActivation(random, rows, shape.columns, false);
    // A row of zeros has no scale to divide by.
    for (int64_t column = 0; column < shape.columns; ++column)
      input.f32(3, column) = 0;
    Activation weight = makeActivation(random, 1, shape.columns, false, Codes::Random, false);
    Activation result(rows, shape.columns, shape.rounding);
    std::vector<void *> pointers = {input.data()};
    if (shape.norm)
      pointers.push_back(weight.data());
    pointers.push_back(result.data());
    kernels->run(nameOf(shape), {}, rows, pointers);
    for (int64_t row = 0; row < rows; ++row) {
      double squares = 0, groupSum = 0, largest = 0;
      for (int64_t column = 0; column < shape.columns; ++column)
        squares += input.at(row, column) * input.at(row, column);
      double inverse = 1 / std::sqrt(squares / static_cast<double>(shape.columns) + 1e-5);
      for (int64_t column = 0; column < shape.columns; ++column) {
        double expected = input.at(row, column) * (shape.norm ? inverse * weight.at(0, column) : 1);
        double scale = getScale(result, row, column);
        ASSERT_NEAR(result.at(row, column), expected, 1e-6 * std::abs(expected) + 0.501 * scale)
            << row << " " << column;
        largest = column % 32 ? std::max(largest, std::abs(expected)) : std::abs(expected);
        groupSum += result.at(row, column);
        if (shape.rounding && (column + 1) % shape.rounding.sums == 0) {
          ASSERT_NEAR(getScaledSum(result, row, column), groupSum, 127 * 32 * scale * 1e-6);
          groupSum = 0;
        }
        if (shape.rounding && column % 32 == 31)
          expectScaleIsRoundedUp(result, row, column, largest);
      }
    }
  }
}

TEST_P(RowKernels, EmbeddingOfPositionsWithAnEpilogue) {
  constexpr int64_t positions = 40, columns = 50, offset = 2;
  std::string table = weightType(positions, columns, "bf16"), type = activationType(0, columns, false);
  std::string vector = "tensor<50xf32>";
  auto kernels = Kernels::compile(
      "kernel.function @positions(%t: " + table + ", %s: " + stepType + ", %x: " + type + ", %v: " + vector + ") -> " +
          type + attributes + "  %y = kernel.embedding %t, %s with %x, %v : " + type + ", " + vector +
          " {position_offset = 2} : " + table + ", " + stepType + " to " + type +
          " {\n  ^bb0(%n: f32, %a: f32, %b: f32, %row: index, %column: index):\n    %0 = arith.mulf %n, %a : f32\n" +
          "    %1 = arith.addf %0, %b : f32\n    kernel.yield %1 : f32\n  }\n  kernel.return %y : " + type + "\n}\n",
      GetParam());
  ASSERT_TRUE(kernels);
  Random random(11);
  NamedFormat bf16 = *std::find_if(getFormats().begin(), getFormats().end(),
                                   [](const NamedFormat &format) { return format.alias == "bf16"; });
  WeightMatrix learned = makeWeights(random, bf16.format, positions, columns);
  Step step;
  step.positions = {0, 37, 13, 14, 1, 29, 30, 2, 2};
  auto rows = static_cast<int64_t>(step.positions.size());
  Activation factor = makeActivation(random, rows, columns, false), result(rows, columns, false);
  Activation added = makeActivation(random, 1, columns, false, Codes::Random, false);
  kernels->run("positions", step.view(), rows, {learned.packed.as<void>(), factor.data(), added.data(), result.data()});
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      double number = learned.at(step.positions[row] + offset, column);
      ASSERT_NEAR(result.at(row, column), number * factor.at(row, column) + added.at(0, column), 1e-6)
          << row << " " << column;
    }
}

namespace {
/// A norm of pieces of rows; vectors of parameters have no length (there is none), that of a piece, or that of the row.
struct Norm {
  int64_t columns, groups;
  bool isCentered;
  int64_t weightLength, biasLength;
  Rounding rounding;

  std::string getName() const {
    return (isCentered ? "layer_" : "rms_") + std::to_string(columns) + "_" + std::to_string(groups) + "_" +
           std::to_string(weightLength) + "_" + std::to_string(biasLength) + rounding.getSuffix();
  }
  std::string print() const {
    auto vectorType = [](int64_t length) { return "tensor<" + std::to_string(length) + "xf32>"; };
    std::string input = activationType(0, columns, false), parameters, words;
    if (weightLength) {
      parameters += ", %w: " + vectorType(weightLength);
      words += " norm %w : " + vectorType(weightLength);
    }
    if (biasLength) {
      parameters += ", %b: " + vectorType(biasLength);
      words += " bias %b : " + vectorType(biasLength);
    }
    return makeFunction(getName(), "%x: " + input + parameters, activationType(0, columns, rounding),
                        "kernel.norm_quantize %x" + words + " {epsilon = 1.0e-5 : f32" +
                            (isCentered ? ", centered" : "") + ", groups = " + std::to_string(groups) + "} : " + input);
  }
};
} // namespace

TEST_P(RowKernels, NormsOfPieces) {
  const std::vector<Norm> norms = {
      {96, 1, true, 96, 96, true}, {64, 1, true, 0, 0, true},    {50, 1, true, 50, 0, false},
      {7, 1, true, 0, 7, false},   {96, 4, true, 24, 96, false}, {60, 3, false, 60, 0, false},
      {64, 2, true, 0, 32, false}, {35, 5, false, 7, 35, false}, {40, 40, true, 1, 40, false}};
  std::string text;
  for (const Norm &norm : norms)
    text += norm.print();
  auto kernels = Kernels::compile(text, GetParam());
  ASSERT_TRUE(kernels);
  Random random(10);
  constexpr int64_t rows = 10;
  for (const Norm &norm : norms) {
    SCOPED_TRACE(norm.getName());
    int64_t length = norm.columns / norm.groups;
    Activation input = makeActivation(random, rows, norm.columns, false);
    // A mean much larger than what is around it.
    for (int64_t column = 0; norm.isCentered && column < norm.columns; ++column)
      input.f32(2, column) += 1000;
    Activation weight = makeActivation(random, 1, std::max<int64_t>(norm.weightLength, 1), false, Codes::Random, false);
    Activation bias = makeActivation(random, 1, std::max<int64_t>(norm.biasLength, 1), false, Codes::Random, false);
    Activation result(rows, norm.columns, norm.rounding);
    std::vector<void *> pointers = {input.data()};
    if (norm.weightLength)
      pointers.push_back(weight.data());
    if (norm.biasLength)
      pointers.push_back(bias.data());
    pointers.push_back(result.data());
    kernels->run(norm.getName(), {}, rows, pointers);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t piece = 0; piece < norm.groups; ++piece) {
        double mean = 0, squares = 0;
        for (int64_t column = piece * length; norm.isCentered && column < (piece + 1) * length; ++column)
          mean += input.at(row, column) / static_cast<double>(length);
        for (int64_t column = piece * length; column < (piece + 1) * length; ++column)
          squares += (input.at(row, column) - mean) * (input.at(row, column) - mean);
        double inverse = 1 / std::sqrt(squares / static_cast<double>(length) + 1e-5);
        for (int64_t column = piece * length; column < (piece + 1) * length; ++column) {
          double expected = (input.at(row, column) - mean) * inverse;
          // Of a large mean, f32 keeps so much.
          double error = 2e-6 * std::abs(expected) + (mean > 100 ? 2e-4 * inverse : 1e-6);
          if (norm.weightLength) {
            expected *= weight.at(0, column % norm.weightLength);
            error *= std::max(1.0, std::abs(weight.at(0, column % norm.weightLength)));
          }
          if (norm.biasLength)
            expected += bias.at(0, column % norm.biasLength);
          ASSERT_NEAR(result.at(row, column), expected, error + 0.501 * getScale(result, row, column))
              << row << " " << column;
        }
      }
  }
}

TEST_P(RowKernels, WantedRowsAreCopiedInOrder) {
  std::string type = activationType(0, 50, false);
  auto kernels = Kernels::compile(makeFunction("wanted", "%x: " + type + ", %s: " + stepType, type,
                                               "kernel.wanted_rows %x, %s : " + type + ", " + stepType),
                                  GetParam());
  ASSERT_TRUE(kernels);
  Random random(7);
  Activation input = makeActivation(random, 12, 50, false), result(3, 50, false);
  Step step;
  step.wanted = {0, 7, 11};
  kernels->run("wanted", step.view(), 3, {input.data(), result.data()});
  for (int64_t row = 0; row < 3; ++row)
    for (int64_t column = 0; column < 50; ++column)
      ASSERT_EQ(result.at(row, column), input.at(step.wanted[row], column));
}

TEST_P(RowKernels, MeansAreOfSequences) {
  std::string type = activationType(0, 50, false);
  auto kernels = Kernels::compile(makeFunction("mean", "%x: " + type + ", %s: " + stepType, type,
                                               "kernel.sequence_mean %x, %s : " + type + ", " + stepType),
                                  GetParam());
  ASSERT_TRUE(kernels);
  Random random(21);
  Activation input = makeActivation(random, 12, 50, false), result(3, 50, false);
  Step step;
  step.positions.resize(12);
  step.sequences = {0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2};
  step.sequenceCount = 3;
  step.wanted = {0, 5, 6};
  const int64_t lengths[] = {5, 1, 6};
  kernels->run("mean", step.view(), 3, {input.data(), result.data()});
  for (int64_t row = 0; row < 3; ++row)
    for (int64_t column = 0; column < 50; ++column) {
      double sum = 0;
      for (int64_t i = 0; i < lengths[row]; ++i)
        sum += input.at(step.wanted[row] + i, column);
      ASSERT_NEAR(result.at(row, column), sum / static_cast<double>(lengths[row]), 1e-6);
    }
}

TEST_P(RowKernels, SoftmaxOfRows) {
  for (int64_t columns : {1, 3, 16, 37}) {
    std::string type = activationType(0, columns, false);
    std::string text = "kernel.function @softmax(%x: " + type + ") -> " + type + attributes +
                       "  %y = kernel.softmax %x : " + type + "\n  kernel.return %y : " + type + "\n}\n";
    auto kernels = Kernels::compile(text, GetParam());
    ASSERT_TRUE(kernels);
    Random random(22);
    Activation input = makeActivation(random, 3, columns, false), result(3, columns, false);
    // What exponentials alone cannot hold.
    for (int64_t column = 0; column < columns; ++column)
      input.f32(1, column) += 500;
    Step step;
    kernels->run("softmax", step.view(), 3, {input.data(), result.data()});
    for (int64_t row = 0; row < 3; ++row) {
      double largest = input.at(row, 0), sum = 0;
      for (int64_t column = 0; column < columns; ++column)
        largest = std::max(largest, double(input.at(row, column)));
      for (int64_t column = 0; column < columns; ++column)
        sum += std::exp(input.at(row, column) - largest);
      for (int64_t column = 0; column < columns; ++column)
        ASSERT_NEAR(result.at(row, column), std::exp(input.at(row, column) - largest) / sum, 1e-5);
    }
  }
}

TEST_P(RowKernels, RopeTableAndRotation) {
  constexpr int64_t dimension = 20, pairs = dimension / 2, padded = 16, heads = 3, rows = 9;
  std::string frequencies;
  for (int64_t pair = 0; pair < pairs; ++pair)
    frequencies += (pair ? ", " : "") + std::to_string(std::pow(0.3, pair));
  std::string table = activationType(0, 2 * padded, false), input = activationType(0, heads * dimension, false);
  std::string rotated = activationType(0, heads * 2 * padded, false), factors = "tensor<10xf32>";
  std::string text =
      makeFunction("table", "%s: " + stepType + ", %f: " + factors, table,
                   "kernel.rope_table %s factors %f : " + factors + " {frequencies = array<f32: " + frequencies +
                       ">, magnitude = 1.25 : f32} : " + stepType);
  for (const char *style : {"interleaved", "halves"})
    text += makeFunction(style, "%x: " + input + ", %t: " + table, rotated,
                         "kernel.pair_heads %x rope %t : " + table + " {dimension = 20 : i64, style = " +
                             (style == std::string("interleaved") ? "1" : "0") + " : i32} : " + input);
  auto kernels = Kernels::compile(text, GetParam());
  ASSERT_TRUE(kernels);

  Random random(8);
  Step step;
  for (int32_t row = 0; row < rows; ++row)
    step.positions.push_back(row * row * 50);
  Activation divisors = makeActivation(random, 1, pairs, false, Codes::Random, false);
  for (int64_t pair = 0; pair < pairs; ++pair)
    divisors.f32(0, pair) = 1 + std::abs(divisors.f32(0, pair));
  Activation angles(rows, 2 * padded, false);
  kernels->run("table", step.view(), rows, {divisors.data(), angles.data()});
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t pair = 0; pair < padded; ++pair) {
      // Angles are products in f32, as in the models' own code.
      float frequency = std::stof(std::to_string(std::pow(0.3, pair))) / (pair < pairs ? divisors.f32(0, pair) : 1);
      double angle = static_cast<float>(step.positions[row]) * frequency, magnitude = pair < pairs ? 1.25 : 0;
      ASSERT_NEAR(angles.at(row, pair), magnitude * std::cos(angle), 1e-6) << row << " " << pair;
      ASSERT_NEAR(angles.at(row, padded + pair), magnitude * std::sin(angle), 1e-6) << row << " " << pair;
    }

  Activation plain = makeActivation(random, rows, heads * dimension, false);
  for (const char *style : {"interleaved", "halves"}) {
    Activation result(rows, heads * 2 * padded, false);
    kernels->run(style, step.view(), rows, {plain.data(), angles.data(), result.data()});
    bool interleaved = style == std::string("interleaved");
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t head = 0; head < heads; ++head)
        for (int64_t pair = 0; pair < padded; ++pair) {
          bool real = pair < pairs;
          double first = real ? plain.at(row, head * dimension + (interleaved ? 2 * pair : pair)) : 0;
          double second = real ? plain.at(row, head * dimension + (interleaved ? 2 * pair + 1 : pair + pairs)) : 0;
          double cosine = angles.at(row, pair), sine = angles.at(row, padded + pair);
          int64_t column = head * 2 * padded + pair;
          ASSERT_NEAR(result.at(row, column), first * cosine - second * sine, 1e-6);
          ASSERT_NEAR(result.at(row, column + padded), first * sine + second * cosine, 1e-6);
        }
  }
}

static void expectAppendedWhereThePageTableSays(const InstructionSet &set, bool isPaired) {
  constexpr int64_t heads = 2, dimension = 20, keyDimension = 32, valueDimension = 32, rows = 5, pages = 4,
                    pageRows = 64;
  std::string key = activationType(0, heads * keyDimension, false), value = activationType(0, heads * dimension, false);
  std::string cache = std::string("!model.key_value<2 x 20 x ") + (isPaired ? "bf16" : "f16") + ", \"full\">";
  auto kernels = Kernels::compile(makeCacheGroup(2, pages) + "kernel.function @append(%c: " + cache + ", %k: " + key +
                                      ", %v: " + value + ", %s: " + stepType + ") -> " + cache + attributes +
                                      "  %n = kernel.append %c, %k, %v, %s : " + cache + ", " + key + ", " + value +
                                      ", " + stepType + "\n  kernel.return %n : " + cache + "\n}\n",
                                  set);
  ASSERT_TRUE(kernels);
  Random random(9);
  Activation keys = makeActivation(random, rows, heads * keyDimension, false);
  Activation values = makeActivation(random, rows, heads * dimension, false);
  Buffer keyCache(pages * heads * pageRows * keyDimension * 2),
      valueCache(pages * heads * pageRows * valueDimension * 2);
  Step step;
  step.sequenceCount = step.pagesPerSequence = 2;
  step.pageTables = {2, 3, 1, 0};
  step.positions = {62, 63, 64, 0, 1};
  step.sequences = {0, 0, 0, 1, 1};
  kernels->run("append", step.view(), rows, {keys.data(), values.data(), keyCache.as<void>(), valueCache.as<void>()});
  auto round = [&](double value) {
    auto number = static_cast<float>(value);
    return isPaired ? static_cast<uint16_t>(std::bit_cast<uint32_t>(roundToBf16(number)) >> 16) : toHalf(number);
  };
  for (int64_t row = 0; row < rows; ++row) {
    int64_t inPage = step.positions[row] % pageRows;
    int64_t page = step.pageTables[step.sequences[row] * 2 + step.positions[row] / pageRows];
    for (int64_t head = 0; head < heads; ++head) {
      int64_t first = (head * pages + page) * pageRows;
      for (int64_t index = 0; index < keyDimension; ++index)
        ASSERT_EQ(keyCache.as<uint16_t>()[(first + inPage / 16 * 16) * keyDimension +
                                          (isPaired ? (index / 2 * 16 + inPage % 16) * 2 + index % 2
                                                    : index * 16 + inPage % 16)],
                  round(keys.at(row, head * keyDimension + index)));
      for (int64_t index = 0; index < dimension; ++index)
        ASSERT_EQ(
            valueCache.as<uint16_t>()[isPaired ? (first + inPage / 2 * 2) * valueDimension + index * 2 + inPage % 2
                                               : (first + inPage) * valueDimension + index],
            round(values.at(row, head * dimension + index)));
    }
  }
}

TEST_P(RowKernels, AppendWritesWhereThePageTableSays) {
  expectAppendedWhereThePageTableSays(GetParam(), /*isPaired=*/false);
  if (hasPairProducts(GetParam()))
    expectAppendedWhereThePageTableSays(GetParam(), /*isPaired=*/true);
}

/// Largest relative errors of the polynomials, as docs/numerics.md states them.
TEST_P(RowKernels, PolynomialsOfMathFunctions) {
  struct Function {
    const char *name;
    double (*oracle)(double);
    double low, high, relative, absolute;
  };
  const std::vector<Function> functions = {
      {"exp", std::exp, -87.3, 88.3, 2e-7, 0},
      {"tanh", std::tanh, -12, 12, 5e-7, 0},
      {"erf", std::erf, -5, 5, 5e-7, 1e-8},
  };
  std::string type = activationType(0, 4096, false), text;
  for (const Function &function : functions)
    text += std::string("kernel.function @") + function.name + "(%x: " + type + ") -> " + type + attributes +
            "  %y = kernel.generic %x : " + type + " to " + type +
            " {\n  ^bb0(%v: f32, %row: index, %column: index):\n" + "    %0 = math." + function.name +
            " %v : f32\n    kernel.yield %0 : f32\n  }\n  kernel.return %y : " + type + "\n}\n";
  auto kernels = Kernels::compile(text, GetParam());
  ASSERT_TRUE(kernels);
  constexpr int64_t rows = 64, columns = 4096;
  for (const Function &function : functions) {
    Activation input(rows, columns, false), result(rows, columns, false);
    for (int64_t index = 0; index < rows * columns; ++index)
      input.f32(index / columns, index % columns) = static_cast<float>(
          function.low + (function.high - function.low) * static_cast<double>(index) / (rows * columns - 1));
    kernels->run(function.name, {}, rows, {input.data(), result.data()});
    double worst = 0, where = 0;
    for (int64_t index = 0; index < rows * columns; ++index) {
      double argument = input.at(index / columns, index % columns), expected = function.oracle(argument);
      double difference = std::abs(result.at(index / columns, index % columns) - expected) - function.absolute;
      double error = expected != 0 ? difference / std::abs(expected) : difference;
      if (!(error <= worst)) {
        worst = error;
        where = argument;
      }
    }
    EXPECT_LE(worst, function.relative) << function.name << " at " << where;
    RecordProperty(std::string(function.name) + "_relative_error", std::to_string(worst));
  }
  // Past its range exp stays where it is.
  Activation input(1, columns, false), result(1, columns, false);
  for (int64_t column = 0; column < columns; ++column)
    input.f32(0, column) = column % 2 ? 1e30f : -1e30f;
  kernels->run("exp", {}, 1, {input.data(), result.data()});
  EXPECT_LT(result.at(0, 0), 2e-38);
  EXPECT_GE(result.at(0, 0), 0);
  EXPECT_GT(result.at(0, 1), 1e38);
}
