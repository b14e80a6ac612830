//===- Attributes.cpp - storage attributes of tensors ---------------------===//

#include "dialects/Encoding/Encoding.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ingot::encoding;

#include "dialects/Encoding/Dialect.cpp.inc"
#include "dialects/Encoding/Enums.cpp.inc"
#include "dialects/Encoding/Interfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Encoding/Attributes.cpp.inc"

void EncodingDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Encoding/Attributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Encoding/Ops.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Formats
//===----------------------------------------------------------------------===//

int64_t GgmlAttr::getGroupSize() const { return getWeightFormat().blockColumns; }
int64_t GgmlAttr::getGroupBytes() const { return getWeightFormat().blockBytes; }
bool GgmlAttr::isQuantized() const { return getWeightFormat().isQuantized(); }
WeightFormat GgmlAttr::getWeightFormat() const { return *findGgmlFormat(stringifyGgmlType(getType())); }

int64_t BlockAttr::getGroupSize() const { return getGroup(); }
int64_t BlockAttr::getGroupBytes() const {
  // The codes, the scale and the scaled sums, these as f32.
  return getScale() == ScaleKind::Dynamic ? getGroup() + 4 + 4 * (getGroup() / getSums())
                                          : getWeightFormat().blockBytes;
}
bool BlockAttr::isQuantized() const { return true; }
WeightFormat BlockAttr::getWeightFormat() const {
  assert(getScale() == ScaleKind::Static && "activations are no weights");
  return describeI4(getGroup());
}

LogicalResult BlockAttr::verify(function_ref<InFlightDiagnostic()> emitError, IntegerType code, int64_t group,
                                ScaleKind scale, int64_t sums) {
  if (scale == ScaleKind::Dynamic ? code.getWidth() != 8 : code.getWidth() != 4)
    return emitError() << "expected i8 codes with a dynamic scale or i4 codes with a static one, found " << code
                       << " with a " << stringifyScaleKind(scale) << " scale";
  if (scale == ScaleKind::Dynamic ? group != groupColumns : (group != 32 && group != 64 && group != 128))
    return emitError() << "expected a group of 32 (i8) or of 32, 64 or 128 (i4), found " << group;
  if (sums != groupColumns && (sums != groupColumns / 2 || scale != ScaleKind::Dynamic))
    return emitError() << "expected sums of 32 columns or, with a dynamic scale, of 16, found " << sums;
  return success();
}

LogicalResult PanelsAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rows, int64_t columns) {
  if ((rows != panelRows || (columns != 1 && columns != 4)) && (rows != 1 || columns != 1))
    return emitError() << "expected panels<16 x 1>, panels<16 x 4> or panels<1 x 1>, found " << rows << " x "
                       << columns;
  return success();
}

//===----------------------------------------------------------------------===//
// Storage
//===----------------------------------------------------------------------===//

LogicalResult StorageAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                          function_ref<InFlightDiagnostic()> emitError) const {
  if (!elementType.isF32())
    return emitError() << "expected the logical element type f32 under a storage encoding, found " << elementType;
  if (shape.empty() || ShapedType::isDynamic(shape.back()))
    return emitError() << "expected a static last dimension under a storage encoding";
  int64_t group = getFormat().getGroupSize();
  if (shape.back() % group)
    return emitError() << "expected a last dimension that is a multiple of the group of " << group << ", found "
                       << shape.back();
  auto block = dyn_cast<BlockAttr>(getFormat());
  if (getLayout() && block && block.getScale() == ScaleKind::Dynamic)
    return emitError() << "expected no layout for a format of activations, found " << getLayout();
  if (getLayout() && (getLayout().getColumns() == 4) != getFormat().isQuantized())
    return emitError() << "expected panels<16 x 4> for quantised formats and panels<16 x 1> or panels<1 x 1> for plain "
                          "ones";
  return success();
}

uint64_t StorageAttr::getBytes(int64_t rows, int64_t columns) const {
  if (!getLayout())
    return static_cast<uint64_t>(rows) * (columns / getFormat().getGroupSize()) * getFormat().getGroupBytes();
  return static_cast<uint64_t>(llvm::divideCeil(rows, panelRows)) *
         getPanelBytes(getFormat().getWeightFormat(), columns);
}

StorageAttr StorageAttr::withLayout(PanelsAttr layout) const {
  return StorageAttr::get(getContext(), getFormat(), getOrder(), layout);
}

StorageAttr ingot::encoding::getStorage(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? dyn_cast_or_null<StorageAttr>(tensor.getEncoding()) : StorageAttr();
}

bool ingot::encoding::isQuantizedActivation(Type type) {
  StorageAttr storage = getStorage(type);
  auto block = storage ? dyn_cast<BlockAttr>(storage.getFormat()) : BlockAttr();
  return block && block.getScale() == ScaleKind::Dynamic;
}

bool ingot::encoding::isHalfActivation(Type type) {
  StorageAttr storage = getStorage(type);
  auto ggml = storage && !storage.getLayout() ? dyn_cast<GgmlAttr>(storage.getFormat()) : GgmlAttr();
  return ggml && (ggml.getType() == GgmlType::F16 || ggml.getType() == GgmlType::BF16);
}

ActivationRow::ActivationRow(RankedTensorType type) : columns(type.getShape().back()) {
  StorageAttr storage = getStorage(type);
  auto block = storage ? dyn_cast<BlockAttr>(storage.getFormat()) : BlockAttr();
  if (!block || block.getScale() != ScaleKind::Dynamic) {
    bytes = static_cast<uint64_t>(paddedToPanels(columns)) * (isHalfActivation(type) ? 2 : 4);
    return;
  }
  sumColumns = block.getSums();
  scalesOffset = columns;
  sumsOffset = scalesOffset + columns / groupColumns * 4;
  exponentsOffset = sumsOffset + columns / sumColumns * 4;
  bytes = llvm::alignTo(exponentsOffset + columns / groupColumns * 4, 64);
}

uint64_t ingot::encoding::getActivationRowBytes(RankedTensorType type) { return ActivationRow(type).bytes; }
