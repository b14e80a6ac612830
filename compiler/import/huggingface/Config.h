//===- Config.h - a Hugging Face config.json --------------------*- C++ -*-===//
//
// Typed access to the keys of a configuration. A key that is null is taken as absent, as
// transformers does. Errors are one line: "FILE: key, expected, found".
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_HUGGINGFACE_CONFIG_H
#define INGOT_COMPILER_IMPORT_HUGGINGFACE_CONFIG_H

#include "compiler/import/Families.h"

#include "llvm/Support/JSON.h"

#include <optional>

namespace ingot::huggingface {

/// Bounds on the numbers of a file, far above any model, so that no product of two overflows.
constexpr int64_t mostLayers = 1 << 16, mostColumns = 1 << 24, mostContext = 1 << 24;

class Config {
public:
  Config(std::string path, llvm::json::Object object) : path(std::move(path)), object(std::move(object)) {}

  llvm::Error error(const llvm::Twine &message) const;
  /// "key 'KEY' is FOUND; expected EXPECTED".
  llvm::Error wrong(llvm::StringRef key, const llvm::Twine &expected) const;

  /// The value of the first of `keys` that is there; null: none is.
  const llvm::json::Value *find(llvm::ArrayRef<llvm::StringRef> keys) const;
  size_t size() const { return object.size(); }
  bool has(llvm::StringRef key) const { return find({key}); }
  /// Whether the key is there, and null.
  bool isNull(llvm::StringRef key) const { return object.get(key) && !find({key}); }

  /// An integer of 1 to `most`; nothing where it is absent.
  llvm::Expected<std::optional<int64_t>> findSize(llvm::ArrayRef<llvm::StringRef> keys, int64_t most) const;
  /// The same, and an error where it is absent.
  llvm::Expected<int64_t> getSize(llvm::ArrayRef<llvm::StringRef> keys, int64_t most) const;
  /// A finite number.
  llvm::Expected<double> getNumber(llvm::ArrayRef<llvm::StringRef> keys, double fallback) const;
  llvm::Expected<bool> getFlag(llvm::StringRef key, bool fallback) const;
  llvm::Expected<std::string> getText(llvm::ArrayRef<llvm::StringRef> keys, llvm::StringRef fallback) const;
  /// The object under `key`, with this file's name in its errors; nothing where it is absent.
  llvm::Expected<std::optional<Config>> findObject(llvm::StringRef key) const;

private:
  std::string path;
  llvm::json::Object object;
};

/// Describes the model of a configuration as the user asked for it.
llvm::Expected<compiler::Transformer> readTransformer(const Config &config, const compiler::Family &family,
                                                      const compiler::Request &request);

} // namespace ingot::huggingface

#endif // INGOT_COMPILER_IMPORT_HUGGINGFACE_CONFIG_H
