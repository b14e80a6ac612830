//===- parameter_rows.cpp - the rows of all parameters --------------------===//

#include "codegen/weights/parameter_rows.h"

#include "codegen/weights/generate.h"
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
  source.isDirect = hasWholeRows && !parameter.getAddend() && source.stored.element == source.wanted.element;
  sources[parameter] = std::move(source);
  return Error::success();
}

const uint8_t *ParameterRows::read(const Source &source, int64_t row, std::vector<uint8_t> &buffer) const {
  int64_t first = source.offset;
  for (size_t dimension = source.rowDimensions; dimension-- > 0; row /= source.sizes[dimension])
    first += row % source.sizes[dimension] * source.strides[dimension];
  const uint8_t *data = source.tensor.bytes.data();
  if (source.isDirect)
    return data + source.stored.getRowBytes(first);

  // Element by element: the row's dimensions are counted up like digits.
  ArrayRef<int64_t> sizes = ArrayRef(source.sizes).drop_front(source.rowDimensions);
  ArrayRef<int64_t> strides = ArrayRef(source.strides).drop_front(source.rowDimensions);
  int64_t columns = llvm::product_of(sizes), elementBytes = source.wanted.blockBytes;
  buffer.resize(source.wanted.getRowBytes(columns));
  bool isCopied = source.stored.element == source.wanted.element && source.addend == 0;
  SmallVector<int64_t, 4> digits(sizes.size(), 0);
  for (int64_t column = 0, index = first; column < columns; ++column) {
    uint8_t *to = buffer.data() + column * elementBytes;
    if (isCopied) {
      std::memcpy(to, data + index * elementBytes, elementBytes);
    } else {
      float number;
      encoding::decodeRow(source.stored, data + index * source.stored.blockBytes, /*columns=*/1, &number);
      number += source.addend;
      std::memcpy(to, &number, sizeof number);
    }
    for (size_t digit = sizes.size(); digit-- > 0;) {
      index += strides[digit];
      if (++digits[digit] < sizes[digit])
        break;
      index -= sizes[digit] * strides[digit];
      digits[digit] = 0;
    }
  }
  return buffer.data();
}

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
