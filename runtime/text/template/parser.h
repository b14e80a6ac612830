//===- parser.h - A template's source to its syntax tree --------*- C++ -*-===//

#ifndef INGOT_RUNTIME_TEXT_TEMPLATE_PARSER_H
#define INGOT_RUNTIME_TEXT_TEMPLATE_PARSER_H

#include "runtime/text/template/syntax.h"

namespace ingot::text::jinja {

/// Parses valid UTF-8. Throws Error with the line where the source is no template, or uses a tag, filter, test,
/// function or method that is not supported.
Statements parse(std::string_view source);

} // namespace ingot::text::jinja

#endif // INGOT_RUNTIME_TEXT_TEMPLATE_PARSER_H
