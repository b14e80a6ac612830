//===- TargetDescription.h - what passes ask about a target -----*- C++ -*-===//
//
// The only place where passes learn what they compile for: tiers and lanes, tile
// limits, fusion options. Dumps of two targets differ only by what stands here.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TARGET_TARGETDESCRIPTION_H
#define INGOT_TARGET_TARGETDESCRIPTION_H

#include "dialects/Schedule/Schedule.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"

namespace ingot::target {

/// The module attribute that holds CompileOptions.
constexpr llvm::StringLiteral optionsName = "ingot.options";

/// What the user chose and later phases need; part of the module, so that a dump can be resumed without flags.
struct CompileOptions {
  std::string target = "cpu";
  /// LLVM CPU name, or "portable" for one executable with several code variants.
  std::string cpu;
  /// "auto": quantised where the weights are; "f32": never (the exact path).
  std::string activations = "auto";
  /// Element of the key-value cache: "f16", "f32" or "q8_0".
  std::string keyValue = "f16";
  /// "embedded", "external", or "random:" and a seed: no file holds them.
  std::string weights = "embedded";
  /// The block format that plain matrices are rounded to, as `encoding.ggml` names it; "": none.
  std::string quantize;
  /// Compute capabilities of the target cuda that get machine code of their own, separated by commas; "": the default.
  std::string sm;
  /// Whether the bits of a sequence's results may depend on nothing but the sequence: neither on what else is in a step
  /// nor on how its text is cut into steps.
  bool batchInvariant = false;
  /// Who multiplies many rows by weights of 16 bits on the target cuda: "own" (kernels of ours) or "cublaslt"; "": the
  /// latter, but where results may depend on no batch.
  std::string gemm;

  /// Whether the executable makes its weights when it starts, of the seeds of its parameters.
  bool generatesWeights() const { return parseWeightSeed(weights).has_value(); }
  /// The seed of "random:SEED", from 0 to 2^63 - 1; nothing of another text.
  static std::optional<int64_t> parseWeightSeed(llvm::StringRef weights);

  /// Stores the options in `module` as that attribute.
  void attachTo(mlir::ModuleOp module) const;
  /// Reads them back; emits an error on `module` when they are missing or malformed.
  static mlir::FailureOr<CompileOptions> of(mlir::ModuleOp module);
};

/// A range of step row counts with functions of its own.
struct RowRange {
  int64_t first, last;
};

/// Code of others that is in every executable of a target, and its licence.
struct LicensedComponent {
  llvm::StringLiteral component, licence;
};

/// One target as passes see it. What two targets answer alike stands here, the rest in a class for each.
class TargetDescription {
public:
  virtual ~TargetDescription() = default;
  /// The target that `module` is compiled for; emits an error when it is unknown.
  static mlir::FailureOr<const TargetDescription *> of(mlir::ModuleOp module);
  /// The target of that name, as it is without options; null where there is none.
  static const TargetDescription *find(llvm::StringRef name);
  /// The target that `options` name, as they say.
  static const TargetDescription &find(const CompileOptions &options);

  /// As `--target` and messages have it.
  virtual llvm::StringRef getName() const = 0;

  /// Whether activations may be rounded to 8 bits; otherwise they are always exact.
  virtual bool roundsActivations() const = 0;

  /// What executables hold besides what those of every target do.
  virtual LicensedComponent getLibraries() const = 0;

  /// The tier that kernels read parameters, caches and activations from.
  virtual schedule::Tier getHomeTier() const = 0;
  /// The lane that executes kernels.
  schedule::Lane getComputeLane() const { return schedule::Lane::Compute; }

  /// Bytes of activations that a step is to hold at once.
  virtual uint64_t getActivationBudget() const = 0;
  /// Rows that one step takes, of at most `rows` for `sequences` sequences, where activations hold `bytesPerRow` at
  /// once: all, or the most that fit into the budget; of the powers of two, and at least 128 and one for each sequence.
  int64_t getStepRows(int64_t rows, int64_t sequences, uint64_t bytesPerRow) const;
  /// Row ranges with code of their own, for steps of at most `rows` rows.
  virtual llvm::SmallVector<RowRange> getRowRanges(int64_t rows) const = 0;
  /// Buffers hold whole tiles of this many rows, so that kernels need no masks on rows.
  virtual int64_t getTileRows() const = 0;
  /// `rows` as buffers hold them: 1, or whole tiles.
  int64_t getPaddedRows(int64_t rows) const { return rows == 1 ? 1 : llvm::alignTo(rows, getTileRows()); }

  /// Whether what `kernel` computes for one row is repeated by everybody who reads it (see kernel.function), rather
  /// than computed by a launch of its own.
  virtual bool repeatsPrologue(mlir::Operation *kernel) const = 0;
  /// What all prologues of one function may take of the memory of whoever repeats them, in bytes.
  virtual uint64_t getPrologueScratchBytes() const = 0;

  /// Where a library multiplies steps of so many rows by `weight`, a matrix (kernel.library_matmul): the f32 numbers of
  /// its workspace for each row. Nothing where kernels do.
  virtual std::optional<int64_t> getLibraryWorkspace(mlir::RankedTensorType weight,
                                                     kernel::RowRangeAttr rows) const = 0;
  /// Layout of a weight matrix, a tensor with a storage format.
  virtual encoding::PanelsAttr getWeightLayout(mlir::RankedTensorType weight) const;
  /// How one launch of `kernel` (the operation inside of a kernel.function) is shared out.
  virtual schedule::PartitionAttr getPartition(mlir::Operation *kernel, kernel::RowRangeAttr rows) const = 0;
  /// What it costs that results depend on no batch, of a module that was compiled so and planned, as the report has it:
  /// "note", one sentence, and counts of a step of one row, each also as it would be otherwise.
  virtual llvm::json::Object describeBatchInvariance(mlir::ModuleOp module) const = 0;
  /// Alignment of buffers in an arena, in bytes.
  virtual int64_t getBufferAlignment() const = 0;
};

/// Keys that attention takes together, for sequences of `context` positions in pages of `pageRows`: whole pages, at
/// least 128 keys, and so many that a sequence has at most 128 chunks, up to 1024. Bits depend on it.
int64_t getKeyChunk(int64_t context, int64_t pageRows);

/// The most chunks of `keyChunk` keys that a row looks at, of `context` positions or of the last `window` of them.
int64_t countKeyChunks(int64_t context, int64_t keyChunk, std::optional<int64_t> window);

} // namespace ingot::target

#endif // INGOT_TARGET_TARGETDESCRIPTION_H
