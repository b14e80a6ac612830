//===- kernels.h - lists the kernels of a module ----------------*- C++ -*-===//
//
// A launch hands over pointers to parameters; here a template takes a kernel's
// type apart and calls it with them. compile_for_host.py writes the list, in terms of
// these, behind the emitted text.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DEVICE_KERNELS_H
#define INGOT_TEST_CUDA_SHIM_DEVICE_KERNELS_H

#include "executor/interface.h"
#include <type_traits>
#include <utility>

namespace ingot::shim {

template <auto function, typename Type = decltype(function)> struct Trampoline;

template <auto function, typename... Parameters> struct Trampoline<function, void (*)(Parameters...)> {
  static_assert((std::is_trivially_copyable_v<Parameters> && ...), "a kernel's parameters are plain data");
  static constexpr size_t bytes[] = {sizeof(Parameters)..., 0};

  // Parameters lie in constant memory, which is not checked.
  [[clang::disable_sanitizer_instrumentation]] static void call(void *const *parameters) {
    unpack(parameters, std::index_sequence_for<Parameters...>());
  }
  template <size_t... index>
  [[clang::disable_sanitizer_instrumentation]] static void unpack(void *const *parameters,
                                                                  std::index_sequence<index...>) {
    function(*static_cast<std::remove_cv_t<Parameters> *>(parameters[index])...);
  }
};

template <auto function> constexpr Kernel describe(const char *name, unsigned maxThreads) {
  using Call = Trampoline<function>;
  return {name, Call::call, Call::bytes, sizeof(Call::bytes) / sizeof(size_t) - 1, maxThreads};
}

/// The first argument of __launch_bounds__.
constexpr unsigned firstBound(unsigned maxThreads = 0, unsigned = 0, unsigned = 0) { return maxThreads; }

} // namespace ingot::shim

/// Defines the memory of an array that is declared `extern __shared__`: as much as any device has; the checker knows
/// what a launch asked for. It is defined in assembly, where its element type does not matter.
#define INGOT_SHIM_DYNAMIC_ARRAY(symbol)                                                                               \
  __asm__(".section .tbss." #symbol ",\"awT\",@nobits\n"                                                               \
          ".globl " #symbol "\n.hidden " #symbol "\n.type " #symbol ", @tls_object\n.p2align 10\n" #symbol ":\n"       \
          ".zero " INGOT_SHIM_TEXT(INGOT_SHIM_MOST_SHARED_BYTES) "\n"                                                  \
                                                                 ".size " #symbol ", " INGOT_SHIM_TEXT(                \
                                                                     INGOT_SHIM_MOST_SHARED_BYTES) "\n.text\n");       \
  extern thread_local unsigned char ingotShimArray_##symbol[] __asm__(#symbol);                                        \
  static unsigned char *ingotShimAddress_##symbol() { return ingotShimArray_##symbol; }
#define INGOT_SHIM_TEXT(number) INGOT_SHIM_TEXT_OF(number)
#define INGOT_SHIM_TEXT_OF(number) #number

#endif // INGOT_TEST_CUDA_SHIM_DEVICE_KERNELS_H
