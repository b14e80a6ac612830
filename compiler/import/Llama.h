//===- Llama.h - the graph of the Llama family -------------------*- C++
//-*-===//
//
// Writes the decoder of the Llama family op by op, whatever its parameters come
// from: a GGUF file, or numbers made from a seed.
//
// Architecture: arXiv:2302.13971 (LLaMA), arXiv:2305.13245 (grouped queries);
// names of the parameters: docs/gguf.md of the ggml repository.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_LLAMA_H
#define INGOT_COMPILER_IMPORT_LLAMA_H

#include "dialects/Model/Model.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

namespace ingot::compiler {

/// The name of the cache group of layers that see the whole context.
constexpr llvm::StringLiteral cacheGroupName = "full";
/// Positions of one page of a cache.
constexpr int64_t cachePageRows = 64;

/// The numbers that make one model of the family another; all at least 1.
struct LlamaShape {
  int64_t layers, width, hidden, vocabulary;
  /// Query heads, a multiple of `keyValueHeads`; elements of a head, even.
  int64_t heads, keyValueHeads, headDimension;
  /// Most positions of one sequence.
  int64_t context;
  /// Most rows of one step, sequences in it, and rows whose logits are wanted.
  int64_t rows, sequences, wanted;
  /// Of each layer, the positions that a row sees, its own included; 0, or no entry: all up to its own.
  llvm::SmallVector<int64_t> windows;
  float epsilon;
  /// headDimension / 2 angles per position, scaling included.
  llvm::SmallVector<float> ropeFrequencies;
  float ropeMagnitude = 1;
  /// Whether a parameter divides the frequencies, and whether the embedding's
  /// table is the head, too.
  bool ropeFactors = false, tiedHead = false;
};

/// Gives windows to the layers, where they hide anything in the context: to all but every `pattern`-th one, as
/// llama.cpp counts (`llama_hparams::set_swa_pattern`); with 0 to all of them.
void setWindows(LlamaShape &shape, int64_t window, int64_t pattern);

/// Calls `add` with the name and the shape of every parameter that the model
/// has; ends at its first error.
llvm::Error forEachParameter(const LlamaShape &shape,
                             llvm::function_ref<llvm::Error(llvm::StringRef name, llvm::ArrayRef<int64_t> shape)> add);

/// Appends the cache group and `@forward` to `module`, which holds all
/// parameters.
void addForward(mlir::ModuleOp module, const LlamaShape &shape);

} // namespace ingot::compiler

#endif // INGOT_COMPILER_IMPORT_LLAMA_H
