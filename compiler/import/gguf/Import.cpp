//===- Import.cpp - from a GGUF file to the import phase ------------------===//

#include "compiler/import/gguf/Import.h"

#include "compiler/import/Families.h"
#include "compiler/import/RotaryFrequencies.h"
#include "compiler/import/TensorFile.h"
#include "compiler/import/gguf/reader.h"
#include "compiler/import/gguf/tokenizer.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace ingot;
using compiler::Family;
using compiler::Parameter;
using compiler::quote;
using compiler::Role;
using compiler::shapeText;
using compiler::Transformer;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

/// Bounds on the numbers of a file, far above any model, so that no product of
/// two overflows.
static constexpr uint64_t mostLayers = 1 << 16, mostColumns = 1 << 24, mostContext = 1 << 24;
/// Bytes of a name or licence that goes into the module.
static constexpr size_t mostTextBytes = 4096;

/// The type of a parameter of `shape`; checkTypes has refused what is not imported.
static RankedTensorType typeOf(MLIRContext &context, const gguf::Tensor &tensor, ArrayRef<int64_t> shape) {
  encoding::GgmlType stored = *encoding::symbolizeGgmlType(gguf::typeInfo(tensor.type).name.lower());
  auto format = encoding::GgmlAttr::get(&context, stored);
  auto storage = encoding::StorageAttr::get(&context, format, StringAttr(), encoding::PanelsAttr());
  return RankedTensorType::get(shape, Float32Type::get(&context), storage);
}

namespace {
/// Where a parameter's rows stand.
struct Source {
  const gguf::Tensor *tensor = nullptr;
  int64_t firstRow = 0, totalRows = 0;
};
} // namespace

/// Names as llama.cpp reads them; several matrices may be one tensor, one after the other.
static Source findSource(const gguf::File &file, const Family &family, const Transformer &model,
                         const Parameter &parameter) {
  StringRef suffix = parameter.isBias ? ".bias" : ".weight";
  std::string prefix = parameter.layer < 0 ? "" : ("blk." + Twine(parameter.layer) + ".").str();
  auto find = [&](StringRef name) { return file.findTensor(prefix + name.str() + suffix.str()); };
  int64_t rows = parameter.shape.empty() ? 0 : parameter.shape.front();
  for (const auto &[role, names] : family.ggufNames) {
    SmallVector<StringRef> alternatives;
    StringRef(names).split(alternatives, '|');
    if (role == parameter.role)
      for (StringRef name : alternatives)
        if (const gguf::Tensor *tensor = find(name))
          return {tensor, 0, rows};
  }
  int64_t queries = model.heads * model.headDimension, keys = model.keyValueHeads * model.headDimension;
  if (const gguf::Tensor *tensor = find("attn_qkv"))
    switch (parameter.role) {
    case Role::Query:
      return {tensor, 0, queries + 2 * keys};
    case Role::Key:
      return {tensor, queries, queries + 2 * keys};
    case Role::Value:
      return {tensor, queries + keys, queries + 2 * keys};
    default:
      break;
    }
  // Gate and up in one (Phi-3).
  if (parameter.layer >= 0 && model.gated && !find("ffn_gate"))
    if (const gguf::Tensor *tensor = find("ffn_up"))
      if (parameter.role == Role::Gate || parameter.role == Role::Up)
        return {tensor, parameter.role == Role::Gate ? 0 : rows, 2 * rows};
  if (parameter.expert >= 0)
    return {find(getName(parameter.role)), parameter.expert * rows, model.experts * rows};
  return {find(getName(parameter.role)), 0, rows};
}

namespace {
/// Describes a model by the metadata of its file; each method stops at the first error.
class MetadataReader {
public:
  MetadataReader(const gguf::File &file, const Family &family) : file(file), family(family) {
    static_cast<compiler::Traits &>(model) = family.traits;
  }

  Expected<Transformer> read(const compiler::Request &request);

private:
  /// The number under "ARCHITECTURE." + `name`, between 1 and `most`; `fallback` where the key is absent.
  Error read(StringRef name, uint64_t most, int64_t &value, std::optional<int64_t> fallback = {});
  Error read(StringRef name, float &value, std::optional<float> fallback = {});
  Error readHeads();
  Error readScales();
  Error readContext(const compiler::Request &request);
  Error readRope();
  Error readScaling(compiler::RotaryScaling &scaling, float &magnitude);
  Error readWindows();
  Error readVocabulary();
  Error readExperts();
  Error refuseOthers();
  void findBiases();
  void findNorms();
  std::string key(StringRef name) { return family.architecture + "." + name.str(); }
  bool has(StringRef name) { return file.valueInfo(key(name)).has_value(); }
  Error wrong(StringRef name, const Twine &expected, const Twine &found) {
    return file.error("metadata key '" + key(name) + "' is " + found + "; expected " + expected);
  }

  const gguf::File &file;
  const Family &family;
  Transformer model;
  int64_t trainedContext = 0;
  /// Of every layer, whether it sees a window only, be that shorter than the context or not; empty: none does.
  SmallVector<bool> isLocal;
};
} // namespace

Error MetadataReader::read(StringRef name, uint64_t most, int64_t &value, std::optional<int64_t> fallback) {
  if (fallback && !has(name)) {
    value = *fallback;
    return Error::success();
  }
  Expected<uint64_t> found = file.getUnsigned(key(name));
  if (!found)
    return found.takeError();
  if (*found < 1 || *found > most)
    return wrong(name, "1 to " + Twine(most), Twine(*found));
  value = static_cast<int64_t>(*found);
  return Error::success();
}

Error MetadataReader::read(StringRef name, float &value, std::optional<float> fallback) {
  if (fallback && !has(name)) {
    value = *fallback;
    return Error::success();
  }
  Expected<double> found = file.getFloat(key(name));
  if (!found)
    return found.takeError();
  value = static_cast<float>(*found);
  if (!std::isfinite(value) || value < 0)
    return wrong(name, "a finite number that is not negative", llvm::formatv("{0}", *found).str());
  return Error::success();
}

Error MetadataReader::readHeads() {
  if (Error error = read("attention.head_count", mostColumns, model.heads))
    return error;
  if (Error error = read("attention.head_count_kv", mostColumns, model.keyValueHeads, model.heads))
    return error;
  if (model.heads % model.keyValueHeads)
    return wrong("attention.head_count_kv", "a divisor of the " + Twine(model.heads) + " heads",
                 Twine(model.keyValueHeads));
  if (!has("attention.key_length") && model.width % model.heads)
    return wrong("attention.head_count",
                 "a divisor of the width of " + Twine(model.width) + " (or the key '" + key("attention.key_length") +
                     "')",
                 Twine(model.heads));
  if (Error error = read("attention.key_length", mostColumns, model.headDimension, model.width / model.heads))
    return error;
  if (model.headDimension % 2)
    return wrong("attention.key_length", "an even number of elements of a head", Twine(model.headDimension));
  if (static_cast<uint64_t>(model.headDimension) * model.heads > mostColumns)
    return wrong("attention.head_count",
                 "at most " + Twine(mostColumns) + " elements in all heads of " + Twine(model.headDimension),
                 Twine(model.heads));
  int64_t valueDimension;
  if (Error error = read("attention.value_length", mostColumns, valueDimension, model.headDimension))
    return error;
  if (valueDimension != model.headDimension)
    return wrong("attention.value_length",
                 "the key's length of " + Twine(model.headDimension) + " (others are not supported)",
                 Twine(valueDimension));
  return Error::success();
}

/// Epsilon, softcaps and multipliers.
Error MetadataReader::readScales() {
  StringRef epsilonName =
      model.norm == compiler::NormKind::Layer ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon";
  if (Error error = read(epsilonName, model.epsilon))
    return error;
  // Where the family has a multiplier; 0 in the file is none.
  auto isScaled = [&](float Transformer::*number) {
    return llvm::find_if(family.numbers, [&](const compiler::NumberKey &entry) { return entry.number == number; });
  };
  struct Scale {
    StringLiteral name;
    float Transformer::*number;
  };
  constexpr Scale scales[] = {{"attn_logit_softcapping", &Transformer::attentionSoftcap},
                              {"attention.clamp_kqv", &Transformer::queryKeyValueClip},
                              {"final_logit_softcapping", &Transformer::logitSoftcap},
                              {"embedding_scale", &Transformer::embeddingScale},
                              {"attention.scale", &Transformer::attentionScale},
                              {"residual_scale", &Transformer::residualScale},
                              {"logit_scale", &Transformer::logitScale}};
  for (const Scale &scale : scales) {
    const compiler::NumberKey *entry = isScaled(scale.number);
    if (entry == family.numbers.end())
      continue;
    float number;
    if (Error error = read(scale.name, number, 0.0f))
      return error;
    if (number != 0)
      model.*scale.number = entry->isDivisor ? 1 / number : number;
  }
  if (family.setGgufScale)
    family.setGgufScale(model);
  return Error::success();
}

Error MetadataReader::readContext(const compiler::Request &request) {
  if (Error error = read("context_length", mostContext, trainedContext))
    return error;
  if (Error error = compiler::setContext(model, trainedContext, request, "'" + key("context_length") + "'"))
    return file.error(toString(std::move(error)));
  model.positionRows = trainedContext;
  return Error::success();
}

/// Defaults as src/llama-model.cpp and src/llama-context.cpp of llama.cpp set them.
Error MetadataReader::readRope() {
  if (model.positions == compiler::Positions::Alibi)
    model.alibiSlopes = compiler::getAlibiSlopes(model.heads);
  if (model.positions != compiler::Positions::Rotary)
    return Error::success();
  int64_t rotated;
  if (Error error = read("rope.dimension_count", mostColumns, rotated, model.headDimension))
    return error;
  if (rotated % 2 || rotated > model.headDimension)
    return wrong("rope.dimension_count",
                 "an even number, at most the " + Twine(model.headDimension) + " elements of a head", Twine(rotated));
  float base;
  if (Error error = read("rope.freq_base", base, 10000.0f))
    return error;
  if (base <= 1)
    return wrong("rope.freq_base", "a number above 1", llvm::formatv("{0}", base).str());
  compiler::Rope rope;
  rope.style = family.ggufStyle;
  compiler::RotaryScaling scaling;
  if (Error error = readScaling(scaling, rope.magnitude))
    return error;
  rope.frequencies = compiler::computeRotaryFrequencies(rotated, base, scaling);
  rope.hasFactors = file.findTensor("rope_freqs.weight");
  SmallVector<float> localFrequencies;
  if (family.localRopeBase != 0)
    localFrequencies = compiler::computeRotaryFrequencies(rotated, family.localRopeBase, {});
  compiler::setRopes(model, rope, localFrequencies, isLocal);
  return Error::success();
}

Error MetadataReader::readScaling(compiler::RotaryScaling &scaling, float &magnitude) {
  Expected<std::optional<StringRef>> named = file.findString(key("rope.scaling.type"));
  if (!named)
    return named.takeError();
  StringRef kind = named->value_or("linear");
  if (kind != "none" && kind != "linear" && kind != "yarn")
    return wrong("rope.scaling.type", "none, linear or yarn (others are not supported)", compiler::quote(kind));
  // 'rope.scale_linear' is the name that files of before 2023-10 use.
  StringRef factorName = has("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear";
  float factor, attentionFactor;
  if (Error error = read(factorName, factor, 0.0f))
    return error;
  if (Error error = read("rope.scaling.attn_factor", attentionFactor, 1.0f))
    return error;
  if (kind == "none" || factor == 0)
    factor = 1;
  int64_t originalContext;
  if (Error error = read("rope.scaling.original_context_length", mostContext, originalContext, trainedContext))
    return error;
  using Kind = compiler::RotaryScaling::Kind;
  scaling.kind = kind == "yarn" ? Kind::Yarn : factor == 1 ? Kind::None : Kind::Linear;
  scaling.factor = factor;
  scaling.originalContext = static_cast<double>(originalContext);
  magnitude = attentionFactor;
  if (kind == "yarn" && factor > 1)
    magnitude *= static_cast<float>(1 + 0.1 * std::log(static_cast<double>(factor)));
  return Error::success();
}

/// The window of every layer, or of those that a pattern names: one boolean a layer, or n for all but every n-th one.
Error MetadataReader::readWindows() {
  StringRef windowName = "attention.sliding_window", patternName = "attention.sliding_window_pattern";
  Expected<std::optional<uint64_t>> window = file.findUnsigned(key(windowName));
  if (!window)
    return window.takeError();
  // 0 is how converters write that there is none.
  if (!window->value_or(0))
    return Error::success();
  if (**window > INT32_MAX)
    return wrong(windowName, "0 to " + Twine(INT32_MAX), Twine(**window));
  std::optional<gguf::ValueInfo> pattern = file.valueInfo(key(patternName));
  if (pattern && pattern->type == gguf::ValueType::Array) {
    Expected<gguf::BoolArray> layers = file.getBoolArray(key(patternName));
    if (!layers)
      return layers.takeError();
    if (layers->size() != model.layers.size())
      return wrong(patternName, "one of " + Twine(model.layers.size()) + " elements, as many as there are layers",
                   "an array of " + Twine(layers->size()));
    for (uint64_t layer = 0; layer < layers->size(); ++layer)
      isLocal.push_back((*layers)[layer]);
  } else {
    Expected<std::optional<uint64_t>> every = file.findUnsigned(key(patternName));
    if (!every)
      return every.takeError();
    if (every->value_or(0) > mostLayers)
      return wrong(patternName, "0 to " + Twine(mostLayers), Twine(**every));
    isLocal = compiler::getLocalLayers(model, static_cast<int64_t>(every->value_or(family.windowPattern)));
  }
  compiler::setWindows(model, static_cast<int64_t>(**window), isLocal);
  return Error::success();
}

/// Layers have experts where they have a router.
Error MetadataReader::readExperts() {
  Expected<std::optional<uint64_t>> experts = file.findUnsigned(key("expert_count"));
  if (!experts)
    return experts.takeError();
  if (!experts->value_or(0))
    return Error::success();
  if (!family.mayHaveExperts)
    return wrong("expert_count", "0 (mixtures of experts are not supported for this architecture)", Twine(**experts));
  if (Error error = read("expert_count", compiler::mostExperts, model.experts))
    return error;
  if (Error error = read("expert_used_count", static_cast<uint64_t>(model.experts), model.chosenExperts))
    return error;
  if (Error error = read("expert_feed_forward_length", mostColumns, model.expertHidden, model.hidden))
    return error;
  for (auto [index, layer] : llvm::enumerate(model.layers)) {
    auto source = [&](Role role) {
      return findSource(file, family, model, {role, static_cast<int64_t>(index)}).tensor;
    };
    layer.hasExperts = source(Role::Router);
    // The length of the shared expert is not always among the metadata.
    const gguf::Tensor *shared = layer.hasExperts ? source(Role::SharedUp) : nullptr;
    if (shared && shared->rowCount() >= 1 && shared->rowCount() <= mostColumns)
      model.sharedHidden = static_cast<int64_t>(shared->rowCount());
  }
  if (llvm::none_of(model.layers, [](const compiler::LayerKind &layer) { return layer.hasExperts; }))
    return wrong("expert_count", "0 for a model without a tensor 'blk.N.ffn_gate_inp.weight'", Twine(model.experts));
  return Error::success();
}

/// What changes the computation and is not supported is refused, never ignored.
Error MetadataReader::refuseOthers() {
  Expected<std::optional<bool>> causal = file.findBool(key("attention.causal"));
  if (!causal)
    return causal.takeError();
  if (!causal->value_or(true))
    return wrong("attention.causal", "true (encoders are not supported)", "false");
  Expected<std::optional<bool>> isParallel = file.findBool(key("use_parallel_residual"));
  if (!isParallel)
    return isParallel.takeError();
  if (*isParallel && !**isParallel && model.residual == compiler::Residual::Parallel)
    model.residual = compiler::Residual::NormBefore;
  // Converters write the flag for models with norms between the parts, too (StableLM).
  if (isParallel->value_or(false) && model.residual == compiler::Residual::NormBefore &&
      !file.findTensor("blk.0.ffn_norm.weight"))
    model.residual = compiler::Residual::Parallel;
  return Error::success();
}

Error MetadataReader::readVocabulary() {
  const gguf::Tensor *table = file.findTensor("token_embd.weight");
  if (!table)
    return file.error("has no tensor 'token_embd.weight', which every "
                      "model of the architecture has");
  // The table's own shape is checked with those of all parameters.
  int64_t rows = static_cast<int64_t>(std::min<uint64_t>(table->rowCount(), INT32_MAX));
  if (Error error = read("vocab_size", INT32_MAX, model.vocabulary, rows))
    return error;
  model.tiedHead = !file.findTensor("output.weight");
  return Error::success();
}

/// The metadata do not say what has a bias: what there is, is one.
void MetadataReader::findBiases() {
  for (size_t index = 0; index < compiler::roleCount; ++index) {
    auto role = static_cast<Role>(index);
    for (int64_t layer : {-1, 0})
      if (findSource(file, family, model, {role, layer, /*isBias=*/true}).tensor)
        model.biases |= compiler::Roles{role};
  }
}

/// A layer whose parts stand beside each other may have one norm for both; some models of a family normalise the heads
/// of queries and keys, each with a weight of its own (Command R+).
void MetadataReader::findNorms() {
  auto source = [&](Role role) { return findSource(file, family, model, {role, 0}).tensor; };
  if (const gguf::Tensor *norm = source(Role::QueryNorm);
      norm && norm->rank == 2 && model.queryKeyNorm == compiler::QueryKeyNorm::None)
    model.queryKeyNorm = compiler::QueryKeyNorm::OwnHead;
  const gguf::Tensor *own = source(Role::MlpNorm);
  if (model.residual == compiler::Residual::Parallel)
    model.twoNorms = own && own != source(Role::AttentionNorm);
}

Expected<Transformer> MetadataReader::read(const compiler::Request &request) {
  int64_t layers;
  if (Error error = read("block_count", mostLayers, layers))
    return std::move(error);
  model.layers.resize(layers);
  if (Error error = read("embedding_length", mostColumns, model.width))
    return std::move(error);
  model.tableWidth = model.width;
  if (Error error = read("feed_forward_length", mostColumns, model.hidden))
    return std::move(error);
  if (Error error = readHeads())
    return std::move(error);
  if (Error error = readScales())
    return std::move(error);
  if (Error error = readExperts())
    return std::move(error);
  if (Error error = refuseOthers())
    return std::move(error);
  if (Error error = readContext(request))
    return std::move(error);
  if (Error error = readWindows())
    return std::move(error);
  if (Error error = readRope())
    return std::move(error);
  if (Error error = readVocabulary())
    return std::move(error);
  model.activation = *compiler::findActivation(family.activation);
  findBiases();
  findNorms();
  return std::move(model);
}

/// The file's tensors become parameters of `module`, in the order in which the computation takes them.
static Error addParameters(ModuleOp module, const gguf::File &file, StringRef path, const Family &family,
                           const Transformer &model) {
  MLIRContext *context = module.getContext();
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  llvm::StringSet<> known;
  auto add = [&](const Parameter &parameter) -> Error {
    std::string name = parameter.getName();
    Source source = findSource(file, family, model, parameter);
    if (!source.tensor)
      return file.error("has no tensor " + quote(name) + "; expected one of shape " + shapeText(parameter.shape) +
                        ", as a model of " + Twine(model.getLayerCount()) + " layers ('" + family.architecture +
                        ".block_count') has");
    const gguf::Tensor &tensor = *source.tensor;
    SmallVector<int64_t, 3> expected(parameter.shape.begin(), parameter.shape.end());
    if (parameter.expert >= 0)
      expected.insert(expected.begin(), model.experts);
    else
      expected.front() = source.totalRows;
    // The weights of norms of heads are a matrix, a row a head.
    bool isFlat = parameter.shape.size() == 1 && tensor.rank == 2 &&
                  tensor.rowElements() * tensor.rowCount() == static_cast<uint64_t>(source.totalRows);
    // A matrix of one row may be a vector.
    isFlat |= expected.front() == 1 && ArrayRef<int64_t>(tensor.shape()) == ArrayRef<int64_t>(expected).drop_front();
    if (ArrayRef<int64_t>(tensor.shape()) != ArrayRef<int64_t>(expected) && !isFlat)
      return file.error("tensor " + quote(tensor.name) + " has the shape " + shapeText(tensor.shape()) + "; expected " +
                        shapeText(expected) + " by the metadata");
    RankedTensorType type = typeOf(*context, tensor, parameter.shape);
    if (parameter.shape.size() == 1 && encoding::getStorage(type).getFormat().isQuantized())
      return file.error("tensor " + quote(tensor.name) + " is of type " + gguf::typeInfo(tensor.type).name +
                        "; expected F32, F16 or BF16, the types supported for vectors");
    model::ViewAttr view;
    if (source.totalRows != parameter.shape.front() || isFlat || parameter.expert >= 0) {
      int64_t columns = parameter.shape.size() == 1 ? 1 : parameter.shape.back();
      SmallVector<int64_t, 2> strides(parameter.shape.size(), 1);
      strides.front() = columns;
      view = model::ViewAttr::get(context, source.firstRow * columns, parameter.shape, strides);
    }
    known.insert(tensor.name);
    model::ParameterOp::create(builder, NameLoc::get(builder.getStringAttr(name)), builder.getStringAttr(name),
                               TypeAttr::get(type), builder.getStringAttr(path), builder.getStringAttr(tensor.name),
                               view, FloatAttr(), FloatAttr(), IntegerAttr(), FloatAttr(), StringAttr());
    return Error::success();
  };
  if (Error error = compiler::forEachParameter(model, add))
    return error;
  for (const gguf::Tensor &tensor : file.tensors())
    if (!known.contains(tensor.name))
      return file.error("tensor " + quote(tensor.name) + " has no place in a " + family.architecture + " model of " +
                        Twine(model.getLayerCount()) + " layers ('" + family.architecture +
                        ".block_count') as its metadata describe it, which is what is supported");
  return Error::success();
}

/// What `info` tells about the model goes along as attributes of the module.
static Error addDescription(ModuleOp module, const gguf::File &file) {
  constexpr std::pair<StringLiteral, StringLiteral> texts[] = {
      {"general.architecture", "model.architecture"}, {"general.name", "model.name"},
      {"general.organization", "model.organization"}, {"general.license", "model.license"},
      {"general.license.name", "model.license_name"}, {"general.license.link", "model.license_link"}};
  for (auto [key, attribute] : texts) {
    Expected<std::optional<StringRef>> text = file.findString(key);
    if (!text)
      return text.takeError();
    if (!*text)
      continue;
    if ((*text)->size() > mostTextBytes)
      return file.error("metadata key '" + key + "' holds " + Twine((*text)->size()) + " bytes; expected at most " +
                        Twine(mostTextBytes));
    module->setAttr(attribute, StringAttr::get(module.getContext(), **text));
  }
  return Error::success();
}

Expected<OwningOpRef<ModuleOp>> gguf::importModel(MLIRContext &context, StringRef path,
                                                  const compiler::Request &request) {
  context.loadDialect<model::ModelDialect, math::MathDialect, tensor::TensorDialect>();
  Expected<File> file = File::open(path);
  if (!file)
    return file.takeError();
  // A dump may be resumed from another folder.
  SmallString<256> absolute(path);
  if (std::error_code code = llvm::sys::fs::make_absolute(absolute))
    return file->error("its absolute path cannot be told: " + code.message());

  OwningOpRef<ModuleOp> module(ModuleOp::create(NameLoc::get(StringAttr::get(&context, "model"))));
  Expected<std::optional<text::TokenizerDescription>> tokenizer = readTokenizer(*file);
  if (!tokenizer)
    return tokenizer.takeError();
  OpBuilder builder = OpBuilder::atBlockEnd(module->getBody());
  if (*tokenizer)
    model::TextOp::create(builder, NameLoc::get(builder.getStringAttr("text")), absolute);
  if (Error error = addDescription(*module, *file))
    return error;
  if (file->tensors().empty()) {
    if (!*tokenizer)
      return file->error("has neither tensors nor a tokenizer; expected a "
                         "model or a vocabulary");
    return module;
  }

  Expected<StringRef> architecture = file->getString("general.architecture");
  if (!architecture)
    return architecture.takeError();
  const Family *family = compiler::findFamilyOfArchitecture(*architecture);
  if (!family)
    return file->error("architecture " + quote(*architecture) +
                       " ('general.architecture') is not supported; supported: " + compiler::getArchitectures());
  if (request.pooling)
    return file->error("--pooling was asked for, and a model of the architecture " + quote(*architecture) +
                       " is no encoder; leave it out");
  if (Error error = file->checkTypes())
    return error;
  Expected<Transformer> model = MetadataReader(*file, *family).read(request);
  if (!model)
    return model.takeError();
  // The tokens are the rows of the table: a mismatch would let a prompt read
  // past its end.
  if (*tokenizer)
    if (size_t tokens = (*tokenizer)->tokens.size(); tokens != static_cast<uint64_t>(model->vocabulary))
      return file->error("tensor 'token_embd.weight' is for a vocabulary of " + Twine(model->vocabulary) +
                         ", and the tokenizer has " + Twine(tokens) + " tokens; expected as many");
  if (Error error = addParameters(*module, *file, absolute, *family, *model))
    return error;
  compiler::addForward(*module, *model);
  return module;
}
