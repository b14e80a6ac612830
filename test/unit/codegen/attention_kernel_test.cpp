//===- attention_kernel_test.cpp - generated attention against a plain one ===//

#include "test/unit/codegen/kernel_harness.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace ingot;
using namespace ingot::test;

namespace {
constexpr int64_t pageRows = 64, pagesPerSequence = 4, pages = 2 * pagesPerSequence + 1;

struct Shape {
  int64_t dimension, keyHeads, group;
  bool half;   ///< cache of f16, else f32
  bool rounds; ///< result in 8 bits

  int64_t heads() const { return keyHeads * group; }
  int64_t paddedHalf() const { return roundUp(dimension / 2, 16); }
  int64_t keyDimension() const { return 2 * paddedHalf(); }
  int64_t valueDimension() const { return roundUp(dimension, 16); }
  std::string getName() const {
    return std::to_string(dimension) + "x" + std::to_string(keyHeads) + "x" + std::to_string(group) +
           (half ? "_f16" : "_f32") + (rounds ? "_i8" : "");
  }
};
const std::vector<Shape> shapes = {{16, 2, 1, true, false},  {20, 1, 3, false, false}, {24, 2, 4, true, false},
                                   {64, 2, 3, true, true},   {64, 1, 8, false, true},  {64, 2, 1, false, false},
                                   {128, 1, 4, true, false}, {128, 2, 1, true, true}};

struct Range {
  std::string name, attribute;
  int64_t typeRows;
  int64_t sequences;
  std::vector<int64_t> rows;
};
const std::vector<Range> ranges = {{"one", "1 to 1", 1, 1, {1}},
                                   {"one_of_two", "1 to 1", 1, 2, {1}},
                                   {"few", "2 to 8", 0, 1, {1, 2, 5, 8}},
                                   {"few_of_two", "2 to 8", 0, 2, {2, 5, 8}},
                                   {"many", "9 to 512", 0, 1, {9, 17}}};

/// Attention has no byte dot products: one instruction set of each vector width and register count.
std::vector<InstructionSet> getVectorSets() {
  std::vector<InstructionSet> sets;
  for (const InstructionSet &set : getInstructionSets())
    if (set.name == "plain" || set.name == "avx2" || set.name == "host")
      sets.push_back(set);
  return sets;
}

class AttentionKernel : public testing::TestWithParam<InstructionSet> {};

/// A cache of one layer: values as they are, and the bytes that kernels read.
struct Cache {
  Cache(const Shape &shape)
      : shape(shape), elementBytes(shape.half ? 2 : 4),
        keyBytes(pages * shape.keyHeads * pageRows * shape.keyDimension() * elementBytes),
        valueBytes(pages * shape.keyHeads * pageRows * shape.valueDimension() * elementBytes) {}

  double key(int64_t page, int64_t head, int64_t inPage, int64_t index) const {
    return read(keyBytes, keyOffset(page, head, inPage, index));
  }
  double value(int64_t page, int64_t head, int64_t inPage, int64_t index) const {
    return read(valueBytes, valueOffset(page, head, inPage, index));
  }

  /// What an append leaves: random elements, zeros in the padding.
  void append(Random &random, int64_t page, int64_t inPage) {
    std::normal_distribution<float> normal;
    for (int64_t head = 0; head < shape.keyHeads; ++head) {
      for (int64_t index = 0; index < shape.keyDimension(); ++index)
        write(keyBytes, keyOffset(page, head, inPage, index),
              index % shape.paddedHalf() < shape.dimension / 2 ? normal(random) : 0);
      for (int64_t index = 0; index < shape.valueDimension(); ++index)
        write(valueBytes, valueOffset(page, head, inPage, index), index < shape.dimension ? normal(random) : 0);
    }
  }

  const Shape &shape;
  int64_t elementBytes;
  Buffer keyBytes, valueBytes;

private:
  int64_t keyOffset(int64_t page, int64_t head, int64_t inPage, int64_t index) const {
    return ((page * shape.keyHeads + head) * pageRows + inPage / 16 * 16) * shape.keyDimension() + index * 16 +
           inPage % 16;
  }
  int64_t valueOffset(int64_t page, int64_t head, int64_t inPage, int64_t index) const {
    return ((page * shape.keyHeads + head) * pageRows + inPage) * shape.valueDimension() + index;
  }
  double read(const Buffer &buffer, int64_t index) const {
    return shape.half ? encoding::halfToFloat(*buffer.as<uint16_t>(index * 2)) : *buffer.as<float>(index * 4);
  }
  void write(Buffer &buffer, int64_t index, float number) {
    if (shape.half)
      *buffer.as<uint16_t>(index * 2) = toHalf(number);
    else
      *buffer.as<float>(index * 4) = number;
  }
};

std::string makeFunctions(const Shape &shape) {
  std::string text;
  for (const Range &range : ranges) {
    std::string query = activationType(range.typeRows, shape.heads() * shape.keyDimension(), false);
    std::string result = activationType(range.typeRows, shape.heads() * shape.dimension, shape.rounds);
    std::string cache = "!model.key_value<" + std::to_string(shape.keyHeads) + " x " + std::to_string(shape.dimension) +
                        " x " + (shape.half ? "f16" : "f32") + ", \"full\">";
    std::string step = "!model.step<rows = 512, sequences = " + std::to_string(range.sequences) + ", wanted = 1>";
    text += "kernel.function @" + range.name + "(%q: " + query + ", %c: " + cache + ", %s: " + step + ") -> " + result +
            " attributes {row_range = #kernel.rows<" + range.attribute + ">} {\n" +
            "  %y = kernel.attention %q, %c, %s {heads = " + std::to_string(shape.heads()) +
            " : i64, scale = 0.25 : f32} : " + query + ", " + cache + ", " + step + " to " + result +
            "\n  kernel.return %y : " + result + "\n}\n";
  }
  return text;
}
} // namespace

INSTANTIATE_TEST_SUITE_P(All, AttentionKernel, testing::ValuesIn(getVectorSets()),
                         [](const auto &info) { return info.param.name; });

TEST_P(AttentionKernel, AgainstPlainSoftmax) {
  Random random(4);
  for (const Shape &shape : shapes) {
    auto kernels = Kernels::compile(makeFunctions(shape), GetParam());
    ASSERT_TRUE(kernels);
    for (const Range &range : ranges)
      for (int64_t rows : range.rows)
        for (int64_t length : {1, 63, 64, 65, 200}) {
          SCOPED_TRACE(shape.getName() + " " + range.name + ", rows = " + std::to_string(rows) +
                       ", keys = " + std::to_string(length));
          // One sequence's pages stand in order; those of two are shuffled.
          Step step;
          step.sequenceCount = static_cast<int32_t>(range.sequences);
          step.pagesPerSequence = pagesPerSequence;
          step.pageTables =
              range.sequences == 1 ? std::vector<int32_t>{8, 8, 8, 8} : std::vector<int32_t>{7, 2, 5, 1, 0, 8, 3, 6};
          auto pageOf = [&](int64_t sequence, int64_t position) -> int64_t {
            int64_t page = position / pageRows;
            return range.sequences == 1 ? page : step.pageTables[sequence * pagesPerSequence + page];
          };
          // The last row of the first sequence sees `length` keys where that many rows can.
          int64_t firstRows = range.sequences == 1 ? rows : (rows + 1) / 2;
          for (int64_t row = 0; row < rows; ++row) {
            bool second = row >= firstRows;
            step.sequences.push_back(second);
            step.positions.push_back(
                static_cast<int32_t>(second ? 70 + row - firstRows : std::max<int64_t>(length - firstRows, 0) + row));
          }
          Cache cache(shape);
          for (int64_t sequence = 0; sequence < range.sequences; ++sequence) {
            int64_t last = -1;
            for (int64_t row = 0; row < rows; ++row)
              if (step.sequences[row] == sequence)
                last = step.positions[row];
            for (int64_t position = 0; position <= last; ++position)
              cache.append(random, pageOf(sequence, position), position % pageRows);
          }
          bool padded = range.typeRows != 1;
          Activation query =
              makeActivation(random, rows, shape.heads() * shape.keyDimension(), false, Codes::Random, padded);
          for (int64_t row = 0; row < rows; ++row)
            for (int64_t column = 0; column < query.columns; ++column)
              if (column % shape.paddedHalf() >= shape.dimension / 2)
                query.f32(row, column) = 0;
          Activation result(rows, shape.heads() * shape.dimension, shape.rounds, padded);
          kernels->run(range.name, step.view(), rows,
                       {query.data(), cache.keyBytes.as<void>(), cache.valueBytes.as<void>(), result.data()});

          for (int64_t row = 0; row < rows; ++row)
            for (int64_t head = 0; head < shape.heads(); ++head) {
              int64_t keyHead = head / shape.group, keys = step.positions[row] + 1;
              std::vector<double> weights(keys);
              double largest = -INFINITY, sum = 0;
              for (int64_t position = 0; position < keys; ++position) {
                double score = 0;
                for (int64_t index = 0; index < shape.keyDimension(); ++index)
                  score += query.at(row, head * shape.keyDimension() + index) *
                           cache.key(pageOf(step.sequences[row], position), keyHead, position % pageRows, index);
                weights[position] = score * 0.25;
                largest = std::max(largest, weights[position]);
              }
              for (double &weight : weights)
                sum += weight = std::exp(weight - largest);
              for (int64_t index = 0; index < shape.dimension; ++index) {
                double expected = 0;
                for (int64_t position = 0; position < keys; ++position)
                  expected += weights[position] / sum *
                              cache.value(pageOf(step.sequences[row], position), keyHead, position % pageRows, index);
                int64_t column = head * shape.dimension + index;
                double bound = 2e-5 + 0.501 * getScale(result, row, column);
                ASSERT_NEAR(result.at(row, column), expected, bound)
                    << "row " << row << ", head " << head << ", element " << index;
              }
            }
        }
  }
}
