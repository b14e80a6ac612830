//===- Phases.cpp - the ladder --------------------------------------------===//

#include "compiler/Phases.h"

#include "codegen/cpu/Passes.h"
#include "codegen/cuda/Passes.h"
#include "passes/fuse/Passes.h"
#include "passes/model/Passes.h"
#include "passes/place/Passes.h"
#include "passes/quantize/Passes.h"
#include "passes/schedule/Passes.h"

#include "mlir/Pass/PassRegistry.h"

using namespace ingot::compiler;

/// Adds the pass that `create` makes.
template <std::unique_ptr<mlir::Pass> (*create)()> static void addPass(mlir::OpPassManager &manager) {
  manager.addPass(create());
}

static const PhaseDescription phases[] = {
    {Phase::Import, "import", "what the file said, op by op"},
    {Phase::Model, "model", "what the transformer computes, in its own words"},
    {Phase::Quantize, "quantize", "where number formats and channel orders change"},
    {Phase::Fuse, "fuse", "what becomes one kernel"},
    {Phase::Place, "place", "which place holds what, which executor runs what"},
    {Phase::Schedule, "schedule", "which lane does what, after what"},
    {Phase::Plan, "plan", "arenas and offsets"},
    {Phase::Codegen, "codegen", "instructions"},
    {Phase::Link, "link", "one file"},
};

namespace {
struct TargetCodegen {
  llvm::StringLiteral target;
  PhasePasses passes;
};
} // namespace

static const TargetCodegen codegens[] = {
    {"cpu", {ingot::codegen::addCodegenPhasePasses, addPass<ingot::codegen::createCodegenVerifyPhase>}},
    {"cuda", {ingot::cuda::addCodegenPhasePasses, addPass<ingot::cuda::createCudaVerifyPhase>}},
};

llvm::ArrayRef<PhaseDescription> ingot::compiler::getPhases() { return phases; }

const PhaseDescription &ingot::compiler::describe(Phase phase) { return phases[static_cast<size_t>(phase)]; }

std::optional<Phase> ingot::compiler::findPhase(llvm::StringRef name) {
  for (const PhaseDescription &phase : phases)
    if (phase.name == name)
      return phase.phase;
  return std::nullopt;
}

PhasePasses ingot::compiler::getPasses(Phase phase, llvm::StringRef target) {
  switch (phase) {
  case Phase::Import:
  case Phase::Link:
    return {};
  case Phase::Model:
    return {ingot::model::addModelPhasePasses, addPass<ingot::model::createModelVerifyPhase>};
  case Phase::Quantize:
    return {ingot::quantize::addQuantizePhasePasses, addPass<ingot::quantize::createQuantizeVerifyPhase>};
  case Phase::Fuse:
    return {ingot::kernel::addFusePhasePasses, addPass<ingot::kernel::createFuseVerifyPhase>};
  case Phase::Place:
    return {ingot::place::addPlacePhasePasses, addPass<ingot::place::createPlaceVerifyPhase>};
  case Phase::Schedule:
    return {ingot::schedule::addSchedulePhasePasses, addPass<ingot::schedule::createScheduleVerifyOrder>};
  case Phase::Plan:
    return {ingot::schedule::addPlanPhasePasses, addPass<ingot::schedule::createScheduleVerifyPlan>};
  case Phase::Codegen:
    for (const TargetCodegen &codegen : codegens)
      if (codegen.target == target)
        return codegen.passes;
    break;
  }
  llvm_unreachable("a target without code generator");
}

static void registerPipeline(const llvm::Twine &name, llvm::StringRef summary, void (*add)(mlir::OpPassManager &)) {
  mlir::registerPassPipeline(
      name.str(), summary,
      [add](mlir::OpPassManager &manager, llvm::StringRef,
            llvm::function_ref<mlir::LogicalResult(const llvm::Twine &)>) {
        add(manager);
        return mlir::success();
      },
      [](llvm::function_ref<void(const mlir::detail::PassOptions &)>) {});
}

void ingot::compiler::registerPhasePipelines() {
  for (const PhaseDescription &phase : phases)
    if (auto *add = getPasses(phase.phase, codegens[0].target).add)
      registerPipeline("ingot-phase-" + phase.name, phase.summary, add);
  for (const TargetCodegen &codegen : codegens)
    registerPipeline("ingot-phase-codegen-" + codegen.target, describe(Phase::Codegen).summary, codegen.passes.add);
}
