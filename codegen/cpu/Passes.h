//===- Passes.h - passes of the codegen phase for CPUs ----------*- C++ -*-===//

#ifndef INGOT_CODEGEN_CPU_PASSES_H
#define INGOT_CODEGEN_CPU_PASSES_H

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace ingot::codegen {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "codegen/cpu/Passes.h.inc"

/// The codegen phase, its verifier last.
void addCodegenPhasePasses(mlir::OpPassManager &manager);

} // namespace ingot::codegen

#endif // INGOT_CODEGEN_CPU_PASSES_H
