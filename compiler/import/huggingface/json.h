//===- json.h - JSON values that know where they stand ----------*- C++ -*-===//
//
// Errors name the file, the key and the value.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_HUGGINGFACE_JSON_H
#define INGOT_COMPILER_IMPORT_HUGGINGFACE_JSON_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <optional>
#include <string>

namespace ingot::huggingface {

/// Parses the contents of a file; the error names it.
llvm::Expected<llvm::json::Value> parseFile(llvm::StringRef contents, const std::string &file);

/// A text from a file as an error shows it: printable, on one line, of bounded length.
std::string printable(llvm::StringRef text);

/// A value and its path, such as `normalizer.normalizers[2]`.
class Node {
public:
  Node(const std::string &file, const llvm::json::Value &value) : file(&file), value(&value) {}

  /// An error that says `what` of this value: "FILE: PATH is VALUE; WHAT".
  llvm::Error error(const llvm::Twine &what) const;

  bool isNull() const;
  llvm::Expected<Node> get(llvm::StringRef key) const; ///< must be there
  std::optional<Node> find(llvm::StringRef key) const; ///< nothing if absent or null
  llvm::Expected<llvm::StringRef> string() const;
  llvm::Expected<bool> boolean() const;
  llvm::Expected<int64_t> integer(int64_t least, int64_t most) const;
  llvm::Expected<double> number() const;

  /// Where absent or null, `otherwise`.
  llvm::Expected<llvm::StringRef> stringOr(llvm::StringRef key, llvm::StringRef otherwise) const;
  llvm::Expected<bool> booleanOr(llvm::StringRef key, bool otherwise) const;
  llvm::Expected<int64_t> integerOr(llvm::StringRef key, int64_t least, int64_t most, int64_t otherwise) const;

  llvm::Expected<const llvm::json::Object *> object() const;
  llvm::Expected<const llvm::json::Array *> array() const;

  /// Calls `visit` for each element, until one fails.
  llvm::Error forEach(llvm::function_ref<llvm::Error(const Node &)> visit) const;

  Node child(const llvm::Twine &path, const llvm::json::Value &value) const;

private:
  llvm::Error mismatch(llvm::StringRef expected) const;

  const std::string *file;
  const llvm::json::Value *value;
  std::string path;
};

} // namespace ingot::huggingface

#endif // INGOT_COMPILER_IMPORT_HUGGINGFACE_JSON_H
