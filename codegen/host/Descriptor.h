//===- Descriptor.h - the descriptor of an executable -----------*- C++ -*-===//

#ifndef INGOT_CODEGEN_HOST_DESCRIPTOR_H
#define INGOT_CODEGEN_HOST_DESCRIPTOR_H

#include "passes/schedule/Report.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace ingot::codegen {

constexpr llvm::StringLiteral descriptorSymbol = "ingot_descriptor";

/// A range of rows that the descriptor lists.
struct StepFunction {
  int64_t firstRow, lastRow;
  schedule::ProgramCounts counts;
  /// Of an IngotStepFunction; "": steps are launched by other tables.
  std::string symbol;
};

/// Ranges of one instruction set, by ascending rows.
struct StepVariant {
  std::string name;
  /// IngotFeature bits of runtime/abi.h.
  uint64_t features;
  llvm::SmallVector<StepFunction> functions;
};

/// Where the results of a step lie.
struct StepOutput {
  unsigned arena;
  uint64_t offset, rowBytes;
  int64_t rows, columns;
};

/// What the descriptor says beyond the module's own operations.
struct DescriptorContents {
  llvm::SmallVector<StepVariant> variants;
  StepOutput output;
  int64_t rows, sequences, wantedRows, vocabulary;
  int64_t kernelBodies, layers;
  uint64_t stepWeightBytes, weightBytes;
  /// By cache group.
  llvm::StringMap<uint64_t> keyValueBytesPerPosition;
  std::string report;
};

/// All programs of a module, by ascending rows.
llvm::SmallVector<schedule::ProgramOp> getPrograms(mlir::ModuleOp module);

/// What a planned module with programs says of itself: all but the variants.
DescriptorContents describeModule(mlir::ModuleOp module);

/// The constant's type: the fields of IngotDescriptor, blobs and weights spelled out.
mlir::Type getDescriptorType(mlir::MLIRContext *context);
/// Places in it of what is filled in when linking.
enum DescriptorField { externalWeightsField = 17, tokenizerDataField = 18, tokenizerBytesField = 19 };
/// Whether `global` is a descriptor of this compiler's runtime: type, magic number, version and size.
mlir::LogicalResult verifyDescriptor(mlir::LLVM::GlobalOp global);

/// Adds the constant `ingot_descriptor` of runtime/abi.h and all that it points to. Without `contents` the executable
/// has text commands only. The tokenizer blob and the checksum are filled in when linking.
void addDescriptor(mlir::ModuleOp module, const DescriptorContents *contents);

} // namespace ingot::codegen

#endif // INGOT_CODEGEN_HOST_DESCRIPTOR_H
