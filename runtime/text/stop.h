//===- stop.h - Stop strings in streamed text -----------------------------===//
//
// A stop string ends the output and is no part of it, also when it arrives in
// pieces; so output that may be its beginning is held back.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_STOP_H
#define INGOT_RUNTIME_TEXT_STOP_H

#include <string>
#include <string_view>
#include <vector>

namespace ingot::text {

/// Finds the first occurrence of any stop string in a stream of text.
class StopMatcher {
public:
  /// Empty strings are ignored.
  explicit StopMatcher(std::vector<std::string> stops);

  /// Takes the next text, returns what may be shown now. Once a stop string is
  /// complete, everything from it on is dropped, for ever.
  std::string append(std::string_view text);

  /// Ends the stream: returns what was held back, which turned out to be no
  /// stop string.
  std::string flush();

  bool stopped() const { return found; }

  /// The stop string that ended the output; empty before that.
  const std::string &match() const { return matched; }

private:
  std::vector<std::string> stops;
  std::string pending;
  std::string matched;
  bool found = false;
};

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_STOP_H
