//===- dequantize_test.cpp - decodeRow against llama.cpp's gguf package ---===//

#include "compiler/import/dequantize.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <set>
#include <string>
#include <vector>

using namespace ingot::gguf;

/// Made by test/data/make_dequantize.py.
TEST(Dequantize, EqualsTheGgufPackage) {
  std::ifstream input(INGOT_TEST_DATA "/dequantize.bin", std::ios::binary);
  ASSERT_TRUE(input);
  std::set<Type> seen;
  uint32_t header[3];
  while (input.read(reinterpret_cast<char *>(header), sizeof header)) {
    auto type = static_cast<Type>(header[0]);
    seen.insert(type);
    SCOPED_TRACE(typeInfo(type).name.str());
    size_t elements = header[1];
    // One byte further than an aligned address.
    std::vector<uint8_t> bytes(header[2] + 1);
    input.read(reinterpret_cast<char *>(bytes.data() + 1), header[2]);
    std::vector<float> expected(elements), got(elements);
    input.read(reinterpret_cast<char *>(expected.data()), static_cast<std::streamsize>(elements * sizeof(float)));
    ASSERT_TRUE(input);
    decodeRow(type, bytes.data() + 1, elements, got.data());
    EXPECT_EQ(0, std::memcmp(expected.data(), got.data(), elements * sizeof(float)));
  }
  EXPECT_EQ(seen.size(), 8u);
}

TEST(Dequantize, HalfToFloatOnAllBits) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
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

TEST(Types, TableIsConsistent) {
  EXPECT_EQ(supportedTypeNames(), "F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, BF16");
  EXPECT_EQ(typeInfo(Type::Q5_1).name, "Q5_1");
  EXPECT_EQ(typeInfo(Type::BF16).blockBytes, 2u);
  EXPECT_EQ(typeInfo(12)->name, "Q4_K");
  EXPECT_EQ(typeInfo(31)->blockElements, 0u);
  EXPECT_EQ(typeInfo(1000), nullptr);
}
