//===- safetensors.h - reads safetensors files ------------------*- C++ -*-===//
//
// Opens one file, validates its header, and gives the tensors where they lie in the
// mapping: nothing is copied.
//
// Format: https://huggingface.co/docs/safetensors (a 64-bit length, a JSON header of
// that many bytes, then the data, row-major and little-endian).
//
// After `open` has succeeded: names are unique, UTF-8 and without control characters;
// every tensor's bytes are those of its shape and lie inside the data; tensors neither
// overlap nor leave gaps, as the format demands.
//
// Errors are one line, `FILE: what, where, what to do`.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_HUGGINGFACE_SAFETENSORS_H
#define INGOT_COMPILER_IMPORT_HUGGINGFACE_SAFETENSORS_H

#include "compiler/import/mapped_file.h"

#include "llvm/ADT/SmallVector.h"

#include <vector>

namespace ingot::safetensors {

/// The suffix by which a file of this format is told.
constexpr llvm::StringLiteral suffix = ".safetensors";

struct Tensor {
  std::string name;
  /// As the header has it: "F32", "BF16", "I64", …
  std::string type;
  llvm::SmallVector<int64_t, 4> shape;
  llvm::ArrayRef<uint8_t> bytes;
};

class File {
public:
  static llvm::Expected<File> open(llvm::StringRef path);
  /// `bytes` must outlive the File; `name` stands in error messages.
  static llvm::Expected<File> fromMemory(llvm::ArrayRef<uint8_t> bytes, llvm::StringRef name);

  llvm::StringRef name() const { return file.path(); }
  /// "NAME: message", for whatever is wrong with the file.
  llvm::Error error(const llvm::Twine &message) const;

  /// By name, in byte order.
  llvm::ArrayRef<Tensor> tensors() const { return all; }
  /// The tensor of that name, or null.
  const Tensor *findTensor(llvm::StringRef name) const;

  /// As MappedFile::release.
  void release(llvm::ArrayRef<uint8_t> range) const { file.release(range); }

private:
  llvm::Error parse();

  compiler::MappedFile file;
  std::vector<Tensor> all;
};

} // namespace ingot::safetensors

#endif // INGOT_COMPILER_IMPORT_HUGGINGFACE_SAFETENSORS_H
