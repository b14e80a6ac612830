//===- TensorFile.h - named tensors, whatever the file's format -*- C++ -*-===//
//
// What the compiler asks of a file that parameters come from, after import: is the
// tensor there as the module says, and where are its bytes.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_TENSORFILE_H
#define INGOT_COMPILER_IMPORT_TENSORFILE_H

#include "dialects/Model/Model.h"

#include "llvm/Support/Error.h"

#include <memory>
#include <optional>

namespace ingot::compiler {

/// "576x64", for messages.
std::string shapeText(llvm::ArrayRef<int64_t> shape);

/// One tensor of a file, row-major.
struct FileTensor {
  /// How the file stores elements; nothing where Ingot does not read them (integers, flags, …).
  std::optional<encoding::GgmlType> format;
  /// The file's own name of that.
  std::string typeName;
  llvm::SmallVector<int64_t, 4> shape;
  /// Where they are mapped; of any alignment.
  llvm::ArrayRef<uint8_t> bytes;
};

class TensorFile {
public:
  /// A safetensors file by its suffix, any other as GGUF (all parts of a split one).
  static llvm::Expected<std::unique_ptr<TensorFile>> open(llvm::StringRef path);
  virtual ~TensorFile();

  /// The path given, for messages.
  virtual llvm::StringRef name() const = 0;
  /// The paths of all files that were opened.
  virtual llvm::SmallVector<std::string> getPaths() const = 0;
  virtual std::optional<FileTensor> find(llvm::StringRef key) const = 0;
  /// As MappedFile::release.
  virtual void release(llvm::ArrayRef<uint8_t> range) const = 0;

  /// The tensor that `parameter` is taken from; an error where it is absent, or not of the parameter's shape (or does
  /// not hold its view), or in a format that the parameter's cannot be made from without rounding.
  llvm::Expected<FileTensor> resolve(model::ParameterOp parameter) const;
};

/// Checks every parameter that `module` takes from a file against that file.
llvm::Error checkParameters(mlir::ModuleOp module);

} // namespace ingot::compiler

#endif // INGOT_COMPILER_IMPORT_TENSORFILE_H
