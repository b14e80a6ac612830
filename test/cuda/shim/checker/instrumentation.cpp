//===- instrumentation.cpp - what clang's instrumentation calls -----------===//
//
// Definitions of our own for the calls that -fsanitize=thread puts before every
// access (llvm/lib/Transforms/Instrumentation/ThreadSanitizer.cpp lists them);
// the sanitizer's runtime is not linked.
//
//===----------------------------------------------------------------------===//

#include "checker/checker.h"
#include <cstring>

namespace ingot::shim {
namespace {

__attribute__((always_inline)) inline void note(const void *address, size_t bytes, Access access, const void *code) {
  if (checker != nullptr)
    checker->access(address, bytes, access, Place(code));
}

} // namespace
} // namespace ingot::shim

using ingot::shim::Access;

#define INGOT_SHIM_SIZE(bytes)                                                                                         \
  INGOT_SHIM_EXPORT void __tsan_read##bytes(void *address) {                                                           \
    ingot::shim::note(address, bytes, Access::read, __builtin_return_address(0));                                      \
  }                                                                                                                    \
  INGOT_SHIM_EXPORT void __tsan_write##bytes(void *address) {                                                          \
    ingot::shim::note(address, bytes, Access::write, __builtin_return_address(0));                                     \
  }                                                                                                                    \
  INGOT_SHIM_EXPORT void __tsan_unaligned_read##bytes(void *address) {                                                 \
    ingot::shim::note(address, bytes, Access::read, __builtin_return_address(0));                                      \
  }                                                                                                                    \
  INGOT_SHIM_EXPORT void __tsan_unaligned_write##bytes(void *address) {                                                \
    ingot::shim::note(address, bytes, Access::write, __builtin_return_address(0));                                     \
  }

extern "C" {

INGOT_SHIM_SIZE(1)
INGOT_SHIM_SIZE(2)
INGOT_SHIM_SIZE(4)
INGOT_SHIM_SIZE(8)
INGOT_SHIM_SIZE(16)

INGOT_SHIM_EXPORT void __tsan_init() {}

INGOT_SHIM_EXPORT void *__tsan_memcpy(void *to, const void *from, size_t bytes) {
  ingot::shim::note(from, bytes, Access::read, __builtin_return_address(0));
  ingot::shim::note(to, bytes, Access::write, __builtin_return_address(0));
  return memcpy(to, from, bytes);
}

INGOT_SHIM_EXPORT void *__tsan_memmove(void *to, const void *from, size_t bytes) {
  ingot::shim::note(from, bytes, Access::read, __builtin_return_address(0));
  ingot::shim::note(to, bytes, Access::write, __builtin_return_address(0));
  return memmove(to, from, bytes);
}

INGOT_SHIM_EXPORT void *__tsan_memset(void *to, int value, size_t bytes) {
  ingot::shim::note(to, bytes, Access::write, __builtin_return_address(0));
  return memset(to, value, bytes);
}

} // extern "C"
