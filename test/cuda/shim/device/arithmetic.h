//===- arithmetic.h - device arithmetic -------------------------*- C++ -*-===//
//
// CUDA's arithmetic and bit functions (CUDA Math API), exact where CUDA's are;
// expf, logf and their like come from the C library, whose results differ from
// CUDA's by a unit or two in the last place. Fast approximations (__expf) are
// left out: emitted kernels do not use them.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DEVICE_ARITHMETIC_H
#define INGOT_TEST_CUDA_SHIM_DEVICE_ARITHMETIC_H

#include "device/vectors.h"
#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

inline float rsqrtf(float x) { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(x))); }
inline float rcbrtf(float x) { return static_cast<float>(1.0 / std::cbrt(static_cast<double>(x))); }
inline float normcdff(float x) { return static_cast<float>(0.5 * std::erfc(-static_cast<double>(x) * M_SQRT1_2)); }
inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1) : 0; }

inline float __fadd_rn(float x, float y) { return x + y; }
inline float __fsub_rn(float x, float y) { return x - y; }
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __fdiv_rn(float x, float y) { return x / y; }
inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __frsqrt_rn(float x) { return rsqrtf(x); }

inline double __dadd_rn(double x, double y) { return x + y; }
inline double __dsub_rn(double x, double y) { return x - y; }
inline double __dmul_rn(double x, double y) { return x * y; }
inline double __ddiv_rn(double x, double y) { return x / y; }

// CUDA's min and max of floats give the number where one operand is none.
inline float min(float x, float y) { return fminf(x, y); }
inline float max(float x, float y) { return fmaxf(x, y); }
inline double min(double x, double y) { return fmin(x, y); }
inline double max(double x, double y) { return fmax(x, y); }
#define INGOT_SHIM_MINIMUM_MAXIMUM(type)                                                                               \
  inline type min(type x, type y) { return y < x ? y : x; }                                                            \
  inline type max(type x, type y) { return x < y ? y : x; }
INGOT_SHIM_MINIMUM_MAXIMUM(int)
INGOT_SHIM_MINIMUM_MAXIMUM(unsigned)
INGOT_SHIM_MINIMUM_MAXIMUM(long)
INGOT_SHIM_MINIMUM_MAXIMUM(unsigned long)
INGOT_SHIM_MINIMUM_MAXIMUM(long long)
INGOT_SHIM_MINIMUM_MAXIMUM(unsigned long long)
#undef INGOT_SHIM_MINIMUM_MAXIMUM

inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline long long __double_as_longlong(double x) { return std::bit_cast<long long>(x); }
inline double __longlong_as_double(long long x) { return std::bit_cast<double>(x); }

/// Conversions of CUDA saturate, and give 0 for what is no number.
template <typename Integer> Integer ingotShimToInteger(float x) {
  if (x != x)
    return 0;
  constexpr double least = std::numeric_limits<Integer>::min(), greatest = std::numeric_limits<Integer>::max();
  double value = x;
  return static_cast<Integer>(value < least ? least : value > greatest ? greatest : value);
}
inline int __float2int_rn(float x) { return ingotShimToInteger<int>(rintf(x)); }
inline int __float2int_rz(float x) { return ingotShimToInteger<int>(truncf(x)); }
inline int __float2int_rd(float x) { return ingotShimToInteger<int>(floorf(x)); }
inline int __float2int_ru(float x) { return ingotShimToInteger<int>(ceilf(x)); }
inline unsigned __float2uint_rn(float x) { return ingotShimToInteger<unsigned>(rintf(x)); }
inline unsigned __float2uint_rz(float x) { return ingotShimToInteger<unsigned>(truncf(x)); }
inline float __int2float_rn(int x) { return static_cast<float>(x); }
inline float __uint2float_rn(unsigned x) { return static_cast<float>(x); }

inline int __popc(unsigned x) { return std::popcount(x); }
inline int __popcll(unsigned long long x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __clzll(long long x) { return std::countl_zero(static_cast<unsigned long long>(x)); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline unsigned __brev(unsigned x) { return __builtin_bitreverse32(x); }
inline int __mulhi(int x, int y) { return static_cast<int>(static_cast<int64_t>(x) * y >> 32); }
inline unsigned __umulhi(unsigned x, unsigned y) { return static_cast<unsigned>(static_cast<uint64_t>(x) * y >> 32); }
inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y) {
  return static_cast<unsigned long long>(static_cast<unsigned __int128>(x) * y >> 64);
}
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
  return static_cast<unsigned>(((static_cast<uint64_t>(high) << 32 | low) << (shift & 31)) >> 32);
}
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
  return static_cast<unsigned>((static_cast<uint64_t>(high) << 32 | low) >> (shift & 31));
}

/// Byte i of the result is byte (selector >> 4 i & 7) of y:x, or its sign if bit 3 is set there (PTX "prmt").
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  uint64_t bytes = static_cast<uint64_t>(y) << 32 | x;
  unsigned result = 0;
  for (unsigned i = 0; i < 4; ++i) {
    unsigned choice = selector >> 4 * i & 0xf;
    unsigned byte = static_cast<unsigned>(bytes >> 8 * (choice & 7)) & 0xff;
    if ((choice & 8) != 0)
      byte = (byte & 0x80) != 0 ? 0xff : 0;
    result |= byte << 8 * i;
  }
  return result;
}

/// c + the sum of four products of bytes (PTX "dp4a").
inline int __dp4a(int a, int b, int c) {
  for (int i = 0; i < 4; ++i)
    c += static_cast<int8_t>(a >> 8 * i) * static_cast<int8_t>(b >> 8 * i);
  return c;
}
inline unsigned __dp4a(unsigned a, unsigned b, unsigned c) {
  for (int i = 0; i < 4; ++i)
    c += (a >> 8 * i & 0xff) * (b >> 8 * i & 0xff);
  return c;
}

// Loads and stores with a hint to the cache are loads and stores.
#define INGOT_SHIM_LOAD(name)                                                                                          \
  template <typename T> T name(const T *address) { return *address; }
INGOT_SHIM_LOAD(__ldg)
INGOT_SHIM_LOAD(__ldcg)
INGOT_SHIM_LOAD(__ldca)
INGOT_SHIM_LOAD(__ldcs)
INGOT_SHIM_LOAD(__ldlu)
INGOT_SHIM_LOAD(__ldcv)
#undef INGOT_SHIM_LOAD
#define INGOT_SHIM_STORE(name)                                                                                         \
  template <typename T> void name(T *address, std::type_identity_t<T> value) { *address = value; }
INGOT_SHIM_STORE(__stwb)
INGOT_SHIM_STORE(__stcg)
INGOT_SHIM_STORE(__stcs)
INGOT_SHIM_STORE(__stwt)
#undef INGOT_SHIM_STORE

#endif // INGOT_TEST_CUDA_SHIM_DEVICE_ARITHMETIC_H
