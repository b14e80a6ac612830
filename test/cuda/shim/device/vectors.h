//===- vectors.h - CUDA's vector types --------------------------*- C++ -*-===//
//
// float4 and its like, with CUDA's sizes and alignments: a 16-byte vector is
// loaded whole and must lie on 16 bytes (CUDA C++ Programming Guide, "Built-in
// Vector Types").
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DEVICE_VECTORS_H
#define INGOT_TEST_CUDA_SHIM_DEVICE_VECTORS_H

#include <cstddef>
#include <cstdint>

#define INGOT_SHIM_VECTORS(name, element, alignment2, alignment4)                                                      \
  struct name##1 { element x; };                                                                                       \
  struct alignas(alignment2) name##2 { element x, y; };                                                                \
  struct name##3 { element x, y, z; };                                                                                 \
  struct alignas(alignment4) name##4 { element x, y, z, w; };                                                          \
  inline name##1 make_##name##1(element x) { return {x}; }                                                             \
  inline name##2 make_##name##2(element x, element y) { return {x, y}; }                                               \
  inline name##3 make_##name##3(element x, element y, element z) { return {x, y, z}; }                                 \
  inline name##4 make_##name##4(element x, element y, element z, element w) { return {x, y, z, w}; }

INGOT_SHIM_VECTORS(char, signed char, 2, 4)
INGOT_SHIM_VECTORS(uchar, unsigned char, 2, 4)
INGOT_SHIM_VECTORS(short, short, 4, 8)
INGOT_SHIM_VECTORS(ushort, unsigned short, 4, 8)
INGOT_SHIM_VECTORS(int, int, 8, 16)
INGOT_SHIM_VECTORS(uint, unsigned int, 8, 16)
INGOT_SHIM_VECTORS(longlong, long long, 16, 16)
INGOT_SHIM_VECTORS(ulonglong, unsigned long long, 16, 16)
INGOT_SHIM_VECTORS(float, float, 8, 16)
INGOT_SHIM_VECTORS(double, double, 16, 16)

#undef INGOT_SHIM_VECTORS

struct dim3 {
  unsigned int x, y, z;
  constexpr dim3(unsigned int x = 1, unsigned int y = 1, unsigned int z = 1) : x(x), y(y), z(z) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
};

#endif // INGOT_TEST_CUDA_SHIM_DEVICE_VECTORS_H
