//===- place.h - where in the emitted text an access stands -----*- C++ -*-===//
//
// An access knows either its source location (what the shim's own functions do)
// or the address of the code behind it (what the compiler instrumented), which
// llvm-symbolizer turns into one when a report needs it.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_CHECKER_PLACE_H
#define INGOT_TEST_CUDA_SHIM_CHECKER_PLACE_H

#include "executor/interface.h"
#include <array>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ingot::shim {

struct Place {
  Site site;
  const void *code = nullptr;

  Place() = default;
  explicit Place(Site site) : site(site) {}
  explicit Place(const void *code) : code(code) {}
};

/// "file.cu:12"; where that is not to be found, the module and the offset in it.
std::string describe(const Place &place);

/// Numbers places, so that a shadow cell can name one in few bits.
class Places {
public:
  uint32_t number(const Place &place);
  const Place &operator[](uint32_t number) const { return places[number]; }

private:
  std::vector<Place> places;
  std::unordered_map<const void *, uint32_t> byCode;
  std::map<std::pair<const void *, uint64_t>, uint32_t> bySite;
  /// The last ones asked for, by their lowest bits.
  std::array<std::pair<const void *, uint32_t>, 4096> recent{};
};

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_CHECKER_PLACE_H
