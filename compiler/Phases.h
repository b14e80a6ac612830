//===- Phases.h - the ladder ------------------------------------*- C++ -*-===//
//
// One enum drives the driver, --compile-to, --compile-from and --dump-phases, and
// the phase pipelines of ingot-opt (`--ingot-phase-model` and so on). A verifier
// pass closes each phase; the IR is the whole state, so that a dump can be resumed.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_PHASES_H
#define INGOT_COMPILER_PHASES_H

#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>

namespace ingot::compiler {

enum class Phase { Import, Model, Quantize, Fuse, Place, Schedule, Plan, Codegen, Link };

struct PhaseDescription {
  Phase phase;
  llvm::StringLiteral name;
  llvm::StringLiteral summary;
};

/// How a module comes to a phase. Both are null for import (made by an importer) and link (makes a file).
struct PhasePasses {
  /// Adds the passes that lead from the phase before to this one, its verifier last.
  void (*add)(mlir::OpPassManager &manager) = nullptr;
  /// Adds the verifier alone: a dump that somebody edited must keep the promise of its phase.
  void (*addVerifier)(mlir::OpPassManager &manager) = nullptr;
};

/// All phases, in order.
llvm::ArrayRef<PhaseDescription> getPhases();
const PhaseDescription &describe(Phase phase);
std::optional<Phase> findPhase(llvm::StringRef name);

/// The passes of `phase` for the target of that name, which exists. Only codegen has others for each target.
PhasePasses getPasses(Phase phase, llvm::StringRef target);

/// Registers a pass pipeline `ingot-phase-<name>` for every phase that has passes, and `ingot-phase-codegen-<target>`
/// for every target.
void registerPhasePipelines();

} // namespace ingot::compiler

#endif // INGOT_COMPILER_PHASES_H
