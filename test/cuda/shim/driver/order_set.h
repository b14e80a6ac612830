//===- order_set.h - which operations come before one -----------*- C++ -*-===//
//
// A set of operation numbers of which nearly always all below some bound are
// members: the bound, and a bit for each number from there.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DRIVER_ORDER_SET_H
#define INGOT_TEST_CUDA_SHIM_DRIVER_ORDER_SET_H

#include <cstddef>
#include <cstdint>
#include <deque>

namespace ingot::shim {

class OrderSet {
public:
  bool contains(uint64_t number) const {
    return number < bound || (number / 64 - bound / 64 < words.size() && (word(number) >> number % 64 & 1) != 0);
  }

  void insert(uint64_t number) {
    if (number < bound)
      return;
    while (number / 64 - bound / 64 >= words.size())
      words.push_back(0);
    words[number / 64 - bound / 64] |= uint64_t(1) << number % 64;
    shorten();
  }

  void insertAllBelow(uint64_t number) {
    for (uint64_t next = bound; next < number; ++next)
      insert(next);
  }

  void insert(const OrderSet &other) {
    insertAllBelow(other.bound);
    for (size_t index = 0; index < other.words.size(); ++index) {
      uint64_t first = other.bound + 64 * index;
      for (uint64_t left = other.words[index]; left != 0; left &= left - 1)
        insert(first + static_cast<uint64_t>(__builtin_ctzll(left)));
    }
  }

  /// Every number below is a member. A multiple of 64.
  uint64_t all() const { return bound; }

private:
  uint64_t word(uint64_t number) const { return words[number / 64 - bound / 64]; }
  void shorten() {
    while (!words.empty() && words.front() == ~uint64_t(0)) {
      words.pop_front();
      bound += 64;
    }
  }

  uint64_t bound = 0;
  std::deque<uint64_t> words;
};

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_DRIVER_ORDER_SET_H
