//===- TileChoices.cpp - measured tile shapes in a module -----------------===//

#include "codegen/cpu/TileChoices.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace ingot::codegen;

static constexpr llvm::StringLiteral attributeName = "ingot.tiles";

// Buffers hold whole tiles of target::CpuTarget::getTileRows() rows: a tile has a divisor of these.
static constexpr int64_t rowCounts[] = {1, 2, 4, 8};
static constexpr int64_t distances[] = {0, 256, 512, 1024, 2048, 4096};
static constexpr TileParameter parameters[] = {{"few_rows", &TileShape::fewRows, rowCounts},
                                               {"many_rows", &TileShape::manyRows, rowCounts},
                                               {"prefetch_bytes", &TileShape::prefetchBytes, distances}};

ArrayRef<TileParameter> ingot::codegen::getTileParameters() { return parameters; }

void TileChoices::applyTo(TileShape &tiles) const {
  for (auto [parameter, value] : llvm::zip_equal(parameters, values))
    if (value)
      tiles.*parameter.value = *value;
}

void TileChoices::attachTo(ModuleOp module) const {
  Builder builder(module.getContext());
  SmallVector<NamedAttribute> entries;
  for (auto [parameter, value] : llvm::zip_equal(parameters, values))
    if (value)
      entries.push_back(builder.getNamedAttr(parameter.name, builder.getI64IntegerAttr(*value)));
  if (!entries.empty())
    module->setAttr(attributeName, builder.getDictionaryAttr(entries));
}

FailureOr<TileChoices> TileChoices::of(ModuleOp module) {
  TileChoices choices;
  Attribute stored = module->getAttr(attributeName);
  if (!stored)
    return choices;
  auto dictionary = dyn_cast<DictionaryAttr>(stored);
  if (!dictionary)
    return module.emitError() << "expected " << attributeName << " to be a dictionary, found " << stored;
  for (NamedAttribute entry : dictionary) {
    const TileParameter *parameter =
        llvm::find_if(parameters, [&](const TileParameter &known) { return known.name == entry.getName().getValue(); });
    if (parameter == std::end(parameters))
      return module.emitError() << attributeName << " has an unknown entry " << entry.getName();
    auto value = dyn_cast<IntegerAttr>(entry.getValue());
    if (!value || !value.getType().isInteger(64) || !llvm::is_contained(parameter->allowed, value.getInt())) {
      auto error = module.emitError() << "expected " << attributeName << "." << parameter->name
                                      << " to be a 64-bit integer, one of ";
      llvm::interleaveComma(parameter->allowed, error);
      return error << "; found " << entry.getValue();
    }
    choices.set(parameter - std::begin(parameters), value.getInt());
  }
  return choices;
}
