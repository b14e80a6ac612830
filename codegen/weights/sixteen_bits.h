//===- sixteen_bits.h - rounding to numbers of 16 bits ----------*- C++ -*-===//

#ifndef INGOT_CODEGEN_WEIGHTS_SIXTEEN_BITS_H
#define INGOT_CODEGEN_WEIGHTS_SIXTEEN_BITS_H

#include "llvm/ADT/APFloat.h"

#include <cstdint>

namespace ingot::weights {

inline uint16_t toSixteenBits(float value, const llvm::fltSemantics &semantics) {
  llvm::APFloat number(value);
  bool lossy;
  number.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &lossy);
  return static_cast<uint16_t>(number.bitcastToAPInt().getZExtValue());
}

/// The bits of the IEEE 754 binary16 number nearest to `value`, of two the even one; infinity beyond its range.
inline uint16_t toHalf(float value) { return toSixteenBits(value, llvm::APFloat::IEEEhalf()); }

/// The same, bfloat16.
inline uint16_t toBrainFloat(float value) { return toSixteenBits(value, llvm::APFloat::BFloat()); }

} // namespace ingot::weights

#endif // INGOT_CODEGEN_WEIGHTS_SIXTEEN_BITS_H
