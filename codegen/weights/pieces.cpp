//===- pieces.cpp - constants without a file, as a few loops --------------===//

#include "codegen/weights/pieces.h"

#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::weights;

int64_t weights::getPanelLanes(RankedTensorType constant) {
  encoding::PanelsAttr layout = encoding::getStorage(constant).getLayout();
  return constant.getRank() == 1 || !layout ? 1 : layout.getRows();
}

namespace {
/// Joins the pieces of one matrix, panel by panel. The elements of a vector are the lanes of one panel.
class Joiner {
public:
  Joiner(RankedTensorType type, uint64_t offset, SmallVectorImpl<Piece> &pieces)
      : type(type), offset(offset), panelLanes(type.getRank() == 1 ? type.getDimSize(0) : getPanelLanes(type)),
        pieces(pieces) {
    encoding::WeightFormat format = encoding::getStorage(type).getFormat().getWeightFormat();
    int64_t columns = getRowColumns(type);
    panelBytes =
        panelLanes == encoding::panelRows ? encoding::getPanelBytes(format, columns) : format.getRowBytes(columns);
  }

  /// `rows` fill whole panels.
  void add(ArrayRef<RowReference> rows) {
    for (int64_t panel = 0; panel * panelLanes < static_cast<int64_t>(rows.size()); ++panel)
      addPanel(panel, rows.slice(panel * panelLanes, panelLanes));
  }

private:
  void addPanel(int64_t panel, ArrayRef<RowReference> rows) {
    for (int64_t lane = 0; lane < panelLanes;) {
      Piece piece = {type, rows[lane].parameter, offset + panel * panelBytes};
      piece.firstLane = lane;
      piece.firstRow = rows[lane].row;
      for (++lane; lane < panelLanes && rows[lane].parameter == piece.parameter; ++lane) {
        int64_t step = rows[lane].row - rows[lane - 1].row;
        if (piece.lanes > 1 && step != piece.laneRows)
          break;
        piece.laneRows = step;
        ++piece.lanes;
      }
      join(piece, panel);
    }
  }

  /// Makes `piece` the next panel of an earlier one where that goes on in equal steps.
  void join(const Piece &piece, int64_t panel) {
    auto [known, isNew] = last.try_emplace({piece.parameter, piece.firstLane});
    Open &open = known->second;
    if (!isNew) {
      Piece &before = pieces[open.index];
      int64_t panelStep = panel - open.panel, rows = piece.firstRow - open.row;
      bool alike = before.lanes == piece.lanes && before.laneRows == piece.laneRows;
      if (alike && (before.panels == 1 || (before.panelStep == panelStep && before.panelRows == rows))) {
        before.panelStep = panelStep;
        before.panelRows = rows;
        ++before.panels;
        open.panel = panel;
        open.row = piece.firstRow;
        return;
      }
    }
    open = {pieces.size(), panel, piece.firstRow};
    pieces.push_back(piece);
  }

  /// The latest piece of a parameter and a first lane, and its latest panel.
  struct Open {
    size_t index;
    int64_t panel, row;
  };

  RankedTensorType type;
  uint64_t offset, panelBytes;
  int64_t panelLanes;
  SmallVectorImpl<Piece> &pieces;
  DenseMap<std::pair<Operation *, int64_t>, Open> last;
};
} // namespace

FailureOr<SmallVector<Piece>> weights::listPieces(ModuleOp module) {
  for (auto parameter : module.getOps<model::ParameterOp>())
    if (parameter.getFile())
      return parameter.emitOpError() << "expected numbers from a seed, as weights are that no file holds; found "
                                     << parameter.getFileAttr();
  SmallVector<schedule::ParameterSliceOp> slices(module.getOps<schedule::ParameterSliceOp>());
  llvm::sort(slices, [](auto a, auto b) { return a.getOffset() < b.getOffset(); });
  SymbolTable symbols(module);
  RecipeEvaluator recipes(module);
  SmallVector<Piece> pieces;
  for (schedule::ParameterSliceOp slice : slices) {
    auto assemble = symbols.lookup<encoding::AssembleOp>(slice.getParameter());
    if (!assemble)
      return slice.emitOpError() << "expected an encoding.assemble named " << slice.getParameterAttr()
                                 << ", found none";
    auto type = cast<RankedTensorType>(assemble.getType());
    SmallVector<RowReference> rows = recipes.evaluate(assemble);
    if (type.getRank() == 2)
      rows.resize(encoding::paddedToPanels(static_cast<int64_t>(rows.size())));
    Joiner(type, slice.getOffset(), pieces).add(rows);
  }
  return pieces;
}
