//===- TileChoices.h - measured tile shapes in a module ---------*- C++ -*-===//
//
// What --tune found better on a machine than the table of its CPU family: the
// attribute `ingot.tiles` of the module, so that a dump keeps it. The numbers that
// a model computes do not depend on it.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_CPU_TILECHOICES_H
#define INGOT_CODEGEN_CPU_TILECHOICES_H

#include "codegen/cpu/CpuDescription.h"

#include "mlir/IR/BuiltinOps.h"

#include <array>
#include <optional>

namespace ingot::codegen {

/// One number of TileShape that can be chosen.
struct TileParameter {
  llvm::StringLiteral name;
  int64_t TileShape::*value;
  llvm::ArrayRef<int64_t> allowed;
};

llvm::ArrayRef<TileParameter> getTileParameters();

/// A value, or none, for each of getTileParameters().
class TileChoices {
public:
  std::optional<int64_t> get(size_t parameter) const { return values[parameter]; }
  void set(size_t parameter, int64_t value) { values[parameter] = value; }

  void applyTo(TileShape &tiles) const;
  /// Stores the choices in `module`.
  void attachTo(mlir::ModuleOp module) const;
  /// Reads them back, none where the module has none; emits an error on `module` when they are malformed.
  static mlir::FailureOr<TileChoices> of(mlir::ModuleOp module);

private:
  std::array<std::optional<int64_t>, 3> values;
};

} // namespace ingot::codegen

#endif // INGOT_CODEGEN_CPU_TILECHOICES_H
