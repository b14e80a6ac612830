//===- ingot-shape.cpp - a Llama shape without a file ---------------------===//
//
// Prints a program at the phase model for a model of the Llama family whose
// parameters are made from a seed or are all one number: how shapes of 1B to
// 70B parameters are compiled and measured without their files.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/RandomParameters.h"
#include "compiler/import/RotaryFrequencies.h"
#include "compiler/import/Transformer.h"
#include "passes/model/Passes.h"
#include "target/TargetDescription.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace ingot;
using llvm::Error;
using llvm::Twine;
namespace cl = llvm::cl;

static cl::OptionCategory category("Shape");
template <typename T> struct Flag : cl::opt<T> {
  Flag(StringRef name, T fallback, StringRef help)
      : cl::opt<T>(name, cl::init(fallback), cl::desc(help), cl::cat(category)) {}
};

static Flag<int64_t> layers("layers", 2, "layers");
static Flag<int64_t> heads("heads", 4, "query heads");
static Flag<int64_t> keyValueHeads("key-value-heads", 2, "key-value heads, a divisor of the query heads");
static Flag<int64_t> headDimension("head-dim", 16, "elements of a head, even");
static Flag<int64_t> width("width", 64, "width of the residual stream");
static Flag<int64_t> hidden("hidden", 128, "width of the feed-forward layer");
static Flag<int64_t> vocabulary("vocabulary", 256, "tokens");
static Flag<int64_t> contextLength("context", 256, "positions of one sequence");
static Flag<int64_t> window("window", 0, "positions that a row sees, its own included; 0 all");
static Flag<int64_t> windowPattern("window-pattern", 0, "every so-many-th layer sees all positions; 0 none");
static Flag<int64_t> rows("rows", 512, "rows of one step, at most the context times the sequences");
static Flag<int64_t> sequences("sequences", 1, "sequences of one step");
static Flag<int64_t> wanted("wanted", 16, "rows of one step whose logits are wanted");
static Flag<std::string> format("format", "f32",
                                "matrices: a type of GGUF files in lower case (f32 … bf16, q4_0 … q8_0, q2_k … q6_k) "
                                "or i4 (group 128)");
static Flag<std::string> keyValue("kv", "f16", "elements of the caches: f16, bf16, f32 or q8_0");
static Flag<bool> separateHead("separate-head", false, "a head of its own, not the table of the embedding");
static Flag<double> ropeBase("rope-base", 10000, "base of the rotary frequencies");
static Flag<int64_t> seed("seed", 1, "parameters are random numbers made from this seed");
static cl::opt<double> splat("splat", cl::desc("all elements of all matrices are this number"), cl::cat(category));

static std::string formatNames() {
  std::string names;
  for (const encoding::NamedFormat &named : encoding::getGgmlFormats())
    names += (names.empty() ? "" : ", ") + named.name.str();
  return names;
}

static llvm::Expected<encoding::StorageAttr> storageOf(MLIRContext &context, StringRef name) {
  encoding::FormatInterface interface;
  if (name == "i4")
    interface = encoding::BlockAttr::get(&context, IntegerType::get(&context, 4), 128, encoding::ScaleKind::Static,
                                         encoding::groupColumns);
  else if (std::optional<encoding::GgmlType> type = encoding::symbolizeGgmlType(name))
    interface = encoding::GgmlAttr::get(&context, *type);
  else
    return llvm::createStringError("--format=" + name + ": expected " + formatNames() + " or i4");
  return encoding::StorageAttr::get(&context, interface, StringAttr(), encoding::PanelsAttr());
}

static Error checkFlags() {
  constexpr int64_t most = 1 << 24;
  for (const Flag<int64_t> *flag : {&layers, &heads, &keyValueHeads, &headDimension, &width, &hidden, &vocabulary,
                                    &contextLength, &rows, &sequences, &wanted})
    if (*flag < 1 || *flag > most)
      return llvm::createStringError("--" + flag->ArgStr + "=" + Twine(flag->getValue()) + ": expected 1 to " +
                                     Twine(most));
  for (const Flag<int64_t> *flag : {&window, &windowPattern})
    if (*flag < 0 || *flag > most)
      return llvm::createStringError("--" + flag->ArgStr + "=" + Twine(flag->getValue()) + ": expected 0 to " +
                                     Twine(most));
  if (heads % keyValueHeads)
    return llvm::createStringError("--key-value-heads=" + Twine(keyValueHeads) + ": expected a divisor of the " +
                                   Twine(heads) + " heads");
  if (headDimension % 2 || heads * headDimension > most)
    return llvm::createStringError("--head-dim=" + Twine(headDimension) + ": expected an even number, and at most " +
                                   Twine(most) + " elements in all heads");
  if (keyValue != "f16" && keyValue != "bf16" && keyValue != "f32" && keyValue != "q8_0")
    return llvm::createStringError("--kv=" + keyValue + ": expected f16, bf16, f32 or q8_0");
  if (!std::isfinite(ropeBase) || ropeBase <= 1)
    return llvm::createStringError("--rope-base: expected a number above 1");
  if (splat.getNumOccurrences() && seed.getNumOccurrences())
    return llvm::createStringError("--splat and --seed: expected one of them");
  return Error::success();
}

/// The parameter `name`, all of it one number.
static Error addParameter(OpBuilder &builder, encoding::StorageAttr matrix, StringRef name, ArrayRef<int64_t> shape) {
  MLIRContext *context = builder.getContext();
  bool isMatrix = shape.size() == 2;
  int64_t group = matrix.getFormat().getGroupSize();
  if (isMatrix && shape.back() % group)
    return llvm::createStringError("--format=" + format + ": parameter " + name + " has " + Twine(shape.back()) +
                                   " columns; expected a multiple of " + Twine(group));
  auto plain = encoding::StorageAttr::get(context, encoding::GgmlAttr::get(context, encoding::GgmlType::F32),
                                          StringAttr(), encoding::PanelsAttr());
  auto type = RankedTensorType::get(shape, builder.getF32Type(), isMatrix ? matrix : plain);
  FloatAttr value = builder.getF32FloatAttr(isMatrix ? static_cast<float>(splat) : 1);
  model::ParameterOp::create(builder, builder.getUnknownLoc(), builder.getStringAttr(name), TypeAttr::get(type),
                             StringAttr(), StringAttr(), model::ViewAttr(), FloatAttr(), value, IntegerAttr(),
                             FloatAttr(), StringAttr());
  return Error::success();
}

static Error printShape(MLIRContext &context) {
  if (Error error = checkFlags())
    return error;
  llvm::Expected<encoding::StorageAttr> storage = storageOf(context, format);
  if (!storage)
    return storage.takeError();
  compiler::Transformer shape;
  shape.layers.resize(layers, {/*window=*/0, /*rope=*/0});
  shape.width = shape.tableWidth = width;
  shape.hidden = hidden;
  shape.vocabulary = vocabulary;
  shape.heads = heads;
  shape.keyValueHeads = keyValueHeads;
  shape.headDimension = headDimension;
  shape.context = contextLength;
  shape.sequences = sequences;
  shape.rows = std::min<int64_t>(rows, contextLength * sequences);
  shape.wanted = std::min<int64_t>(wanted, shape.rows);
  if (shape.sequences > shape.rows)
    return llvm::createStringError("--sequences=" + Twine(sequences) + ": expected at most one for each of the " +
                                   Twine(shape.rows) + " rows");
  if (window)
    compiler::setWindows(shape, window, compiler::getLocalLayers(shape, windowPattern));
  shape.epsilon = 1e-5f;
  shape.ropes = {{model::RopeStyle::Interleaved, compiler::computeRotaryFrequencies(headDimension, ropeBase, {})}};
  shape.tiedHead = !separateHead;

  OwningOpRef<ModuleOp> module(ModuleOp::create(UnknownLoc::get(&context)));
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  if (Error error = compiler::forEachParameter(shape, [&](const compiler::Parameter &parameter) {
        return addParameter(builder, *storage, parameter.getName(), parameter.shape);
      }))
    return error;
  if (!splat.getNumOccurrences())
    compiler::makeParametersRandom(*module, seed);
  compiler::addForward(*module, shape);

  // The passes of the phase ask for options; whoever compiles the program
  // chooses them.
  target::CompileOptions options;
  options.cpu = "portable";
  options.keyValue = keyValue;
  options.attachTo(*module);
  PassManager manager(&context);
  model::addModelPhasePasses(manager);
  if (failed(manager.run(*module)))
    return llvm::createStringError("the shape does not verify");
  (*module)->removeAttr("ingot.options");
  module->print(llvm::outs(), OpPrintingFlags().printNameLocAsPrefix());
  llvm::outs() << "\n";
  return Error::success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "prints a Llama shape at the phase model\n");
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<model::ModelDialect, func::FuncDialect, arith::ArithDialect, encoding::EncodingDialect>();
  if (Error error = printShape(context)) {
    llvm::errs() << "ingot-shape: error: " << llvm::toString(std::move(error)) << "\n";
    return 1;
  }
  return 0;
}
