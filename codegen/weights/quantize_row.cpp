//===- quantize_row.cpp - weights rounded to a block format ---------------===//

#include "codegen/weights/quantize_row.h"

#include "codegen/weights/sixteen_bits.h"
#include "dialects/Encoding/Blocks.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstring>

using namespace ingot::encoding;
using namespace ingot::weights;
using llvm::ArrayRef;

namespace {
using Codes = std::array<uint8_t, mostBlockColumns>;

/// A scale and a minimum: value ~ scale · code + minimum.
struct Line {
  float scale = 0, minimum = 0;
};
} // namespace

static float invert(float scale) { return scale != 0 ? 1 / scale : 0; }

static uint8_t clampCode(float code, int64_t largest) {
  return static_cast<uint8_t>(std::clamp(code, 0.0f, static_cast<float>(largest)));
}

/// One scale about a zero point (`quantize_row_q4_0_ref` and `…q8_0_ref`).
static void quantizeSymmetric(const WeightFormat &format, ArrayRef<float> values, BlockScales &scales, Codes &codes) {
#pragma STDC FP_CONTRACT OFF
  auto isSmaller = [](float left, float right) { return std::fabs(left) < std::fabs(right); };
  float extreme = *std::max_element(values.begin(), values.end(), isSmaller);
  // Signed bytes are symmetric; others give the largest number the code 0, which reaches one step further.
  float scale = format.signedBytes ? std::fabs(extreme) / 127 : extreme / static_cast<float>(-format.zeroPoint);
  float inverse = invert(scale);
  auto zero = static_cast<float>(format.zeroPoint);
  for (auto [value, code] : llvm::zip(values, codes)) {
    // Numbers half-way between two codes are common where weights were rounded before: the sum rounds like ggml's.
    float scaled = value * inverse;
    code = format.signedBytes ? static_cast<uint8_t>(std::round(scaled) + zero)
                              : clampCode(std::trunc(scaled + (zero + 0.5f)), format.getLargestCode());
  }
  scales.scale = toHalf(scale);
}

/// From the smallest number to the largest (`quantize_row_q4_1_ref`).
static void quantizeRange(const WeightFormat &format, ArrayRef<float> values, BlockScales &scales, Codes &codes) {
#pragma STDC FP_CONTRACT OFF
  auto [minimum, maximum] = std::minmax_element(values.begin(), values.end());
  float scale = (*maximum - *minimum) / static_cast<float>(format.getLargestCode());
  float inverse = invert(scale);
  for (auto [value, code] : llvm::zip(values, codes))
    code = clampCode(std::trunc((value - *minimum) * inverse + 0.5f), format.getLargestCode());
  scales.scale = toHalf(scale);
  scales.minimum = toHalf(*minimum);
}

/// The line through codes 0 … `largest` with a small weighted square error and a minimum of at most 0: least squares
/// for codes by a few numbers of steps, each from the best minimum so far (`make_qkx2_quants`).
static Line fitLine(ArrayRef<float> values, ArrayRef<float> weights, int64_t largest, float firstStep, int steps) {
#pragma STDC FP_CONTRACT OFF
  Line best = {0, std::min(0.0f, *std::min_element(values.begin(), values.end()))};
  float greatest = *std::max_element(values.begin(), values.end());
  if (greatest == best.minimum)
    return best;
  float sumW = 0, sumX = 0;
  for (auto [value, weight] : llvm::zip(values, weights)) {
    sumW += weight;
    sumX += weight * value;
  }
  std::array<float, groupColumns> codes;
  auto round = [&](float inverse) {
    for (auto [value, code] : llvm::zip(values, codes))
      code = std::clamp(std::nearbyint(inverse * (value - best.minimum)), 0.0f, static_cast<float>(largest));
  };
  auto error = [&](Line line) {
    float sum = 0;
    for (auto [value, weight, code] : llvm::zip(values, weights, codes)) {
      float difference = line.scale * code + line.minimum - value;
      sum += weight * (difference * difference);
    }
    return sum;
  };

  float inverse = static_cast<float>(largest) / (greatest - best.minimum);
  round(inverse);
  best.scale = 1 / inverse;
  float bestError = error(best);
  for (int step = 0; step <= steps; ++step) {
    round((firstStep + 0.1f * static_cast<float>(step) + static_cast<float>(largest)) / (greatest - best.minimum));
    float sumL = 0, sumL2 = 0, sumXL = 0;
    for (auto [value, weight, code] : llvm::zip(values, weights, codes)) {
      sumL += weight * code;
      sumL2 += weight * code * code;
      sumXL += weight * code * value;
    }
    float determinant = sumW * sumL2 - sumL * sumL;
    if (determinant <= 0)
      continue;
    Line line = {(sumW * sumXL - sumX * sumL) / determinant, (sumL2 * sumX - sumL * sumXL) / determinant};
    if (line.minimum > 0)
      line = {sumXL / sumL2, 0};
    if (float lineError = error(line); lineError < bestError) {
      best = line;
      bestError = lineError;
    }
  }
  return best;
}

/// Scales and minima of 6 bits under one of each (`quantize_row_q4_K_ref`, `…q5_K_ref`).
static void quantizeNested(const WeightFormat &format, ArrayRef<float> values, BlockScales &scales, Codes &codes) {
#pragma STDC FP_CONTRACT OFF
  constexpr float largestScale = 63;
  bool isNarrow = format.getCodeBits() == 4;
  std::array<Line, mostScales> lines;
  float mostScale = 0, mostMinimum = 0;
  for (int64_t group = 0; group < format.getScales(); ++group) {
    ArrayRef<float> part = values.slice(group * groupColumns, groupColumns);
    float squares = 0;
    for (float value : part)
      squares += value * value;
    float spread = std::sqrt(squares / static_cast<float>(groupColumns));
    std::array<float, groupColumns> weights;
    for (auto [value, weight] : llvm::zip(part, weights))
      weight = spread + std::fabs(value);
    lines[group] = fitLine(part, weights, format.getLargestCode(), isNarrow ? -1.0f : -0.5f, isNarrow ? 20 : 15);
    mostScale = std::max(mostScale, lines[group].scale);
    mostMinimum = std::max(mostMinimum, -lines[group].minimum);
  }
  scales.scale = toHalf(mostScale / largestScale);
  scales.minimum = toHalf(mostMinimum / largestScale);
  auto part = [&](float number, float most) {
    float inverse = most > 0 ? largestScale / most : 0;
    return static_cast<int8_t>(std::min(largestScale, std::nearbyint(inverse * number)));
  };
  for (int64_t group = 0; group < format.getScales(); ++group) {
    scales.scales[group] = part(lines[group].scale, mostScale);
    scales.minima[group] = part(-lines[group].minimum, mostMinimum);
    float scale = halfToFloat(scales.scale) * scales.scales[group];
    float minimum = halfToFloat(scales.minimum) * scales.minima[group];
    for (int64_t column = group * groupColumns; column < (group + 1) * groupColumns; ++column)
      codes[column] =
          scale == 0 ? 0 : clampCode(std::nearbyint((values[column] + minimum) / scale), format.getLargestCode());
  }
}

bool ingot::weights::quantizeRow(const WeightFormat &format, ArrayRef<float> values, uint8_t *row) {
  assert(canQuantize(format) && values.size() % format.blockColumns == 0 && "checked when the format was chosen");
  if (!llvm::all_of(values, [](float value) { return std::isfinite(value); }))
    return false;
  auto quantizeBlock = format.subScales != SubScales::None ? quantizeNested
                       : format.hasMinimum()               ? quantizeRange
                                                           : quantizeSymmetric;
  Blocks blocks(format);
  std::memset(row, 0, format.getRowBytes(static_cast<int64_t>(values.size())));
  for (; !values.empty(); values = values.drop_front(format.blockColumns), row += format.blockBytes) {
    BlockScales scales;
    Codes codes;
    quantizeBlock(format, values.take_front(format.blockColumns), scales, codes);
    if (!std::isfinite(halfToFloat(scales.scale)) || !std::isfinite(halfToFloat(scales.minimum)))
      return false;
    blocks.storeScales(row, scales);
    for (int64_t quad = 0; quad < format.blockColumns / 4; ++quad) {
      uint32_t word;
      std::memcpy(&word, codes.data() + 4 * quad, sizeof word);
      blocks.storeCodes(row, quad, word);
    }
  }
  return true;
}
