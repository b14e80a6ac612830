//===- Phases.cpp - the ladder --------------------------------------------===//

#include "compiler/Phases.h"

#include "codegen/cpu/Passes.h"
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
    {Phase::Import, "import", "what the file said, op by op", nullptr, nullptr},
    {Phase::Model, "model", "what the transformer computes, in its own words", ingot::model::addModelPhasePasses,
     addPass<ingot::model::createModelVerifyPhase>},
    {Phase::Quantize, "quantize", "where number formats and channel orders change",
     ingot::quantize::addQuantizePhasePasses, addPass<ingot::quantize::createQuantizeVerifyPhase>},
    {Phase::Fuse, "fuse", "what becomes one kernel", ingot::kernel::addFusePhasePasses,
     addPass<ingot::kernel::createFuseVerifyPhase>},
    {Phase::Place, "place", "which place holds what, which executor runs what", ingot::place::addPlacePhasePasses,
     addPass<ingot::place::createPlaceVerifyPhase>},
    {Phase::Schedule, "schedule", "which lane does what, after what", ingot::schedule::addSchedulePhasePasses,
     addPass<ingot::schedule::createScheduleVerifyOrder>},
    {Phase::Plan, "plan", "arenas and offsets", ingot::schedule::addPlanPhasePasses,
     addPass<ingot::schedule::createScheduleVerifyPlan>},
    {Phase::Codegen, "codegen", "instructions", ingot::codegen::addCodegenPhasePasses,
     addPass<ingot::codegen::createCodegenVerifyPhase>},
    {Phase::Link, "link", "one file", nullptr, nullptr},
};

llvm::ArrayRef<PhaseDescription> ingot::compiler::getPhases() { return phases; }

const PhaseDescription &ingot::compiler::describe(Phase phase) { return phases[static_cast<size_t>(phase)]; }

std::optional<Phase> ingot::compiler::findPhase(llvm::StringRef name) {
  for (const PhaseDescription &phase : phases)
    if (phase.name == name)
      return phase.phase;
  return std::nullopt;
}

void ingot::compiler::registerPhasePipelines() {
  for (const PhaseDescription &phase : phases)
    if (phase.addPasses)
      mlir::registerPassPipeline(("ingot-phase-" + phase.name).str(), phase.summary,
                                 [add = phase.addPasses](mlir::OpPassManager &manager, llvm::StringRef,
                                                         llvm::function_ref<mlir::LogicalResult(const llvm::Twine &)>) {
                                   add(manager);
                                   return mlir::success();
                                 },
                                 [](llvm::function_ref<void(const mlir::detail::PassOptions &)>) {});
}
