//===- RotaryFrequencies.h - angles of rotary positions ---------*- C++ -*-===//
//
// The angle by which each rotary pair turns per position, under the scalings that lengthen
// a trained context.
//
// Sources: arXiv:2104.09864 (RoPE), arXiv:2306.15595 (linear), arXiv:2309.00071 (YaRN),
// arXiv:2402.13753 (LongRoPE), `_compute_llama3_parameters` of Hugging Face transformers.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_ROTARYFREQUENCIES_H
#define INGOT_COMPILER_IMPORT_ROTARYFREQUENCIES_H

#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace ingot::compiler {

struct RotaryScaling {
  enum class Kind : uint8_t {
    None,
    Linear,  ///< all angles divided by `factor`
    Yarn,    ///< slow pairs divided by `factor`, fast ones as they are, those between in parts
    Llama3,  ///< as YaRN, by wavelengths
    Factors, ///< each pair divided by a number of its own (LongRoPE)
  };
  Kind kind = Kind::None;
  /// Above 0.
  double factor = 1;
  /// Positions of the trained context. (Yarn, Llama3)
  double originalContext = 0;
  /// Turns within that context of the pairs that are left as they are, and of those that are divided. (Yarn)
  double fastTurns = 32, slowTurns = 1;
  /// Whether the bounds between them are whole pairs. (Yarn)
  bool truncates = true;
  /// Divisors of the trained context: the wavelengths between which angles are mixed. (Llama3)
  double lowFrequencyFactor = 1, highFrequencyFactor = 4;
  /// One of each pair. (Factors)
  llvm::SmallVector<double> factors;
};

/// The angles of `dimension` / 2 pairs, in radians per position.
llvm::SmallVector<float> computeRotaryFrequencies(int64_t dimension, double base, const RotaryScaling &scaling);

} // namespace ingot::compiler

#endif // INGOT_COMPILER_IMPORT_ROTARYFREQUENCIES_H
