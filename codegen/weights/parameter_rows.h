//===- parameter_rows.h - the rows of all parameters ------------*- C++ -*-===//
//
// Rows as recipes name them, in the parameter's format: where they lie in a mapped file,
// gathered through a view of it, rounded to another format, or generated.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_WEIGHTS_PARAMETER_ROWS_H
#define INGOT_CODEGEN_WEIGHTS_PARAMETER_ROWS_H

#include "codegen/weights/recipes.h"
#include "compiler/import/TensorFile.h"
#include "dialects/Encoding/Formats.h"

#include "llvm/ADT/StringMap.h"

#include <vector>

namespace ingot::weights {

class ParameterRows {
public:
  /// Checks that the parameter is where the module says, and as it says; before its rows are asked for.
  llvm::Error open(model::ParameterOp parameter);

  /// The bytes of one row, valid until `slot` (below encoding::panelRows) is used again; null for padding.
  const uint8_t *row(RowReference reference, unsigned slot);

  /// Whether all rows asked for so far could be had: what numbers a row has shows when it is read.
  llvm::Error check() const;

  /// Gives the pages behind a parameter back.
  void release(model::ParameterOp parameter);

private:
  /// A parameter of a file that was opened.
  struct Source {
    const compiler::TensorFile *file = nullptr;
    compiler::FileTensor tensor;
    encoding::WeightFormat stored, wanted;
    /// Of the tensor's elements; all of them where the module names no view.
    int64_t offset = 0;
    llvm::SmallVector<int64_t, 4> sizes, strides;
    float addend = 0;
    /// Dimensions that are rows; the others are a row's elements.
    size_t rowDimensions = 0;
    /// Whether a row's elements stand side by side.
    bool hasWholeRows = false;
    /// The tensor's, as messages have it.
    std::string name;

    /// Of one row.
    llvm::ArrayRef<int64_t> getRowSizes() const { return llvm::ArrayRef(sizes).drop_front(rowDimensions); }
    llvm::ArrayRef<int64_t> getRowStrides() const { return llvm::ArrayRef(strides).drop_front(rowDimensions); }
  };

  llvm::Expected<const compiler::TensorFile *> openFile(llvm::StringRef path);
  const uint8_t *read(const Source &source, int64_t row, std::vector<uint8_t> &buffer);
  void readNumbers(const Source &source, int64_t first, llvm::MutableArrayRef<float> numbers) const;

  llvm::StringMap<std::unique_ptr<compiler::TensorFile>> files;
  llvm::DenseMap<mlir::Operation *, Source> sources;
  std::vector<uint8_t> buffers[encoding::panelRows];
  std::vector<float> numbers;
  /// The first row that could not be rounded.
  std::string failure;
};

} // namespace ingot::weights

#endif // INGOT_CODEGEN_WEIGHTS_PARAMETER_ROWS_H
