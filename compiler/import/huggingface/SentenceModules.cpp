//===- SentenceModules.cpp - what stands behind a sentence encoder --------===//
//
// Source: sentence_transformers/{SentenceTransformer,models/Pooling,models/Transformer}.py
// of sentence-transformers 5.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/huggingface/SentenceModules.h"

#include "compiler/import/huggingface/Config.h"
#include "compiler/import/huggingface/json.h"
#include "compiler/import/json_text.h"
#include "compiler/import/mapped_file.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace ingot;
using namespace ingot::huggingface;
using compiler::Pooling;

static std::string pathIn(StringRef directory, StringRef folder, StringRef name) {
  SmallString<256> path(directory);
  sys::path::append(path, folder, name);
  return path.str().str();
}

static Expected<Config> readConfig(const std::string &path) {
  Expected<json::Object> object = compiler::readJsonObject(path, "a file of sentence-transformers");
  if (!object)
    return object.takeError();
  return Config(path, std::move(*object));
}

static Error readPooling(const std::string &path, SentenceModules &modules) {
  Expected<Config> config = readConfig(path);
  if (!config)
    return config.takeError();
  constexpr std::pair<StringLiteral, std::optional<Pooling>> modes[] = {
      {"pooling_mode_cls_token", Pooling::First},         {"pooling_mode_mean_tokens", Pooling::Mean},
      {"pooling_mode_max_tokens", std::nullopt},          {"pooling_mode_mean_sqrt_len_tokens", std::nullopt},
      {"pooling_mode_weightedmean_tokens", std::nullopt}, {"pooling_mode_lasttoken", std::nullopt}};
  for (auto [key, pooling] : modes) {
    Expected<bool> flag = config->getFlag(key, false);
    if (!flag)
      return flag.takeError();
    if (!*flag)
      continue;
    if (!pooling || modules.pooling)
      return config->wrong(key, "one of pooling_mode_mean_tokens and pooling_mode_cls_token alone; others are not "
                                "supported");
    modules.pooling = pooling;
  }
  if (!modules.pooling)
    return config->error("names no pooling; expected pooling_mode_mean_tokens or pooling_mode_cls_token to be true");
  return Error::success();
}

static Error readLength(const std::string &path, SentenceModules &modules) {
  if (!sys::fs::exists(path))
    return Error::success();
  Expected<Config> config = readConfig(path);
  if (!config)
    return config.takeError();
  Expected<bool> lowers = config->getFlag("do_lower_case", false);
  if (!lowers)
    return lowers.takeError();
  if (*lowers)
    return config->wrong("do_lower_case", "false: a tokenizer.json says by itself what it lowers");
  Expected<std::optional<int64_t>> positions = config->findSize({"max_seq_length"}, mostContext);
  if (!positions)
    return positions.takeError();
  modules.positions = *positions;
  return Error::success();
}

Expected<SentenceModules> huggingface::readSentenceModules(StringRef directory) {
  SentenceModules modules;
  std::string path = pathIn(directory, "", "modules.json");
  if (!sys::fs::exists(path))
    return modules;
  auto buffer = MemoryBuffer::getFile(path);
  if (!buffer)
    return createStringError(path + ": cannot be read, " + buffer.getError().message());
  Expected<json::Value> list = parseFile((*buffer)->getBuffer(), path);
  if (!list)
    return list.takeError();
  if (Expected<const json::Array *> array = Node(path, *list).array(); !array)
    return array.takeError();
  Error error = Node(path, *list).forEach([&](const Node &module) -> Error {
    Expected<Node> type = module.get("type");
    if (!type)
      return type.takeError();
    Expected<StringRef> name = type->string(), folder = module.stringOr("path", "");
    if (!name || !folder)
      return joinErrors(name ? Error::success() : name.takeError(), folder ? Error::success() : folder.takeError());
    // A folder elsewhere is none of the model's.
    if (!folder->empty() && sys::path::filename(*folder) != *folder)
      return module.error("expected a path of one folder in this directory");
    StringRef kind = name->rsplit('.').second;
    if (kind == "Transformer")
      return folder->empty()
                 ? readLength(pathIn(directory, "", "sentence_bert_config.json"), modules)
                 : module.error("expected the encoder in this directory; give " + pathIn(directory, *folder, ""));
    if (kind == "Pooling")
      return readPooling(pathIn(directory, *folder, "config.json"), modules);
    if (kind != "Normalize")
      return type->error("is not supported; supported: Transformer, Pooling and Normalize");
    modules.normalizes = true;
    return Error::success();
  });
  if (error)
    return std::move(error);
  return modules;
}
