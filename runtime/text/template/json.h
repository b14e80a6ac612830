//===- json.h - JSON to values and back -------------------------*- C++ -*-===//

#ifndef INGOT_RUNTIME_TEXT_TEMPLATE_JSON_H
#define INGOT_RUNTIME_TEXT_TEMPLATE_JSON_H

#include "runtime/text/template/value.h"

namespace ingot::text::jinja {

/// The value of a JSON text, RFC 8259, UTF-8 that is checked. Whole numbers beyond 64 bits become reals. Throws Error,
/// also where containers are nested deeper than maximumValueDepth.
Value parseJson(std::string_view text);

/// What Python's json.dumps writes.
struct JsonStyle {
  int64_t indent = -1; ///< spaces a level; -1: one line
  std::string itemSeparator = ", ";
  std::string keySeparator = ": ";
  bool ascii = false; ///< \uXXXX for what is not
  bool sorted = false;
};
std::string writeJson(const Value &value, const JsonStyle &style = {});

} // namespace ingot::text::jinja

#endif // INGOT_RUNTIME_TEXT_TEMPLATE_JSON_H
