//===- CpuDescription.h - what the code generator knows of a CPU *- C++ -*-===//

#ifndef INGOT_CODEGEN_CPU_CPUDESCRIPTION_H
#define INGOT_CODEGEN_CPU_CPUDESCRIPTION_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace ingot::codegen {

/// How a four-way byte dot product is computed.
enum class DotInstruction {
  Sse2,       ///< pmaddwd on bytes widened to 16 bits
  Avx2,       ///< vpmaddubsw + vpmaddwd
  Avx512Bw,   ///< the same on 512 bits
  AvxVnni,    ///< vpdpbusd on 256 bits
  Avx512Vnni, ///< vpdpbusd on 512 bits
};

/// Register tiles: rows of activations (or queries) that share what is loaded, in vectors of 16 lanes.
struct TileShape {
  int64_t fewRows;          ///< matmul of 2 to 8 rows
  int64_t manyRows;         ///< matmul of more rows
  int64_t attentionVectors; ///< attention: accumulators, for all queries of a tile
  /// Matrix times one row: how far ahead of their use weights are asked for; 0: never.
  int64_t prefetchBytes;
  /// matmul of many rows: so many bytes of activations meet all weights of a claim before the next ones do. They should
  /// stay in the second cache, with room for the weights that pass.
  int64_t rowBlockBytes;
};

/// One instruction set that code is generated for.
struct CpuDescription {
  std::string name;     ///< LLVM CPU name
  std::string features; ///< LLVM feature string beyond the name's own, "" mostly
  uint64_t featureBits; ///< IngotFeature bits of runtime/abi.h that the code may use
  DotInstruction dot;
  TileShape tiles;
  bool has512BitVectors;
  /// vdpbf16ps on 512 bits: products of pairs of bf16 at twice the rate of f32's.
  bool hasPairProducts;
  /// Lanes of a register of 32-bit numbers: 4, 8 or 16.
  int64_t registerLanes;
};

/// The variants that `cpu` stands for, best first: one for an LLVM CPU name (optionally followed by `,+feature` or
/// `,-feature`), several for "portable". An unknown name is an error that says what is supported.
llvm::Expected<llvm::SmallVector<CpuDescription>> describeCpus(llvm::StringRef cpu);

/// Those of the CPU that the options of `module` name. Emits an error where it has no options or an unknown CPU.
mlir::FailureOr<llvm::SmallVector<CpuDescription>> describeCpus(mlir::ModuleOp module);

/// The CPU of this machine as such a name: LLVM's name, less the features that the machine (or its hypervisor) hides.
std::string getHostCpu();

} // namespace ingot::codegen

#endif // INGOT_CODEGEN_CPU_CPUDESCRIPTION_H
