//===- shadow.h - what is known of every byte -------------------*- C++ -*-===//
//
// A region is memory that kernels may touch: the device's memory, a module's
// shared memory, a `__device__` variable. Each of its bytes has a cell, found by
// its offset. Cells that were never touched cost no memory.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_CHECKER_SHADOW_H
#define INGOT_TEST_CUDA_SHIM_CHECKER_SHADOW_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace ingot::shim {

/// An access. All zero: none.
struct Record {
  /// Between which barriers; below firstInterval, of a cell's `write`, a state instead:
  enum : uint32_t {
    outside = 0,   ///< no kernel may touch the byte
    freed = 1,     ///< nor this one, any more
    unwritten = 2, ///< it has no value yet
    fromHost = 3,  ///< the host gave it a value
    firstInterval = 16,
  };
  uint32_t interval = outside;
  uint32_t threadAndClock = 0; ///< thread << 22 | clock
  uint32_t placeAndKind = 0;   ///< place << 2 | under way (asynchronous copy) << 1 | atomic

  unsigned thread() const { return threadAndClock >> 22; }
  uint32_t clock() const { return threadAndClock & 0x3fffff; }
  uint32_t place() const { return placeAndKind >> 2; }
  bool underWay() const { return (placeAndKind & 2) != 0; }
  bool atomic() const { return (placeAndKind & 1) != 0; }
};

struct Cell {
  Record write;
  /// Since that write: the last read, and one by another thread that is in no order with it.
  Record reads[2];
};

/// An allocation or a variable.
struct Object {
  std::string name;
  size_t bytes;
  bool freed = false;
};

class Region {
public:
  enum class Kind { device, shared, variable };

  Region(Kind kind, char *base, size_t bytes);
  ~Region();
  Region(const Region &) = delete;
  Region &operator=(const Region &) = delete;

  bool contains(const void *address) const {
    return static_cast<size_t>(static_cast<const char *>(address) - base) < size;
  }
  Cell *cell(const void *address) const { return cells + (static_cast<const char *>(address) - base); }
  /// Gives bytes a state of Record's.
  void mark(const void *address, size_t bytes, uint32_t state);
  /// "'reduce::partial' + 12 (128 bytes)"; empty if no object is near.
  std::string describe(const void *address) const;

  const Kind kind;
  char *const base;
  const size_t size;
  /// By their first byte.
  std::map<const char *, Object> objects;

private:
  Cell *cells;
};

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_CHECKER_SHADOW_H
