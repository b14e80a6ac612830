//===- types.h - the tensor types of ggml -----------------------*- C++ -*-===//
//
// Every tensor type that a GGUF file can name, with the size of its blocks, so
// that a tensor's bytes can be computed and an unsupported type can be named.
//
// Source: ggml/include/ggml.h (`enum ggml_type`), ggml/src/ggml-common.h (block
// structures) and ggml/src/ggml.c (`type_traits`) of llama.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_GGUF_TYPES_H
#define INGOT_COMPILER_IMPORT_GGUF_TYPES_H

#include "dialects/Encoding/Formats.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>

namespace ingot::gguf {

/// Tensor types by the number that stands in the file.
enum class Type : uint32_t {};

struct TypeInfo {
  uint32_t id;
  llvm::StringLiteral name;
  /// Elements of one block; 0 for a type that ggml has removed, whose size is
  /// therefore unknown.
  uint32_t blockElements;
  uint32_t blockBytes;

  /// What tensors of this type store; null where Ingot does not import them.
  const encoding::WeightFormat *getFormat() const { return encoding::findGgmlFormat(name); }
};

/// The entry of the type numbered `id`, or null when ggml knows no such type.
const TypeInfo *typeInfo(uint32_t id);

/// The entry of a type that the reader let through.
const TypeInfo &typeInfo(Type type);

/// "F32, F16, …": the types that Ingot imports, for error messages.
std::string supportedTypeNames();

} // namespace ingot::gguf

#endif // INGOT_COMPILER_IMPORT_GGUF_TYPES_H
