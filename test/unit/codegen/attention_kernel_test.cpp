//===- attention_kernel_test.cpp - generated attention against a plain one ===//

#include "test/unit/codegen/kernel_harness.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>

using namespace ingot;
using namespace ingot::test;

namespace {
constexpr float scoreScale = 0.3F, softcap = 1.5F;
constexpr int64_t pageRows = 64, pagesPerSequence = 7, pages = 2 * pagesPerSequence + 1, stepRows = 24;

enum class Element { F16, BF16, F32, I8 };

struct Shape {
  int64_t dimension, keyHeads, group;
  Element element; ///< of the cache
  bool rounds;     ///< result in 8 bits
  int64_t keyChunk = 128;
  int64_t window = 0; ///< 0: all positions
  bool capsScores = false, hasSlopes = false, bidirectional = false;

  /// Pages of a sequence, beyond which the first ones are taken again.
  int64_t ringPages() const { return window ? roundUp(window + stepRows - 1, pageRows) / pageRows : pagesPerSequence; }
  int64_t firstSeen(int64_t position) const { return window ? std::max<int64_t>(position + 1 - window, 0) : 0; }
  int64_t lastSeen(int64_t position, int64_t lastOfSequence) const { return bidirectional ? lastOfSequence : position; }
  int64_t heads() const { return keyHeads * group; }
  float slope(int64_t head) const { return hasSlopes ? 0.25F / static_cast<float>(1 << head % 4) : 0; }
  /// What becomes of q · k · scale.
  double adjust(double score, int64_t head, int64_t distance) const {
    if (capsScores)
      score = softcap * std::tanh(score / softcap);
    return score - slope(head) * static_cast<double>(std::abs(distance));
  }
  std::string printAdjustments(bool isSplit) const {
    std::string text = window ? ", window = " + std::to_string(window) + " : i64" : "";
    if (capsScores)
      text += ", softcap = 1.5 : f32";
    for (int64_t head = 0; hasSlopes && head < heads(); ++head)
      text += (head ? ", " : ", alibi_slopes = array<f32: ") + std::to_string(slope(head)) +
              (head + 1 == heads() ? ">" : "");
    return text + (bidirectional && !isSplit ? ", bidirectional" : "");
  }
  int64_t chunks() const { return roundUp(pagesPerSequence * pageRows, keyChunk) / keyChunk; }
  int64_t partialColumns() const { return heads() * (chunks() * valueDimension() + roundUp(2 * chunks(), 16)); }
  std::string getElementName() const {
    return element == Element::F16 ? "f16" : element == Element::BF16 ? "bf16" : element == Element::F32 ? "f32" : "i8";
  }
  int64_t paddedHalf() const { return roundUp(dimension / 2, 16); }
  int64_t keyDimension() const { return 2 * paddedHalf(); }
  int64_t valueDimension() const { return roundUp(dimension, 16); }
  std::string getName() const {
    return std::to_string(dimension) + "x" + std::to_string(keyHeads) + "x" + std::to_string(group) + "_" +
           getElementName() + (rounds ? "_i8" : "") + "_by_" + std::to_string(keyChunk) +
           (window ? "_window_" + std::to_string(window) : "") + (capsScores ? "_softcap" : "") +
           (hasSlopes ? "_alibi" : "") + (bidirectional ? "_bidirectional" : "");
  }
};
using enum Element;
const std::vector<Shape> shapes = {{20, 1, 3, F32, false, 64},
                                   {24, 2, 4, F16, false},
                                   {64, 2, 3, F16, true},
                                   {64, 1, 8, F32, true},
                                   {64, 1, 7, F16, false, 192},
                                   {128, 2, 1, F16, true, 64},
                                   {32, 2, 2, I8, false, 64},
                                   {96, 1, 8, I8, true},
                                   {24, 2, 4, F16, false, 64, 100},
                                   {64, 1, 7, F16, true, 192, 41},
                                   {32, 2, 2, I8, false, 128, 233},
                                   {64, 2, 3, BF16, false},
                                   {24, 2, 4, BF16, false, 64, 100},
                                   {32, 1, 9, BF16, true, 192, 41},
                                   {128, 2, 1, BF16, true, 64},
                                   {64, 1, 3, F32, false, 64, 100, true, true},
                                   {32, 2, 2, I8, false, 64, 0, true, true},
                                   {24, 2, 4, F16, false, 64, 0, true, true, true},
                                   {32, 1, 3, BF16, false, 128, 41, true, true},
                                   {32, 1, 9, BF16, false, 64, 0, false, true, true}};

struct Range {
  std::string name, attribute;
  int64_t typeRows;
  int64_t sequences;
  std::vector<int64_t> rows;
};
const std::vector<Range> ranges = {{"one", "1 to 1", 1, 1, {1}},    {"one_of_two", "1 to 1", 1, 2, {1}},
                                   {"split", "1 to 1", 1, 1, {1}},  {"split_of_two", "1 to 1", 1, 2, {1}},
                                   {"few", "2 to 8", 0, 1, {1, 5}}, {"few_of_two", "2 to 8", 0, 2, {2, 5}},
                                   {"many", "9 to 24", 0, 1, {17}}};

/// Attention has no byte dot products: one instruction set of each vector width and register count.
std::vector<InstructionSet> getVectorSets() {
  std::vector<InstructionSet> sets;
  for (const InstructionSet &set : getInstructionSets())
    if (set.name == "plain" || set.name == "avx2" || set.name == "host")
      sets.push_back(set);
  return sets;
}

/// Only in functions for one row: attention in two kernels.
bool isSplit(const Range &range) { return range.name.starts_with("split"); }

class AttentionKernel : public testing::TestWithParam<InstructionSet> {};

/// A cache of one layer: the bytes that kernels read, and the numbers that they stand for.
struct Cache {
  Cache(const Shape &shape)
      : shape(shape), keyNumbers(pages * shape.keyHeads * pageRows * shape.keyDimension()),
        valueNumbers(pages * shape.keyHeads * pageRows * shape.valueDimension()),
        keyBytes(pages * shape.keyHeads * getHeadBytes(shape.keyDimension())),
        valueBytes(pages * shape.keyHeads * getHeadBytes(shape.valueDimension())) {}

  double key(int64_t page, int64_t head, int64_t inPage, int64_t index) const {
    return keyNumbers[((head * pages + page) * pageRows + inPage) * shape.keyDimension() + index];
  }
  double value(int64_t page, int64_t head, int64_t inPage, int64_t index) const {
    return valueNumbers[((head * pages + page) * pageRows + inPage) * shape.valueDimension() + index];
  }

  /// What an append leaves: random elements, zeros in the padding.
  void append(Random &random, int64_t page, int64_t inPage) {
    for (int64_t head = 0; head < shape.keyHeads; ++head) {
      int64_t place = head * pages + page;
      uint8_t *keys = keyBytes.as<>(place * getHeadBytes(shape.keyDimension()));
      uint8_t *values = valueBytes.as<>(place * getHeadBytes(shape.valueDimension()));
      float *keyRow = &keyNumbers[(place * pageRows + inPage) * shape.keyDimension()];
      float *valueRow = &valueNumbers[(place * pageRows + inPage) * shape.valueDimension()];
      int64_t lane = inPage % 16;
      if (shape.element == I8) {
        int64_t groups = shape.keyDimension() / 32;
        uint8_t *block = keys + inPage / 16 * (shape.keyDimension() * 16 + groups * 32);
        for (int64_t group = 0; group < groups; ++group) {
          float scale = makeScale(random, block + shape.keyDimension() * 16 + (group * 16 + lane) * 2);
          for (int64_t index = 0; index < 32; ++index) {
            int64_t code = makeCode(random);
            block[((group * 32 + index) / 4 * 16 + lane) * 4 + index % 4] = static_cast<uint8_t>(code + 128);
            keyRow[group * 16 + index / 16 * shape.paddedHalf() + index % 16] = static_cast<float>(code) * scale;
          }
        }
        for (int64_t group = 0; group < shape.valueDimension() / 32; ++group) {
          float scale = makeScale(random, values + pageRows * shape.valueDimension() + (group * pageRows + inPage) * 2);
          for (int64_t column = group * 32; column < group * 32 + 32; ++column) {
            int64_t code = makeCode(random);
            values[inPage * shape.valueDimension() + column] = static_cast<uint8_t>(code);
            valueRow[column] = static_cast<float>(code) * scale;
          }
        }
        continue;
      }
      for (int64_t index = 0; index < shape.keyDimension(); ++index)
        keyRow[index] = write(random, keys, keyIndex(inPage, index), index % shape.paddedHalf() < shape.dimension / 2);
      for (int64_t index = 0; index < shape.valueDimension(); ++index)
        valueRow[index] = write(random, values, valueIndex(inPage, index), index < shape.dimension);
    }
  }

  const Shape &shape;
  std::vector<float> keyNumbers, valueNumbers;
  Buffer keyBytes, valueBytes;

private:
  /// Of a page of keys or values.
  int64_t getHeadBytes(int64_t dimension) const {
    return pageRows * (shape.element == I8 ? dimension + dimension / 32 * 2 : dimension * getElementBytes());
  }
  int64_t getElementBytes() const { return shape.element == F32 ? 4 : 2; }
  /// Elements before that one in a page of a head. Of bf16, neighbouring dimensions of a key and positions of values
  /// stand together.
  int64_t keyIndex(int64_t inPage, int64_t index) const {
    int64_t block = inPage / 16 * 16 * shape.keyDimension(), lane = inPage % 16;
    return block + (shape.element == BF16 ? (index / 2 * 16 + lane) * 2 + index % 2 : index * 16 + lane);
  }
  int64_t valueIndex(int64_t inPage, int64_t index) const {
    if (shape.element == BF16)
      return (inPage / 2 * shape.valueDimension() + index) * 2 + inPage % 2;
    return inPage * shape.valueDimension() + index;
  }
  static float makeScale(Random &random, uint8_t *bytes) {
    uint16_t half = toHalf(std::uniform_real_distribution<float>(0.005F, 0.02F)(random));
    memcpy(bytes, &half, 2);
    return encoding::halfToFloat(half);
  }
  static int64_t makeCode(Random &random) { return static_cast<int64_t>(random() % 255) - 127; }
  /// Stores a random number, or 0 where it is padding; returns it as it was rounded.
  float write(Random &random, uint8_t *bytes, int64_t index, bool isReal) const {
    float number = isReal ? std::normal_distribution<float>()(random) : 0;
    if (shape.element == F16) {
      uint16_t half = toHalf(number);
      memcpy(bytes + index * 2, &half, 2);
      return encoding::halfToFloat(half);
    }
    if (shape.element == BF16) {
      number = roundToBf16(number);
      memcpy(bytes + index * 2, reinterpret_cast<const uint8_t *>(&number) + 2, 2);
      return number;
    }
    memcpy(bytes + index * 4, &number, 4);
    return number;
  }
};

/// A query as scores take it: where keys are codes, rounded in groups of 16 pairs to a high and a low code.
std::vector<double> getQuery(const Shape &shape, const Activation &query, int64_t row, int64_t head) {
  std::vector<double> numbers;
  for (int64_t index = 0; index < shape.keyDimension(); ++index)
    numbers.push_back(query.at(row, head * shape.keyDimension() + index));
  if (shape.element != I8)
    return numbers;
  for (int64_t group = 0; group < shape.keyDimension() / 32; ++group) {
    auto at = [&](int64_t index) -> double & {
      return numbers[group * 16 + index / 16 * shape.paddedHalf() + index % 16];
    };
    float largest = 0;
    for (int64_t index = 0; index < 32; ++index)
      largest = std::max(largest, std::abs(static_cast<float>(at(index))));
    for (int64_t index = 0; index < 32; ++index) {
      float scaled = static_cast<float>(at(index)) * (127.0F / largest), high = std::nearbyint(scaled);
      at(index) = (254 * high + std::nearbyint((scaled - high) * 254)) * (largest * (1.0 / 127 / 254));
    }
  }
  return numbers;
}

std::string makeFunctions(const Shape &shape) {
  std::string text = makeCacheGroup(pagesPerSequence, pages, shape.window, shape.ringPages());
  for (const Range &range : ranges) {
    std::string query = activationType(range.typeRows, shape.heads() * shape.keyDimension(), false);
    std::string result = activationType(range.typeRows, shape.heads() * shape.dimension, shape.rounds);
    std::string cache = "!model.key_value<" + std::to_string(shape.keyHeads) + " x " + std::to_string(shape.dimension) +
                        " x " + shape.getElementName() + ", \"full\">";
    std::string step = "!model.step<rows = " + std::to_string(stepRows) +
                       ", sequences = " + std::to_string(range.sequences) + ", wanted = 1>";
    std::string window = shape.window ? ", window = " + std::to_string(shape.window) + " : i64" : "";
    std::string attributes = "heads = " + std::to_string(shape.heads()) +
                             " : i64, scale = 0.3 : f32, key_chunk = " + std::to_string(shape.keyChunk) + " : i64" +
                             shape.printAdjustments(isSplit(range));
    if (isSplit(range)) {
      std::string partial = "tensor<1x" + std::to_string(shape.partialColumns()) + "xf32>";
      std::string chunks = ", chunks = " + std::to_string(shape.chunks()) + " : i64}";
      text += "kernel.function @" + range.name + "_partial(%q: " + query + ", %c: " + cache + ", %s: " + step +
              ") -> " + partial +
              " attributes {row_range = #kernel.rows<1 to 1>} {\n  %y = kernel.attention_partial %q, %c, %s {" +
              attributes + chunks + " : " + query + ", " + cache + ", " + step + " to " + partial +
              "\n  kernel.return %y : " + partial + "\n}\n";
      text += "kernel.function @" + range.name + "_merge(%p: " + partial + ", %s: " + step + ") -> " + result +
              " attributes {row_range = #kernel.rows<1 to 1>} {\n  %y = kernel.attention_merge %p, %s {heads = " +
              std::to_string(shape.heads()) + " : i64, dimension = " + std::to_string(shape.dimension) +
              " : i64, key_chunk = " + std::to_string(shape.keyChunk) + " : i64" + window + chunks + " : " + partial +
              ", " + step + " to " + result + "\n  kernel.return %y : " + result + "\n}\n";
      continue;
    }
    text += "kernel.function @" + range.name + "(%q: " + query + ", %c: " + cache + ", %s: " + step + ") -> " + result +
            " attributes {row_range = #kernel.rows<" + range.attribute + ">} {\n" +
            "  %y = kernel.attention %q, %c, %s {" + attributes + "} : " + query + ", " + cache + ", " + step + " to " +
            result + "\n  kernel.return %y : " + result + "\n}\n";
  }
  return text;
}

/// Runs the attention of `range`.
void runAttention(const Kernels &kernels, const Shape &shape, const Range &range, const Step &step, int64_t rows,
                  Activation &query, Cache &cache, Activation &result, int64_t workers = 3) {
  std::vector<void *> pointers = {query.data(), cache.keyBytes.as<void>(), cache.valueBytes.as<void>()};
  if (isSplit(range)) {
    Activation partial(1, shape.partialColumns(), /*quantized=*/false, /*padded=*/false);
    pointers.push_back(partial.data());
    kernels.run(range.name + "_partial", step.view(), rows, pointers, workers);
    kernels.run(range.name + "_merge", step.view(), rows, {partial.data(), result.data()}, workers);
    return;
  }
  pointers.push_back(result.data());
  kernels.run(range.name, step.view(), rows, pointers, workers);
}

/// Random rotated heads, zeros in their padding.
Activation makeQuery(Random &random, const Shape &shape, int64_t rows, bool padded) {
  Activation query = makeActivation(random, rows, shape.heads() * shape.keyDimension(), false, Codes::Random, padded);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < query.columns; ++column)
      if (column % shape.paddedHalf() >= shape.dimension / 2)
        query.f32(row, column) = 0;
  return query;
}

/// The last of 17 rows, whatever the range of rows that it is computed in, with which rows beside it, by how many
/// workers.
void expectBitsOfARowAreItsOwn(const Kernels &kernels, const Shape &shape, Random &random) {
  constexpr int64_t most = 17;
  for (int64_t length : {64, 193, 448}) {
    Cache cache(shape);
    for (int64_t position = 0; position < length; ++position)
      cache.append(random, position / pageRows % shape.ringPages(), position % pageRows);
    Activation queries = makeQuery(random, shape, most, /*padded=*/true);
    std::vector<uint8_t> expected;
    for (const Range &range : ranges) {
      if (range.sequences > 1)
        continue;
      for (int64_t rows : range.rows)
        for (int64_t workers : {1, 3}) {
          SCOPED_TRACE(shape.getName() + " " + range.name + ", rows = " + std::to_string(rows) +
                       ", keys = " + std::to_string(length) + ", workers = " + std::to_string(workers));
          Step step;
          bool padded = range.typeRows != 1;
          Activation query(rows, queries.columns, false, padded),
              result(rows, shape.heads() * shape.dimension, shape.rounds, padded);
          for (int64_t row = 0; row < rows; ++row) {
            step.positions.push_back(static_cast<int32_t>(length - rows + row));
            step.sequences.push_back(0);
          }
          memcpy(query.data(), queries.buffer.as<>((most - rows) * queries.rowBytes), rows * queries.rowBytes);
          runAttention(kernels, shape, range, step, rows, query, cache, result, workers);
          const uint8_t *bytes = result.buffer.as<>((rows - 1) * result.rowBytes);
          std::vector<uint8_t> found(bytes, bytes + result.rowBytes);
          if (expected.empty())
            expected = found;
          ASSERT_EQ(found, expected);
        }
    }
  }
}
} // namespace

INSTANTIATE_TEST_SUITE_P(All, AttentionKernel, testing::ValuesIn(getVectorSets()),
                         [](const auto &info) { return info.param.name; });

TEST_P(AttentionKernel, AgainstPlainSoftmaxAndItself) {
  Random random(4);
  for (const Shape &shape : shapes) {
    if (shape.element == BF16 && !hasPairProducts(GetParam()))
      continue;
    auto kernels = Kernels::compile(makeFunctions(shape), GetParam());
    ASSERT_TRUE(kernels);
    // The last row of a sequence sees the same keys in all steps, earlier ones do not.
    expectBitsOfARowAreItsOwn(*kernels, shape, random);
    for (const Range &range : ranges)
      for (int64_t rows : range.rows)
        for (int64_t length : {1, 65, 400}) {
          SCOPED_TRACE(shape.getName() + " " + range.name + ", rows = " + std::to_string(rows) +
                       ", keys = " + std::to_string(length));
          // One sequence's pages stand in order; those of two are shuffled.
          Step step;
          step.sequenceCount = static_cast<int32_t>(range.sequences);
          step.pagesPerSequence = pagesPerSequence;
          step.pageTables = range.sequences == 1 ? std::vector<int32_t>(7, 8)
                                                 : std::vector<int32_t>{7, 2, 5, 13, 1, 9, 12, 0, 8, 3, 6, 10, 14, 4};
          auto pageOf = [&](int64_t sequence, int64_t position) -> int64_t {
            int64_t page = position / pageRows % shape.ringPages();
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
          Activation query = makeQuery(random, shape, rows, padded);
          Activation result(rows, shape.heads() * shape.dimension, shape.rounds, padded);
          runAttention(*kernels, shape, range, step, rows, query, cache, result);

          for (int64_t row = 0; row < rows; ++row)
            for (int64_t head = 0; head < shape.heads(); ++head) {
              int64_t lastRow = row;
              while (lastRow + 1 < rows && step.sequences[lastRow + 1] == step.sequences[row])
                ++lastRow;
              int64_t keyHead = head / shape.group;
              int64_t keys = shape.lastSeen(step.positions[row], step.positions[lastRow]) + 1;
              std::vector<double> weights(keys), numbers = getQuery(shape, query, row, head);
              for (double &number : numbers)
                number =
                    shape.element == BF16 ? roundToBf16(static_cast<float>(number) * scoreScale) : number * scoreScale;
              double largest = -INFINITY, sum = 0;
              int64_t firstKey = shape.firstSeen(step.positions[row]);
              for (int64_t position = firstKey; position < keys; ++position) {
                double score = 0;
                for (int64_t index = 0; index < shape.keyDimension(); ++index)
                  score += numbers[index] *
                           cache.key(pageOf(step.sequences[row], position), keyHead, position % pageRows, index);
                weights[position] = shape.adjust(score, head, step.positions[row] - position);
                largest = std::max(largest, weights[position]);
              }
              for (int64_t position = firstKey; position < keys; ++position)
                sum += weights[position] = std::exp(weights[position] - largest);
              for (int64_t index = 0; index < shape.dimension; ++index) {
                double expected = 0, magnitude = 0;
                for (int64_t position = firstKey; position < keys; ++position) {
                  double part = weights[position] / sum *
                                cache.value(pageOf(step.sequences[row], position), keyHead, position % pageRows, index);
                  expected += part;
                  magnitude += std::abs(part);
                }
                int64_t column = head * shape.dimension + index;
                double bound = 2e-5 + 0.501 * getScale(result, row, column);
                // Weights are rounded to 8 significant bits, in the sum too; their powers are rough.
                if (shape.element == BF16)
                  bound += 2 * (1.0 / 256 + 7.5e-5) * magnitude;
                ASSERT_NEAR(result.at(row, column), expected, bound)
                    << "row " << row << ", head " << head << ", element " << index;
              }
            }
        }
  }
}
