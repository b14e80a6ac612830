//===- assemble.cpp - the bytes of the constant arena ---------------------===//

#include "codegen/weights/assemble.h"

#include "codegen/weights/pack.h"
#include "codegen/weights/parameter_rows.h"
#include "dialects/Encoding/Blocks.h"
#include "dialects/Schedule/Schedule.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::weights;
using encoding::panelRows;
using llvm::Error;

static encoding::WeightFormat formatOf(RankedTensorType type) {
  return encoding::getStorage(type).getFormat().getWeightFormat();
}

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
      llvm::DenseMap<Operation *, std::vector<float>> elements;
      for (Operation *source : sources) {
        auto sourceType = cast<RankedTensorType>(cast<model::ParameterOp>(source).getType());
        std::vector<float> &decoded = elements[source];
        decoded.resize(sourceType.getDimSize(0));
        encoding::decodeRow(formatOf(sourceType), parameters.row({cast<model::ParameterOp>(source), 0}, 0),
                            sourceType.getDimSize(0), decoded.data());
      }
      vector.assign(rows.size(), 0);
      for (auto [row, number] : llvm::zip_equal(rows, vector))
        if (row.parameter)
          number = elements[row.parameter][row.row];
      ArrayRef bytes(reinterpret_cast<const uint8_t *>(vector.data()), vector.size() * sizeof(float));
      if (Error error = write(bytes))
        return error;
      position += bytes.size();
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
    if (Error error = parameters.check())
      return error;
    for (Operation *source : sources)
      parameters.release(cast<model::ParameterOp>(source));
  }
  return fill(constantBytes(module));
}
