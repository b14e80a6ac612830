//===- EmitKernels.cpp - kernel.function to llvm.func ---------------------===//

#include "codegen/cpu/Kernels.h"
#include "codegen/cpu/Passes.h"
#include "codegen/cpu/Symbols.h"
#include "target/TargetDescription.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

namespace ingot::codegen {
#define GEN_PASS_DEF_CODEGENEMITKERNELS
#include "codegen/cpu/Passes.h.inc"
} // namespace ingot::codegen

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;

static StringRef stringifyDot(DotInstruction dot) {
  switch (dot) {
  case DotInstruction::Plain:
    return "plain";
  case DotInstruction::Avx2:
    return "avx2";
  case DotInstruction::AvxVnni:
    return "avxvnni";
  case DotInstruction::Avx512Vnni:
    return "avx512vnni";
  }
  llvm_unreachable("unknown dot instruction");
}

/// Attributes that make LLVM generate code for `cpu` in this function only.
static void setTarget(LLVM::LLVMFuncOp function, const CpuDescription &cpu) {
  Builder builder(function.getContext());
  SmallVector<Attribute> attributes;
  auto add = [&](StringRef name, StringRef value) { attributes.push_back(builder.getStrArrayAttr({name, value})); };
  add("target-cpu", cpu.name);
  if (!cpu.features.empty())
    add("target-features", cpu.features);
  if (cpu.has512BitVectors) {
    // Some CPU models ask for 256-bit vectors by default; every kernel here is written for 16 lanes.
    add("prefer-vector-width", "512");
    add("min-legal-vector-width", "512");
  }
  function.setPassthroughAttr(builder.getArrayAttr(attributes));
  function->setAttr("ingot.dot", builder.getStringAttr(stringifyDot(cpu.dot)));
}

namespace {
struct EmitKernels : codegen::impl::CodegenEmitKernelsBase<EmitKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<target::CompileOptions> options = target::CompileOptions::of(module);
    if (failed(options))
      return signalPassFailure();
    llvm::Expected<SmallVector<CpuDescription>> cpus = describeCpus(options->cpu);
    if (!cpus) {
      module.emitError() << llvm::toString(cpus.takeError());
      return signalPassFailure();
    }
    CacheGeometry geometry = {64};
    for (auto group : module.getOps<model::CacheGroupOp>())
      geometry.pageRows = group.getPageRows();
    SmallVector<kernel::FunctionOp> functions(module.getOps<kernel::FunctionOp>());
    for (kernel::FunctionOp function : functions)
      for (const CpuDescription &cpu : *cpus)
        if (failed(emitFunction(function, cpu, geometry)))
          return signalPassFailure();
  }

  LogicalResult emitFunction(kernel::FunctionOp function, const CpuDescription &cpu, CacheGeometry geometry) {
    ImplicitLocOpBuilder builder(function.getLoc(), function);
    Type pointer = LLVM::LLVMPointerType::get(&getContext()), i64 = builder.getI64Type();
    SmallVector<Type> types = {pointer, i64, i64, i64};
    unsigned inputs = 0, states = 0, outputs = 0;
    for (Type type : function.getArgumentTypes()) {
      inputs += isa<RankedTensorType>(type);
      states += isa<model::KeyValueType>(type) ? 2 : 0;
    }
    for (Type type : function.getResultTypes())
      outputs += isa<RankedTensorType>(type);
    types.append(inputs + states + outputs, pointer);

    auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()), types);
    auto result = LLVM::LLVMFuncOp::create(builder, kernelSymbol(function.getSymName(), cpu), type);
    result.setLinkage(LLVM::Linkage::Internal);
    result.setDsoLocal(true);
    setTarget(result, cpu);
    // Buffers never overlap while one launch runs: the plan's verifier says so.
    for (unsigned index = 4; index < types.size(); ++index)
      result.setArgAttr(index, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());

    builder.setInsertionPointToStart(result.addEntryBlock(builder));
    KernelArguments arguments;
    arguments.step = result.getArgument(0);
    arguments.rows = result.getArgument(1);
    arguments.begin = result.getArgument(2);
    arguments.end = result.getArgument(3);
    auto take = [&, next = 4u](unsigned count) mutable {
      SmallVector<Value> values;
      for (unsigned index = 0; index < count; ++index)
        values.push_back(result.getArgument(next++));
      return values;
    };
    arguments.inputs = take(inputs);
    arguments.states = take(states);
    arguments.outputs = take(outputs);

    Emitter emit(builder, cpu);
    kernel::RowRangeAttr rows = function.getRowRange();
    if (rows.getLast() == 1)
      arguments.rows = emit.integer(1);
    if (auto attention = dyn_cast<kernel::AttentionOp>(function.getKernel()))
      // A head is rounded where it is produced: its groups must be its own.
      if (int64_t dimension = attention.getCache().getType().getDimension();
          encoding::isQuantizedActivation(attention.getResult().getType()) && dimension % encoding::groupColumns)
        return attention.emitOpError() << "expected heads of whole groups of " << encoding::groupColumns
                                       << " for a result in an integer format, found a dimension of " << dimension;
    bool known =
        llvm::TypeSwitch<Operation *, bool>(function.getKernel())
            .Case([&](kernel::EmbeddingOp op) { return emitEmbedding(emit, op, arguments), true; })
            .Case([&](kernel::WantedRowsOp op) { return emitWantedRows(emit, op, arguments), true; })
            .Case([&](kernel::RopeTableOp op) { return emitRopeTable(emit, op, arguments), true; })
            .Case([&](kernel::NormQuantizeOp op) { return emitNormQuantize(emit, op, arguments), true; })
            .Case([&](kernel::GenericOp op) { return emitGeneric(emit, op, arguments), true; })
            .Case([&](kernel::RopeOp op) { return emitRope(emit, op, arguments), true; })
            .Case([&](kernel::AppendOp op) { return emitAppend(emit, op, arguments, geometry), true; })
            .Case([&](kernel::MatmulOp op) { return emitMatmul(emit, op, arguments, rows), true; })
            .Case([&](kernel::GatedMatmulOp op) { return emitGatedMatmul(emit, op, arguments, rows), true; })
            .Case([&](kernel::QkvRopeAppendOp op) {
              return emitQkvRopeAppend(emit, op, arguments, rows, geometry), true;
            })
            .Case([&](kernel::AttentionOp op) { return emitAttention(emit, op, arguments, rows, geometry), true; })
            .Default(false);
    if (!known)
      return function.getKernel()->emitOpError() << "has no CPU code generator";
    LLVM::ReturnOp::create(builder, ValueRange());
    return success();
  }
};
} // namespace
