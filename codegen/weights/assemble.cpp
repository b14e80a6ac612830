//===- assemble.cpp - the bytes of the constant arena ---------------------===//

#include "codegen/weights/assemble.h"

#include "codegen/weights/generate.h"
#include "codegen/weights/pack.h"
#include "codegen/weights/recipes.h"
#include "compiler/import/gguf/reader.h"
#include "dialects/Encoding/Blocks.h"
#include "dialects/Schedule/Schedule.h"

#include "llvm/ADT/StringMap.h"

#include <memory>

using namespace mlir;
using namespace ingot;
using namespace ingot::weights;
using encoding::panelRows;
using llvm::Error;
using llvm::Expected;

static encoding::WeightFormat formatOf(RankedTensorType type) {
  return encoding::getStorage(type).getFormat().getWeightFormat();
}

/// GGUF's name of a storage format.
static StringRef nameOf(encoding::FormatInterface format) {
  auto ggml = dyn_cast<encoding::GgmlAttr>(format);
  return ggml ? encoding::stringifyGgmlType(ggml.getType()) : "i4";
}

namespace {
/// The rows of all parameters, from mapped files or generated.
class ParameterRows {
public:
  /// Checks that the parameter is where the module says, and as it says.
  Error open(model::ParameterOp parameter) {
    if (!parameter.getFile())
      return Error::success();
    Expected<gguf::File *> file = openFile(*parameter.getFile());
    if (!file)
      return file.takeError();
    const gguf::Tensor *tensor = (*file)->findTensor(*parameter.getKey());
    auto type = cast<RankedTensorType>(parameter.getType());
    auto fail = [&](const Twine &what) {
      return llvm::createStringError("%s: tensor '%s': %s; import the model again", parameter.getFile()->str().c_str(),
                                     parameter.getKey()->str().c_str(), what.str().c_str());
    };
    if (!tensor)
      return fail("expected by @" + parameter.getSymName() + ", found none");
    encoding::FormatInterface format = encoding::getStorage(type).getFormat();
    if (tensor->shape() != type.getShape() || gguf::typeInfo(tensor->type).name.lower() != nameOf(format))
      return fail("expected the shape and type that the module says, found others");
    data[parameter] = {*file, (*file)->data(*tensor)};
    return Error::success();
  }

  /// The bytes of one row; valid until `slot` is used again.
  const uint8_t *row(RowReference reference, unsigned slot) {
    model::ParameterOp parameter = reference.parameter;
    if (!parameter)
      return nullptr;
    auto type = cast<RankedTensorType>(parameter.getType());
    encoding::WeightFormat format = formatOf(type);
    int64_t columns = type.getShape().back();
    uint64_t bytes = format.getRowBytes(columns);
    if (parameter.getFile())
      return data[parameter].bytes.data() + reference.row * bytes;
    std::vector<uint8_t> &buffer = generated[slot];
    buffer.resize(bytes);
    if (parameter.getSplat())
      generateSplatRow(format, columns, parameter.getSplat()->convertToFloat(), buffer.data());
    else
      generateRandomRow(format, columns, *parameter.getSeed(), parameter.getScale()->convertToFloat(), reference.row,
                        buffer.data());
    return buffer.data();
  }

  /// Gives the pages behind a parameter back.
  void release(model::ParameterOp parameter) {
    auto entry = data.find(parameter);
    if (entry != data.end())
      entry->second.file->release(entry->second.bytes);
  }

private:
  struct Mapped {
    gguf::File *file = nullptr;
    ArrayRef<uint8_t> bytes;
  };

  Expected<gguf::File *> openFile(StringRef path) {
    std::unique_ptr<gguf::File> &file = files[path];
    if (!file) {
      Expected<gguf::File> opened = gguf::File::open(path);
      if (!opened)
        return opened.takeError();
      file = std::make_unique<gguf::File>(std::move(*opened));
    }
    return file.get();
  }

  llvm::StringMap<std::unique_ptr<gguf::File>> files;
  DenseMap<Operation *, Mapped> data;
  std::vector<uint8_t> generated[panelRows];
};
} // namespace

uint64_t weights::constantBytes(ModuleOp module) {
  for (auto arena : module.getOps<schedule::ArenaOp>())
    if (arena.getLifetime() == schedule::Lifetime::Constant)
      return arena.getBytes();
  return 0;
}

Error weights::writeConstants(ModuleOp module, function_ref<Error(ArrayRef<uint8_t>)> write,
                              function_ref<Error(uint64_t)> skip) {
  SmallVector<schedule::ParameterSliceOp> slices(module.getOps<schedule::ParameterSliceOp>());
  llvm::sort(slices, [](auto a, auto b) { return a.getOffset() < b.getOffset(); });
  SymbolTable symbols(module);
  RecipeEvaluator recipes(module);
  ParameterRows parameters;
  std::vector<uint8_t> panel;
  std::vector<float> vector;
  uint64_t position = 0;
  auto fill = [&](uint64_t offset) {
    uint64_t gap = offset - position;
    position = offset;
    return gap ? skip(gap) : Error::success();
  };

  for (schedule::ParameterSliceOp slice : slices) {
    auto assemble = symbols.lookup<encoding::AssembleOp>(slice.getParameter());
    if (!assemble)
      return llvm::createStringError("internal: no encoding.assemble named %s", slice.getParameter().str().c_str());
    if (Error error = fill(slice.getOffset()))
      return error;
    SmallVector<RowReference> rows = recipes.evaluate(assemble);
    llvm::SetVector<Operation *> sources;
    for (RowReference &row : rows)
      if (row.parameter)
        sources.insert(row.parameter);
    for (Operation *source : sources)
      if (Error error = parameters.open(cast<model::ParameterOp>(source)))
        return error;

    auto type = cast<RankedTensorType>(assemble.getType());
    int64_t columns = type.getShape().back();
    if (type.getRank() == 1) {
      // Numbers of 16 bits become f32, in which kernels read vectors.
      for (RowReference row : rows) {
        auto source = cast<RankedTensorType>(row.parameter.getType());
        vector.resize(source.getDimSize(0));
        encoding::decodeRow(formatOf(source), parameters.row(row, 0), source.getDimSize(0), vector.data());
        ArrayRef bytes(reinterpret_cast<const uint8_t *>(vector.data()), vector.size() * sizeof(float));
        if (Error error = write(bytes))
          return error;
        position += bytes.size();
      }
    } else {
      encoding::WeightFormat format = formatOf(type);
      panel.resize(encoding::getPanelBytes(format, columns));
      for (size_t first = 0; first < rows.size(); first += panelRows) {
        auto pack = encoding::getStorage(type).getLayout().hasPlainRows() ? packRows : packPanel;
        pack(
            format, columns,
            [&](int row) {
              size_t index = first + static_cast<size_t>(row);
              return index < rows.size() ? parameters.row(rows[index], static_cast<unsigned>(row)) : nullptr;
            },
            panel.data());
        if (Error error = write(panel))
          return error;
        position += panel.size();
      }
    }
    for (Operation *source : sources)
      parameters.release(cast<model::ParameterOp>(source));
  }
  return fill(constantBytes(module));
}
