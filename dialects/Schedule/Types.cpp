//===- Types.cpp - types and attributes of the schedule dialect -----------===//

#include "dialects/Schedule/Schedule.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ingot::schedule;

#include "dialects/Schedule/Dialect.cpp.inc"
#include "dialects/Schedule/Enums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Schedule/Attributes.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Schedule/Types.cpp.inc"

void ScheduleDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Schedule/Types.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Schedule/Attributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Schedule/Ops.cpp.inc"
      >();
}

LogicalResult PartitionAttr::verify(function_ref<InFlightDiagnostic()> emitError, Axis axis, int64_t, int64_t,
                                    int64_t window) {
  if (window < 0 || (window && axis != Axis::HeadKeys))
    return emitError() << "expected a window of at least one position, and only of head_keys, found window " << window
                       << " of " << stringifyAxis(axis);
  return success();
}

LogicalResult BufferType::verify(function_ref<InFlightDiagnostic()> emitError, Tier, int64_t ordinal, Lifetime,
                                 uint64_t bytes) {
  if (ordinal < 0 || bytes == 0)
    return emitError() << "expected a place ordinal of at least 0 and at least one byte, found " << ordinal << " and "
                       << bytes;
  return success();
}
