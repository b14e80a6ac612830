//===- Buffers.h - how many bytes buffers need ------------------*- C++ -*-===//
//
// The sizes and places of what a program touches, for the passes that make
// buffers and those that check them.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_PASSES_SCHEDULE_BUFFERS_H
#define INGOT_PASSES_SCHEDULE_BUFFERS_H

#include "target/TargetDescription.h"

#include "llvm/ADT/StringMap.h"

#include <optional>

namespace ingot::schedule {

/// A tier and its ordinal.
struct Place {
  Tier tier;
  int64_t ordinal;
  bool operator==(const Place &) const = default;
};

/// Reads a place as the place phase writes it, `host[0]`; nothing where it is
/// malformed.
std::optional<Place> parsePlace(llvm::StringRef text);

/// The type of the parameter that `symbol` (a model.parameter or
/// encoding.assemble) defines, and its home.
mlir::RankedTensorType getParameterType(mlir::Operation *symbol);
mlir::StringAttr getParameterHome(mlir::Operation *symbol);

/// Bytes of a parameter as kernels read it: packed matrices with the padding of
/// their layout, f32 vectors in whole lines of 64 bytes. Emits an error on `op`
/// where the type is neither.
mlir::FailureOr<uint64_t> getParameterBytes(mlir::Operation *op, mlir::RankedTensorType type);

/// The cache groups of a module by name.
using CacheGroups = llvm::StringMap<model::CacheGroupOp>;
CacheGroups getCacheGroups(mlir::ModuleOp module);

/// Bytes of the keys ("key") or the values ("value") of one layer at one
/// position: heads padded as kernels keep them, with the scales of 8-bit codes.
uint64_t getCacheBytesPerPosition(model::KeyValueType type, llvm::StringRef part);

/// Bytes of the keys or the values of one layer, for all pages of its group.
/// Emits an error on `op` where the group is unknown or the number does not
/// fit.
mlir::FailureOr<uint64_t> getCacheBytes(mlir::Operation *op, const CacheGroups &groups, model::KeyValueType type,
                                        llvm::StringRef part);

/// The most rows that a launch of a program works on: of all rows of the step,
/// or of the wanted ones.
int64_t getRowBound(model::StepType step, kernel::RowRangeAttr rows, bool wanted);

/// Bytes of an activation of at most `rows` rows, in whole tiles. Emits an
/// error on `op` where the type is not rank 2 or the number does not fit.
mlir::FailureOr<uint64_t> getActivationBytes(mlir::Operation *op, const target::TargetDescription &target,
                                             mlir::RankedTensorType type, int64_t rows);

} // namespace ingot::schedule

#endif // INGOT_PASSES_SCHEDULE_BUFFERS_H
