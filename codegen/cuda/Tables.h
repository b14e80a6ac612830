//===- Tables.h - programs as constant tables -------------------*- C++ -*-===//
//
// The tables of runtime/cuda/tables.h: as numbers, of which both the text of a model and
// the constants of its executable are made.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_CUDA_TABLES_H
#define INGOT_CODEGEN_CUDA_TABLES_H

#include "dialects/Schedule/Schedule.h"
#include "runtime/cuda/tables.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace ingot::cuda {

/// A `__global__` function as tables name it.
struct KernelEntry {
  kernel::FunctionOp function;
  std::string name;
  int64_t threads;
};

/// One for every kernel.function of `module` that is no product of a library, in order. Names are those of C++, each
/// once.
llvm::SmallVector<KernelEntry> listKernels(mlir::ModuleOp module);

/// A kernel that makes constants of a format: of panels, or of rows.
struct GeneratorEntry {
  std::string name;
  mlir::RankedTensorType type; ///< of one of them
};

/// The kernel that reads memory and does nothing else.
constexpr llvm::StringLiteral readerName = "ingot_read";

struct Tables {
  struct Kernel {
    std::string name;
    uint32_t threads, sharedBytes, buffers;
  };
  struct Product {
    std::string name;
    uint32_t outputs, columns, element, addend, inputStride, resultStride;
    uint64_t workspaceBytes;
  };
  struct Arena {
    std::string name;
    uint64_t bytes;
    uint32_t alignment;
    schedule::Lifetime lifetime;
  };
  struct Program {
    std::string name;
    uint32_t firstRow, lastRow, firstLaunch, launches;
  };
  llvm::SmallVector<Kernel> kernels;
  llvm::SmallVector<Product> products;
  llvm::SmallVector<Arena> arenas;
  llvm::SmallVector<IngotCudaBuffer> buffers;
  llvm::SmallVector<uint32_t> awaits;
  llvm::SmallVector<IngotCudaLaunch> launches;
  llvm::SmallVector<Program> programs;
  /// Of weights that are generated: see IngotCudaFill.
  llvm::SmallVector<GeneratorEntry> generators;
  llvm::SmallVector<IngotCudaFill> fills;
  uint32_t rows = 0, sequences = 0, wantedRows = 0, outputColumns = 0, outputStride = 0;
  IngotCudaBuffer output = {};
  Kernel candidates, choose;
  /// Of the vocabulary; 0 where the text has no functions for sampling.
  uint32_t parts = 0;
};

/// What generates the constants of `module`, where its options say that no file holds them.
llvm::LogicalResult addFills(mlir::ModuleOp module, Tables &tables);

/// The tables for the programs of `module`, whose launches call functions of `kernels`. Emits an error where a program
/// has no plan.
mlir::FailureOr<Tables> makeTables(mlir::ModuleOp module, llvm::ArrayRef<KernelEntry> kernels);

/// The functions that draw tokens, as `tables` lists them; empty where it lists none.
std::string printSampling(const Tables &tables);

/// The text of the image that keeps a loop going.
std::string printLoop();

/// As C++, with `ingot_cuda_descriptor` at the end; empty where there are no programs.
std::string printTables(const Tables &tables);

/// Adds `ingot_cuda_descriptor` to `module` as a constant of the llvm dialect.
void addTables(mlir::ModuleOp module, const Tables &tables);

} // namespace ingot::cuda

#endif // INGOT_CODEGEN_CUDA_TABLES_H
