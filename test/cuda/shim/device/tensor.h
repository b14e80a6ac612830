//===- tensor.h - matrix operations of a warp, by reference -----*- C++ -*-===//
//
// What a wrapper around inline PTX calls on the host: mma.sync, ldmatrix and
// cp.async. A matrix is gathered from the registers of the 32 lanes, the product
// is computed with plain loops (sums in double, rounded once: hardware's order is
// not specified), and the result is dealt out again.
//
// Where each element lies: PTX ISA, "Matrix Fragments for mma.m16n8k16 with
// floating point type", "Matrix Fragments for mma.m16n8k32" and "Warp-level
// matrix load instruction: ldmatrix". test_shim.py holds these against the
// strides with which CUTLASS describes the same instructions.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DEVICE_TENSOR_H
#define INGOT_TEST_CUDA_SHIM_DEVICE_TENSOR_H

#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "executor/interface.h"
#include <cstring>

namespace ingot::shim {

struct Position {
  unsigned row, column;
};

/// Fragments whose registers hold `packed` elements of a row in 32 bits: element i of a lane, rows running along M (A
/// and accumulators). For B, rows and columns change places.
inline Position fragmentPosition(unsigned lane, unsigned element, unsigned packed) {
  unsigned group = lane / 4, member = lane % 4, word = element / packed;
  return {group + 8 * (word % 2), member * packed + element % packed + 4 * packed * (word / 2)};
}
/// B has half as many rows (columns of the stored matrix): its words differ in k only.
inline Position fragmentPositionB(unsigned lane, unsigned element, unsigned packed) {
  unsigned group = lane / 4, member = lane % 4, word = element / packed;
  return {member * packed + element % packed + 4 * packed * word, group};
}

/// Registers of one lane.
template <typename Sum> struct MmaArguments {
  const unsigned *a; // 4
  const unsigned *b; // 2
  const Sum *c;      // 4
  Sum *d;            // 4
};

template <typename Element> Element elementOf(const unsigned *registers, unsigned index) {
  Element element;
  memcpy(&element, reinterpret_cast<const char *>(registers) + index * sizeof element, sizeof element);
  return element;
}

/// D = A B + C for A of 16 x K and B of K x 8, where a row of A fills eight 32-bit words.
template <typename Element, typename Sum, typename Wide> void completeMma(void *const *arguments, unsigned, Site) {
  constexpr unsigned packed = 4 / sizeof(Element), depth = 8 * packed;
  Wide a[16][depth], b[8][depth];
  for (unsigned lane = 0; lane < warpSize; ++lane) {
    const auto &mine = *static_cast<const MmaArguments<Sum> *>(arguments[lane]);
    for (unsigned element = 0; element < 4 * packed; ++element) {
      auto [row, column] = fragmentPosition(lane, element, packed);
      a[row][column] = static_cast<Wide>(elementOf<Element>(mine.a, element));
    }
    for (unsigned element = 0; element < 2 * packed; ++element) {
      auto [row, column] = fragmentPositionB(lane, element, packed);
      b[column][row] = static_cast<Wide>(elementOf<Element>(mine.b, element));
    }
  }
  for (unsigned lane = 0; lane < warpSize; ++lane) {
    const auto &mine = *static_cast<const MmaArguments<Sum> *>(arguments[lane]);
    for (unsigned element = 0; element < 4; ++element) {
      auto [row, column] = fragmentPosition(lane, element, 2);
      Wide sum = 0;
      for (unsigned k = 0; k < depth; ++k)
        sum += a[row][k] * b[column][k];
      mine.d[element] = static_cast<Sum>(static_cast<Wide>(mine.c[element]) + sum);
    }
  }
}

/// Through float: the elements' own conversion.
struct HalfElement : __half {
  explicit operator double() const { return static_cast<float>(*this); }
};
struct BfloatElement : __nv_bfloat16 {
  explicit operator double() const { return static_cast<float>(*this); }
};

template <typename Element, typename Sum, typename Wide>
inline constexpr Collective mma{"mma.sync", completeMma<Element, Sum, Wide>, true, false};

template <typename Element, typename Sum, typename Wide>
[[clang::convergent]] void runMma(Sum (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], const Sum (&c)[4],
                                  Site site) {
  Sum result[4];
  MmaArguments<Sum> arguments{a, b, c, result};
  collective(mma<Element, Sum, Wide>, 0xffffffff, &arguments, site);
  memcpy(d, result, sizeof result);
}

/// mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32
[[clang::convergent]] inline void mmaHalf(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                                          const float (&c)[4], Site site = Site::current()) {
  runMma<HalfElement, float, double>(d, a, b, c, site);
}
/// mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
[[clang::convergent]] inline void mmaBfloat(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                                            const float (&c)[4], Site site = Site::current()) {
  runMma<BfloatElement, float, double>(d, a, b, c, site);
}
/// mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32
[[clang::convergent]] inline void mmaByte(int (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                                          const int (&c)[4], Site site = Site::current()) {
  runMma<int8_t, int, int64_t>(d, a, b, c, site);
}

struct LoadMatrixArguments {
  const char *row;
  unsigned *registers;
};

template <unsigned count, bool transposed> void completeLoadMatrix(void *const *arguments, unsigned, Site) {
  auto rowOf = [&](unsigned lane) { return static_cast<const LoadMatrixArguments *>(arguments[lane])->row; };
  for (unsigned lane = 0; lane < warpSize; ++lane) {
    unsigned *registers = static_cast<const LoadMatrixArguments *>(arguments[lane])->registers;
    for (unsigned matrix = 0; matrix < count; ++matrix) {
      uint16_t pair[2];
      for (unsigned i = 0; i < 2; ++i) {
        unsigned row = lane / 4, column = lane % 4 * 2 + i;
        memcpy(&pair[i], transposed ? rowOf(8 * matrix + column) + 2 * row : rowOf(8 * matrix + row) + 2 * column, 2);
      }
      memcpy(&registers[matrix], pair, 4);
    }
  }
}

template <unsigned count, bool transposed>
inline constexpr Collective loadMatrixKind{"ldmatrix", completeLoadMatrix<count, transposed>, true, false};

/// ldmatrix.sync.aligned.m8n8.x<count>{.trans}.shared.b16: lane 8 m + r brings the address of row r of matrix m.
template <unsigned count, bool transposed = false>
[[clang::convergent]] void loadMatrix(unsigned (&registers)[count], const void *row, Site site = Site::current()) {
  static_assert(count == 1 || count == 2 || count == 4);
  unsigned result[count];
  LoadMatrixArguments arguments{static_cast<const char *>(row), result};
  if (laneIndex() < 8 * count) {
    if (reinterpret_cast<uintptr_t>(row) % 16 != 0)
      fail(site, "ldmatrix: the row at %p is not aligned to 16 bytes", row);
    noteAccess(row, 16, Access::read, site);
  }
  collective(loadMatrixKind<count, transposed>, 0xffffffff, &arguments, site);
  memcpy(registers, result, sizeof result);
}

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_DEVICE_TENSOR_H
