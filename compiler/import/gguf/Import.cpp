//===- Import.cpp - from a GGUF file to the import phase ------------------===//

#include "compiler/import/gguf/Import.h"

#include "compiler/import/Llama.h"
#include "compiler/import/gguf/reader.h"
#include "compiler/import/gguf/tokenizer.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <cmath>
#include <map>

using namespace mlir;
using namespace ingot;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

/// Bounds on the numbers of a file, far above any model, so that no product of
/// two overflows.
static constexpr uint64_t mostLayers = 1 << 16, mostColumns = 1 << 24, mostContext = 1 << 24;
/// Bytes of a name or licence that goes into the module.
static constexpr size_t mostTextBytes = 4096;

/// The type of a parameter; checkTypes has refused what is not imported.
static RankedTensorType typeOf(MLIRContext &context, const gguf::Tensor &tensor) {
  auto format =
      encoding::GgmlAttr::get(&context, *encoding::symbolizeGgmlType(gguf::typeInfo(tensor.type).name.lower()));
  auto storage = encoding::StorageAttr::get(&context, format, StringAttr(), encoding::PanelsAttr());
  return RankedTensorType::get(tensor.shape(), Float32Type::get(&context), storage);
}

static std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream out(text);
  llvm::interleave(shape, out, "x");
  return text;
}

namespace {
/// Reads a llama model's numbers from the metadata; each method stops at the
/// first error.
class LlamaReader {
public:
  explicit LlamaReader(const gguf::File &file) : file(file) {}

  Expected<compiler::LlamaShape> read(std::optional<int64_t> positions);

private:
  /// The number under "llama." + `name`, between 1 and `most`; `fallback` where
  /// the key is absent.
  Error read(StringRef name, uint64_t most, int64_t &value, std::optional<int64_t> fallback = {});
  Error read(StringRef name, float &value, std::optional<float> fallback = {});
  Error readHeads(compiler::LlamaShape &shape);
  Error readRope(compiler::LlamaShape &shape, int64_t trainedContext);
  Error readWindows(compiler::LlamaShape &shape);
  Error refuseOthers();
  std::string key(StringRef name) { return ("llama." + name).str(); }
  Error wrong(StringRef name, const Twine &expected, const Twine &found) {
    return file.error("metadata key '" + key(name) + "' is " + found + "; expected " + expected);
  }

  const gguf::File &file;
};
} // namespace

Error LlamaReader::read(StringRef name, uint64_t most, int64_t &value, std::optional<int64_t> fallback) {
  if (fallback && !file.valueInfo(key(name))) {
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

Error LlamaReader::read(StringRef name, float &value, std::optional<float> fallback) {
  if (fallback && !file.valueInfo(key(name))) {
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

Error LlamaReader::readHeads(compiler::LlamaShape &shape) {
  if (Error error = read("attention.head_count", mostColumns, shape.heads))
    return error;
  if (Error error = read("attention.head_count_kv", mostColumns, shape.keyValueHeads, shape.heads))
    return error;
  if (shape.heads % shape.keyValueHeads)
    return wrong("attention.head_count_kv", "a divisor of the " + Twine(shape.heads) + " heads",
                 Twine(shape.keyValueHeads));
  if (!file.valueInfo(key("attention.key_length")) && shape.width % shape.heads)
    return wrong("attention.head_count",
                 "a divisor of the width of " + Twine(shape.width) + " (or the key 'llama.attention.key_length')",
                 Twine(shape.heads));
  if (Error error = read("attention.key_length", mostColumns, shape.headDimension, shape.width / shape.heads))
    return error;
  if (shape.headDimension % 2)
    return wrong("attention.key_length", "an even number of elements of a head", Twine(shape.headDimension));
  if (static_cast<uint64_t>(shape.headDimension) * shape.heads > mostColumns)
    return wrong("attention.head_count",
                 "at most " + Twine(mostColumns) + " elements in all heads of " + Twine(shape.headDimension),
                 Twine(shape.heads));
  int64_t valueDimension;
  if (Error error = read("attention.value_length", mostColumns, valueDimension, shape.headDimension))
    return error;
  if (valueDimension != shape.headDimension)
    return wrong("attention.value_length",
                 "the key's length of " + Twine(shape.headDimension) + " (others are not supported)",
                 Twine(valueDimension));
  return Error::success();
}

/// Frequencies as `ggml_rope_ext` of llama.cpp computes them
/// (ggml/src/ggml-cpu/ops.cpp: rope_yarn); scaling defaults as
/// src/llama-model.cpp and src/llama-context.cpp set them. Source of YaRN:
/// arXiv:2309.00071.
Error LlamaReader::readRope(compiler::LlamaShape &shape, int64_t trainedContext) {
  int64_t dimension;
  if (Error error = read("rope.dimension_count", mostColumns, dimension, shape.headDimension))
    return error;
  if (dimension != shape.headDimension)
    return wrong("rope.dimension_count",
                 "all " + Twine(shape.headDimension) + " elements of a head (partial rotation is not supported)",
                 Twine(dimension));
  float base, factor, attentionFactor;
  if (Error error = read("rope.freq_base", base, 10000.0f))
    return error;
  if (base <= 1)
    return wrong("rope.freq_base", "a number above 1", llvm::formatv("{0}", base).str());

  Expected<std::optional<StringRef>> scaling = file.findString(key("rope.scaling.type"));
  if (!scaling)
    return scaling.takeError();
  StringRef kind = scaling->value_or("linear");
  if (kind != "none" && kind != "linear" && kind != "yarn")
    return wrong("rope.scaling.type", "none, linear or yarn (others are not supported)", gguf::quote(kind));
  // 'rope.scale_linear' is the name that files of before 2023-10 use.
  StringRef factorName = file.valueInfo(key("rope.scaling.factor")) ? "rope.scaling.factor" : "rope.scale_linear";
  if (Error error = read(factorName, factor, 0.0f))
    return error;
  if (Error error = read("rope.scaling.attn_factor", attentionFactor, 1.0f))
    return error;
  if (kind == "none" || factor == 0)
    factor = 1;
  int64_t originalContext;
  if (Error error = read("rope.scaling.original_context_length", mostContext, originalContext, trainedContext))
    return error;

  // Between these pairs YaRN passes from the trained angles to the interpolated
  // ones.
  constexpr double fastRotations = 32, slowRotations = 1;
  auto pairThatTurns = [&](double rotations) {
    constexpr double pi = 3.14159265358979323846;
    return dimension * std::log(originalContext / (rotations * 2 * pi)) / (2 * std::log(static_cast<double>(base)));
  };
  double low = std::max(0.0, std::floor(pairThatTurns(fastRotations)));
  double high = std::min(dimension - 1.0, std::ceil(pairThatTurns(slowRotations)));
  for (int64_t pair = 0; pair < dimension / 2; ++pair) {
    double trained = std::pow(static_cast<double>(base), -2.0 * pair / dimension), interpolated = trained / factor;
    double share = 0;
    if (kind == "yarn")
      share = 1 - std::clamp((pair - low) / std::max(0.001, high - low), 0.0, 1.0);
    shape.ropeFrequencies.push_back(static_cast<float>(interpolated * (1 - share) + trained * share));
  }
  shape.ropeMagnitude = attentionFactor;
  if (kind == "yarn" && factor > 1)
    shape.ropeMagnitude *= static_cast<float>(1 + 0.1 * std::log(static_cast<double>(factor)));
  shape.ropeFactors = file.findTensor("rope_freqs.weight");
  return Error::success();
}

/// The window of every layer, or of those that a pattern names: one boolean a layer, or n for all but every n-th one.
Error LlamaReader::readWindows(compiler::LlamaShape &shape) {
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
  if (!pattern || pattern->type != gguf::ValueType::Array) {
    Expected<std::optional<uint64_t>> every = file.findUnsigned(key(patternName));
    if (!every)
      return every.takeError();
    if (every->value_or(0) > mostLayers)
      return wrong(patternName, "0 to " + Twine(mostLayers), Twine(**every));
    compiler::setWindows(shape, static_cast<int64_t>(**window), static_cast<int64_t>(every->value_or(0)));
    return Error::success();
  }
  Expected<gguf::BoolArray> layers = file.getBoolArray(key(patternName));
  if (!layers)
    return layers.takeError();
  if (static_cast<int64_t>(layers->size()) != shape.layers)
    return wrong(patternName, "one of " + Twine(shape.layers) + " elements, as many as there are layers",
                 "an array of " + Twine(layers->size()));
  compiler::setWindows(shape, static_cast<int64_t>(**window), /*pattern=*/0);
  for (int64_t layer = 0; layer < shape.layers; ++layer)
    if (!(*layers)[layer])
      shape.windows[layer] = 0;
  return Error::success();
}

/// What changes the computation and is not supported is refused, never ignored.
Error LlamaReader::refuseOthers() {
  Expected<std::optional<uint64_t>> experts = file.findUnsigned(key("expert_count"));
  if (!experts)
    return experts.takeError();
  if (experts->value_or(0))
    return wrong("expert_count", "0 (mixtures of experts are not supported)", Twine(**experts));
  Expected<std::optional<bool>> causal = file.findBool(key("attention.causal"));
  if (!causal)
    return causal.takeError();
  if (!causal->value_or(true))
    return wrong("attention.causal", "true (encoders are not supported)", "false");
  return Error::success();
}

Expected<compiler::LlamaShape> LlamaReader::read(std::optional<int64_t> positions) {
  compiler::LlamaShape shape;
  if (Error error = read("block_count", mostLayers, shape.layers))
    return error;
  if (Error error = read("embedding_length", mostColumns, shape.width))
    return error;
  if (Error error = read("feed_forward_length", mostColumns, shape.hidden))
    return error;
  if (Error error = readHeads(shape))
    return error;
  if (Error error = read("attention.layer_norm_rms_epsilon", shape.epsilon))
    return error;
  int64_t trainedContext;
  if (Error error = read("context_length", mostContext, trainedContext))
    return error;
  if (Error error = readRope(shape, trainedContext))
    return error;
  if (Error error = refuseOthers())
    return error;

  const gguf::Tensor *table = file.findTensor("token_embd.weight");
  if (!table)
    return file.error("has no tensor 'token_embd.weight', which every "
                      "model of the architecture has");
  // The table's own shape is checked with those of all parameters.
  shape.vocabulary = static_cast<int64_t>(std::min<uint64_t>(table->rowCount(), INT32_MAX));
  int64_t vocabulary;
  if (Error error = read("vocab_size", INT32_MAX, vocabulary, shape.vocabulary))
    return error;
  shape.vocabulary = vocabulary;
  shape.tiedHead = !file.findTensor("output.weight");

  if (positions && *positions > trainedContext)
    return file.error("a context of " + Twine(*positions) + " was asked for, and the model has at most " +
                      Twine(trainedContext) + " ('llama.context_length'); ask for no more");
  shape.context = positions.value_or(std::min(trainedContext, gguf::defaultContext));
  shape.rows = std::min(gguf::promptRows, shape.context);
  shape.sequences = 1;
  shape.wanted = std::min(gguf::wantedRows, shape.rows);
  if (Error error = readWindows(shape))
    return error;
  return shape;
}

/// The file's tensors become parameters of `module`, in the order in which the
/// architecture names them.
static Error addParameters(ModuleOp module, const gguf::File &file, StringRef path, const compiler::LlamaShape &shape) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  llvm::StringSet<> known;
  auto add = [&](StringRef name, ArrayRef<int64_t> expected) -> Error {
    const gguf::Tensor *tensor = file.findTensor(name);
    if (!tensor)
      return file.error("has no tensor " + gguf::quote(name) + "; expected one of shape " + shapeText(expected) +
                        ", as a model of " + Twine(shape.layers) + " layers ('llama.block_count') has");
    if (ArrayRef<int64_t>(tensor->shape()) != expected)
      return file.error("tensor " + gguf::quote(name) + " has the shape " + shapeText(tensor->shape()) + "; expected " +
                        shapeText(expected) + " by the metadata");
    RankedTensorType type = typeOf(*module.getContext(), *tensor);
    if (expected.size() == 1 && encoding::getStorage(type).getFormat().isQuantized())
      return file.error("tensor " + gguf::quote(name) + " is of type " + gguf::typeInfo(tensor->type).name +
                        "; expected F32, F16 or BF16, the types supported for vectors");
    known.insert(name);
    model::ParameterOp::create(builder, NameLoc::get(builder.getStringAttr(name)), builder.getStringAttr(name),
                               TypeAttr::get(type), builder.getStringAttr(path), builder.getStringAttr(name),
                               FloatAttr(), IntegerAttr(), FloatAttr(), StringAttr());
    return Error::success();
  };
  if (Error error = compiler::forEachParameter(shape, add))
    return error;
  for (const gguf::Tensor &tensor : file.tensors()) {
    if (known.contains(tensor.name))
      continue;
    if (tensor.name.ends_with(".bias"))
      return file.error("tensor " + gguf::quote(tensor.name) +
                        ": biases are not supported; expected a model without them");
    return file.error("tensor " + gguf::quote(tensor.name) + " has no place in a llama model of " +
                      Twine(shape.layers) + " layers ('llama.block_count') without experts and biases, " +
                      "which is what is supported");
  }
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
                                                  std::optional<int64_t> positions) {
  context.loadDialect<model::ModelDialect>();
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
  if (*architecture != "llama")
    return file->error("architecture " + quote(*architecture) +
                       " ('general.architecture') is not supported; supported: llama");
  if (Error error = file->checkTypes())
    return error;
  Expected<compiler::LlamaShape> shape = LlamaReader(*file).read(positions);
  if (!shape)
    return shape.takeError();
  // The tokens are the rows of the table: a mismatch would let a prompt read
  // past its end.
  if (*tokenizer)
    if (size_t tokens = (*tokenizer)->tokens.size(); tokens != static_cast<uint64_t>(shape->vocabulary))
      return file->error("tensor 'token_embd.weight' is for a vocabulary of " + Twine(shape->vocabulary) +
                         ", and the tokenizer has " + Twine(tokens) + " tokens; expected as many");
  if (Error error = addParameters(*module, *file, absolute, *shape))
    return error;
  compiler::addForward(*module, *shape);
  return module;
}

Error gguf::checkParameters(ModuleOp module) {
  std::map<std::string, File> files;
  auto fileAt = [&](StringRef path) -> Expected<const File *> {
    auto found = files.find(path.str());
    if (found == files.end()) {
      Expected<File> file = File::open(path);
      if (!file)
        return file.takeError();
      if (Error error = file->checkTypes())
        return error;
      found = files.emplace(path.str(), std::move(*file)).first;
    }
    return &found->second;
  };
  for (auto parameter : module.getOps<model::ParameterOp>()) {
    if (!parameter.getFile())
      continue;
    Expected<const File *> file = fileAt(*parameter.getFile());
    if (!file)
      return file.takeError();
    const Tensor *tensor = (*file)->findTensor(*parameter.getKey());
    if (!tensor)
      return (*file)->error("has no tensor " + quote(*parameter.getKey()) + ", which parameter @" +
                            parameter.getSymName() + " is taken from");
    auto expected = cast<RankedTensorType>(parameter.getType());
    RankedTensorType found = typeOf(*module.getContext(), *tensor);
    if (found != expected) {
      std::string text;
      llvm::raw_string_ostream(text) << expected << "; expected its type in the file, " << found;
      return (*file)->error("parameter @" + parameter.getSymName() + " is declared as " + text);
    }
  }
  for (auto op : module.getOps<model::TextOp>()) {
    Expected<File> file = File::open(op.getFile());
    if (!file)
      return file.takeError();
    Expected<std::optional<text::TokenizerDescription>> tokenizer = readTokenizer(*file);
    if (!tokenizer)
      return tokenizer.takeError();
    if (!*tokenizer)
      return file->error("has no tokenizer, which model.text takes from it");
  }
  return Error::success();
}
