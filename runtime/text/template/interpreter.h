//===- interpreter.h - A template's text for some values --------*- C++ -*-===//

#ifndef INGOT_RUNTIME_TEXT_TEMPLATE_INTERPRETER_H
#define INGOT_RUNTIME_TEXT_TEMPLATE_INTERPRETER_H

#include "runtime/text/template/syntax.h"

#include <ctime>

namespace ingot::text::jinja {

struct RenderLimits {
  /// Units of work, of which one is about a byte made or a tenth of a step: seconds at most.
  uint64_t work = uint64_t(1) << 28;
};

/// Renders with `variables`, at the local time `now`. Throws Error with the line.
std::string render(const Statements &statements, const Dictionary &variables, const std::tm &now,
                   const RenderLimits &limits = {});

} // namespace ingot::text::jinja

#endif // INGOT_RUNTIME_TEXT_TEMPLATE_INTERPRETER_H
