//===- dequantize.cpp - the numbers behind ggml's blocks ------------------===//

#include "compiler/import/dequantize.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/ErrorHandling.h"

#include <cassert>
#include <cmath>

namespace ingot::gguf {

using llvm::support::endian::read16le;
using llvm::support::endian::read32le;

static constexpr size_t blockElements = 32;

float halfToFloat(uint16_t bits) {
  uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  uint32_t exponent = (bits >> 10) & 0x1f;
  uint32_t fraction = bits & 0x3ff;
  if (exponent == 0) {
    // Zero and subnormals: fraction units of 2^-24, exact in a float.
    float value = std::ldexp(static_cast<float>(fraction), -24);
    return sign ? -value : value;
  }
  // Infinity and NaN keep the highest exponent; others change the bias.
  uint32_t wide = exponent == 31 ? 255 : exponent - 15 + 127;
  return llvm::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

/// The 4-bit number of element `i` of a block.
static int nibble(const uint8_t *quants, size_t i) { return i < 16 ? quants[i] & 15 : quants[i - 16] >> 4; }

/// The fifth bit of element `i`, at its place.
static int fifthBit(uint32_t high, size_t i) { return static_cast<int>(high >> i & 1) << 4; }

void decodeRow(Type type, const uint8_t *row, size_t elements, float *out) {
#pragma STDC FP_CONTRACT OFF
  const TypeInfo &info = typeInfo(type);
  assert(info.supported && elements % info.blockElements == 0 && "checked when the tensor is imported");
  const uint8_t *block = row;
  const uint8_t *end = row + elements / info.blockElements * info.blockBytes;
  switch (type) {
  case Type::F32:
    for (; block != end; block += info.blockBytes)
      *out++ = llvm::bit_cast<float>(read32le(block));
    return;
  case Type::F16:
    for (; block != end; block += info.blockBytes)
      *out++ = halfToFloat(read16le(block));
    return;
  case Type::BF16:
    for (; block != end; block += info.blockBytes)
      *out++ = llvm::bit_cast<float>(static_cast<uint32_t>(read16le(block)) << 16);
    return;
  case Type::Q4_0:
    for (; block != end; block += info.blockBytes) {
      float scale = halfToFloat(read16le(block));
      for (size_t i = 0; i < blockElements; ++i)
        *out++ = scale * static_cast<float>(nibble(block + 2, i) - 8);
    }
    return;
  case Type::Q4_1:
    for (; block != end; block += info.blockBytes) {
      float scale = halfToFloat(read16le(block));
      float minimum = halfToFloat(read16le(block + 2));
      for (size_t i = 0; i < blockElements; ++i)
        *out++ = scale * static_cast<float>(nibble(block + 4, i)) + minimum;
    }
    return;
  case Type::Q5_0:
    for (; block != end; block += info.blockBytes) {
      float scale = halfToFloat(read16le(block));
      uint32_t high = read32le(block + 2);
      for (size_t i = 0; i < blockElements; ++i)
        *out++ = scale * static_cast<float>((nibble(block + 6, i) | fifthBit(high, i)) - 16);
    }
    return;
  case Type::Q5_1:
    for (; block != end; block += info.blockBytes) {
      float scale = halfToFloat(read16le(block));
      float minimum = halfToFloat(read16le(block + 2));
      uint32_t high = read32le(block + 4);
      for (size_t i = 0; i < blockElements; ++i)
        *out++ = scale * static_cast<float>(nibble(block + 8, i) | fifthBit(high, i)) + minimum;
    }
    return;
  case Type::Q8_0:
    for (; block != end; block += info.blockBytes) {
      float scale = halfToFloat(read16le(block));
      for (size_t i = 0; i < blockElements; ++i)
        *out++ = scale * static_cast<float>(static_cast<int8_t>(block[2 + i]));
    }
    return;
  }
  llvm_unreachable("a type that Ingot does not import");
}

} // namespace ingot::gguf
