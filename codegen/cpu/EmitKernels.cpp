//===- EmitKernels.cpp - kernel.function to llvm.func ---------------------===//

#include "codegen/cpu/Kernels.h"
#include "codegen/cpu/Passes.h"
#include "codegen/cpu/Symbols.h"
#include "codegen/cpu/TileChoices.h"
#include "runtime/abi.h"
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
  case DotInstruction::Sse2:
    return "sse2";
  case DotInstruction::Avx2:
    return "avx2";
  case DotInstruction::Avx512Bw:
    return "avx512bw";
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

/// What the code of attention takes for granted.
static LogicalResult checkAttention(Operation *kernel, model::CacheGroupOp group, CacheGeometry geometry) {
  // A head is rounded where it is produced: its groups must be its own.
  auto checkResult = [&](int64_t dimension) -> LogicalResult {
    if (encoding::isQuantizedActivation(kernel->getResult(0).getType()) && dimension % encoding::groupColumns)
      return kernel->emitOpError() << "expected heads of whole groups of " << encoding::groupColumns
                                   << " for a result in an integer format, found a dimension of " << dimension;
    return success();
  };
  auto checkKeys = [&](auto op) -> LogicalResult {
    int64_t keyChunk = op.getKeyChunk();
    if (keyChunk % geometry.pageRows)
      return kernel->emitOpError() << "expected a key_chunk of whole pages of " << geometry.pageRows << ", found "
                                   << keyChunk;
    return group.verifyReader(kernel, op.getWindow(), op.getStep().getType().getRows());
  };
  return llvm::TypeSwitch<Operation *, LogicalResult>(kernel)
      .Case([&](kernel::AttentionOp op) {
        return failed(checkKeys(op)) ? failure() : checkResult(op.getCache().getType().getDimension());
      })
      .Case([&](kernel::AttentionPartialOp op) -> LogicalResult {
        if (failed(checkKeys(op)))
          return failure();
        int64_t most = target::countKeyChunks(group.getContext(), op.getKeyChunk(), op.getWindow());
        if (static_cast<int64_t>(op.getChunks()) < most)
          return op.emitOpError() << "expected room for the " << most
                                  << " chunks that a row looks at, found chunks = " << op.getChunks();
        return success();
      })
      .Case([&](kernel::AttentionMergeOp op) { return checkResult(op.getDimension()); })
      .Default(success());
}

namespace {
struct EmitKernels : codegen::impl::CodegenEmitKernelsBase<EmitKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<SmallVector<CpuDescription>> cpus = describeCpus(module);
    if (failed(cpus))
      return signalPassFailure();
    FailureOr<TileChoices> tiles = TileChoices::of(module);
    if (failed(tiles))
      return signalPassFailure();
    for (CpuDescription &cpu : *cpus)
      tiles->applyTo(cpu.tiles);
    groups.clear();
    for (auto group : module.getOps<model::CacheGroupOp>())
      groups.try_emplace(
          group.getName(),
          Group{group,
                {static_cast<int64_t>(group.getPageRows()), static_cast<int64_t>(group.getPages()),
                 static_cast<int64_t>(group.getRing().value_or(0)), static_cast<int64_t>(groups.size())}});
    SmallVector<kernel::FunctionOp> functions(module.getOps<kernel::FunctionOp>());
    if (!functions.empty()) {
      auto builder = ImplicitLocOpBuilder::atBlockEnd(module.getLoc(), module.getBody());
      Type pointer = LLVM::LLVMPointerType::get(&getContext());
      LLVM::LLVMFuncOp::create(builder, claimSymbol, LLVM::LLVMFunctionType::get(builder.getI32Type(), {pointer}));
    }
    for (kernel::FunctionOp function : functions)
      for (const CpuDescription &cpu : *cpus)
        if (failed(emitFunction(function, cpu)))
          return signalPassFailure();
  }

  /// A group of caches, and where its pages stand.
  struct Group {
    model::CacheGroupOp op;
    CacheGeometry geometry;
  };

  LogicalResult emitFunction(kernel::FunctionOp function, const CpuDescription &cpu) {
    ImplicitLocOpBuilder builder(function.getLoc(), function);
    Type pointer = LLVM::LLVMPointerType::get(&getContext()), i64 = builder.getI64Type();
    SmallVector<Type> types = {pointer, i64, pointer};
    const unsigned firstBuffer = types.size();
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
    for (unsigned index = firstBuffer; index < types.size(); ++index)
      result.setArgAttr(index, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());

    builder.setInsertionPointToStart(result.addEntryBlock(builder));
    Emitter emit(builder, cpu);
    Pointers pointers;
    unsigned next = firstBuffer;
    auto take = [&](Type tensorOrCache) {
      Value first = result.getArgument(next++);
      return std::pair(first, isa<model::KeyValueType>(tensorOrCache) ? result.getArgument(next++) : Value());
    };
    // Inputs come first, then the keys and values of caches, then outputs.
    for (BlockArgument argument : function.getBody().getArguments())
      if (isa<RankedTensorType>(argument.getType()))
        pointers[argument] = take(argument.getType());
    for (BlockArgument argument : function.getBody().getArguments())
      if (isa<model::KeyValueType>(argument.getType()))
        pointers[argument] = take(argument.getType());
    Operation *kernel = function.getKernel();
    for (Value output : kernel->getResults())
      if (isa<RankedTensorType>(output.getType()))
        pointers[output] = take(output.getType());

    KernelArguments arguments;
    arguments.step = result.getArgument(0);
    bool isOneRow = function.getRowRange().getLast() == 1;
    arguments.rows = isOneRow ? emit.integer(1) : Value(result.getArgument(1));
    Value share = result.getArgument(2);
    auto claim = [&] {
      Value claimed = LLVM::CallOp::create(builder, emit.i32(), claimSymbol, share).getResult();
      return arith::CmpIOp::create(builder, arith::CmpIPredicate::ne, claimed, emit.integer(0, emit.i32())).getResult();
    };
    LogicalResult emitted = success();
    // A worker without grains, or a launch without rows, has no use for prologues.
    emit.when(claim(), [&] {
      KernelArguments whole = arguments;
      whole.begin = emit.integer(0);
      whole.end = emit.integer(1);
      for (Operation &prologue : function.getPrologues()) {
        Value scratch = prologue.getResult(0);
        pointers[scratch] = {emit.stack(encoding::getActivationRowBytes(cast<RankedTensorType>(scratch.getType()))),
                             {}};
        if (succeeded(emitted))
          emitted = emitKernel(emit, &prologue, function.getRowRange(), whole, pointers);
      }
      emit.repeatWhile([&] {
        arguments.begin = emit.load(i64, emit.pointer(share, offsetof(IngotShare, begin)), 8);
        arguments.end = emit.load(i64, emit.pointer(share, offsetof(IngotShare, end)), 8);
        if (succeeded(emitted))
          emitted = emitKernel(emit, kernel, function.getRowRange(), arguments, pointers);
        return claim();
      });
    });
    if (failed(emitted))
      return failure();
    LLVM::ReturnOp::create(builder, ValueRange());
    return success();
  }

  /// By name.
  llvm::StringMap<Group> groups;

  /// Where tensors lie; of a cache, its keys and its values.
  using Pointers = DenseMap<Value, std::pair<Value, Value>>;

  LogicalResult emitKernel(Emitter &emit, Operation *kernel, kernel::RowRangeAttr rows, KernelArguments arguments,
                           const Pointers &pointers) {
    Group group = {};
    SmallVector<Type> types(kernel->getOperandTypes());
    llvm::append_range(types, kernel->getResultTypes());
    for (Type type : types) {
      encoding::StorageAttr storage = encoding::getStorage(type);
      if (encoding::isHalfActivation(type) || (storage && storage.getLayout() && storage.getLayout().hasPlainRows()))
        return kernel->emitOpError() << "has no CPU code generator for " << type;
    }
    for (Value operand : kernel->getOperands()) {
      auto [first, second] = pointers.lookup(operand);
      if (isa<RankedTensorType>(operand.getType()))
        arguments.inputs.push_back(first);
      auto cache = dyn_cast<model::KeyValueType>(operand.getType());
      if (!cache)
        continue;
      arguments.states.append({first, second});
      if (cache.getElement().isBF16() && !emit.cpu.hasPairProducts)
        return kernel->emitOpError() << "expected a CPU with AVX-512 BF16 for " << cache << ", found " << emit.cpu.name;
      auto found = groups.find(cache.getGroup().getValue());
      if (found == groups.end())
        return kernel->emitOpError() << "expected a model.cache_group " << cache.getGroup() << " for " << cache
                                     << ", found none";
      group = found->second;
    }
    for (Value result : kernel->getResults())
      if (isa<RankedTensorType>(result.getType()))
        arguments.outputs.push_back(pointers.lookup(result).first);
    CacheGeometry geometry = group.geometry;
    if (failed(checkAttention(kernel, group.op, geometry)))
      return failure();
    bool known =
        llvm::TypeSwitch<Operation *, bool>(kernel)
            .Case([&](kernel::EmbeddingOp op) { return emitEmbedding(emit, op, arguments), true; })
            .Case([&](kernel::WantedRowsOp op) { return emitWantedRows(emit, op, arguments), true; })
            .Case([&](kernel::SequenceMeanOp op) { return emitSequenceMean(emit, op, arguments), true; })
            .Case([&](kernel::SoftmaxOp op) { return emitSoftmax(emit, op, arguments), true; })
            .Case([&](kernel::RopeTableOp op) { return emitRopeTable(emit, op, arguments), true; })
            .Case([&](kernel::NormQuantizeOp op) { return emitNormQuantize(emit, op, arguments), true; })
            .Case([&](kernel::GenericOp op) { return emitGeneric(emit, op, arguments), true; })
            .Case([&](kernel::PairHeadsOp op) { return emitPairHeads(emit, op, arguments), true; })
            .Case([&](kernel::AppendOp op) { return emitAppend(emit, op, arguments, geometry), true; })
            .Case([&](kernel::MatmulOp op) { return emitMatmul(emit, op, arguments, rows), true; })
            .Case([&](kernel::GatedMatmulOp op) { return emitGatedMatmul(emit, op, arguments, rows), true; })
            .Case([&](kernel::ChooseExpertsOp op) { return emitChooseExperts(emit, op, arguments), true; })
            .Case([&](kernel::GroupRowsOp op) { return emitGroupRows(emit, op, arguments), true; })
            .Case(
                [&](kernel::ExpertGatedMatmulOp op) { return emitExpertGatedMatmul(emit, op, arguments, rows), true; })
            .Case([&](kernel::ExpertSumOp op) { return emitExpertSum(emit, op, arguments, rows), true; })
            .Case([&](kernel::QkvRopeAppendOp op) {
              return emitQkvRopeAppend(emit, op, arguments, rows, geometry), true;
            })
            .Case([&](kernel::AttentionOp op) { return emitAttention(emit, op, arguments, rows, geometry), true; })
            .Case([&](kernel::AttentionPartialOp op) {
              return emitAttentionPartial(emit, op, arguments, geometry), true;
            })
            .Case([&](kernel::AttentionMergeOp op) { return emitAttentionMerge(emit, op, arguments), true; })
            .Default(false);
    if (!known)
      return kernel->emitOpError() << "has no CPU code generator";
    return success();
  }
};
} // namespace
