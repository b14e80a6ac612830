//===- matrix_kernels_test.cpp - generated matmuls against plain sums -----===//

#include "test/unit/codegen/kernel_harness.h"

#include "gtest/gtest.h"

#include <bit>
#include <cmath>

using namespace ingot;
using namespace ingot::test;

namespace {
/// A range of rows with code of its own, and the rows to try.
struct Range {
  std::string name, attribute;
  int64_t typeRows; ///< 0: "?"
  std::vector<int64_t> rows;
};
const std::vector<Range> ranges = {
    {"one", "1 to 1", 1, {1}}, {"few", "2 to 8", 0, {1, 2, 5, 8}}, {"many", "9 to 512", 0, {1, 5, 8, 9, 17}}};

struct Shape {
  int64_t rows, columns;
  std::string getName() const { return std::to_string(rows) + "x" + std::to_string(columns); }
};

/// Rows of the weight and columns of the sum: with a rest of a panel, and the smallest.
std::vector<Shape> getShapes(const NamedFormat &format) {
  int64_t group = format.format.blockColumns;
  if (!format.isQuantized())
    return {{40, 45}, {3, 1}};
  return {{40, group == 256 ? 512 : group * 3}, {17, group}};
}

/// The smallest shape needs no look at all ranges.
bool isTried(const NamedFormat &format, const Shape &shape, const Range &range) {
  return shape.rows == getShapes(format).front().rows || range.name == "few";
}

std::vector<Rounding> getInputs(const NamedFormat &format) {
  if (!format.isQuantized())
    return {false};
  std::vector<Rounding> inputs = {false, Rounding::withSums(format.format.getSumColumns())};
  // An input that another consumer wanted sums of 16 columns for.
  if (format.alias == "q4_1" || format.alias == "q4_k")
    inputs.push_back(Rounding::withSums(16));
  return inputs;
}

struct Case {
  InstructionSet set;
  NamedFormat format;
};
std::vector<Case> getCases() {
  std::vector<Case> cases;
  for (const InstructionSet &set : getInstructionSets())
    for (const NamedFormat &format : getFormats())
      cases.push_back({set, format});
  return cases;
}
void PrintTo(const Case &value, std::ostream *out) { *out << value.set.name << ", " << value.format.alias; }
std::string getCaseName(const testing::TestParamInfo<Case> &info) {
  return info.param.set.name + "_" + info.param.format.alias;
}

class Matmul : public testing::TestWithParam<Case> {};
/// What comes after the product is the same for every format: one of each kind says all.
class MatrixEnds : public testing::TestWithParam<Case> {};
std::vector<Case> getEndCases() {
  std::vector<Case> cases = getCases();
  std::erase_if(cases, [](const Case &value) {
    std::string alias = value.format.alias;
    return alias != "f32" && alias != "q4_1" && alias != "q8_0" && alias != "q6_k";
  });
  return cases;
}

/// A sum with the sum of its terms' magnitudes, which its error is relative to.
struct Sum {
  double value = 0, magnitude = 0;
};
Sum multiply(const Activation &input, int64_t row, const WeightMatrix &weight, int64_t weightRow) {
  Sum sum;
  for (int64_t column = 0; column < weight.columns; ++column) {
    double activation = input.at(row, column);
    sum.value += activation * weight.at(weightRow, column);
    sum.magnitude += std::abs(activation) * weight.magnitude(weightRow, column);
  }
  return sum;
}
} // namespace

INSTANTIATE_TEST_SUITE_P(All, Matmul, testing::ValuesIn(getCases()), getCaseName);
INSTANTIATE_TEST_SUITE_P(All, MatrixEnds, testing::ValuesIn(getEndCases()), getCaseName);

TEST_P(Matmul, AgainstPlainSums) {
  auto [set, format] = GetParam();
  std::string text;
  for (const Shape &shape : getShapes(format))
    for (const Range &range : ranges)
      for (Rounding rounding : getInputs(format)) {
        if (!isTried(format, shape, range))
          continue;
        std::string input = activationType(range.typeRows, shape.columns, rounding);
        std::string weight = weightType(shape.rows, shape.columns, format.alias);
        std::string output = activationType(range.typeRows, shape.rows, false);
        std::string bias = "tensor<" + std::to_string(shape.rows) + "xf32>";
        text += "kernel.function @matmul_" + range.name + "_" + shape.getName() + rounding.getSuffix() +
                "(%a: " + input + ", %w: " + weight + ", %r: " + output + ", %b: " + bias + ") -> " + output +
                " attributes {row_range = #kernel.rows<" + range.attribute + ">} {\n" +
                "  %y = kernel.matmul %a, %w with %r, %b : " + output + ", " + bias + " : " + input + ", " + weight +
                " to " + output + R"mlir( {
  ^bb0(%accumulator: f32, %residual: f32, %bias: f32, %row: index, %column: index):
    %0 = arith.addf %accumulator, %residual : f32
    %1 = arith.mulf %0, %bias : f32
    %2 = arith.index_cast %row : index to i32
    %3 = arith.index_cast %column : index to i32
    %thousand = arith.constant 1000 : i32
    %4 = arith.muli %2, %thousand : i32
    %5 = arith.addi %4, %3 : i32
    %6 = arith.sitofp %5 : i32 to f32
    %7 = arith.addf %1, %6 : f32
    kernel.yield %7 : f32
  }
  kernel.return %y : )mlir" +
                output + "\n}\n";
      }
  auto kernels = Kernels::compile(text, set);
  ASSERT_TRUE(kernels);

  Random random(1);
  for (const Shape &shape : getShapes(format))
    for (Codes codes : {Codes::Random, Codes::Largest}) {
      WeightMatrix weight = makeWeights(random, format.format, shape.rows, shape.columns, codes);
      for (const Range &range : ranges)
        for (Rounding rounding : getInputs(format))
          for (int64_t rows : isTried(format, shape, range) ? range.rows : std::vector<int64_t>()) {
            bool padded = range.typeRows != 1;
            Activation input = makeActivation(random, rows, shape.columns, rounding, codes, padded);
            Activation residual = makeActivation(random, rows, shape.rows, false, Codes::Random, padded);
            Activation bias = makeActivation(random, 1, shape.rows, false, Codes::Random, false);
            Activation output(rows, shape.rows, false, padded);
            std::string name = "matmul_" + range.name + "_" + shape.getName() + rounding.getSuffix();
            SCOPED_TRACE(name + ", rows = " + std::to_string(rows));
            kernels->run(name, {}, rows,
                         {input.data(), weight.packed.as<void>(), residual.data(), bias.data(), output.data()});
            for (int64_t row = 0; row < rows; ++row)
              for (int64_t column = 0; column < shape.rows; ++column) {
                Sum sum = multiply(input, row, weight, column);
                double factor = bias.at(0, column), added = residual.at(row, column);
                double expected = (sum.value + added) * factor + 1000.0 * row + column;
                double bound = 2e-6 * (sum.magnitude + std::abs(added)) * std::abs(factor) + 1e-7 * std::abs(expected);
                ASSERT_NEAR(output.at(row, column), expected, bound) << "row " << row << ", column " << column;
              }
          }
    }
}

/// x · sigmoid(x) · y, rounded to 8 bits.
TEST_P(MatrixEnds, GatedMatmul) {
  auto [set, format] = GetParam();
  constexpr int64_t columns = 64, unquantizedColumns = 40;
  int64_t depth = format.isQuantized() ? std::max<int64_t>(64, format.format.blockColumns) : 19;
  // One decode step as it is, and every end of the kernel with each kind of input.
  auto isTried = [](const Range &range, Rounding rounding, bool rounds) {
    return (range.name == "few") == (static_cast<bool>(rounding) != rounds);
  };
  std::string text;
  for (const Range &range : ranges)
    for (Rounding rounding : getInputs(format))
      for (bool rounds : {false, true}) {
        if (!isTried(range, rounding, rounds))
          continue;
        int64_t width = rounds ? columns : unquantizedColumns;
        std::string input = activationType(range.typeRows, depth, rounding);
        std::string weight = weightType(2 * roundUp(width, 16), depth, format.alias);
        std::string output = activationType(range.typeRows, width, rounds);
        text += "kernel.function @gated_" + range.name + rounding.getSuffix() + (rounds ? "_i8" : "_f32") +
                "(%a: " + input + ", %w: " + weight + ") -> " + output + " attributes {row_range = #kernel.rows<" +
                range.attribute + ">} {\n  %y = kernel.gated_matmul %a, %w : " + input + ", " + weight + " to " +
                output +
                R"mlir( {
  ^bb0(%gate: f32, %up: f32, %row: index, %column: index):
    %one = arith.constant 1.0 : f32
    %0 = arith.negf %gate : f32
    %1 = math.exp %0 : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.divf %gate, %2 : f32
    %4 = arith.mulf %3, %up : f32
    kernel.yield %4 : f32
  }
  kernel.return %y : )mlir" +
                output + "\n}\n";
      }
  auto kernels = Kernels::compile(text, set);
  ASSERT_TRUE(kernels);

  Random random(2);
  for (bool rounds : {false, true}) {
    int64_t width = rounds ? columns : unquantizedColumns;
    // The last panels of both matrices are half empty in the unquantised case.
    auto isPadding = [](int64_t row) { return row / 32 == 2 && row % 16 >= 8; };
    WeightMatrix weight =
        makeWeights(random, format.format, 2 * roundUp(width, 16), depth, Codes::Random, rounds ? nullptr : +isPadding);
    for (const Range &range : ranges)
      for (Rounding rounding : getInputs(format))
        for (int64_t rows : isTried(range, rounding, rounds) ? range.rows : std::vector<int64_t>()) {
          bool padded = range.typeRows != 1;
          Activation input = makeActivation(random, rows, depth, rounding, Codes::Random, padded);
          Activation output(rows, width, rounds, padded);
          std::string name = "gated_" + range.name + rounding.getSuffix() + (rounds ? "_i8" : "_f32");
          SCOPED_TRACE(name + ", rows = " + std::to_string(rows));
          kernels->run(name, {}, rows, {input.data(), weight.packed.as<void>(), output.data()});
          for (int64_t row = 0; row < rows; ++row) {
            double groupSum = 0;
            for (int64_t column = 0; column < width; ++column) {
              int64_t gateRow = column / 16 * 32 + column % 16;
              Sum gate = multiply(input, row, weight, gateRow), up = multiply(input, row, weight, gateRow + 16);
              double expected = gate.value / (1 + std::exp(-gate.value)) * up.value;
              double bound = 2e-6 * (1.1 * gate.magnitude * std::abs(up.value) + up.magnitude * std::abs(gate.value)) +
                             1e-6 * std::abs(expected) + 1e-6;
              if (rounds)
                bound += 0.501 * getScale(output, row, column);
              ASSERT_NEAR(output.at(row, column), expected, bound) << "row " << row << ", column " << column;
              groupSum += output.at(row, column);
              if (rounds && column % 32 == 31) {
                double scale = getScale(output, row, column);
                ASSERT_NEAR(getScaledSum(output, row, column), groupSum, 127 * 32 * scale * 1e-6);
                groupSum = 0;
              }
            }
          }
        }
  }
}

/// One token or several, of one or two sequences, each in the cache where its page table says.
TEST_P(MatrixEnds, QkvRopeAppend) {
  auto [set, format] = GetParam();
  // Every range with one and, where it can be, two sequences; each kind of cache with both.
  auto isTried = [&](const Range &range, Rounding rounding, int sequences, bool isHalf) {
    return static_cast<bool>(rounding) == format.isQuantized() && (sequences == 1 || range.typeRows != 1) &&
           isHalf == ((range.name == "few") == (sequences == 2));
  };
  // bf16 where there is such a cache, for some of the ranges.
  static const std::string names[] = {"f16", "f32", "bf16"};
  bool hasPairs = hasPairProducts(set);
  auto getElement = [&](const Range &range, bool isHalf) -> const std::string & {
    return names[!isHalf ? 1 : hasPairs && range.name != "one" ? 2 : 0];
  };
  constexpr int64_t heads = 4, keyHeads = 2, dimension = 40, half = dimension / 2, paddedHalf = 32, paddedValue = 48;
  constexpr int64_t pages = 5, pageRows = 64;
  int64_t depth = format.isQuantized() ? format.format.blockColumns : 19;
  int64_t weightRows = (heads + keyHeads) * 2 * paddedHalf + keyHeads * paddedValue;
  std::string weight = weightType(weightRows, depth, format.alias);
  std::string text = makeCacheGroup(2, pages);
  for (const Range &range : ranges)
    for (Rounding rounding : getInputs(format))
      for (int sequences : {1, 2})
        for (bool isHalf : {true, false}) {
          if (!isTried(range, rounding, sequences, isHalf))
            continue;
          const std::string &element = getElement(range, isHalf);
          std::string input = activationType(range.typeRows, depth, rounding);
          std::string table = activationType(range.typeRows, 2 * paddedHalf, false);
          std::string cache = "!model.key_value<2 x 40 x " + element + ", \"full\">";
          std::string last = range.attribute.substr(range.attribute.rfind(' ') + 1);
          std::string step =
              "!model.step<rows = " + last + ", sequences = " + std::to_string(sequences) + ", wanted = 1>";
          std::string query = activationType(range.typeRows, heads * 2 * paddedHalf, false);
          text += "kernel.function @qkv_" + range.name + rounding.getSuffix() + "_" + element + "_" +
                  std::to_string(sequences) + "(%a: " + input + ", %w: " + weight + ", %t: " + table +
                  ", %c: " + cache + ", %s: " + step + ") -> (" + query + ", " + cache +
                  ") attributes {row_range = #kernel.rows<" + range.attribute +
                  ">} {\n  %q, %n = kernel.qkv_rope_append %a, %w, %c, %s rope %t : " + table +
                  " {heads = 4 : i64} : " + input + ", " + weight + ", " + cache + ", " + step + " to " + query + ", " +
                  cache +
                  R"mlir( rotation {
  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):
    %0 = arith.mulf %first, %cosine : f32
    %1 = arith.mulf %second, %sine : f32
    %2 = arith.subf %0, %1 : f32
    %3 = arith.mulf %first, %sine : f32
    %4 = arith.mulf %second, %cosine : f32
    %5 = arith.addf %3, %4 : f32
    kernel.yield %2, %5 : f32, f32
  }
  kernel.return %q, %n : )mlir" +
                  query + ", " + cache + "\n}\n";
        }
  auto kernels = Kernels::compile(text, set);
  ASSERT_TRUE(kernels);

  Random random(3);
  auto isPadding = [](int64_t row) {
    if (row >= (heads + keyHeads) * 2 * paddedHalf)
      return (row - (heads + keyHeads) * 2 * paddedHalf) % paddedValue >= dimension;
    return row / 32 % 2 * 16 + row % 16 >= half;
  };
  WeightMatrix matrix = makeWeights(random, format.format, weightRows, depth, Codes::Random, +isPadding);
  for (const Range &range : ranges)
    for (Rounding rounding : getInputs(format))
      for (int sequences : {1, 2})
        for (bool isHalf : {true, false})
          for (int64_t rows : range.rows) {
            if (!isTried(range, rounding, sequences, isHalf) || rows < sequences)
              continue;
            bool padded = range.typeRows != 1;
            Step step;
            step.sequenceCount = sequences;
            step.pagesPerSequence = 2;
            // Pages of the second sequence stand before those of the first; one sequence is the identity.
            step.pageTables = sequences == 1 ? std::vector<int32_t>{4, 4} : std::vector<int32_t>{3, 4, 2, 0};
            for (int64_t row = 0; row < rows; ++row) {
              int64_t first = (rows + 1) / 2;
              bool second = sequences == 2 && row >= first;
              step.sequences.push_back(second);
              step.positions.push_back(static_cast<int32_t>(second ? row - first : row + 57));
            }
            Activation input = makeActivation(random, rows, depth, rounding, Codes::Random, padded);
            Activation table = makeActivation(random, rows, 2 * paddedHalf, false, Codes::Random, padded);
            for (int64_t row = 0; row < rows; ++row)
              for (int64_t pair = half; pair < paddedHalf; ++pair)
                table.f32(row, pair) = table.f32(row, paddedHalf + pair) = 0;
            Activation query(rows, heads * 2 * paddedHalf, false, padded);
            int64_t elementBytes = isHalf ? 2 : 4;
            Buffer keys(pages * keyHeads * pageRows * 2 * paddedHalf * elementBytes);
            Buffer values(pages * keyHeads * pageRows * paddedValue * elementBytes);
            std::string name = "qkv_" + range.name + rounding.getSuffix() + "_" + getElement(range, isHalf) + "_" +
                               std::to_string(sequences);
            SCOPED_TRACE(name + ", rows = " + std::to_string(rows));
            kernels->run(name, step.view(), rows,
                         {input.data(), matrix.packed.as<void>(), table.data(), keys.as<void>(), values.as<void>(),
                          query.data()});

            bool isPaired = getElement(range, isHalf) == "bf16";
            auto read = [&](const Buffer &buffer, int64_t index) -> double {
              if (isPaired)
                return std::bit_cast<float>(uint32_t(*buffer.as<uint16_t>(index * 2)) << 16);
              return isHalf ? encoding::halfToFloat(*buffer.as<uint16_t>(index * 2)) : *buffer.as<float>(index * 4);
            };
            double relative = isPaired ? 4e-3 : isHalf ? 5e-4 : 0, written = 0;
            for (int64_t row = 0; row < rows; ++row) {
              int64_t position = step.positions[row], inPage = position % pageRows;
              int64_t page =
                  sequences == 1 ? position / pageRows : step.pageTables[step.sequences[row] * 2 + position / pageRows];
              for (int64_t head = 0; head < heads + keyHeads; ++head)
                for (int64_t index = 0; index < 2 * paddedHalf; ++index) {
                  int64_t pair = index % paddedHalf;
                  int64_t weightRow = head * 2 * paddedHalf + pair / 16 * 32 + pair % 16;
                  Sum first = multiply(input, row, matrix, weightRow);
                  Sum second = multiply(input, row, matrix, weightRow + 16);
                  double cosine = table.at(row, pair), sine = table.at(row, paddedHalf + pair);
                  double expected = index < paddedHalf ? first.value * cosine - second.value * sine
                                                       : first.value * sine + second.value * cosine;
                  double bound = 4e-6 * (first.magnitude + second.magnitude) * 2;
                  int64_t keyHead = head - heads;
                  if (head < heads) {
                    ASSERT_NEAR(query.at(row, head * 2 * paddedHalf + index), expected, bound) << row << " " << index;
                    continue;
                  }
                  int64_t offset = ((keyHead * pages + page) * pageRows + inPage / 16 * 16) * 2 * paddedHalf;
                  ASSERT_NEAR(read(keys, offset + (isPaired ? (index / 2 * 16 + inPage % 16) * 2 + index % 2
                                                            : index * 16 + inPage % 16)),
                              expected, bound + relative * std::abs(expected) + relative * 1e-3)
                      << "row " << row << ", key head " << keyHead << ", element " << index;
                  ++written;
                }
              for (int64_t head = 0; head < keyHeads; ++head)
                for (int64_t index = 0; index < paddedValue; ++index) {
                  int64_t weightRow = (heads + keyHeads) * 2 * paddedHalf + head * paddedValue + index;
                  Sum sum = multiply(input, row, matrix, weightRow);
                  int64_t firstRow = (head * pages + page) * pageRows;
                  int64_t offset = isPaired ? (firstRow + inPage / 2 * 2) * paddedValue + index * 2 + inPage % 2
                                            : (firstRow + inPage) * paddedValue + index;
                  ASSERT_NEAR(read(values, offset), sum.value,
                              2e-6 * sum.magnitude + relative * std::abs(sum.value) + relative * 1e-3)
                      << "row " << row << ", value head " << head << ", element " << index;
                }
            }
            // Padding rows must leave the cache alone.
            for (int64_t index = 0; index < pages * keyHeads * pageRows * 2 * paddedHalf; ++index)
              written -= !std::isnan(read(keys, index));
            ASSERT_EQ(written, 0);
          }
}
