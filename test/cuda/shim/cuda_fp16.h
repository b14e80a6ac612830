//===- cuda_fp16.h - half precision -----------------------------*- C++ -*-===//
//
// CUDA's __half and __half2 (CUDA Math API, "Half Precision Intrinsics"): IEEE
// binary16, every operation rounded to nearest even. Sums, products and quotients
// computed in float and rounded once more are exact (24 >= 2 * 11 + 2 bits); a
// fused multiply-add is computed in double.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_CUDA_FP16_H
#define INGOT_TEST_CUDA_SHIM_CUDA_FP16_H

#include "device/vectors.h"
#include <bit>
#include <cmath>
#include <cstdint>

struct __half {
  unsigned short __x;

  __half() = default;
  __half(float value) : __x(std::bit_cast<unsigned short>(static_cast<_Float16>(value))) {}
  __half(double value) : __x(std::bit_cast<unsigned short>(static_cast<_Float16>(value))) {}
  __half(int value) : __half(static_cast<float>(value)) {}
  operator float() const { return static_cast<float>(std::bit_cast<_Float16>(__x)); }
};
static_assert(sizeof(__half) == 2);

struct alignas(4) __half2 {
  __half x, y;

  __half2() = default;
  __half2(__half x, __half y) : x(x), y(y) {}
};

using half = __half;
using half2 = __half2;
using nv_half = __half;
using nv_half2 = __half2;

inline __half __float2half(float x) { return __half(x); }
inline __half __float2half_rn(float x) { return __half(x); }
inline __half __double2half(double x) { return __half(x); }
inline __half __int2half_rn(int x) { return __half(x); }
inline float __half2float(__half x) { return x; }
inline __half __ushort_as_half(unsigned short x) { return std::bit_cast<__half>(x); }
inline unsigned short __half_as_ushort(__half x) { return x.__x; }
inline __half __short_as_half(short x) { return std::bit_cast<__half>(x); }
inline short __half_as_short(__half x) { return std::bit_cast<short>(x); }

inline __half2 make_half2(__half x, __half y) { return {x, y}; }
inline __half2 __halves2half2(__half x, __half y) { return {x, y}; }
inline __half2 __half2half2(__half x) { return {x, x}; }
inline __half2 __float2half2_rn(float x) { return {__half(x), __half(x)}; }
inline __half2 __floats2half2_rn(float x, float y) { return {__half(x), __half(y)}; }
inline __half2 __float22half2_rn(float2 v) { return {__half(v.x), __half(v.y)}; }
inline float2 __half22float2(__half2 v) { return {v.x, v.y}; }
inline __half __low2half(__half2 v) { return v.x; }
inline __half __high2half(__half2 v) { return v.y; }
inline float __low2float(__half2 v) { return v.x; }
inline float __high2float(__half2 v) { return v.y; }

inline __half __hadd(__half x, __half y) { return float(x) + float(y); }
inline __half __hsub(__half x, __half y) { return float(x) - float(y); }
inline __half __hmul(__half x, __half y) { return float(x) * float(y); }
inline __half __hdiv(__half x, __half y) { return float(x) / float(y); }
inline __half __hneg(__half x) { return __ushort_as_half(x.__x ^ 0x8000); }
inline __half __habs(__half x) { return __ushort_as_half(x.__x & 0x7fff); }
inline __half __hfma(__half x, __half y, __half z) { return double(float(x)) * double(float(y)) + double(float(z)); }
inline __half __hmax(__half x, __half y) { return fmaxf(x, y); }
inline __half __hmin(__half x, __half y) { return fminf(x, y); }

inline __half2 __hadd2(__half2 x, __half2 y) { return {__hadd(x.x, y.x), __hadd(x.y, y.y)}; }
inline __half2 __hsub2(__half2 x, __half2 y) { return {__hsub(x.x, y.x), __hsub(x.y, y.y)}; }
inline __half2 __hmul2(__half2 x, __half2 y) { return {__hmul(x.x, y.x), __hmul(x.y, y.y)}; }
inline __half2 __hneg2(__half2 x) { return {__hneg(x.x), __hneg(x.y)}; }
inline __half2 __hfma2(__half2 x, __half2 y, __half2 z) { return {__hfma(x.x, y.x, z.x), __hfma(x.y, y.y, z.y)}; }
inline __half2 __hmax2(__half2 x, __half2 y) { return {__hmax(x.x, y.x), __hmax(x.y, y.y)}; }
inline __half2 __hmin2(__half2 x, __half2 y) { return {__hmin(x.x, y.x), __hmin(x.y, y.y)}; }

inline __half operator+(__half x, __half y) { return __hadd(x, y); }
inline __half operator-(__half x, __half y) { return __hsub(x, y); }
inline __half operator*(__half x, __half y) { return __hmul(x, y); }
inline __half operator/(__half x, __half y) { return __hdiv(x, y); }
inline __half operator-(__half x) { return __hneg(x); }
inline bool operator<(__half x, __half y) { return float(x) < float(y); }
inline bool operator>(__half x, __half y) { return float(x) > float(y); }
inline bool operator<=(__half x, __half y) { return float(x) <= float(y); }
inline bool operator>=(__half x, __half y) { return float(x) >= float(y); }
inline bool operator==(__half x, __half y) { return float(x) == float(y); }
inline bool operator!=(__half x, __half y) { return float(x) != float(y); }
inline __half2 operator+(__half2 x, __half2 y) { return __hadd2(x, y); }
inline __half2 operator-(__half2 x, __half2 y) { return __hsub2(x, y); }
inline __half2 operator*(__half2 x, __half2 y) { return __hmul2(x, y); }

#endif // INGOT_TEST_CUDA_SHIM_CUDA_FP16_H
