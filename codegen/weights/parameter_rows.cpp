//===- parameter_rows.cpp - the rows of all parameters --------------------===//

#include "codegen/weights/parameter_rows.h"

#include "codegen/weights/generate.h"
#include "codegen/weights/quantize_row.h"
#include "compiler/import/mapped_file.h"
#include "dialects/Encoding/Blocks.h"

#include <cstring>

using namespace mlir;
using namespace ingot;
using namespace ingot::weights;
using llvm::Error;
using llvm::Expected;

static encoding::WeightFormat formatOf(model::ParameterOp parameter) {
  return encoding::getStorage(parameter.getType()).getFormat().getWeightFormat();
}

Expected<const compiler::TensorFile *> ParameterRows::openFile(StringRef path) {
  std::unique_ptr<compiler::TensorFile> &file = files[path];
  if (!file) {
    Expected<std::unique_ptr<compiler::TensorFile>> opened = compiler::TensorFile::open(path);
    if (!opened)
      return opened.takeError();
    file = std::move(*opened);
  }
  return file.get();
}

Error ParameterRows::open(model::ParameterOp parameter) {
  if (!parameter.getFile() || sources.contains(parameter))
    return Error::success();
  Expected<const compiler::TensorFile *> file = openFile(*parameter.getFile());
  if (!file)
    return file.takeError();
  Expected<compiler::FileTensor> tensor = (*file)->resolve(parameter);
  if (!tensor)
    return tensor.takeError();
  Source source;
  source.file = *file;
  source.stored = *encoding::findGgmlFormat(encoding::stringifyGgmlType(*tensor->format));
  source.wanted = formatOf(parameter);
  source.tensor = std::move(*tensor);
  auto type = cast<RankedTensorType>(parameter.getType());
  bool hasWholeRows = true;
  if (model::ViewAttr view = parameter.getViewAttr()) {
    source.offset = view.getOffset();
    source.sizes.assign(view.getSizes().begin(), view.getSizes().end());
    source.strides.assign(view.getStrides().begin(), view.getStrides().end());
    // A vector of several pieces is no row of the file.
    hasWholeRows = view.hasWholeRows() && (type.getRank() > 1 || source.sizes.size() == 1);
  } else {
    int64_t columns = type.getShape().back();
    source.sizes = {type.getNumElements() / columns, columns};
    source.strides = {columns, 1};
  }
  source.rowDimensions = type.getRank() == 1 && parameter.getView() ? 0 : source.sizes.size() - 1;
  source.addend = parameter.getAddend() ? parameter.getAddend()->convertToFloat() : 0;
  source.hasWholeRows = hasWholeRows;
  source.name = compiler::quote(*parameter.getKey());
  sources[parameter] = std::move(source);
  return Error::success();
}

/// Calls `visit(index)` for every element of a row that begins at element `first`, in order: the row's dimensions are
/// counted up like digits.
static void forEachElement(ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides, int64_t first,
                           function_ref<void(int64_t)> visit) {
  SmallVector<int64_t, 4> digits(sizes.size(), 0);
  for (int64_t column = 0, index = first; column < llvm::product_of(sizes); ++column) {
    visit(index);
    for (size_t digit = sizes.size(); digit-- > 0;) {
      index += strides[digit];
      if (++digits[digit] < sizes[digit])
        break;
      index -= sizes[digit] * strides[digit];
      digits[digit] = 0;
    }
  }
}

void ParameterRows::readNumbers(const Source &source, int64_t first, MutableArrayRef<float> numbers) const {
  const uint8_t *data = source.tensor.bytes.data();
  if (source.hasWholeRows) {
    encoding::decodeRow(source.stored, data + source.stored.getRowBytes(first), static_cast<int64_t>(numbers.size()),
                        numbers.data());
  } else {
    float *to = numbers.data();
    forEachElement(source.getRowSizes(), source.getRowStrides(), first, [&](int64_t index) {
      encoding::decodeRow(source.stored, data + source.stored.getRowBytes(index), /*columns=*/1, to++);
    });
  }
  for (float &number : numbers)
    number += source.addend;
}

const uint8_t *ParameterRows::read(const Source &source, int64_t row, std::vector<uint8_t> &buffer) {
  int64_t first = source.offset;
  int64_t outer = row;
  for (size_t dimension = source.rowDimensions; dimension-- > 0; outer /= source.sizes[dimension])
    first += outer % source.sizes[dimension] * source.strides[dimension];
  const uint8_t *data = source.tensor.bytes.data();
  bool isCopied = source.stored.element == source.wanted.element && source.addend == 0;
  if (isCopied && source.hasWholeRows)
    return data + source.stored.getRowBytes(first);

  int64_t columns = llvm::product_of(source.getRowSizes());
  buffer.resize(source.wanted.getRowBytes(columns));
  if (isCopied) {
    uint8_t *to = buffer.data();
    int64_t elementBytes = source.wanted.blockBytes;
    forEachElement(source.getRowSizes(), source.getRowStrides(), first, [&](int64_t index) {
      std::memcpy(to, data + index * elementBytes, elementBytes);
      to += elementBytes;
    });
    return buffer.data();
  }
  numbers.resize(columns);
  readNumbers(source, first, numbers);
  if (!source.wanted.isQuantized())
    std::memcpy(buffer.data(), numbers.data(), buffer.size());
  else if (!quantizeRow(source.wanted, numbers, buffer.data()) && failure.empty())
    failure = (source.file->name() + ": row " + Twine(row) + " of " + source.name +
               " cannot be rounded to a block format: a number in it is not finite or beyond the range of a 16-bit " +
               "scale; leave --quantize out, or mend the checkpoint")
                  .str();
  return buffer.data();
}

Error ParameterRows::check() const { return failure.empty() ? Error::success() : llvm::createStringError(failure); }

const uint8_t *ParameterRows::row(RowReference reference, unsigned slot) {
  model::ParameterOp parameter = reference.parameter;
  if (!parameter)
    return nullptr;
  std::vector<uint8_t> &buffer = buffers[slot];
  if (parameter.getFile())
    return read(sources.find(parameter)->second, reference.row, buffer);
  encoding::WeightFormat format = formatOf(parameter);
  int64_t columns = cast<RankedTensorType>(parameter.getType()).getShape().back();
  buffer.resize(format.getRowBytes(columns));
  if (parameter.getSplat())
    generateSplatRow(format, columns, parameter.getSplat()->convertToFloat(), buffer.data());
  else
    generateRandomRow(format, columns, *parameter.getSeed(), parameter.getScale()->convertToFloat(), reference.row,
                      buffer.data());
  return buffer.data();
}

void ParameterRows::release(model::ParameterOp parameter) {
  auto entry = sources.find(parameter);
  if (entry != sources.end())
    entry->second.file->release(entry->second.tensor.bytes);
}
