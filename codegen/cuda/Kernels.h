//===- Kernels.h - one emitter per kernel operation -------------*- C++ -*-===//
//
// Each writes statements for the body of a `__global__` function: the operation's
// arithmetic for the block of threads that runs them. What kernels of one kind have in
// common stands in device/*.cuh, as templates of the shapes that emitters fill in.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_CUDA_KERNELS_H
#define INGOT_CODEGEN_CUDA_KERNELS_H

#include "codegen/cuda/SourcePrinter.h"
#include "dialects/Kernel/Kernel.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace ingot::cuda {

struct GeneratorEntry;

/// Names of one function's buffers in its text; of a cache, those of its keys and its values.
struct BufferNames {
  std::string first, second;
};

/// A cache group, and its place among the page tables of a step.
struct CacheGroup {
  model::CacheGroupOp op;
  int64_t index;
};

/// Structs of constants that kernels share, each printed once.
class SharedStructs {
public:
  explicit SharedStructs(mlir::ModuleOp module);

  /// The struct that describes the storage of a packed matrix, or of a vector (see device/weights.cuh).
  std::string getFormat(mlir::RankedTensorType matrix);
  /// "Q4_1", "I4_128"
  static std::string getFormatName(encoding::FormatInterface format);
  /// The struct that describes a cache (see device/attention.cuh). Emits an error on `op` where kernels cannot read it.
  mlir::FailureOr<std::string> getCache(mlir::Operation *op, model::KeyValueType cache, model::StepType step,
                                        std::optional<int64_t> window);
  /// The struct that says what becomes of q · k before the softmax (see device/attention.cuh). `softcap` and
  /// `alibiSlopes` as model.attention has them.
  std::string getScore(llvm::APFloat scale, std::optional<llvm::APFloat> softcap,
                       std::optional<llvm::ArrayRef<float>> alibiSlopes, bool isBidirectional);
  /// The group of a cache; emits an error on `op` where there is none.
  mlir::FailureOr<CacheGroup> getGroup(mlir::Operation *op, model::KeyValueType cache);

  llvm::StringRef getText() const { return text; }

private:
  /// Remembers `body` as a struct named `name`, or `name` and a number where another has that name.
  std::string add(llvm::StringRef name, llvm::StringRef comment, llvm::StringRef body);

  llvm::StringMap<CacheGroup> groups;
  llvm::StringMap<std::string> names;
  llvm::StringMap<unsigned> counts;
  std::string text;
};

/// The function that is being written.
struct KernelContext {
  KernelContext(SharedStructs &structs, kernel::FunctionOp function);

  SharedStructs &structs;
  kernel::RowRangeAttr rows;
  /// Threads of a block; the operation that the function is for says how many.
  int64_t threads;
  /// Of every tensor and cache that the function takes, returns, or computes on the way.
  llvm::DenseMap<mlir::Value, BufferNames> buffers;
  std::string body;

  llvm::StringRef name(mlir::Value value) const { return buffers.find(value)->second.first; }
  void print(llvm::StringRef pattern, llvm::ArrayRef<Hole> holes) { body += fillIn(pattern, holes); }
};

/// Threads of a block for `kernel`, the operation that a function is for.
int64_t getThreads(mlir::Operation *kernel, kernel::RowRangeAttr rows);

/// What comes before all else in a function for `kernel`, where it has weights: they are asked for.
void emitPrefetch(KernelContext &context, mlir::Operation *kernel);

/// `name` as C++ has names, and no other one of `taken`, to which it is added.
std::string makeName(llvm::StringRef name, llvm::StringSet<> &taken);

/// Names of an operation's tensors and caches, in the order of operands that are no step, then of results.
llvm::SmallVector<llvm::StringRef> getBufferNouns(mlir::Operation *kernel);

llvm::LogicalResult emitEmbedding(KernelContext &context, kernel::EmbeddingOp op);
llvm::LogicalResult emitWantedRows(KernelContext &context, kernel::WantedRowsOp op);
llvm::LogicalResult emitSequenceMean(KernelContext &context, kernel::SequenceMeanOp op);
llvm::LogicalResult emitSoftmax(KernelContext &context, kernel::SoftmaxOp op);
llvm::LogicalResult emitRopeTable(KernelContext &context, kernel::RopeTableOp op);
llvm::LogicalResult emitNormQuantize(KernelContext &context, kernel::NormQuantizeOp op);
llvm::LogicalResult emitGeneric(KernelContext &context, kernel::GenericOp op);
llvm::LogicalResult emitPairHeads(KernelContext &context, kernel::PairHeadsOp op);
llvm::LogicalResult emitAppend(KernelContext &context, kernel::AppendOp op);
llvm::LogicalResult emitMatmul(KernelContext &context, kernel::MatmulOp op);
llvm::LogicalResult emitGatedMatmul(KernelContext &context, kernel::GatedMatmulOp op);
llvm::LogicalResult emitQkvRopeAppend(KernelContext &context, kernel::QkvRopeAppendOp op);
llvm::LogicalResult emitGatedEpilogue(KernelContext &context, kernel::GatedEpilogueOp op);
llvm::LogicalResult emitQkvEpilogue(KernelContext &context, kernel::QkvEpilogueOp op);
llvm::LogicalResult emitAttention(KernelContext &context, kernel::AttentionOp op);
llvm::LogicalResult emitAttentionPartial(KernelContext &context, kernel::AttentionPartialOp op);
llvm::LogicalResult emitAttentionMerge(KernelContext &context, kernel::AttentionMergeOp op);

/// The definition of a kernel that makes constants.
std::string emitGenerator(const GeneratorEntry &generator, SharedStructs &structs);

//===----------------------------------------------------------------------===//
// Shared by several kernels
//===----------------------------------------------------------------------===//

inline mlir::RankedTensorType tensorOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}
inline int64_t columnsOf(mlir::Value value) { return tensorOf(value).getShape().back(); }
/// Numbers from row to row of an activation.
inline int64_t strideOf(mlir::Value value) {
  return static_cast<int64_t>(encoding::getActivationRowBytes(tensorOf(value))) /
         (encoding::isHalfActivation(value.getType()) ? 2 : 4);
}
/// The type of an element in CUDA C++.
llvm::StringRef spellElement(encoding::ElementKind element);
/// The same of an activation.
inline llvm::StringRef spellElement(mlir::RankedTensorType activation) {
  return spellElement(encoding::isHalfActivation(activation)
                          ? encoding::getStorage(activation).getFormat().getWeightFormat().element
                          : encoding::ElementKind::F32);
}

/// Declarations of an elementwise region's operands at (row, column), and their names.
std::string printOperands(const KernelContext &context, mlir::ValueRange operands,
                          llvm::SmallVectorImpl<std::string> &names);

/// The expression `value`, an f32, as what `result` holds.
std::string roundResult(mlir::Value result, llvm::StringRef value);

} // namespace ingot::cuda

#endif // INGOT_CODEGEN_CUDA_KERNELS_H
