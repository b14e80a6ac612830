//===- stop.cpp - Stop strings in streamed text ---------------------------===//
//
// Implements stop.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/stop.h"

#include <algorithm>
#include <utility>

using namespace ingot::text;

StopMatcher::StopMatcher(std::vector<std::string> stops) : stops(std::move(stops)) {
  std::erase_if(this->stops, [](const std::string &s) { return s.empty(); });
}

std::string StopMatcher::append(std::string_view text) {
  if (found)
    return {};
  pending += text;

  size_t first = std::string::npos;
  for (const std::string &stop : stops) {
    size_t position = pending.find(stop);
    if (position < first) {
      first = position;
      matched = stop;
    }
  }
  if (first != std::string::npos) {
    found = true;
    std::string output = pending.substr(0, first);
    pending.clear();
    return output;
  }

  size_t held = 0;
  for (const std::string &stop : stops) {
    size_t longest = std::min(stop.size() - 1, pending.size());
    for (size_t length = longest; length > held; --length) {
      if (pending.compare(pending.size() - length, length, stop, 0, length) == 0) {
        held = length;
        break;
      }
    }
  }
  std::string output = pending.substr(0, pending.size() - held);
  pending.erase(0, output.size());
  return output;
}

std::string StopMatcher::flush() { return std::exchange(pending, {}); }
