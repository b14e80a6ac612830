//===- TensorFile.cpp - named tensors, whatever the file's format ---------===//

#include "compiler/import/TensorFile.h"

#include "compiler/import/gguf/reader.h"
#include "compiler/import/huggingface/safetensors.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::compiler;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

namespace {
class GgufTensorFile : public TensorFile {
public:
  explicit GgufTensorFile(gguf::File file) : file(std::move(file)) {}

  StringRef name() const override { return file.name(); }

  SmallVector<std::string> getPaths() const override {
    SmallVector<std::string> paths;
    for (size_t part = 0; part < file.partCount(); ++part)
      paths.push_back(file.partPath(part).str());
    return paths;
  }

  std::optional<FileTensor> find(StringRef key) const override {
    const gguf::Tensor *tensor = file.findTensor(key);
    if (!tensor)
      return std::nullopt;
    StringRef type = gguf::typeInfo(tensor->type).name;
    return FileTensor{encoding::symbolizeGgmlType(type.lower()), type.str(), tensor->shape(), file.data(*tensor)};
  }

  void release(ArrayRef<uint8_t> range) const override { file.release(range); }

private:
  gguf::File file;
};

class SafetensorsFile : public TensorFile {
public:
  explicit SafetensorsFile(safetensors::File file) : file(std::move(file)) {}

  StringRef name() const override { return file.name(); }
  SmallVector<std::string> getPaths() const override { return {file.name().str()}; }

  std::optional<FileTensor> find(StringRef key) const override {
    const safetensors::Tensor *tensor = file.findTensor(key);
    if (!tensor)
      return std::nullopt;
    return FileTensor{encoding::symbolizeGgmlType(StringRef(tensor->type).lower()), tensor->type, tensor->shape,
                      tensor->bytes};
  }

  void release(ArrayRef<uint8_t> range) const override { file.release(range); }

private:
  safetensors::File file;
};
} // namespace

TensorFile::~TensorFile() = default;

Expected<std::unique_ptr<TensorFile>> TensorFile::open(StringRef path) {
  if (path.ends_with(safetensors::suffix)) {
    Expected<safetensors::File> file = safetensors::File::open(path);
    if (!file)
      return file.takeError();
    return std::make_unique<SafetensorsFile>(std::move(*file));
  }
  Expected<gguf::File> file = gguf::File::open(path);
  if (!file)
    return file.takeError();
  return std::make_unique<GgufTensorFile>(std::move(*file));
}

std::string compiler::shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream out(text);
  llvm::interleave(shape, out, "x");
  return text;
}

/// Whether rows of the view begin and end with blocks of `columns` elements.
static bool cutsBlocks(model::ViewAttr view, int64_t columns) {
  auto isWhole = [&](int64_t elements) { return elements % columns == 0; };
  return columns > 1 && !(view.hasWholeRows() && isWhole(view.getOffset()) && isWhole(view.getSizes().back()) &&
                          llvm::all_of(view.getStrides().drop_back(), isWhole));
}

Expected<FileTensor> TensorFile::resolve(model::ParameterOp parameter) const {
  std::string key = parameter.getKey()->str();
  auto fail = [&](const Twine &what) {
    return llvm::createStringError(name() + ": tensor " + quote(key) + ", which parameter @" + parameter.getSymName() +
                                   " is taken from, " + what + "; import the model again");
  };
  std::optional<FileTensor> tensor = find(key);
  if (!tensor)
    return llvm::createStringError(name() + ": has no tensor " + quote(key) + ", which parameter @" +
                                   parameter.getSymName() + " is taken from; import the model again");
  auto type = cast<RankedTensorType>(parameter.getType());
  auto format = dyn_cast<encoding::GgmlAttr>(encoding::getStorage(type).getFormat());
  if (!format || !tensor->format)
    return fail("is of type " + tensor->typeName + ", which is not read");
  encoding::WeightFormat stored = *encoding::findGgmlFormat(encoding::stringifyGgmlType(*tensor->format));
  bool widens = format.getType() == encoding::GgmlType::F32 && !stored.isQuantized();
  bool isRounded = !stored.isQuantized() && encoding::canQuantize(format.getWeightFormat());
  if (format.getType() != *tensor->format && !widens && !isRounded)
    return fail("is of type " + tensor->typeName + "; the module says " +
                encoding::stringifyGgmlType(format.getType()));
  if (model::ViewAttr view = parameter.getViewAttr()) {
    int64_t elements = llvm::product_of(tensor->shape);
    if (view.getLast() >= elements)
      return fail("has " + Twine(elements) + " elements; the module's view goes up to number " + Twine(view.getLast()));
    if (cutsBlocks(view, stored.blockColumns))
      return fail("is stored in blocks of " + Twine(stored.blockColumns) + " elements; the module's view cuts them");
  } else if (ArrayRef<int64_t>(tensor->shape) != type.getShape()) {
    return fail("has the shape " + shapeText(tensor->shape) + "; the module says " + shapeText(type.getShape()));
  }
  return std::move(*tensor);
}

Error compiler::checkParameters(ModuleOp module) {
  llvm::StringMap<std::unique_ptr<TensorFile>> files;
  for (auto parameter : module.getOps<model::ParameterOp>()) {
    if (!parameter.getFile())
      continue;
    std::unique_ptr<TensorFile> &file = files[*parameter.getFile()];
    if (!file) {
      Expected<std::unique_ptr<TensorFile>> opened = TensorFile::open(*parameter.getFile());
      if (!opened)
        return opened.takeError();
      file = std::move(*opened);
    }
    if (Expected<FileTensor> tensor = file->resolve(parameter); !tensor)
      return tensor.takeError();
  }
  return Error::success();
}
