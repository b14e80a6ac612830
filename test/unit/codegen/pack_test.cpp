//===- pack_test.cpp - weights in blocks of files and in panels -----------===//
//
// Panels hold the numbers of the blocks that they were packed from, at the documented
// bytes, for every format of the table.
//
//===----------------------------------------------------------------------===//

#include "codegen/weights/generate.h"
#include "codegen/weights/pack.h"
#include "dialects/Encoding/Blocks.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <ctime>
#include <random>
#include <vector>

using namespace ingot::encoding;
using namespace ingot::weights;

namespace {
struct Case {
  std::string name;
  WeightFormat format;
};

std::vector<Case> getCases() {
  std::vector<Case> cases;
  for (const NamedFormat &named : getGgmlFormats())
    cases.push_back({named.name.str(), named.format});
  for (int64_t group : {32, 64, 128})
    cases.push_back({"i4_" + std::to_string(group), describeI4(group)});
  return cases;
}
void PrintTo(const Case &value, std::ostream *out) { *out << value.name; }

/// A random row whose floating-point numbers are finite.
std::vector<uint8_t> makeRow(const WeightFormat &format, int64_t columns, std::mt19937_64 &random) {
  std::vector<uint8_t> row(format.getRowBytes(columns));
  for (uint8_t &byte : row)
    byte = static_cast<uint8_t>(random());
  for (size_t block = 0; block < row.size(); block += format.blockBytes) {
    int64_t upper = format.element == ElementKind::F32 ? 3 : format.scaleOffset + 1;
    row[block + upper] &= 0xbf;
    if (format.hasMinimum())
      row[block + format.minimumOffset + 1] &= 0xbf;
  }
  return row;
}

std::vector<uint8_t> packRows(const WeightFormat &format, int64_t columns,
                              const std::vector<std::vector<uint8_t>> &rows) {
  std::vector<uint8_t> panel(getPanelBytes(format, columns));
  packPanel(
      format, columns, [&](int r) { return static_cast<size_t>(r) < rows.size() ? rows[r].data() : nullptr; },
      panel.data());
  return panel;
}

class Pack : public testing::TestWithParam<Case> {};
} // namespace

INSTANTIATE_TEST_SUITE_P(Formats, Pack, testing::ValuesIn(getCases()),
                         [](const auto &info) { return info.param.name; });

TEST_P(Pack, KeepsAllNumbers) {
  const WeightFormat &format = GetParam().format;
  std::mt19937_64 random(7);
  for (int64_t blocks : {1, 2, 3, 7, 65}) {
    for (int64_t rows : {16, 13, 1, 0}) {
      int64_t columns = blocks * format.blockColumns;
      std::vector<std::vector<uint8_t>> source;
      for (int64_t r = 0; r < rows; ++r)
        source.push_back(makeRow(format, columns, random));
      // Every byte is written, none outside.
      uint64_t bytes = getPanelBytes(format, columns);
      std::vector<uint8_t> panel(bytes + 64, 0xaa), other(bytes + 64, 0x55);
      auto row = [&](int r) -> const uint8_t * { return r < rows ? source[r].data() : nullptr; };
      packPanel(format, columns, row, panel.data());
      packPanel(format, columns, row, other.data());
      ASSERT_EQ(memcmp(panel.data(), other.data(), bytes), 0);
      for (uint64_t i = bytes; i < panel.size(); ++i)
        ASSERT_TRUE(panel[i] == 0xaa && other[i] == 0x55);
      std::vector<float> values(16 * columns), expected(columns);
      unpackPanel(format, columns, panel.data(), values.data());
      for (int64_t r = 0; r < 16; ++r) {
        if (r < rows)
          decodeRow(format, source[r].data(), columns, expected.data());
        else
          std::fill(expected.begin(), expected.end(), 0.0f);
        for (int64_t column = 0; column < columns; ++column)
          ASSERT_EQ(values[r * columns + column], expected[column]) << "row " << r << " column " << column;
      }
    }
  }
}

/// Kernels multiply codes less the zero point: those of padding must vanish under any scale.
TEST_P(Pack, PaddingRowsHoldTheZeroPoint) {
  const WeightFormat &format = GetParam().format;
  std::vector<uint8_t> panel = packRows(format, format.blockColumns, {});
  PanelLayout layout(format);
  int64_t header = format.isQuantized() ? layout.codesOffset : layout.blockBytes;
  for (int64_t i = 0; i < header; ++i)
    ASSERT_EQ(panel[i], 0) << i;
  for (int64_t scale = 0; scale < (format.isQuantized() ? panelRows : 0); ++scale)
    panel[2 * scale + 1] = 0x3c;
  std::vector<float> values(16 * format.blockColumns);
  unpackPanel(format, format.blockColumns, panel.data(), values.data());
  for (float value : values)
    ASSERT_EQ(value, 0.0f);
}

TEST_P(Pack, SeededRows) {
  const WeightFormat &format = GetParam().format;
  int64_t columns = 3 * format.blockColumns;
  std::vector<uint8_t> row(format.getRowBytes(columns));
  std::vector<float> values(columns);
  generateSplatRow(format, columns, 0.75f, row.data());
  decodeRow(format, row.data(), columns, values.data());
  for (float value : values)
    ASSERT_EQ(value, 0.75f);
  generateRandomRow(format, columns, 1, 0.5f, 5, row.data());
  decodeRow(format, row.data(), columns, values.data());
  for (float value : values)
    ASSERT_LE(std::abs(value), 0.5f);
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

/// The code that the documented layout gives to (row, column) of a group whose lines of 4 bits start at `lines`.
static int code4(const uint8_t *lines, int64_t row, int64_t column) {
  return lines[column / 8 * 64 + 4 * row + column % 4] >> (column / 4 % 2 * 4) & 15;
}

static std::vector<std::vector<uint8_t>> makeRows(const WeightFormat &format, int64_t columns) {
  std::mt19937_64 random(1);
  std::vector<std::vector<uint8_t>> rows;
  for (int r = 0; r < 16; ++r)
    rows.push_back(makeRow(format, columns, random));
  return rows;
}

TEST(PackLayout, Q4_1) {
  const WeightFormat &format = *findGgmlFormat("q4_1");
  auto rows = makeRows(format, 64);
  auto panel = packRows(format, 64, rows);
  ASSERT_EQ(panel.size(), 640u);
  for (int64_t g = 0; g < 2; ++g)
    for (int64_t r = 0; r < 16; ++r) {
      const uint8_t *group = panel.data() + g * 320;
      const uint8_t *block = rows[r].data() + g * 20;
      EXPECT_EQ(memcmp(group + 2 * r, block, 2), 0);
      EXPECT_EQ(memcmp(group + 32 + 2 * r, block + 2, 2), 0);
      for (int64_t c = 0; c < 32; ++c)
        EXPECT_EQ(code4(group + 64, r, c), c < 16 ? block[4 + c] & 15 : block[4 + c - 16] >> 4);
    }
}

TEST(PackLayout, Q5_0HasItsFifthBitsFirst) {
  const WeightFormat &format = *findGgmlFormat("q5_0");
  auto rows = makeRows(format, 32);
  auto panel = packRows(format, 32, rows);
  for (int64_t r = 0; r < 16; ++r) {
    uint32_t plane, source;
    memcpy(&plane, panel.data() + 32 + 4 * r, 4);
    memcpy(&source, rows[r].data() + 2, 4);
    for (int64_t c = 0; c < 32; ++c) {
      EXPECT_EQ(plane >> (8 * (c % 4) + c / 4) & 1, source >> c & 1);
      EXPECT_EQ(code4(panel.data() + 96, r, c), c < 16 ? rows[r][6 + c] & 15 : rows[r][6 + c - 16] >> 4);
    }
  }
}

TEST(PackLayout, Q8_0) {
  std::vector<uint8_t> row(34);
  for (int c = 0; c < 32; ++c)
    row[2 + c] = static_cast<uint8_t>(c - 16);
  auto panel = packRows(*findGgmlFormat("q8_0"), 32, std::vector<std::vector<uint8_t>>(16, row));
  for (int r = 0; r < 16; ++r)
    for (int c = 0; c < 32; ++c)
      EXPECT_EQ(panel[32 + c / 4 * 64 + 4 * r + c % 4], c - 16 + 128);
}

TEST(PackLayout, I4HasOneScaleLinePerGroup) {
  WeightFormat format = describeI4(128);
  auto rows = makeRows(format, 256);
  auto panel = packRows(format, 256, rows);
  for (int64_t g = 0; g < 2; ++g)
    for (int64_t r = 0; r < 16; ++r) {
      const uint8_t *group = panel.data() + g * (32 + 4 * 256);
      const uint8_t *block = rows[r].data() + g * 66;
      EXPECT_EQ(memcmp(group + 2 * r, block, 2), 0);
      for (int64_t c = 0; c < 128; ++c)
        EXPECT_EQ(code4(group + 32 + c / 32 * 256, r, c % 32), c < 64 ? block[2 + c] & 15 : block[2 + c - 64] >> 4);
    }
}

/// d, m, a line of scales and minima for each 32 columns, then lines of codes, all of them aligned.
TEST(PackLayout, Q4_K) {
  const WeightFormat &format = *findGgmlFormat("q4_k");
  auto rows = makeRows(format, 512);
  auto panel = packRows(format, 512, rows);
  ASSERT_EQ(panel.size(), 2 * (64 + 256 + 2048u));
  for (int64_t g = 0; g < 2; ++g)
    for (int64_t r = 0; r < 16; ++r) {
      const uint8_t *group = panel.data() + g * 2368;
      const uint8_t *block = rows[r].data() + g * 144;
      EXPECT_EQ(memcmp(group + 2 * r, block, 2), 0);
      EXPECT_EQ(memcmp(group + 32 + 2 * r, block + 2, 2), 0);
      for (int64_t s = 0; s < 4; ++s) {
        EXPECT_EQ(group[64 + s * 32 + r], block[4 + s] & 63);
        EXPECT_EQ(group[64 + s * 32 + 16 + r], block[8 + s] & 63);
      }
      for (int64_t c = 0; c < 256; ++c)
        EXPECT_EQ(code4(group + 320 + c / 32 * 256, r, c % 32),
                  block[16 + c / 64 * 32 + c % 32] >> (c / 32 % 2 * 4) & 15);
    }
}

TEST(PackLayout, LinesOfNestedFormatsAreAligned) {
  for (const Case &test : getCases())
    if (test.format.subScales != SubScales::None) {
      PanelLayout layout(test.format);
      EXPECT_EQ(layout.codesOffset % 64, 0) << test.name;
      EXPECT_EQ(layout.blockBytes % 64, 0) << test.name;
    }
}

TEST(PackTest, HalfToFloat) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    double sign = bits & 0x8000 ? -1 : 1;
    int exponent = static_cast<int>(bits >> 10 & 31);
    double fraction = bits & 0x3ff;
    float got = halfToFloat(static_cast<uint16_t>(bits));
    ASSERT_EQ(std::signbit(got), sign < 0) << bits;
    if (exponent == 31) {
      ASSERT_EQ(std::isnan(got), fraction != 0) << bits;
      ASSERT_EQ(std::isinf(got), fraction == 0) << bits;
      continue;
    }
    double expected = exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24);
    ASSERT_EQ(static_cast<double>(got), sign * expected) << bits;
  }
}

TEST(PackTest, Speed) {
  std::mt19937_64 random(4);
  for (const Case &test : getCases()) {
    int64_t columns = 1536;
    std::vector<std::vector<uint8_t>> rows;
    for (int r = 0; r < 512; ++r)
      rows.push_back(makeRow(test.format, columns, random));
    std::vector<uint8_t> panel(getPanelBytes(test.format, columns));
    // As many bytes as SmolLM2-135M's weights in 4 bits.
    uint64_t total = 0;
    std::clock_t start = std::clock();
    for (size_t first = 0; total < 98000000; first = (first + 16) % 512) {
      packPanel(test.format, columns, [&](int r) { return rows[first + r].data(); }, panel.data());
      total += panel.size();
    }
    double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    printf("%-7s %.2f GB/s, 98 MB in %.0f ms\n", test.name.c_str(), static_cast<double>(total) / seconds / 1e9,
           seconds * 1e3);
#ifdef NDEBUG
    EXPECT_LT(seconds, 1.0) << test.name;
#endif
  }
}
