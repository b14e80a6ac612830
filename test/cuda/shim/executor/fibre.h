//===- fibre.h - threads of a block on one stack each -----------*- C++ -*-===//
//
// A fibre is a stack and the registers that a function call must keep.
// Switching costs some nanoseconds: no system call, no signal mask, no
// floating-point state (the rounding mode is the same everywhere).
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_EXECUTOR_FIBRE_H
#define INGOT_TEST_CUDA_SHIM_EXECUTOR_FIBRE_H

#include <cstddef>
#include <cstdint>

namespace ingot::shim {

/// A stack pointer under which the registers to restore lie.
using Context = void *;

/// Saves this context in `*from` and continues in `to`.
extern "C" void ingot_shim_switch(Context *from, Context to);

/// Equal stacks with an inaccessible page below each.
class Stacks {
public:
  static constexpr size_t bytes = 128 << 10;
  /// Inaccessible bytes below.
  static constexpr size_t guard = 4096;

  ~Stacks();

  /// Makes sure that there are `count` stacks.
  void reserve(size_t count);

  /// A context on stack `index` that enters `entry`, which must not return.
  Context start(size_t index, void (*entry)());

  /// The stack that holds an address; as many as there are if none does.
  size_t indexOf(const void *address) const;

  /// Stack `index`: its lowest usable address.
  char *bottom(size_t index) const;

private:
  char *memory = nullptr;
  size_t count = 0;
};

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_EXECUTOR_FIBRE_H
