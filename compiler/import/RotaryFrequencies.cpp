//===- RotaryFrequencies.cpp - angles of rotary positions -----------------===//

#include "compiler/import/RotaryFrequencies.h"

#include <algorithm>
#include <cmath>

using namespace llvm;
using namespace ingot::compiler;

static constexpr double pi = 3.14159265358979323846;

/// The share of the trained angle in YaRN's, by the pair's number.
static double getYarnShare(int64_t pair, int64_t dimension, double base, const RotaryScaling &scaling) {
  auto pairThatTurns = [&](double turns) {
    return dimension * std::log(scaling.originalContext / (turns * 2 * pi)) / (2 * std::log(base));
  };
  double low = pairThatTurns(scaling.fastTurns), high = pairThatTurns(scaling.slowTurns);
  if (scaling.truncates) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(0.0, low);
  high = std::min(static_cast<double>(dimension - 1), high);
  return 1 - std::clamp((pair - low) / std::max(0.001, high - low), 0.0, 1.0);
}

/// The share of the trained angle in Llama 3's, by its wavelength.
static double getLlamaShare(double trained, const RotaryScaling &scaling) {
  double turns = scaling.originalContext * trained / (2 * pi);
  double range = scaling.highFrequencyFactor - scaling.lowFrequencyFactor;
  return std::clamp((turns - scaling.lowFrequencyFactor) / range, 0.0, 1.0);
}

SmallVector<float> ingot::compiler::computeRotaryFrequencies(int64_t dimension, double base,
                                                             const RotaryScaling &scaling) {
  SmallVector<float> frequencies;
  for (int64_t pair = 0; pair < dimension / 2; ++pair) {
    double trained = std::pow(base, -2.0 * pair / dimension), share = 0, divisor = scaling.factor;
    switch (scaling.kind) {
    case RotaryScaling::Kind::None:
      share = 1;
      break;
    case RotaryScaling::Kind::Linear:
      break;
    case RotaryScaling::Kind::Yarn:
      share = getYarnShare(pair, dimension, base, scaling);
      break;
    case RotaryScaling::Kind::Llama3:
      share = getLlamaShare(trained, scaling);
      break;
    case RotaryScaling::Kind::Factors:
      divisor = scaling.factors[pair];
      break;
    }
    frequencies.push_back(static_cast<float>(trained / divisor * (1 - share) + trained * share));
  }
  return frequencies;
}
