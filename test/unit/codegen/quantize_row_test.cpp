//===- quantize_row_test.cpp - rounding against ggml's --------------------===//

#include "codegen/weights/quantize_row.h"
#include "dialects/Encoding/Blocks.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <vector>

using namespace ingot::encoding;
using namespace ingot::weights;

namespace {
/// ggml's numbers of the formats in quantize.bin.
const std::map<uint32_t, const char *> names = {{2, "q4_0"}, {3, "q4_1"},  {6, "q5_0"}, {7, "q5_1"},
                                                {8, "q8_0"}, {12, "q4_k"}, {13, "q5_k"}};
} // namespace

/// Made by test/data/make_quantize.py with ggml itself.
TEST(QuantizeRow, GivesTheNumbersOfGgml) {
  std::ifstream input(INGOT_TEST_DATA "/quantize.bin", std::ios::binary);
  ASSERT_TRUE(input);
  size_t records = 0;
  uint32_t header[3];
  for (; input.read(reinterpret_cast<char *>(header), sizeof header); ++records) {
    const WeightFormat &format = *findGgmlFormat(names.at(header[0]));
    SCOPED_TRACE(std::string(names.at(header[0])) + ", record " + std::to_string(records));
    std::vector<float> values(header[1]);
    std::vector<uint8_t> expected(header[2]), got(header[2]);
    input.read(reinterpret_cast<char *>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
    input.read(reinterpret_cast<char *>(expected.data()), static_cast<std::streamsize>(expected.size()));
    ASSERT_TRUE(input);
    ASSERT_EQ(format.getRowBytes(header[1]), header[2]);
    ASSERT_TRUE(quantizeRow(format, values, got.data()));
    // Where a scale is 0 ggml has codes all the same.
    std::vector<float> expectedValues(header[1]), gotValues(header[1]);
    decodeRow(format, expected.data(), header[1], expectedValues.data());
    decodeRow(format, got.data(), header[1], gotValues.data());
    EXPECT_EQ(expectedValues, gotValues);
  }
  EXPECT_EQ(records, names.size() * 10);
}

TEST(QuantizeRow, RefusesWhatNoScaleHolds) {
  for (const NamedFormat &named : getGgmlFormats()) {
    if (!canQuantize(named.format))
      continue;
    SCOPED_TRACE(named.name.str());
    std::vector<uint8_t> row(named.format.getRowBytes(256));
    for (float wrong : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(), 1e30f}) {
      std::vector<float> values(256, 1);
      values[200] = wrong;
      EXPECT_FALSE(quantizeRow(named.format, values, row.data())) << wrong;
    }
  }
}
