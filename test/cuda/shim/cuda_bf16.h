//===- cuda_bf16.h - bfloat16 -----------------------------------*- C++ -*-===//
//
// CUDA's __nv_bfloat16 (CUDA Math API, "Bfloat16 Precision Intrinsics"): the
// upper half of a float, rounded to nearest even; what is no number becomes
// 0x7fff.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_CUDA_BF16_H
#define INGOT_TEST_CUDA_SHIM_CUDA_BF16_H

#include "device/vectors.h"
#include <bit>
#include <cmath>
#include <cstdint>

struct __nv_bfloat16 {
  unsigned short __x;

  __nv_bfloat16() = default;
  __nv_bfloat16(float value) : __x(round(value)) {}
  __nv_bfloat16(int value) : __nv_bfloat16(static_cast<float>(value)) {}
  operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(__x) << 16); }

private:
  static unsigned short round(float value) {
    auto bits = std::bit_cast<uint32_t>(value);
    if (value != value)
      return 0x7fff;
    return static_cast<unsigned short>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
  }
};
static_assert(sizeof(__nv_bfloat16) == 2);

struct alignas(4) __nv_bfloat162 {
  __nv_bfloat16 x, y;

  __nv_bfloat162() = default;
  __nv_bfloat162(__nv_bfloat16 x, __nv_bfloat16 y) : x(x), y(y) {}
};

using nv_bfloat16 = __nv_bfloat16;
using nv_bfloat162 = __nv_bfloat162;

inline __nv_bfloat16 __float2bfloat16(float x) { return __nv_bfloat16(x); }
inline __nv_bfloat16 __float2bfloat16_rn(float x) { return __nv_bfloat16(x); }
inline float __bfloat162float(__nv_bfloat16 x) { return x; }
inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short x) { return std::bit_cast<__nv_bfloat16>(x); }
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 x) { return x.__x; }

inline __nv_bfloat162 make_bfloat162(__nv_bfloat16 x, __nv_bfloat16 y) { return {x, y}; }
inline __nv_bfloat162 __halves2bfloat162(__nv_bfloat16 x, __nv_bfloat16 y) { return {x, y}; }
inline __nv_bfloat162 __bfloat162bfloat162(__nv_bfloat16 x) { return {x, x}; }
inline __nv_bfloat162 __float2bfloat162_rn(float x) { return {__nv_bfloat16(x), __nv_bfloat16(x)}; }
inline __nv_bfloat162 __floats2bfloat162_rn(float x, float y) { return {__nv_bfloat16(x), __nv_bfloat16(y)}; }
inline __nv_bfloat162 __float22bfloat162_rn(float2 v) { return {__nv_bfloat16(v.x), __nv_bfloat16(v.y)}; }
inline float2 __bfloat1622float2(__nv_bfloat162 v) { return {v.x, v.y}; }
inline __nv_bfloat16 __low2bfloat16(__nv_bfloat162 v) { return v.x; }
inline __nv_bfloat16 __high2bfloat16(__nv_bfloat162 v) { return v.y; }
inline float __low2float(__nv_bfloat162 v) { return v.x; }
inline float __high2float(__nv_bfloat162 v) { return v.y; }

inline __nv_bfloat16 __hadd(__nv_bfloat16 x, __nv_bfloat16 y) { return float(x) + float(y); }
inline __nv_bfloat16 __hsub(__nv_bfloat16 x, __nv_bfloat16 y) { return float(x) - float(y); }
inline __nv_bfloat16 __hmul(__nv_bfloat16 x, __nv_bfloat16 y) { return float(x) * float(y); }
inline __nv_bfloat162 __hadd2(__nv_bfloat162 x, __nv_bfloat162 y) { return {__hadd(x.x, y.x), __hadd(x.y, y.y)}; }
inline __nv_bfloat162 __hmul2(__nv_bfloat162 x, __nv_bfloat162 y) { return {__hmul(x.x, y.x), __hmul(x.y, y.y)}; }

inline __nv_bfloat16 operator+(__nv_bfloat16 x, __nv_bfloat16 y) { return __hadd(x, y); }
inline __nv_bfloat16 operator-(__nv_bfloat16 x, __nv_bfloat16 y) { return __hsub(x, y); }
inline __nv_bfloat16 operator*(__nv_bfloat16 x, __nv_bfloat16 y) { return __hmul(x, y); }

#endif // INGOT_TEST_CUDA_SHIM_CUDA_BF16_H
