//===- dequantize_test.cpp - decodeRow against llama.cpp's gguf package ---===//

#include "compiler/import/gguf/types.h"
#include "dialects/Encoding/Blocks.h"

#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

using namespace ingot;
using namespace ingot::gguf;

/// Made by test/data/make_dequantize.py.
TEST(Dequantize, EqualsTheGgufPackage) {
  std::ifstream input(INGOT_TEST_DATA "/dequantize.bin", std::ios::binary);
  ASSERT_TRUE(input);
  std::set<uint32_t> seen;
  uint32_t header[3];
  while (input.read(reinterpret_cast<char *>(header), sizeof header)) {
    seen.insert(header[0]);
    const TypeInfo &info = *typeInfo(header[0]);
    SCOPED_TRACE(info.name.str());
    size_t elements = header[1];
    // One byte further than an aligned address.
    std::vector<uint8_t> bytes(header[2] + 1);
    input.read(reinterpret_cast<char *>(bytes.data() + 1), header[2]);
    std::vector<float> expected(elements), got(elements);
    input.read(reinterpret_cast<char *>(expected.data()), static_cast<std::streamsize>(elements * sizeof(float)));
    ASSERT_TRUE(input);
    encoding::decodeRow(*info.getFormat(), bytes.data() + 1, static_cast<int64_t>(elements), got.data());
    EXPECT_EQ(0, std::memcmp(expected.data(), got.data(), elements * sizeof(float)));
  }
  EXPECT_EQ(seen.size(), encoding::getGgmlFormats().size());
}

TEST(Types, TableIsConsistent) {
  EXPECT_EQ(supportedTypeNames(), "F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, BF16");
  size_t formats = 0;
  for (uint32_t id = 0; const TypeInfo *info = typeInfo(id); ++id)
    if (const encoding::WeightFormat *format = info->getFormat()) {
      EXPECT_EQ(format->blockColumns, info->blockElements) << info->name.str();
      EXPECT_EQ(format->blockBytes, info->blockBytes) << info->name.str();
      ++formats;
    }
  EXPECT_EQ(formats, encoding::getGgmlFormats().size());
  EXPECT_EQ(typeInfo(12)->name, "Q4_K");
  EXPECT_EQ(typeInfo(31)->blockElements, 0u);
  EXPECT_EQ(typeInfo(1000), nullptr);
}
