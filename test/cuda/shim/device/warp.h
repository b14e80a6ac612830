//===- warp.h - shuffles, votes and barriers of a warp ----------*- C++ -*-===//
//
// PTX ISA, "shfl.sync", "vote.sync", "match.sync", "redux.sync" and "bar.warp.sync"; CUDA C++
// Programming Guide, "Warp Shuffle Functions". A lane outside the mask, or a
// shuffle from a lane that takes no part, is undefined there and an error here.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DEVICE_WARP_H
#define INGOT_TEST_CUDA_SHIM_DEVICE_WARP_H

#include "executor/interface.h"
#include <bit>
#include <cstring>
#include <type_traits>

namespace ingot::shim {

struct ShuffleArguments {
  uint64_t value;
  unsigned source;
  uint64_t result;
};

struct VoteArguments {
  uint64_t value;
  unsigned result;
};

inline void completeShuffle(void *const *arguments, unsigned lanes, Site site) {
  for (unsigned left = lanes; left != 0; left &= left - 1) {
    auto &mine = *static_cast<ShuffleArguments *>(arguments[std::countr_zero(left)]);
    if ((lanes >> mine.source & 1) == 0)
      fail(site, "a shuffle: lane %d reads lane %u, which takes no part (lanes that do: 0x%08x)",
           std::countr_zero(left), mine.source, lanes);
    mine.result = static_cast<const ShuffleArguments *>(arguments[mine.source])->value;
  }
}

/// Gives every lane combine(values of all lanes, their mask).
template <typename Combine> void completeVote(void *const *arguments, unsigned lanes, Combine combine) {
  for (unsigned left = lanes; left != 0; left &= left - 1) {
    auto &mine = *static_cast<VoteArguments *>(arguments[std::countr_zero(left)]);
    unsigned result = 0;
    bool first = true;
    for (unsigned others = lanes; others != 0; others &= others - 1) {
      auto lane = static_cast<unsigned>(std::countr_zero(others));
      uint64_t value = static_cast<const VoteArguments *>(arguments[lane])->value;
      result = combine(result, first, lane, value, mine.value);
      first = false;
    }
    mine.result = result;
  }
}

inline void completeBallot(void *const *arguments, unsigned lanes, Site) {
  completeVote(arguments, lanes, [](unsigned result, bool, unsigned lane, uint64_t value, uint64_t) {
    return result | static_cast<unsigned>(value != 0) << lane;
  });
}

inline void completeMatch(void *const *arguments, unsigned lanes, Site) {
  completeVote(arguments, lanes, [](unsigned result, bool, unsigned lane, uint64_t value, uint64_t mine) {
    return result | static_cast<unsigned>(value == mine) << lane;
  });
}

template <typename Integer, typename Operation> void completeReduce(void *const *arguments, unsigned lanes, Site) {
  completeVote(arguments, lanes, [](unsigned result, bool first, unsigned, uint64_t value, uint64_t) {
    auto right = static_cast<Integer>(value);
    return first ? static_cast<unsigned>(right)
                 : static_cast<unsigned>(Operation()(static_cast<Integer>(result), right));
  });
}

inline constexpr Collective warpBarrier{"__syncwarp", nullptr, false, true};
inline constexpr Collective shuffle{"a shuffle", completeShuffle, false, false};
inline constexpr Collective ballot{"a vote", completeBallot, false, false};
inline constexpr Collective match{"__match_any_sync", completeMatch, false, false};

template <typename T> [[clang::convergent]] T shuffleFrom(unsigned mask, T value, unsigned source, Site site) {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
  ShuffleArguments arguments{0, source, 0};
  memcpy(&arguments.value, &value, sizeof value);
  collective(shuffle, mask, &arguments, site);
  memcpy(&value, &arguments.result, sizeof value);
  return value;
}

/// First lane of the part of the warp, `width` lanes long, in which a lane stands.
inline unsigned firstOfPart(unsigned lane, int width, Site site) {
  if (width < 1 || width > 32 || (width & (width - 1)) != 0)
    fail(site, "a shuffle of width %d: it must be a power of two up to 32", width);
  return lane & ~(static_cast<unsigned>(width) - 1);
}

[[clang::convergent]] inline unsigned vote(const Collective &kind, unsigned mask, uint64_t value, Site site) {
  VoteArguments arguments{value, 0};
  collective(kind, mask, &arguments, site);
  return arguments.result;
}

struct Sum {
  template <typename T> T operator()(T left, T right) const { return left + right; }
};
struct Least {
  template <typename T> T operator()(T left, T right) const { return right < left ? right : left; }
};
struct Greatest {
  template <typename T> T operator()(T left, T right) const { return left < right ? right : left; }
};
struct BitAnd {
  template <typename T> T operator()(T left, T right) const { return left & right; }
};
struct BitOr {
  template <typename T> T operator()(T left, T right) const { return left | right; }
};
struct BitXor {
  template <typename T> T operator()(T left, T right) const { return left ^ right; }
};

template <typename Integer, typename Operation>
inline constexpr Collective reduce{"a __reduce_sync", completeReduce<Integer, Operation>, false, false};

} // namespace ingot::shim

[[clang::convergent]] inline void __syncwarp(unsigned mask = 0xffffffff,
                                             ingot::shim::Site site = ingot::shim::Site::current()) {
  ingot::shim::collective(ingot::shim::warpBarrier, mask, nullptr, site);
}

template <typename T>
[[clang::convergent]] T __shfl_sync(unsigned mask, T value, int source, int width = 32,
                                    ingot::shim::Site site = ingot::shim::Site::current()) {
  unsigned first = ingot::shim::firstOfPart(ingot::shim::laneIndex(), width, site);
  return ingot::shim::shuffleFrom(mask, value, first + (static_cast<unsigned>(source) & (width - 1)), site);
}

template <typename T>
[[clang::convergent]] T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = 32,
                                       ingot::shim::Site site = ingot::shim::Site::current()) {
  unsigned lane = ingot::shim::laneIndex(), first = ingot::shim::firstOfPart(lane, width, site);
  return ingot::shim::shuffleFrom(mask, value, lane - first >= distance ? lane - distance : lane, site);
}

template <typename T>
[[clang::convergent]] T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32,
                                         ingot::shim::Site site = ingot::shim::Site::current()) {
  unsigned lane = ingot::shim::laneIndex(), first = ingot::shim::firstOfPart(lane, width, site);
  return ingot::shim::shuffleFrom(mask, value, lane - first + distance < unsigned(width) ? lane + distance : lane,
                                  site);
}

template <typename T>
[[clang::convergent]] T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32,
                                        ingot::shim::Site site = ingot::shim::Site::current()) {
  unsigned lane = ingot::shim::laneIndex(), first = ingot::shim::firstOfPart(lane, width, site);
  unsigned source = lane ^ static_cast<unsigned>(lanes);
  return ingot::shim::shuffleFrom(mask, value, source < first + width ? source : lane, site);
}

[[clang::convergent]] inline unsigned __ballot_sync(unsigned mask, int predicate,
                                                    ingot::shim::Site site = ingot::shim::Site::current()) {
  return ingot::shim::vote(ingot::shim::ballot, mask, predicate != 0, site);
}
[[clang::convergent]] inline int __any_sync(unsigned mask, int predicate,
                                            ingot::shim::Site site = ingot::shim::Site::current()) {
  return ingot::shim::vote(ingot::shim::ballot, mask, predicate != 0, site) != 0;
}
[[clang::convergent]] inline int __all_sync(unsigned mask, int predicate,
                                            ingot::shim::Site site = ingot::shim::Site::current()) {
  // Lanes that have returned do not vote.
  return ingot::shim::vote(ingot::shim::ballot, mask, predicate == 0, site) == 0;
}

template <typename T>
[[clang::convergent]] unsigned __match_any_sync(unsigned mask, T value,
                                                ingot::shim::Site site = ingot::shim::Site::current()) {
  static_assert(std::is_trivially_copyable_v<T> && (sizeof(T) == 4 || sizeof(T) == 8));
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof value);
  return ingot::shim::vote(ingot::shim::match, mask, bits, site);
}

#define INGOT_SHIM_REDUCE(name, Integer, Operation)                                                                    \
  [[clang::convergent]] inline Integer name(unsigned mask, Integer value,                                              \
                                            ingot::shim::Site site = ingot::shim::Site::current()) {                   \
    return static_cast<Integer>(                                                                                       \
        ingot::shim::vote(ingot::shim::reduce<Integer, ingot::shim::Operation>, mask, unsigned(value), site));         \
  }
INGOT_SHIM_REDUCE(__reduce_add_sync, int, Sum)
INGOT_SHIM_REDUCE(__reduce_add_sync, unsigned, Sum)
INGOT_SHIM_REDUCE(__reduce_min_sync, int, Least)
INGOT_SHIM_REDUCE(__reduce_min_sync, unsigned, Least)
INGOT_SHIM_REDUCE(__reduce_max_sync, int, Greatest)
INGOT_SHIM_REDUCE(__reduce_max_sync, unsigned, Greatest)
INGOT_SHIM_REDUCE(__reduce_and_sync, unsigned, BitAnd)
INGOT_SHIM_REDUCE(__reduce_or_sync, unsigned, BitOr)
INGOT_SHIM_REDUCE(__reduce_xor_sync, unsigned, BitXor)
#undef INGOT_SHIM_REDUCE

#endif // INGOT_TEST_CUDA_SHIM_DEVICE_WARP_H
