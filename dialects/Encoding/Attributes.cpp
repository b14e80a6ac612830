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

namespace {
struct GgmlFormat {
  int64_t groupSize;
  int64_t groupBytes;
};
} // namespace

static GgmlFormat describe(GgmlType type) {
  switch (type) {
  case GgmlType::F32:
    return {1, 4};
  case GgmlType::F16:
  case GgmlType::BF16:
    return {1, 2};
  case GgmlType::Q4_0:
    return {32, 18};
  case GgmlType::Q4_1:
    return {32, 20};
  case GgmlType::Q5_0:
    return {32, 22};
  case GgmlType::Q5_1:
    return {32, 24};
  case GgmlType::Q8_0:
    return {32, 34};
  }
  llvm_unreachable("unknown ggml type");
}

int64_t GgmlAttr::getGroupSize() const { return describe(getType()).groupSize; }
int64_t GgmlAttr::getGroupBytes() const { return describe(getType()).groupBytes; }
bool GgmlAttr::isQuantized() const { return getGroupSize() > 1; }

int64_t BlockAttr::getGroupSize() const { return getGroup(); }
int64_t BlockAttr::getGroupBytes() const {
  int64_t codes = getGroup() * getCode().getWidth() / 8;
  // A dynamic group stores its scale and its scaled sum as f32, a static one its scale as f16.
  return codes + (getScale() == ScaleKind::Dynamic ? 8 : 2);
}
bool BlockAttr::isQuantized() const { return true; }

LogicalResult BlockAttr::verify(function_ref<InFlightDiagnostic()> emitError, IntegerType code, int64_t group,
                                ScaleKind scale) {
  if (scale == ScaleKind::Dynamic ? code.getWidth() != 8 : code.getWidth() != 4)
    return emitError() << "expected i8 codes with a dynamic scale or i4 codes with a static one, found " << code
                       << " with a " << stringifyScaleKind(scale) << " scale";
  if (scale == ScaleKind::Dynamic ? group != groupColumns : (group != 32 && group != 64 && group != 128))
    return emitError() << "expected a group of 32 (i8) or of 32, 64 or 128 (i4), found " << group;
  return success();
}

LogicalResult PanelsAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rows, int64_t columns) {
  if (rows != panelRows || (columns != 1 && columns != 4))
    return emitError() << "expected panels<16 x 1> or panels<16 x 4>, found " << rows << " x " << columns;
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
  if (getLayout() && (getLayout().getColumns() == 4) != getFormat().isQuantized())
    return emitError() << "expected panels<16 x 4> for quantised formats and panels<16 x 1> for plain ones";
  return success();
}

uint64_t StorageAttr::getBytes(int64_t rows, int64_t columns) const {
  if (getLayout())
    rows = llvm::alignTo(rows, getLayout().getRows());
  return static_cast<uint64_t>(rows) * (columns / getFormat().getGroupSize()) * getFormat().getGroupBytes();
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

uint64_t ingot::encoding::getActivationRowBytes(RankedTensorType type) {
  int64_t columns = type.getShape().back();
  if (isQuantizedActivation(type))
    return llvm::alignTo(columns + columns / groupColumns * 8, 64);
  return static_cast<uint64_t>(paddedToPanels(columns)) * 4;
}
