//===- LowerPrograms.cpp - schedule.program to step functions -------------===//

#include "codegen/cpu/Kernels.h"
#include "codegen/cpu/Passes.h"
#include "codegen/cpu/Symbols.h"
#include "codegen/host/Descriptor.h"
#include "dialects/Schedule/Schedule.h"
#include "passes/schedule/Report.h"
#include "runtime/abi.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

namespace ingot::codegen {
#define GEN_PASS_DEF_CODEGENLOWERPROGRAMS
#include "codegen/cpu/Passes.h.inc"
} // namespace ingot::codegen

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;

namespace {
/// Writes one step function: what every worker runs.
class ProgramEmitter {
public:
  ProgramEmitter(Emitter &emit, const llvm::StringMap<unsigned> &arenaIndices)
      : emit(emit), arenaIndices(arenaIndices) {}

  StepFunction emitProgram(schedule::ProgramOp program) {
    StepFunction result = {program.getRowRange().getFirst(), program.getRowRange().getLast(),
                           schedule::countProgram(program), kernelSymbol(program.getSymName(), emit.cpu)};
    Type pointer = emit.pointerType(), i32 = emit.i32();
    auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(emit.builder.getContext()),
                                            {pointer, pointer, pointer, i32});
    function = LLVM::LLVMFuncOp::create(emit.builder, result.symbol, type);
    function.setLinkage(LLVM::Linkage::Internal);
    function.setDsoLocal(true);
    OpBuilder::InsertionGuard guard(emit.builder);
    emit.builder.setInsertionPointToStart(function.addEntryBlock(emit.builder));
    step = function.getArgument(0);
    rows = loadCount(offsetof(IngotStep, rows));
    wantedRows = loadCount(offsetof(IngotStep, wanted_rows));
    for (Operation &op : program.getBody().front()) {
      if (auto view = dyn_cast<schedule::ViewOp>(op)) {
        addresses[view.getBuffer()] = emit.pointer(arenaBase(view.getArena()), view.getOffset());
      } else if (auto launch = dyn_cast<schedule::LaunchOp>(op)) {
        emitLaunch(launch);
      } else if (isa<schedule::BarrierOp>(op)) {
        LLVM::CallOp::create(emit.builder, TypeRange(), barrierSymbol,
                             ValueRange{function.getArgument(2), function.getArgument(3)});
      }
    }
    LLVM::ReturnOp::create(emit.builder, ValueRange());
    return result;
  }

private:
  Value widen(Value value) { return arith::ExtUIOp::create(emit.builder, emit.i64(), value); }
  Value loadCount(int64_t field) { return widen(emit.load(emit.i32(), emit.pointer(step, field), 4)); }

  Value arenaBase(StringRef name) {
    Value &base = bases[name];
    if (!base)
      base = emit.load(emit.pointerType(), emit.pointer(function.getArgument(1), 8 * arenaIndices.lookup(name)), 8);
    return base;
  }

  void emitLaunch(schedule::LaunchOp launch) {
    Value launchRows = launch.getWanted() ? wantedRows : rows;
    Value grains = countGrains(emit, launch.getPartition(), step, launchRows);
    Value share = LLVM::CallOp::create(emit.builder, emit.pointerType(), launchSymbol,
                                       ValueRange{function.getArgument(2), function.getArgument(3), grains})
                      .getResult();
    SmallVector<Value> operands = {step, launchRows, share};
    for (ValueRange buffers :
         {ValueRange(launch.getInputs()), ValueRange(launch.getStates()), ValueRange(launch.getOutputs())})
      for (Value buffer : buffers)
        operands.push_back(addresses.lookup(buffer));
    LLVM::CallOp::create(emit.builder, TypeRange(), kernelSymbol(launch.getCallee(), emit.cpu), operands);
  }

  Emitter &emit;
  const llvm::StringMap<unsigned> &arenaIndices;
  LLVM::LLVMFuncOp function;
  Value step, rows, wantedRows;
  llvm::StringMap<Value> bases;
  DenseMap<Value, Value> addresses;
};

struct LowerPrograms : codegen::impl::CodegenLowerProgramsBase<LowerPrograms> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<schedule::ProgramOp> programs = getPrograms(module);
    if (programs.empty()) {
      eraseKernelFunctions();
      addDescriptor(module, nullptr);
      return;
    }
    FailureOr<SmallVector<CpuDescription>> cpus = describeCpus(module);
    if (failed(cpus))
      return signalPassFailure();

    for (schedule::ProgramOp program : programs) {
      auto result = cast<schedule::ReturnOp>(program.getBody().front().back());
      if (!result.getOutput().getDefiningOp<schedule::ViewOp>()) {
        result.emitOpError() << "expected an output in an arena: run the plan phase first";
        return signalPassFailure();
      }
    }
    DescriptorContents contents = describeModule(module);
    llvm::StringMap<unsigned> arenaIndices;
    for (auto [index, arena] : llvm::enumerate(module.getOps<schedule::ArenaOp>()))
      arenaIndices[arena.getSymName()] = index;
    auto builder = ImplicitLocOpBuilder::atBlockEnd(module.getLoc(), module.getBody());
    Type pointer = LLVM::LLVMPointerType::get(&getContext()), i32 = builder.getI32Type(), i64 = builder.getI64Type();
    LLVM::LLVMFuncOp::create(builder, barrierSymbol,
                             LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()), {pointer, i32}));
    LLVM::LLVMFuncOp::create(builder, launchSymbol, LLVM::LLVMFunctionType::get(pointer, {pointer, i32, i64}));
    for (const CpuDescription &cpu : *cpus) {
      Emitter emit(builder, cpu);
      StepVariant variant = {cpu.name, cpu.featureBits, {}};
      for (schedule::ProgramOp program : programs)
        variant.functions.push_back(ProgramEmitter(emit, arenaIndices).emitProgram(program));
      contents.variants.push_back(std::move(variant));
    }
    for (schedule::ProgramOp program : programs)
      program.erase();
    eraseKernelFunctions();
    addDescriptor(module, &contents);
  }

  /// Their companions in the llvm dialect take over.
  void eraseKernelFunctions() {
    for (kernel::FunctionOp function : llvm::make_early_inc_range(getOperation().getOps<kernel::FunctionOp>()))
      function.erase();
  }
};
} // namespace
