//===- undefined.cpp - what clang's checks of single operations call ------===//
//
// Definitions of our own for the handlers of -fsanitize=bounds,alignment and
// shift-exponent. Their arguments: compiler-rt/lib/ubsan/ubsan_handlers.h.
//
//===----------------------------------------------------------------------===//

#include "checker/place.h"
#include "executor/block.h"

namespace {

struct SourceLocation {
  const char *file;
  uint32_t line, column;
};

struct TypeDescriptor {
  uint16_t kind, information;
  char name[1];
};

struct OutOfBounds {
  SourceLocation location;
  const TypeDescriptor *array, *index;
};

struct TypeMismatch {
  SourceLocation location;
  const TypeDescriptor *type;
  unsigned char logarithmOfAlignment, kind;
};

struct AlignmentAssumption {
  SourceLocation location, assumed;
  const TypeDescriptor *type;
};

struct Shift {
  SourceLocation location;
  const TypeDescriptor *left, *right;
};

[[noreturn]] void report(const SourceLocation &location, const std::string &what) {
  std::string file = location.file;
  ingot::shim::block.abandon(ingot::shim::describeCurrentThread() + ", " + file.substr(file.rfind('/') + 1) + ":" +
                             std::to_string(location.line) + ": " + what);
}

} // namespace

extern "C" {

INGOT_SHIM_EXPORT void __ubsan_handle_out_of_bounds(OutOfBounds *data, uintptr_t index) {
  report(data->location, "index " + std::to_string(static_cast<int64_t>(index)) +
                             " is out of bounds of an array of type " + data->array->name);
}

INGOT_SHIM_EXPORT void __ubsan_handle_type_mismatch_v1(TypeMismatch *data, uintptr_t pointer) {
  char address[32];
  snprintf(address, sizeof address, "0x%zx", pointer);
  report(data->location, std::string("an access to ") + data->type->name + " at " + address +
                             ", which is not aligned to " + std::to_string(1u << data->logarithmOfAlignment) +
                             " bytes");
}

INGOT_SHIM_EXPORT void __ubsan_handle_alignment_assumption(AlignmentAssumption *data, uintptr_t pointer,
                                                           uintptr_t alignment, uintptr_t) {
  char address[32];
  snprintf(address, sizeof address, "0x%zx", pointer);
  report(data->location,
         std::string("the text says that ") + address + " is aligned to " + std::to_string(alignment) + " bytes");
}

INGOT_SHIM_EXPORT void __ubsan_handle_shift_out_of_bounds(Shift *data, uintptr_t, uintptr_t distance) {
  report(data->location, std::string("a shift of ") + data->left->name + " by " + std::to_string(distance) + " bits");
}

} // extern "C"
