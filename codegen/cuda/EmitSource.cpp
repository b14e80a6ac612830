//===- EmitSource.cpp - a module as one text of CUDA C++ ------------------===//

#include "codegen/cuda/DeviceText.h"
#include "codegen/cuda/Kernels.h"
#include "codegen/cuda/Passes.h"
#include "codegen/cuda/Tables.h"
#include "target/CudaTarget.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

namespace ingot::cuda {
#define GEN_PASS_DEF_CUDAEMITSOURCE
#include "codegen/cuda/Passes.h.inc"
} // namespace ingot::cuda

using namespace mlir;
using namespace ingot;
using namespace ingot::cuda;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

SmallVector<StringRef> cuda::getBufferNouns(Operation *kernel) {
  using Nouns = SmallVector<StringRef>;
  auto withOperands = [&](Nouns first, size_t count, Nouns last) {
    static constexpr StringLiteral nouns[] = {"operand0", "operand1", "operand2", "operand3"};
    for (size_t index = 0; index < count; ++index)
      first.push_back(count == 1 ? StringRef("operand") : StringRef(nouns[std::min(index, std::size(nouns) - 1)]));
    first.append(last);
    return first;
  };
  return llvm::TypeSwitch<Operation *, Nouns>(kernel)
      .Case([&](kernel::EmbeddingOp op) { return withOperands({"table"}, op.getOperands_().size(), {"result"}); })
      .Case([](kernel::RopeTableOp op) { return op.getFactors() ? Nouns{"factors", "result"} : Nouns{"result"}; })
      .Case([](kernel::NormQuantizeOp op) {
        Nouns nouns = {"input"};
        if (op.getWeight())
          nouns.push_back("norm");
        if (op.getBias())
          nouns.push_back("bias");
        nouns.push_back(op.isNorm() ? "normalized" : "result");
        return nouns;
      })
      .Case([](kernel::PairHeadsOp op) {
        return op.getTable() ? Nouns{"input", "table", "result"} : Nouns{"input", "result"};
      })
      .Case([](kernel::AppendOp) { return Nouns{"", "key", "value", ""}; })
      .Case([&](kernel::GenericOp op) { return withOperands({}, op.getOperands_().size(), {"result"}); })
      .Case<kernel::MatmulOp, kernel::GatedMatmulOp>(
          [&](auto op) { return withOperands({"input", "weight"}, op.getOperands_().size(), {"result"}); })
      .Case(
          [&](kernel::GatedEpilogueOp op) { return withOperands({"products"}, op.getOperands_().size(), {"result"}); })
      .Case([&](kernel::QkvEpilogueOp op) {
        return withOperands({"products"}, op.getOperands_().size(),
                            op.getTable() ? Nouns{"table", "", "query", ""} : Nouns{"", "query", ""});
      })
      .Case([&](kernel::QkvRopeAppendOp op) {
        return withOperands({"input", "weight"}, op.getOperands_().size(),
                            op.getTable() ? Nouns{"table", "", "query", ""} : Nouns{"", "query", ""});
      })
      .Case<kernel::AttentionOp, kernel::AttentionPartialOp>([](auto) { return Nouns{"query", "", "result"}; })
      .Case([](kernel::AttentionMergeOp) { return Nouns{"partial", "result"}; })
      .Default([](Operation *) { return Nouns{"input", "result"}; });
}

std::string cuda::makeName(StringRef name, llvm::StringSet<> &taken) {
  std::string base;
  for (char c : name)
    base += llvm::isAlnum(c) ? c : '_';
  std::string result = base;
  for (unsigned number = 2; !taken.insert(result).second; ++number)
    result = base + "_" + std::to_string(number);
  return result;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

static LogicalResult emitKernel(KernelContext &context, Operation *kernel) {
  SmallVector<Type> types = llvm::to_vector_of<Type>(kernel->getOperandTypes());
  llvm::append_range(types, kernel->getResultTypes());
  for (Type type : types)
    if (encoding::isQuantizedActivation(type))
      return kernel->emitOpError() << "has no CUDA C++ for activations of 8 bits, found " << type;
  return llvm::TypeSwitch<Operation *, LogicalResult>(kernel)
      .Case([&](kernel::EmbeddingOp op) { return emitEmbedding(context, op); })
      .Case([&](kernel::WantedRowsOp op) { return emitWantedRows(context, op); })
      .Case([&](kernel::SequenceMeanOp op) { return emitSequenceMean(context, op); })
      .Case([&](kernel::SoftmaxOp op) { return emitSoftmax(context, op); })
      .Case([&](kernel::RopeTableOp op) { return emitRopeTable(context, op); })
      .Case([&](kernel::NormQuantizeOp op) { return emitNormQuantize(context, op); })
      .Case([&](kernel::GenericOp op) { return emitGeneric(context, op); })
      .Case([&](kernel::PairHeadsOp op) { return emitPairHeads(context, op); })
      .Case([&](kernel::AppendOp op) { return emitAppend(context, op); })
      .Case([&](kernel::MatmulOp op) { return emitMatmul(context, op); })
      .Case([&](kernel::GatedMatmulOp op) { return emitGatedMatmul(context, op); })
      .Case([&](kernel::QkvRopeAppendOp op) { return emitQkvRopeAppend(context, op); })
      .Case([&](kernel::GatedEpilogueOp op) { return emitGatedEpilogue(context, op); })
      .Case([&](kernel::QkvEpilogueOp op) { return emitQkvEpilogue(context, op); })
      .Case([&](kernel::AttentionOp op) { return emitAttention(context, op); })
      .Case([&](kernel::AttentionPartialOp op) { return emitAttentionPartial(context, op); })
      .Case([&](kernel::AttentionMergeOp op) { return emitAttentionMerge(context, op); })
      .Case<kernel::ChooseExpertsOp, kernel::GroupRowsOp, kernel::ExpertGatedMatmulOp, kernel::ExpertSumOp>(
          [](Operation *op) {
            return op->emitOpError() << "has no CUDA C++: mixtures of experts are compiled for the target cpu alone";
          })
      .Default([](Operation *op) { return op->emitOpError() << "has no CUDA C++"; });
}

KernelContext::KernelContext(SharedStructs &structs, kernel::FunctionOp function)
    : structs(structs), rows(function.getRowRange()),
      threads(getThreads(function.getKernel(), function.getRowRange())) {}

namespace {
/// Prints one kernel.function.
class FunctionEmitter {
public:
  FunctionEmitter(kernel::FunctionOp function, SharedStructs &structs)
      : function(function), context(structs, function) {}

  /// The definition under the name `name`.
  FailureOr<std::string> emit(StringRef name) {
    nameBuffers();
    emitPrefetch(context, function.getKernel());
    context.body += "  waitForEarlier();\n  letLaterBegin();\n";
    printBound();
    if (readsRows())
      context.body += function.getRowRange().getLast() == 1 ? "  constexpr int rows = 1;\n"
                                                            : "  const int rows = static_cast<int>(*rowCount);\n";
    for (Operation &prologue : function.getPrologues()) {
      Value result = prologue.getResult(0);
      context.print("  // Every block computes this for itself.\n  __shared__ __align__(16) float $name[$columns];\n",
                    {{"name", context.name(result)}, {"columns", strideOf(result)}});
      if (failed(emitKernel(context, &prologue)))
        return failure();
      context.body += "  __syncthreads();\n";
    }
    if (failed(emitKernel(context, function.getKernel())))
      return failure();
    std::string list;
    for (StringRef parameter : parameters)
      list += (",\n    " + parameter).str();
    return fillIn(R"(/// $operation for $rows.
extern "C" __global__ void __launch_bounds__($bounds) $name(
    const IngotCudaStep step, const uint32_t *rowCount$parameters) {
$body}

)",
                  {{"operation", function.getKernel()->getName().getStringRef()},
                   {"rows", describeRows()},
                   {"bounds", describeBounds()},
                   {"name", name},
                   {"parameters", list},
                   {"body", context.body}});
  }

private:
  std::string describeRows() {
    int64_t first = function.getRowRange().getFirst(), last = function.getRowRange().getLast();
    if (first == last)
      return last == 1 ? "one row" : std::to_string(last) + " rows";
    return std::to_string(first) + " to " + std::to_string(last) + " rows";
  }

  /// Threads of a block, and where it is needed how many blocks a multiprocessor must hold: without a word on it, ptxas
  /// spilled some registers of attention_partial and of products of a few rows to hold more than there is use for (see
  /// test/cuda/budgets.py).
  std::string describeBounds() {
    std::string threads = std::to_string(context.threads);
    if (isa<kernel::AttentionPartialOp>(function.getKernel()))
      return threads + ", 4";
    kernel::RowRangeAttr rows = function.getRowRange();
    bool isSomeRows = target::getProductPanels(function.getKernel()) && target::isFewRows(rows) && rows.getLast() > 1;
    return isSomeRows ? threads + ", 1" : threads;
  }

  /// Of few rows, the launch of a graph has blocks for as many as the function serves: those beyond the step's return.
  void printBound() {
    Operation *kernel = function.getKernel();
    kernel::RowRangeAttr rows = function.getRowRange();
    if (!target::isFewRows(rows) || rows.getFirst() == rows.getLast() || target::getProductPanels(kernel))
      return;
    auto attention = dyn_cast<kernel::AttentionOp>(kernel);
    int64_t together = attention ? target::getAttentionTileRows(attention, rows) : 1;
    if (together >= rows.getLast())
      return;
    context.print("  if (blockIdx.y$together >= *rowCount)\n    return;\n",
                  {{"together", together == 1 ? "" : " * " + std::to_string(together)}});
  }

  bool readsRows() {
    return isa<kernel::MatmulOp, kernel::GatedMatmulOp, kernel::QkvRopeAppendOp, kernel::AttentionOp>(
        function.getKernel());
  }

  /// What `value` is called: after the operation that computes it, or the first one that takes it.
  StringRef findNoun(Value value) {
    if (Operation *op = value.getDefiningOp()) {
      SmallVector<StringRef> nouns = getBufferNouns(op);
      return nouns[nouns.size() - op->getNumResults() + cast<OpResult>(value).getResultNumber()];
    }
    for (Operation &op : function.getBody().front()) {
      unsigned index = 0;
      for (Value operand : op.getOperands()) {
        if (operand == value)
          return getBufferNouns(&op)[index];
        index += !isa<model::StepType>(operand.getType());
      }
    }
    return "unused";
  }

  void nameBuffers() {
    llvm::StringSet<> taken;
    auto take = [&](Value value, const Twine &type) {
      std::string name = makeName(findNoun(value), taken);
      parameters.push_back((type + "__restrict__ " + name).str());
      context.buffers[value] = {name, ""};
    };
    // Inputs come first, then the keys and values of caches, then outputs.
    for (BlockArgument argument : function.getBody().getArguments())
      if (auto type = dyn_cast<RankedTensorType>(argument.getType()))
        take(argument, type.getRank() == 2 && encoding::getStorage(type) && encoding::getStorage(type).getLayout()
                           ? Twine("const uint8_t *")
                           : "const " + spellElement(type) + " *");
    for (BlockArgument argument : function.getBody().getArguments())
      if (isa<model::KeyValueType>(argument.getType())) {
        BufferNames names = {makeName("keys", taken), makeName("values", taken)};
        for (const std::string &name : {names.first, names.second})
          parameters.push_back("uint8_t *__restrict__ " + name);
        context.buffers[argument] = names;
      }
    for (Value output : function.getKernel()->getResults())
      if (auto type = dyn_cast<RankedTensorType>(output.getType()))
        take(output, spellElement(type) + " *");
    for (Operation &prologue : function.getPrologues())
      context.buffers[prologue.getResult(0)] = {makeName(findNoun(prologue.getResult(0)), taken), ""};
  }

  kernel::FunctionOp function;
  KernelContext context;
  SmallVector<std::string> parameters;
};

/// The kernel of no step that tells how fast memory can be read.
std::string emitReader() {
  return fillIn(R"(/// Reads, and does nothing else.
extern "C" __global__ void __launch_bounds__($threads) $name(
    const uint8_t *__restrict__ from, uint64_t bytes, uint32_t unlikely, uint32_t *result) {
  readMemory(from, bytes, unlikely, result);
}

)",
                {{"threads", INGOT_CUDA_PLAIN_THREADS}, {"name", readerName}});
}

struct EmitSource : cuda::impl::CudaEmitSourceBase<EmitSource> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SharedStructs structs(module);
    SmallVector<KernelEntry> kernels = listKernels(module);
    std::string functions;
    for (const KernelEntry &kernel : kernels) {
      FailureOr<std::string> text = FunctionEmitter(kernel.function, structs).emit(kernel.name);
      if (failed(text))
        return signalPassFailure();
      functions += *text;
    }
    FailureOr<Tables> tables = makeTables(module, kernels);
    if (failed(tables))
      return signalPassFailure();
    if (!kernels.empty())
      functions += emitReader();
    for (const GeneratorEntry &generator : tables->generators)
      functions += emitGenerator(generator, structs);
    auto title = [](StringRef text) {
      std::string rule = "//===" + std::string(70, '-') + "===//\n";
      return (rule + "// " + text + "\n" + rule + "\n").str();
    };
    auto model = module->getAttrOfType<StringAttr>("model.name");
    std::string text = fillIn("//===- $name, as ingotc wrote it for CUDA -===//\n\n",
                              {{"name", model ? model.getValue() : StringRef("A model")}});
    text += deviceText;
    text += "using namespace ingot;\n\n";
    bool samples = tables->parts != 0;
    if (samples)
      text += title("The token loop") + "#if defined(INGOT_CUDA_LOOP) || defined(INGOT_CUDA_SHIM)\n" + printLoop() +
              "#endif\n\n#ifndef INGOT_CUDA_LOOP\n\n";
    text += title("Formats and caches") + structs.getText().str();
    text += title("Kernels") + functions;
    if (samples)
      text += title("Sampling") + printSampling(*tables);
    text += title("Steps") + printTables(*tables);
    if (samples)
      text += "\n#endif // INGOT_CUDA_LOOP\n";
    module->setAttr(sourceName, StringAttr::get(&getContext(), text));
  }
};
} // namespace
