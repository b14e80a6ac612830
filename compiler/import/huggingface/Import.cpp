//===- Import.cpp - from a Hugging Face directory to the import phase -----===//

#include "compiler/import/huggingface/Import.h"

#include "compiler/import/TensorFile.h"
#include "compiler/import/huggingface/Config.h"
#include "compiler/import/huggingface/SentenceModules.h"
#include "compiler/import/huggingface/safetensors.h"
#include "compiler/import/huggingface/tokenizer.h"
#include "compiler/import/json_text.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <set>

using namespace mlir;
using namespace ingot;
using namespace ingot::huggingface;
using compiler::Family;
using compiler::Parameter;
using compiler::quote;
using compiler::Role;
using compiler::shapeText;
using compiler::Transformer;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

static std::string pathIn(StringRef directory, StringRef name) {
  SmallString<256> path(directory);
  llvm::sys::path::append(path, name);
  return path.str().str();
}

namespace {
/// The safetensors files of a directory as one set of tensors.
class Checkpoint {
public:
  static Expected<Checkpoint> open(StringRef directory);

  struct Entry {
    const safetensors::File *file;
    const safetensors::Tensor *tensor;
  };

  const Entry *find(StringRef name) const {
    auto found = entries.find(name);
    return found == entries.end() ? nullptr : &found->second;
  }
  /// "DIRECTORY: message".
  Error error(const Twine &message) const { return llvm::createStringError(directory + ": " + message); }
  const llvm::StringMap<Entry> &all() const { return entries; }

private:
  Error add(StringRef path);
  /// The files that the index names.
  static Expected<SmallVector<std::string>> readIndex(StringRef directory, StringRef path);

  std::string directory;
  std::vector<std::unique_ptr<safetensors::File>> files;
  llvm::StringMap<Entry> entries;
};
} // namespace

Error Checkpoint::add(StringRef path) {
  Expected<safetensors::File> opened = safetensors::File::open(path);
  if (!opened)
    return opened.takeError();
  files.push_back(std::make_unique<safetensors::File>(std::move(*opened)));
  const safetensors::File &file = *files.back();
  for (const safetensors::Tensor &tensor : file.tensors())
    if (auto [known, isNew] = entries.try_emplace(tensor.name, Entry{&file, &tensor}); !isNew)
      return file.error("tensor " + quote(tensor.name) + " stands in " + known->second.file->name() +
                        ", too; expected each tensor once");
  return Error::success();
}

Expected<SmallVector<std::string>> Checkpoint::readIndex(StringRef directory, StringRef path) {
  Expected<llvm::json::Object> index = compiler::readJsonObject(path, "an index of safetensors files");
  if (!index)
    return index.takeError();
  const llvm::json::Object *map = index->getObject("weight_map");
  if (!map)
    return llvm::createStringError(path + ": has no object 'weight_map'; expected one, from tensors to files");
  std::set<std::string> names;
  for (const auto &entry : *map) {
    std::optional<StringRef> name = entry.second.getAsString();
    // A file elsewhere is none of the model's.
    if (!name || name->empty() || llvm::sys::path::filename(*name) != *name || !name->ends_with(safetensors::suffix))
      return llvm::createStringError(path + ": tensor " + quote(entry.first) +
                                     " is in no file; expected the name of a safetensors file in this directory");
    names.insert(name->str());
  }
  SmallVector<std::string> paths;
  for (const std::string &name : names)
    paths.push_back(pathIn(directory, name));
  return paths;
}

Expected<Checkpoint> Checkpoint::open(StringRef directory) {
  Checkpoint checkpoint;
  checkpoint.directory = directory.str();
  std::string single = pathIn(directory, "model.safetensors"),
              index = pathIn(directory, "model.safetensors.index.json");
  SmallVector<std::string> paths = {single};
  if (!llvm::sys::fs::exists(single)) {
    if (!llvm::sys::fs::exists(index)) {
      for (StringRef old : {"pytorch_model.bin", "pytorch_model.bin.index.json"})
        if (llvm::sys::fs::exists(pathIn(directory, old)))
          return llvm::createStringError(
              pathIn(directory, old) +
              ": is a pickled checkpoint, which is not read since it may hold programs; convert " +
              "it: AutoModelForCausalLM.from_pretrained(DIRECTORY).save_pretrained(DIRECTORY) of transformers writes " +
              "model.safetensors");
      return checkpoint.error("holds neither model.safetensors nor model.safetensors.index.json; give the directory of "
                              "a model as transformers' save_pretrained writes it");
    }
    Expected<SmallVector<std::string>> named = readIndex(directory, index);
    if (!named)
      return named.takeError();
    paths = std::move(*named);
  }
  for (const std::string &path : paths)
    if (Error error = checkpoint.add(path))
      return std::move(error);
  return std::move(checkpoint);
}

namespace {
/// Finds the parameters of a model in a checkpoint.
class ParameterReader {
public:
  ParameterReader(ModuleOp module, const Checkpoint &checkpoint, const Family &family, const Transformer &model)
      : checkpoint(checkpoint), family(family), model(model), builder(OpBuilder::atBlockEnd(module.getBody())) {}

  Error run() {
    if (Error error = forEachParameter(model, [&](const Parameter &parameter) { return add(parameter); }))
      return error;
    return refuseOthers();
  }

private:
  /// Where a parameter's elements stand in its tensor: the matrix from row `firstRow` on, or pieces of `pieceRows` rows
  /// that are `period` rows apart.
  struct Rows {
    int64_t total, first, pieces, pieceRows, period;
  };

  Error add(const Parameter &parameter);
  /// The tensor's name after the layer, and how many rows it has of which the parameter takes which.
  std::pair<std::string, Rows> locate(const Parameter &parameter) const;
  const Checkpoint::Entry *find(const Parameter &parameter, StringRef name, std::string &full) const;
  model::ViewAttr viewOf(const Parameter &parameter, const Rows &rows, bool isTransposed, ArrayRef<int64_t> shape);
  Error refuseOthers() const;

  const Checkpoint &checkpoint;
  const Family &family;
  const Transformer &model;
  OpBuilder builder;
  llvm::StringSet<> taken;
  llvm::StringMap<std::string> expertTypes;
};
} // namespace

std::pair<std::string, ParameterReader::Rows> ParameterReader::locate(const Parameter &parameter) const {
  int64_t rows = parameter.shape.front(), heads = model.heads, groups = model.keyValueHeads;
  int64_t dimension = model.headDimension, perGroup = heads / groups;
  const compiler::CheckpointNames &names = family.names;
  bool isQuery = parameter.role == Role::Query, isKey = parameter.role == Role::Key;
  if ((isQuery || isKey || parameter.role == Role::Value) && !names.queryKeyValue.empty()) {
    int64_t total = (heads + 2 * groups) * dimension;
    if (family.fusedOrder == compiler::FusedOrder::Stacked) {
      int64_t first = isQuery ? 0 : (heads + (isKey ? 0 : groups)) * dimension;
      return {names.queryKeyValue, {total, first, 1, rows, rows}};
    }
    int64_t first = isQuery ? 0 : (perGroup + (isKey ? 0 : 1)) * dimension;
    return {names.queryKeyValue, {total, first, groups, rows / groups, total / groups}};
  }
  if (parameter.role == Role::TokenTypeTable)
    return {names.tokenTypeTable, {model.tokenTypes * rows, 0, 1, rows, rows}};
  if ((parameter.role == Role::Gate || parameter.role == Role::Up) && !names.gateUp.empty())
    return {names.gateUp, {2 * rows, parameter.role == Role::Gate ? 0 : rows, 1, rows, rows}};
  std::string name = names[parameter.role];
  if (size_t star = name.find('*'); star != std::string::npos && parameter.expert >= 0)
    name.replace(star, 1, std::to_string(parameter.expert));
  return {name, {rows, 0, 1, rows, rows}};
}

/// The name may have alternatives, and the base may be left out.
const Checkpoint::Entry *ParameterReader::find(const Parameter &parameter, StringRef name, std::string &full) const {
  SmallVector<StringRef> alternatives;
  name.split(alternatives, '|');
  StringRef base = parameter.role == Role::Head ? "" : StringRef(family.names.base);
  StringRef shorter = base.substr(base.find('.') + 1);
  std::string layer = parameter.layer < 0 ? "" : (family.names.layers + Twine(parameter.layer) + ".").str();
  for (StringRef alternative : alternatives)
    for (StringRef prefix : {base, shorter}) {
      std::string tried = (prefix + layer + alternative + (parameter.isBias ? ".bias" : ".weight")).str();
      if (full.empty())
        full = tried;
      // As TensorFlow's checkpoints call the weights and biases of norms.
      std::string older = (prefix + layer + alternative + (parameter.isBias ? ".beta" : ".gamma")).str();
      for (const std::string &name : {tried, older})
        if (const Checkpoint::Entry *entry = checkpoint.find(name)) {
          full = name;
          return entry;
        }
    }
  return nullptr;
}

model::ViewAttr ParameterReader::viewOf(const Parameter &parameter, const Rows &rows, bool isTransposed,
                                        ArrayRef<int64_t> shape) {
  int64_t columns = parameter.shape.size() == 1 ? 1 : parameter.shape.back();
  if (rows.pieceRows == rows.total && !isTransposed && shape == ArrayRef<int64_t>(parameter.shape))
    return {};
  int64_t rowStride = isTransposed ? 1 : columns, columnStride = isTransposed ? rows.total : 1;
  SmallVector<int64_t> sizes, strides;
  if (rows.pieces > 1) {
    sizes.push_back(rows.pieces);
    strides.push_back(rows.period * rowStride);
  }
  sizes.push_back(rows.pieceRows);
  strides.push_back(rowStride);
  if (parameter.shape.size() > 1) {
    sizes.push_back(columns);
    strides.push_back(columnStride);
  }
  return model::ViewAttr::get(builder.getContext(), rows.first * rowStride, sizes, strides);
}

Error ParameterReader::add(const Parameter &parameter) {
  auto [name, rows] = locate(parameter);
  std::string full;
  const Checkpoint::Entry *entry = name.empty() ? nullptr : find(parameter, name, full);
  if (!entry)
    return checkpoint.error("has no tensor " + quote(full) + ", which a model of type " + family.modelType + " with " +
                            Twine(model.getLayerCount()) + " layers has by its config.json");
  const safetensors::Tensor &tensor = *entry->tensor;
  auto fail = [&](const Twine &what) { return entry->file->error("tensor " + quote(full) + " " + what); };

  bool isMatrix = parameter.shape.size() == 2, isTransposed = isMatrix && family.transposed && parameter.layer >= 0;
  SmallVector<int64_t, 2> expected = {rows.total};
  if (isMatrix)
    expected.insert(isTransposed ? expected.begin() : expected.end(), parameter.shape.back());
  // The weights of norms of heads may be a matrix, a row a head.
  bool isFlat = !isMatrix && tensor.shape.size() == 2 && llvm::product_of(tensor.shape) == rows.total;
  if (ArrayRef<int64_t>(tensor.shape) != ArrayRef<int64_t>(expected) && !isFlat)
    return fail("has the shape " + shapeText(tensor.shape) + "; expected " + shapeText(expected) + " by config.json");
  std::optional<encoding::GgmlType> stored = encoding::symbolizeGgmlType(StringRef(tensor.type).lower());
  if (!stored)
    return fail("is of type " + tensor.type + "; expected F32, F16 or BF16");
  if (parameter.expert >= 0) {
    // They are one matrix for kernels.
    Parameter all = parameter;
    all.expert = -1;
    StringRef first = expertTypes.try_emplace(all.getName(), tensor.type).first->second;
    if (first != tensor.type)
      return fail("is of type " + tensor.type + "; expected " + first + ", the type of other experts' matrices");
  }

  bool isNorm = !isMatrix && !parameter.isBias;
  float addend = isNorm ? family.normAddend : 0;
  auto format = encoding::GgmlAttr::get(builder.getContext(), addend != 0 ? encoding::GgmlType::F32 : *stored);
  auto storage = encoding::StorageAttr::get(builder.getContext(), format, StringAttr(), encoding::PanelsAttr());
  auto type = RankedTensorType::get(parameter.shape, builder.getF32Type(), storage);
  std::string symbol = parameter.getName();
  model::ParameterOp::create(builder, NameLoc::get(builder.getStringAttr(symbol)), builder.getStringAttr(symbol),
                             TypeAttr::get(type), builder.getStringAttr(entry->file->name()),
                             builder.getStringAttr(full), viewOf(parameter, rows, isTransposed, tensor.shape),
                             addend != 0 ? builder.getF32FloatAttr(addend) : FloatAttr(), FloatAttr(), IntegerAttr(),
                             FloatAttr(), StringAttr());
  taken.insert(full);
  return Error::success();
}

/// A tensor that the family has no place for changes the computation, unless it is known not to.
Error ParameterReader::refuseOthers() const {
  SmallVector<StringRef> others;
  for (const auto &entry : checkpoint.all()) {
    StringRef name = entry.getKey();
    bool isIgnored = llvm::any_of(family.names.ignored, [&](StringRef part) {
      return part.ends_with('.') ? name.starts_with(part) : name.ends_with(part);
    });
    // A copy of the table that the head shares.
    bool isTied = model.tiedHead && name == family.names.head + ".weight";
    if (!taken.contains(name) && !isIgnored && !isTied)
      others.push_back(name);
  }
  if (others.empty())
    return Error::success();
  llvm::sort(others);
  return checkpoint.error("tensor " + quote(others.front()) + " (one of " + Twine(others.size()) +
                          ") has no place in a model of type " + family.modelType + " with " +
                          Twine(model.getLayerCount()) + " layers as config.json describes it");
}

/// Names the directory's tokenizer.json, if there is one; its tokens must be rows of the table. The table may have
/// more.
static Error addTokenizer(ModuleOp module, StringRef directory, int64_t vocabulary) {
  SmallString<256> path(directory);
  llvm::sys::path::append(path, "tokenizer.json");
  if (!llvm::sys::fs::exists(path))
    return Error::success();
  Expected<text::TokenizerContents> tokenizer = huggingface::readTokenizer(path);
  if (!tokenizer)
    return tokenizer.takeError();
  if (size_t tokens = tokenizer->pieces.size(); tokens > static_cast<uint64_t>(vocabulary))
    return llvm::createStringError(path + ": has " + Twine(tokens) +
                                   " tokens; expected at most 'vocab_size' of config.json, " + Twine(vocabulary));
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  model::TextOp::create(builder, NameLoc::get(builder.getStringAttr("text")), path);
  return Error::success();
}

Expected<OwningOpRef<ModuleOp>> huggingface::importModel(MLIRContext &context, StringRef directory,
                                                         const compiler::Request &request) {
  context.loadDialect<model::ModelDialect, math::MathDialect, tensor::TensorDialect>();
  // A dump may be resumed from another folder.
  SmallString<256> absolute(directory);
  if (std::error_code code = llvm::sys::fs::make_absolute(absolute))
    return llvm::createStringError(directory + ": its absolute path cannot be told: " + code.message());
  llvm::sys::path::remove_dots(absolute, /*remove_dot_dot=*/false);

  std::string configPath = pathIn(absolute, "config.json");
  if (!llvm::sys::fs::exists(configPath))
    return llvm::createStringError(directory + ": holds no config.json; give the directory of a model as transformers' "
                                               "save_pretrained writes it, or a GGUF or .mlir file");
  Expected<llvm::json::Object> object = compiler::readJsonObject(configPath, "a config.json");
  if (!object)
    return object.takeError();
  Config config(configPath, std::move(*object));
  Expected<std::string> modelType = config.getText({"model_type"}, "");
  if (!modelType)
    return modelType.takeError();
  const Family *family = compiler::findFamilyOfModelType(*modelType);
  if (!family)
    return config.wrong("model_type", "one of those supported: " + compiler::getModelTypes());
  Expected<SentenceModules> sentences = readSentenceModules(absolute);
  if (!sentences)
    return sentences.takeError();
  if (request.pooling && !family->traits.bidirectional)
    return config.error("--pooling was asked for, and a model of type " + *modelType + " is no encoder; leave it out");
  compiler::Request wish = request;
  if (family->traits.bidirectional) {
    wish.context = request.context ? request.context : sentences->positions;
    wish.pooling = request.pooling ? request.pooling : sentences->pooling;
  }
  Expected<Transformer> model = readTransformer(config, *family, wish);
  if (!model)
    return model.takeError();
  if (request.pooling && !model->labels.empty())
    return config.error("describes a classifier (key 'architectures'), which has no pooling to choose; leave --pooling "
                        "out");
  model->normalizesEmbedding = sentences->normalizes && model->pooling != compiler::Pooling::None;
  Expected<Checkpoint> checkpoint = Checkpoint::open(absolute);
  if (!checkpoint)
    return checkpoint.takeError();

  OwningOpRef<ModuleOp> module(ModuleOp::create(NameLoc::get(StringAttr::get(&context, "model"))));
  (*module)->setAttr("model.architecture", StringAttr::get(&context, family->modelType));
  (*module)->setAttr("model.name", StringAttr::get(&context, llvm::sys::path::filename(absolute)));
  if (Error error = addTokenizer(*module, absolute, model->vocabulary))
    return std::move(error);
  if (Error error = ParameterReader(*module, *checkpoint, *family, *model).run())
    return std::move(error);
  compiler::addForward(*module, *model);
  return module;
}
