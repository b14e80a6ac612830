//===- CudaTarget.h - an NVIDIA GPU as passes see it ------------*- C++ -*-===//
//
// Also how launches are cut into blocks of threads, which passes and the code generator
// have to know alike.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TARGET_CUDATARGET_H
#define INGOT_TARGET_CUDATARGET_H

#include "target/TargetDescription.h"

namespace ingot::target {

class CudaTarget : public TargetDescription {
public:
  /// `batchInvariant`: kernels of few rows, which add in another order than those of many, are left out.
  /// `usesLibrary`: many rows are multiplied by weights of 16 bits by cuBLASLt.
  CudaTarget(bool batchInvariant, bool usesLibrary) : batchInvariant(batchInvariant), usesLibrary(usesLibrary) {}

  llvm::StringRef getName() const override { return "cuda"; }
  bool roundsActivations() const override { return false; }
  LicensedComponent getLibraries() const override {
    return {"CUDA's headers, in device code", "NVIDIA CUDA Toolkit EULA"};
  }
  schedule::Tier getHomeTier() const override { return schedule::Tier::Device; }
  /// Rows make a GPU busy, and its memory is as fast as a CPU's cache: a bound on what is planned, not on what fits.
  uint64_t getActivationBudget() const override { return uint64_t(1) << 30; }
  /// Few rows are counted exactly enough that registers hold sums for few rows more than there are. Where results may
  /// depend on no batch, all rows are computed as many are, each for itself in its tile, in one order of sums.
  llvm::SmallVector<RowRange> getRowRanges(int64_t rows) const override;
  /// Kernels mask rows.
  int64_t getTileRows() const override { return 1; }
  /// A norm reads one row; merging the chunks of attention reads too much for every block to do so.
  bool repeatsPrologue(mlir::Operation *kernel) const override;
  /// Of a block's shared memory, of which a kernel without special leave has 48 KiB.
  uint64_t getPrologueScratchBytes() const override { return 32 << 10; }
  schedule::PartitionAttr getPartition(mlir::Operation *kernel, kernel::RowRangeAttr rows) const override;
  /// Of 16-bit weights, whose activations are rounded to their format; not of few rows, which take as long as reading
  /// the weights does.
  std::optional<int64_t> getLibraryWorkspace(mlir::RankedTensorType weight, kernel::RowRangeAttr rows) const override;
  /// Plain rows where the library is to read the matrix, so that its one copy serves all kernels.
  encoding::PanelsAttr getWeightLayout(mlir::RankedTensorType weight) const override;
  llvm::json::Object describeBatchInvariance(mlir::ModuleOp module) const override;
  /// A line of the second-level cache.
  int64_t getBufferAlignment() const override { return 128; }

private:
  bool batchInvariant, usesLibrary;
};

/// The compute capabilities that `--sm` may name, with an "a" where code is for that one alone.
llvm::ArrayRef<llvm::StringRef> getArchitectures();

/// Those of `list`, separated by commas, in that order; of the empty list the default, "90a". Nothing where one is not
/// among `getArchitectures` or stands there twice.
std::optional<llvm::SmallVector<llvm::StringRef>> parseArchitectures(llvm::StringRef list);

/// Whether a product of so many rows streams its weights past sums in registers; otherwise it works on tiles in shared
/// memory.
inline bool isFewRows(kernel::RowRangeAttr rows) { return rows.getLast() <= 8; }

/// What one block of a product computes: rows times weight panels.
struct ProductTile {
  int64_t rows, panels;
};

/// Of a kernel that multiplies.
ProductTile getProductTile(mlir::Operation *kernel, kernel::RowRangeAttr rows);

/// Weight panels of a kernel that multiplies, and how many make one panel of outputs; nothing of another kernel.
std::optional<std::pair<int64_t, int64_t>> getProductPanels(mlir::Operation *kernel);

/// Whether kernel.attention multiplies by mma.sync.
bool attendsByTensorCores(kernel::AttentionOp op, kernel::RowRangeAttr rows);

/// Rows of one block of kernel.attention, which computes one query head for them.
int64_t getAttentionTileRows(kernel::AttentionOp op, kernel::RowRangeAttr rows);

} // namespace ingot::target

#endif // INGOT_TARGET_CUDATARGET_H
