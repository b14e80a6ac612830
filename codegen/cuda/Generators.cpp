//===- Generators.cpp - kernels that make the constants -------------------===//
//
// Of a model whose weights no file holds: one kernel for every format, and a row of a
// table for every piece of a constant.
//
//===----------------------------------------------------------------------===//

#include "codegen/cuda/Kernels.h"
#include "codegen/cuda/Tables.h"
#include "codegen/weights/pieces.h"
#include "target/TargetDescription.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::cuda;

static IngotCudaFill makeFill(const weights::Piece &piece, uint32_t generator) {
  IngotCudaFill fill = {};
  fill.offset = piece.offset;
  fill.generator = generator;
  fill.columns = weights::getRowColumns(piece.type);
  fill.panels = piece.panels;
  fill.panel_step = piece.panelStep;
  fill.first_lane = piece.firstLane;
  fill.lanes = piece.lanes;
  fill.first_row = piece.firstRow;
  fill.lane_rows = piece.laneRows;
  fill.panel_rows = piece.panelRows;
  model::ParameterOp parameter = piece.parameter;
  if (!parameter) {
    fill.numbers = INGOT_CUDA_PADDING;
  } else if (parameter.getSplat()) {
    fill.numbers = INGOT_CUDA_SPLAT;
    fill.scale = parameter.getSplat()->convertToFloat();
  } else {
    fill.numbers = INGOT_CUDA_RANDOM;
    fill.seed = *parameter.getSeed();
    fill.scale = parameter.getScale()->convertToFloat();
  }
  return fill;
}

LogicalResult cuda::addFills(ModuleOp module, Tables &tables) {
  FailureOr<target::CompileOptions> options = target::CompileOptions::of(module);
  if (failed(options))
    return failure();
  if (!options->generatesWeights())
    return success();
  FailureOr<SmallVector<weights::Piece>> pieces = weights::listPieces(module);
  if (failed(pieces))
    return failure();
  llvm::MapVector<std::pair<Attribute, int64_t>, uint32_t> known;
  for (const weights::Piece &piece : *pieces) {
    encoding::FormatInterface format = encoding::getStorage(piece.type).getFormat();
    int64_t lanes = weights::getPanelLanes(piece.type);
    auto [found, isNew] = known.insert({{format, lanes}, static_cast<uint32_t>(known.size())});
    if (isNew)
      tables.generators.push_back(
          {"ingot_generate_" + SharedStructs::getFormatName(format) + (lanes == 1 ? "_rows" : ""), piece.type});
    tables.fills.push_back(makeFill(piece, found->second));
  }
  return success();
}

std::string cuda::emitGenerator(const GeneratorEntry &generator, SharedStructs &structs) {
  encoding::WeightFormat format = encoding::getStorage(generator.type).getFormat().getWeightFormat();
  // Signed bytes are symmetric.
  int64_t last = !format.isQuantized() ? weights::getPanelLanes(generator.type) : format.signedBytes ? 1 : 0;
  return fillIn(R"(/// Constants from seeds.
extern "C" __global__ void __launch_bounds__($threads) $name(
    const IngotCudaFill fill, uint8_t *constants) {
  $function<$format, $last>(fill, constants);
}

)",
                {{"threads", INGOT_CUDA_PLAIN_THREADS},
                 {"name", generator.name},
                 {"function", format.isQuantized() ? "generateBlocks" : "generateNumbers"},
                 {"format", structs.getFormat(generator.type)},
                 {"last", last}});
}
