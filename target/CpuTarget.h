//===- CpuTarget.h - the CPU as passes see it -------------------*- C++ -*-===//
//
// Also how the grains of its partitions are cut, which passes and the code generator
// have to know alike.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TARGET_CPUTARGET_H
#define INGOT_TARGET_CPUTARGET_H

#include "target/TargetDescription.h"

namespace ingot::target {

class CpuTarget : public TargetDescription {
public:
  llvm::StringRef getName() const override { return "cpu"; }
  bool roundsActivations() const override { return true; }
  LicensedComponent getLibraries() const override { return {"glibc, linked statically", "LGPL-2.1-or-later"}; }
  schedule::Tier getHomeTier() const override { return schedule::Tier::Host; }
  /// About what a last-level cache of a few cores keeps. Measured in docs/architecture.md, "The CPU's code".
  uint64_t getActivationBudget() const override { return uint64_t(32) << 20; }
  llvm::SmallVector<RowRange> getRowRanges(int64_t rows) const override;
  int64_t getTileRows() const override { return 8; }
  /// A barrier costs more than any of them.
  bool repeatsPrologue(mlir::Operation *) const override { return true; }
  /// Of a worker's stack, which the runtime makes 1 MiB large.
  uint64_t getPrologueScratchBytes() const override { return 256 << 10; }
  schedule::PartitionAttr getPartition(mlir::Operation *kernel, kernel::RowRangeAttr rows) const override;
  std::optional<int64_t> getLibraryWorkspace(mlir::RankedTensorType, kernel::RowRangeAttr) const override {
    return std::nullopt;
  }
  llvm::json::Object describeBatchInvariance(mlir::ModuleOp) const override {
    return llvm::json::Object{
        {"note", "nothing: on this target no result depends on the batch, with the option or without it"}};
  }
  int64_t getBufferAlignment() const override { return 64; }
};

/// Panels of values in one grain of kernel.qkv_rope_append: as many as a grain of queries or keys has, where heads
/// allow, so that equal shares of grains are equal shares of work.
int64_t getValuePanelsPerGrain(model::KeyValueType cache);

/// Columns of a grain of kernel.expert_gated_matmul, which is one group's; a group's grains stand one after the other.
int64_t getExpertGrainColumns(kernel::ExpertGatedMatmulOp op);

/// Rows of one grain of kernel.attention; the grain computes all query heads of one key-value head for them.
int64_t getAttentionRows(kernel::AttentionOp op, kernel::RowRangeAttr rows);

} // namespace ingot::target

#endif // INGOT_TARGET_CPUTARGET_H
