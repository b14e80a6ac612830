//===- place.cpp - where in the emitted text an access stands -------------===//

#include "checker/place.h"
#include "executor/block.h"
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <memory>

namespace ingot::shim {

uint32_t Places::number(const Place &place) {
  auto add = [&](auto &numbers, const auto &key) {
    auto [entry, isNew] = numbers.try_emplace(key, static_cast<uint32_t>(places.size()));
    if (isNew)
      places.push_back(place);
    return entry->second;
  };
  if (place.code == nullptr)
    return add(bySite,
               std::pair<const void *, uint64_t>(place.site.file_name(),
                                                 static_cast<uint64_t>(place.site.line()) << 32 | place.site.column()));
  auto &[code, number] = recent[reinterpret_cast<uintptr_t>(place.code) % recent.size()];
  if (code != place.code) {
    number = add(byCode, place.code);
    code = place.code;
  }
  return number;
}

namespace {

/// What llvm-symbolizer says of an address in a file; empty if it does not know.
std::string symbolize(const char *file, uintptr_t offset) {
  char command[1024];
  snprintf(command, sizeof command,
           "{ llvm-symbolizer-22 --functions=none --relative-address --obj='%s' 0x%lx || true; } 2>/dev/null", file,
           static_cast<unsigned long>(offset));
  std::unique_ptr<FILE, int (*)(FILE *)> pipe(popen(command, "r"), pclose);
  char line[1024];
  if (!pipe || fgets(line, sizeof line, pipe.get()) == nullptr)
    return "";
  // path:line:column
  std::string text(line, strcspn(line, "\n"));
  text = text.substr(0, text.rfind(':'));
  text = text.substr(text.rfind('/') + 1);
  return text.find('?') == std::string::npos ? text : "";
}

} // namespace

std::string describe(const Place &place) {
  if (place.code == nullptr)
    return place.site.line() == 0 ? "an unknown place" : describe(place.site);
  // The call itself stands before the address to which it returns.
  const char *code = static_cast<const char *>(place.code) - 1;
  Dl_info info;
  if (dladdr(code, &info) == 0)
    return "an unknown place";
  auto offset = static_cast<uintptr_t>(code - static_cast<const char *>(info.dli_fbase));
  std::string text = symbolize(info.dli_fname, offset);
  if (!text.empty())
    return text;
  char place_[64];
  snprintf(place_, sizeof place_, "+0x%zx", offset);
  return std::string(info.dli_fname) + place_;
}

} // namespace ingot::shim
