//===- Types.cpp - types of the model dialect -----------------------------===//

#include "dialects/Model/Model.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ingot::model;

#include "dialects/Model/Dialect.cpp.inc"
#include "dialects/Model/Enums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Model/Attributes.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Model/Types.cpp.inc"

void ModelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Model/Attributes.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Model/Types.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Model/Ops.cpp.inc"
      >();
}

LogicalResult ViewAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t offset, ArrayRef<int64_t> sizes,
                               ArrayRef<int64_t> strides) {
  // A tensor of more elements is no file's; so products and sums stay far from 64 bits.
  constexpr int64_t most = int64_t(1) << 48;
  if (sizes.empty() || sizes.size() != strides.size())
    return emitError() << "expected as many strides as sizes, at least one, found " << sizes.size() << " sizes and "
                       << strides.size() << " strides";
  if (offset < 0 || offset > most)
    return emitError() << "expected an offset of 0 to " << most << ", found " << offset;
  int64_t count = 1, last = offset;
  for (auto [size, stride] : llvm::zip_equal(sizes, strides)) {
    if (size < 1 || stride < 1 || size > most / count || stride > (most - last) / size)
      return emitError() << "expected sizes and strides of at least 1 whose elements lie below " << most
                         << ", found size " << size << " with stride " << stride;
    count *= size;
    last += (size - 1) * stride;
  }
  return success();
}

int64_t ViewAttr::getLast() const {
  int64_t last = getOffset();
  for (auto [size, stride] : llvm::zip_equal(getSizes(), getStrides()))
    last += (size - 1) * stride;
  return last;
}

int64_t ViewAttr::getCount() const { return llvm::product_of(getSizes()); }

LogicalResult StepType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t rows, int64_t sequences,
                               int64_t wanted) {
  // A step of one row may still be a step of a model for several sequences: their pages lie anywhere.
  if (rows < 1 || sequences < 1 || wanted < 1 || wanted > rows)
    return emitError() << "expected 1 <= sequences and 1 <= wanted <= rows, found rows = " << rows
                       << ", sequences = " << sequences << ", wanted = " << wanted;
  // Sizes of buffers are products of these: far from 64 bits they cannot wrap.
  constexpr int64_t most = int64_t(1) << 24;
  if (rows > most || sequences > most)
    return emitError() << "expected at most " << most << " rows and sequences, found rows = " << rows
                       << ", sequences = " << sequences;
  return success();
}

static constexpr StringLiteral elementNames[] = {"f16", "bf16", "f32", "q8_0"};

Type KeyValueType::getElement(MLIRContext *context, StringRef name) {
  return llvm::StringSwitch<Type>(name)
      .Case("f16", Float16Type::get(context))
      .Case("bf16", BFloat16Type::get(context))
      .Case("f32", Float32Type::get(context))
      .Case("q8_0", IntegerType::get(context, 8))
      .Default(Type());
}

StringRef KeyValueType::getElementName() const {
  return *llvm::find_if(elementNames, [&](StringRef name) { return getElement(getContext(), name) == getElement(); });
}

LogicalResult KeyValueType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t heads, int64_t dimension,
                                   Type element, StringAttr group) {
  if (heads < 1 || dimension < 1)
    return emitError() << "expected at least one head of at least one element, found " << heads << " x " << dimension;
  if (!element.isF16() && !element.isBF16() && !element.isF32() && !element.isSignlessInteger(8))
    return emitError() << "expected a cache of f16, bf16, f32 or i8, found " << element;
  if (element.isInteger(8) && dimension % encoding::groupColumns)
    return emitError() << "expected heads of whole groups of " << encoding::groupColumns
                       << " for a cache of i8, found a dimension of " << dimension;
  if (!group || group.getValue().empty())
    return emitError() << "expected the name of a cache group";
  return success();
}
