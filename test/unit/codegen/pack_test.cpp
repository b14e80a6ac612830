//===- pack_test.cpp - The CPU's panel layout of weight matrices ----------===//
//
// Compares packed panels with a dequantisation written from ggml's formulas,
// and the bytes with the documented layout.
//
//===----------------------------------------------------------------------===//

#include "codegen/weights/pack.h"

#include "gtest/gtest.h"

#include <chrono>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

using namespace ingot::weights;

namespace {

struct Case {
  const char *name;
  Format format;
  uint64_t groupBytes; ///< in the source, from ggml-common.h
  int64_t group;
};

const Case cases[] = {
    {"f32", {FormatKind::F32}, 4, 1},           {"f16", {FormatKind::F16}, 2, 1},
    {"bf16", {FormatKind::BF16}, 2, 1},         {"q4_0", {FormatKind::Q4_0}, 18, 32},
    {"q4_1", {FormatKind::Q4_1}, 20, 32},       {"q5_0", {FormatKind::Q5_0}, 22, 32},
    {"q5_1", {FormatKind::Q5_1}, 24, 32},       {"q8_0", {FormatKind::Q8_0}, 34, 32},
    {"i4_32", {FormatKind::I4, 32}, 18, 32},    {"i4_64", {FormatKind::I4, 64}, 34, 64},
    {"i4_128", {FormatKind::I4, 128}, 66, 128},
};

double half(const uint8_t *from) {
  uint16_t bits;
  memcpy(&bits, from, 2);
  int exponent = bits >> 10 & 31;
  double mantissa = bits & 1023;
  double value = exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24);
  return bits & 0x8000 ? -value : value;
}

/// Value of one column of a source row, as ggml's dequantize_row_* define it.
double reference(const Case &test, const uint8_t *row, int64_t column) {
  const uint8_t *block = row + column / test.group * test.groupBytes;
  int64_t c = column % test.group;
  auto nibble = [&](const uint8_t *codes) {
    return c < test.group / 2 ? codes[c] & 15 : codes[c - test.group / 2] >> 4;
  };
  auto fifth = [&](const uint8_t *plane) {
    uint32_t bits;
    memcpy(&bits, plane, 4);
    return (bits >> c & 1) * 16;
  };
  switch (test.format.kind) {
  case FormatKind::F32: {
    float value;
    memcpy(&value, block, 4);
    return value;
  }
  case FormatKind::F16:
    return half(block);
  case FormatKind::BF16: {
    uint8_t bytes[4] = {0, 0, block[0], block[1]};
    float value;
    memcpy(&value, bytes, 4);
    return value;
  }
  case FormatKind::Q4_0:
  case FormatKind::I4:
    return half(block) * (nibble(block + 2) - 8);
  case FormatKind::Q4_1:
    return half(block) * nibble(block + 4) + half(block + 2);
  case FormatKind::Q5_0:
    return half(block) * (int(nibble(block + 6) + fifth(block + 2)) - 16);
  case FormatKind::Q5_1:
    return half(block) * (nibble(block + 8) + fifth(block + 4)) + half(block + 2);
  case FormatKind::Q8_0:
    return half(block) * int8_t(block[2 + c]);
  }
  return NAN;
}

/// A random row whose floating-point numbers are finite.
std::vector<uint8_t> randomRow(const Case &test, int64_t columns, std::mt19937_64 &random) {
  std::vector<uint8_t> row(columns / test.group * test.groupBytes);
  for (uint8_t &byte : row)
    byte = uint8_t(random());
  auto tame = [&](uint64_t at, unsigned mask) { row[at + 1] = uint8_t(row[at + 1] & mask); };
  for (uint64_t at = 0; at < row.size(); at += test.groupBytes) {
    switch (test.format.kind) {
    case FormatKind::F32:
      tame(at + 2, 0xbf);
      break;
    case FormatKind::F16:
    case FormatKind::BF16:
      tame(at, 0xbf);
      break;
    default:
      tame(at, 0xbf);
      if (test.format.kind == FormatKind::Q4_1 || test.format.kind == FormatKind::Q5_1)
        tame(at + 2, 0xbf);
    }
  }
  return row;
}

class PackTest : public testing::TestWithParam<Case> {};

TEST_P(PackTest, RoundTrip) {
  const Case &test = GetParam();
  std::mt19937_64 random(7);
  for (int64_t groups : {1, 2, 3, 7, 64, 65, 130}) {
    for (int rows : {16, 13, 1, 0}) {
      int64_t columns = groups * test.group;
      ASSERT_TRUE(isValid(test.format, columns));
      ASSERT_EQ(rowBytes(test.format, columns), uint64_t(groups) * test.groupBytes);
      std::vector<std::vector<uint8_t>> source;
      for (int r = 0; r < rows; ++r)
        source.push_back(randomRow(test, columns, random));
      uint64_t bytes = packedPanelBytes(test.format, columns);
      ASSERT_EQ(bytes, 16 * groups * test.groupBytes);
      // Every byte is written, none outside.
      std::vector<uint8_t> panel(bytes + 64, 0xaa), other(bytes + 64, 0x55);
      auto row = [&](int r) -> const uint8_t * { return r < rows ? source[r].data() : nullptr; };
      packPanel(test.format, columns, row, panel.data());
      packPanel(test.format, columns, row, other.data());
      ASSERT_EQ(memcmp(panel.data(), other.data(), bytes), 0);
      for (uint64_t i = bytes; i < panel.size(); ++i)
        ASSERT_TRUE(panel[i] == 0xaa && other[i] == 0x55);
      std::vector<float> values(16 * columns);
      unpackPanel(test.format, columns, panel.data(), values.data());
      for (int r = 0; r < 16; ++r)
        for (int64_t column = 0; column < columns; ++column) {
          double want = r < rows ? reference(test, source[r].data(), column) : 0.0;
          ASSERT_EQ(values[r * columns + column], float(want)) << "row " << r << " column " << column;
        }
    }
  }
}

TEST_P(PackTest, PaddingRowsHoldTheZeroPoint) {
  const Case &test = GetParam();
  int64_t columns = 2 * test.group;
  std::vector<uint8_t> panel(packedPanelBytes(test.format, columns));
  packPanel(test.format, columns, [](int) { return nullptr; }, panel.data());
  uint64_t groupBytes = 16 * test.groupBytes;
  for (uint64_t i = 0; i < panel.size(); ++i) {
    uint64_t at = i % groupBytes;
    int want = 0;
    switch (test.format.kind) {
    case FormatKind::Q4_0:
    case FormatKind::I4:
      want = at < 32 ? 0 : 0x88;
      break;
    case FormatKind::Q5_0:
      want = at < 32 ? 0 : at < 96 ? 0xff : 0;
      break;
    case FormatKind::Q8_0:
      want = at < 32 ? 0 : 0x80;
      break;
    default:
      break;
    }
    ASSERT_EQ(panel[i], want) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, PackTest, testing::ValuesIn(cases),
                         [](const auto &info) { return std::string(info.param.name); });

/// The code that the documented layout gives to (row, column) of a group whose
/// lines start at `lines`.
int code4(const uint8_t *lines, int row, int column) {
  return lines[column / 8 * 64 + 4 * row + column % 4] >> (column / 4 % 2 * 4) & 15;
}

TEST(PackLayout, Q4_1) {
  std::mt19937_64 random(1);
  std::vector<std::vector<uint8_t>> rows;
  for (int r = 0; r < 16; ++r)
    rows.push_back(randomRow(cases[4], 64, random));
  std::vector<uint8_t> panel(packedPanelBytes(cases[4].format, 64));
  packPanel(cases[4].format, 64, [&](int r) { return rows[r].data(); }, panel.data());
  for (int g = 0; g < 2; ++g)
    for (int r = 0; r < 16; ++r) {
      const uint8_t *group = panel.data() + g * 320;
      const uint8_t *block = rows[r].data() + g * 20;
      EXPECT_EQ(memcmp(group + 2 * r, block, 2), 0);
      EXPECT_EQ(memcmp(group + 32 + 2 * r, block + 2, 2), 0);
      for (int c = 0; c < 32; ++c)
        EXPECT_EQ(code4(group + 64, r, c), c < 16 ? block[4 + c] & 15 : block[4 + c - 16] >> 4);
    }
}

TEST(PackLayout, Q5HighBitsExpandByOneShift) {
  std::mt19937_64 random(2);
  std::vector<std::vector<uint8_t>> rows;
  for (int r = 0; r < 16; ++r)
    rows.push_back(randomRow(cases[5], 32, random));
  std::vector<uint8_t> panel(packedPanelBytes(cases[5].format, 32));
  packPanel(cases[5].format, 32, [&](int r) { return rows[r].data(); }, panel.data());
  for (int r = 0; r < 16; ++r) {
    uint32_t plane, source;
    memcpy(&plane, panel.data() + 32 + 4 * r, 4);
    memcpy(&source, rows[r].data() + 2, 4);
    for (int l = 0; l < 4; ++l)
      for (int h = 0; h < 2; ++h) {
        uint32_t high = ((plane >> (2 * l + h)) & 0x01010101) << 4;
        for (int j = 0; j < 4; ++j)
          EXPECT_EQ(high >> (8 * j) & 255, (source >> (8 * l + 4 * h + j) & 1) * 16);
      }
  }
}

TEST(PackLayout, Q8_0) {
  std::vector<uint8_t> row(34);
  for (int c = 0; c < 32; ++c)
    row[2 + c] = uint8_t(int8_t(c - 16));
  std::vector<uint8_t> panel(packedPanelBytes(cases[7].format, 32));
  packPanel(cases[7].format, 32, [&](int) { return row.data(); }, panel.data());
  for (int r = 0; r < 16; ++r)
    for (int c = 0; c < 32; ++c)
      EXPECT_EQ(panel[32 + c / 4 * 64 + 4 * r + c % 4], c - 16 + 128);
}

TEST(PackLayout, I4HasOneScaleLinePerGroup) {
  std::mt19937_64 random(3);
  std::vector<std::vector<uint8_t>> rows;
  for (int r = 0; r < 16; ++r)
    rows.push_back(randomRow(cases[10], 256, random));
  std::vector<uint8_t> panel(packedPanelBytes(cases[10].format, 256));
  packPanel(cases[10].format, 256, [&](int r) { return rows[r].data(); }, panel.data());
  for (int g = 0; g < 2; ++g)
    for (int r = 0; r < 16; ++r) {
      const uint8_t *group = panel.data() + g * (32 + 4 * 256);
      const uint8_t *block = rows[r].data() + g * 66;
      EXPECT_EQ(memcmp(group + 2 * r, block, 2), 0);
      for (int c = 0; c < 128; ++c)
        EXPECT_EQ(code4(group + 32 + c / 32 * 256, r, c % 32), c < 64 ? block[2 + c] & 15 : block[2 + c - 64] >> 4);
    }
}

TEST(Pack, Validity) {
  EXPECT_TRUE(isValid({FormatKind::F16}, 1));
  EXPECT_TRUE(isValid({FormatKind::Q4_0}, 576));
  EXPECT_FALSE(isValid({FormatKind::Q4_0}, 48));
  EXPECT_FALSE(isValid({FormatKind::Q8_0}, 0));
  EXPECT_FALSE(isValid({FormatKind::F32}, -32));
  EXPECT_FALSE(isValid({FormatKind::F32}, int64_t(1) << 31));
  EXPECT_FALSE(isValid({FormatKind::I4, 128}, 576));
  EXPECT_FALSE(isValid({FormatKind::I4, 0}, 576));
  EXPECT_FALSE(isValid({FormatKind::I4, 16}, 576));
  EXPECT_EQ(packedMatrixBytes({FormatKind::Q4_0}, 17, 32), 2 * 16 * 18u);
  EXPECT_EQ(packedMatrixBytes({FormatKind::Q4_0}, 0, 32), 0u);
  EXPECT_EQ(packedMatrixBytes({FormatKind::F32}, (int64_t(1) << 31) - 1, (int64_t(1) << 31) - 1),
            uint64_t(4) * (uint64_t(1) << 31) * ((uint64_t(1) << 31) - 1));
}

TEST(Pack, HalfToFloat) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    uint8_t bytes[] = {uint8_t(bits), uint8_t(bits >> 8)};
    float value = halfToFloat(uint16_t(bits));
    if ((bits >> 10 & 31) != 31) {
      ASSERT_EQ(value, float(half(bytes)));
      ASSERT_EQ(std::signbit(value), bits >> 15 == 1);
    } else {
      ASSERT_EQ(std::isnan(value), (bits & 1023) != 0);
      ASSERT_EQ(std::isinf(value), (bits & 1023) == 0);
    }
  }
}

TEST(Pack, Speed) {
  std::mt19937_64 random(4);
  for (const Case &test : cases) {
    int64_t columns = 1536;
    std::vector<std::vector<uint8_t>> rows;
    for (int r = 0; r < 512; ++r)
      rows.push_back(randomRow(test, columns, random));
    std::vector<uint8_t> panel(packedPanelBytes(test.format, columns));
    // As many bytes as SmolLM2-135M's weights in 4 bits.
    uint64_t total = 0;
    auto start = std::chrono::steady_clock::now();
    for (size_t first = 0; total < 98000000; first = (first + 16) % 512) {
      packPanel(test.format, columns, [&](int r) { return rows[first + r].data(); }, panel.data());
      total += panel.size();
    }
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    printf("%-7s %.2f GB/s, 98 MB in %.0f ms\n", test.name, double(total) / seconds / 1e9, seconds * 1e3);
#ifdef NDEBUG
    EXPECT_LT(seconds, 1.0) << test.name;
#endif
  }
}

} // namespace
