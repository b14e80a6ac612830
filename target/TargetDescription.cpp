//===- TargetDescription.cpp - what passes ask about a target -------------===//

#include "target/TargetDescription.h"

#include "target/CpuTarget.h"
#include "target/CudaTarget.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::target;

void CompileOptions::attachTo(ModuleOp module) const {
  Builder builder(module.getContext());
  auto entry = [&](StringRef name, StringRef value) {
    return builder.getNamedAttr(name, builder.getStringAttr(value));
  };
  SmallVector<NamedAttribute> entries = {entry("target", target), entry("cpu", cpu), entry("activations", activations),
                                         entry("key_value", keyValue), entry("weights", weights)};
  if (!quantize.empty())
    entries.push_back(entry("quantize", quantize));
  if (!sm.empty())
    entries.push_back(entry("sm", sm));
  if (!gemm.empty())
    entries.push_back(entry("gemm", gemm));
  if (batchInvariant)
    entries.push_back(builder.getNamedAttr("batch_invariant", builder.getUnitAttr()));
  module->setAttr(optionsName, builder.getDictionaryAttr(entries));
}

std::optional<int64_t> CompileOptions::parseWeightSeed(StringRef weights) {
  int64_t seed;
  if (!weights.consume_front("random:") || weights.getAsInteger(10, seed) || seed < 0)
    return std::nullopt;
  return seed;
}

FailureOr<CompileOptions> CompileOptions::of(ModuleOp module) {
  auto dictionary = module->getAttrOfType<DictionaryAttr>(optionsName);
  CompileOptions options;
  auto read = [&](StringRef name, std::string &value, std::initializer_list<StringRef> allowed) -> LogicalResult {
    auto text = dictionary ? dictionary.getAs<StringAttr>(name) : StringAttr();
    if (!text)
      return module.emitError() << "expected the module attribute " << optionsName << " with a string '" << name << "'";
    if (allowed.size() && !llvm::is_contained(allowed, text.getValue())) {
      auto error = module.emitError() << "expected " << optionsName << "." << name << " to be one of ";
      llvm::interleaveComma(allowed, error);
      return error << ", found '" << text.getValue() << "'";
    }
    value = text.str();
    return success();
  };
  if (failed(read("target", options.target, {"cpu", "cuda"})) || failed(read("cpu", options.cpu, {})) ||
      failed(read("activations", options.activations, {"auto", "f32"})) ||
      failed(read("key_value", options.keyValue, {"f16", "bf16", "f32", "q8_0"})) ||
      failed(read("weights", options.weights, {})))
    return failure();
  if (options.weights != "embedded" && options.weights != "external" && !options.generatesWeights())
    return module.emitError() << "expected " << optionsName
                              << ".weights to be one of embedded, external, random:SEED, found '" << options.weights
                              << "'";
  if (options.generatesWeights() && options.target != "cuda")
    return module.emitError() << "expected " << optionsName << ".weights to be embedded or external on the target "
                              << options.target << ", found '" << options.weights << "'";
  if (dictionary.contains("quantize")) {
    if (failed(read("quantize", options.quantize, {})))
      return failure();
    const encoding::WeightFormat *format = encoding::findGgmlFormat(options.quantize);
    if (!format || !encoding::canQuantize(*format))
      return module.emitError() << "expected " << optionsName << ".quantize to be one of "
                                << encoding::listQuantizableFormats() << ", found '" << options.quantize << "'";
  }
  if (dictionary.contains("sm")) {
    if (failed(read("sm", options.sm, {})))
      return failure();
    if (options.target != "cuda" || !parseArchitectures(options.sm))
      return module.emitError() << "expected " << optionsName << ".sm on the target cuda alone, and of "
                                << llvm::join(getArchitectures(), ", ") << ", each at most once; found '" << options.sm
                                << "'";
  }
  if (dictionary.contains("gemm")) {
    if (failed(read("gemm", options.gemm, {"own", "cublaslt"})))
      return failure();
    if (options.target != "cuda")
      return module.emitError() << "expected " << optionsName << ".gemm on the target cuda alone";
  }
  if (Attribute invariant = dictionary.get("batch_invariant")) {
    if (!isa<UnitAttr>(invariant))
      return module.emitError() << "expected " << optionsName << ".batch_invariant to be a unit attribute, found "
                                << invariant;
    options.batchInvariant = true;
  }
  if (options.batchInvariant && options.gemm == "cublaslt")
    return module.emitError() << "expected " << optionsName
                              << ".gemm to be own where no result may depend on the batch: "
                              << "cuBLASLt adds in an order that it chooses by the number of rows";
  if (options.activations != "f32" && !TargetDescription::find(options.target)->roundsActivations())
    return module.emitError() << "expected " << optionsName << ".activations to be f32 on the target " << options.target
                              << ", found '" << options.activations << "'";
  return options;
}

const TargetDescription *TargetDescription::find(StringRef name) {
  if (name != "cpu" && name != "cuda")
    return nullptr;
  CompileOptions options;
  options.target = name.str();
  return &find(options);
}

const TargetDescription &TargetDescription::find(const CompileOptions &options) {
  static const CpuTarget cpu;
  static const CudaTarget cuda(/*batchInvariant=*/false, /*usesLibrary=*/true);
  static const CudaTarget ownCuda(/*batchInvariant=*/false, /*usesLibrary=*/false);
  static const CudaTarget invariantCuda(/*batchInvariant=*/true, /*usesLibrary=*/false);
  if (options.target == "cpu")
    return cpu;
  return options.batchInvariant ? invariantCuda : options.gemm == "own" ? ownCuda : cuda;
}

FailureOr<const TargetDescription *> TargetDescription::of(ModuleOp module) {
  FailureOr<CompileOptions> options = CompileOptions::of(module);
  if (failed(options))
    return failure();
  return &find(*options);
}

int64_t TargetDescription::getStepRows(int64_t rows, int64_t sequences, uint64_t bytesPerRow) const {
  constexpr int64_t fewestRows = 128;
  int64_t fewest = std::max(fewestRows, sequences);
  while (rows > fewest && rows * bytesPerRow > getActivationBudget())
    rows = std::max<int64_t>(fewest, llvm::bit_floor<uint64_t>(rows - 1));
  return rows;
}

encoding::PanelsAttr TargetDescription::getWeightLayout(RankedTensorType weight) const {
  encoding::StorageAttr storage = encoding::getStorage(weight);
  return encoding::PanelsAttr::get(storage.getContext(), encoding::panelRows,
                                   storage.getFormat().isQuantized() ? 4 : 1);
}

int64_t target::getKeyChunk(int64_t context, int64_t pageRows) {
  constexpr int64_t fewestKeys = 128, mostKeys = 1024, mostChunks = 128;
  int64_t keys = std::clamp<int64_t>(llvm::divideCeil(context, mostChunks), fewestKeys, mostKeys);
  return llvm::alignTo(keys, pageRows);
}

int64_t target::countKeyChunks(int64_t context, int64_t keyChunk, std::optional<int64_t> window) {
  int64_t chunks = llvm::divideCeil(context, keyChunk);
  // A window that ends in the middle of a chunk begins in another one.
  return window ? std::min<int64_t>(chunks, llvm::divideCeil(*window - 1, keyChunk) + 1) : chunks;
}
