//===- atomics.h - atomic operations ----------------------------*- C++ -*-===//
//
// Threads are fibres of one operating-system thread, so a plain read and write
// are atomic. As in CUDA they are relaxed: they order no other access (CUDA C++
// Programming Guide, "Atomic Functions").
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DEVICE_ATOMICS_H
#define INGOT_TEST_CUDA_SHIM_DEVICE_ATOMICS_H

#include "executor/interface.h"
#include <type_traits>

namespace ingot::shim {

/// Replaces `*address` by update(it); returns what it was.
template <typename T, typename Update>
[[clang::disable_sanitizer_instrumentation]] T atomicUpdate(T *address, Update update, Site site) {
  if (reinterpret_cast<uintptr_t>(address) % sizeof(T) != 0)
    fail(site, "an atomic operation on %zu bytes at %p, which is not aligned to them", sizeof(T),
         static_cast<void *>(address));
  noteAccess(address, sizeof(T), Access::atomic, site);
  T old = *address;
  *address = update(old);
  return old;
}

template <typename T> using Same = std::type_identity_t<T>;

} // namespace ingot::shim

#define INGOT_SHIM_ATOMIC(name, types, expression)                                                                     \
  template <typename T>                                                                                                \
    requires(types)                                                                                                    \
  T name(T *address, ingot::shim::Same<T> value, ingot::shim::Site site = ingot::shim::Site::current()) {              \
    return ingot::shim::atomicUpdate(address, [value](T old) -> T { return expression; }, site);                       \
  }
#define INGOT_SHIM_INTEGER                                                                                             \
  (std::is_same_v<T, int> || std::is_same_v<T, unsigned> || std::is_same_v<T, unsigned long long>)
#define INGOT_SHIM_SIGNED_TOO (INGOT_SHIM_INTEGER || std::is_same_v<T, long long>)
#define INGOT_SHIM_NUMBER (INGOT_SHIM_INTEGER || std::is_same_v<T, float> || std::is_same_v<T, double>)

INGOT_SHIM_ATOMIC(atomicAdd, INGOT_SHIM_NUMBER, old + value)
INGOT_SHIM_ATOMIC(atomicSub, (std::is_same_v<T, int> || std::is_same_v<T, unsigned>), old - value)
INGOT_SHIM_ATOMIC(atomicExch, (INGOT_SHIM_INTEGER || std::is_same_v<T, float>), (static_cast<void>(old), value))
INGOT_SHIM_ATOMIC(atomicMin, INGOT_SHIM_SIGNED_TOO, old < value ? old : value)
INGOT_SHIM_ATOMIC(atomicMax, INGOT_SHIM_SIGNED_TOO, old < value ? value : old)
INGOT_SHIM_ATOMIC(atomicAnd, INGOT_SHIM_INTEGER, old &value)
INGOT_SHIM_ATOMIC(atomicOr, INGOT_SHIM_INTEGER, old | value)
INGOT_SHIM_ATOMIC(atomicXor, INGOT_SHIM_INTEGER, old ^ value)
INGOT_SHIM_ATOMIC(atomicInc, (std::is_same_v<T, unsigned>), old >= value ? 0 : old + 1)
INGOT_SHIM_ATOMIC(atomicDec, (std::is_same_v<T, unsigned>), old == 0 || old > value ? value : old - 1)

#undef INGOT_SHIM_NUMBER
#undef INGOT_SHIM_SIGNED_TOO
#undef INGOT_SHIM_INTEGER
#undef INGOT_SHIM_ATOMIC

template <typename T>
  requires(std::is_same_v<T, int> || std::is_same_v<T, unsigned> || std::is_same_v<T, unsigned long long>)
T atomicCAS(T *address, ingot::shim::Same<T> compare, ingot::shim::Same<T> value,
            ingot::shim::Site site = ingot::shim::Site::current()) {
  return ingot::shim::atomicUpdate(address, [compare, value](T old) { return old == compare ? value : old; }, site);
}

#endif // INGOT_TEST_CUDA_SHIM_DEVICE_ATOMICS_H
