//===- serialize.h - Laying out a tokenizer -------------------------------===//
//
// From what a tokenizer consists of (contents.h) to the bytes that Tokenizer
// (tokenizer.h) opens.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_SERIALIZE_H
#define INGOT_RUNTIME_TEXT_SERIALIZE_H

#include "runtime/text/contents.h"

#include <optional>
#include <string>

namespace ingot::text {

/// Returns nothing when `contents` can be serialized, else one sentence that
/// names what is wrong.
std::optional<std::string> validate(const TokenizerContents &contents);

/// The same contents give the same bytes. They must have passed validate().
std::string serialize(const TokenizerContents &contents);

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_SERIALIZE_H
