//===- json_text.h - JSON of files that nobody vouches for ------*- C++ -*-===//

#ifndef INGOT_COMPILER_IMPORT_JSON_TEXT_H
#define INGOT_COMPILER_IMPORT_JSON_TEXT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace ingot::compiler {

/// `text` as JSON. The error says what is wrong and where, without the file's name. Values nest at most 64 deep, since
/// the parser recurses.
llvm::Expected<llvm::json::Value> parseJson(llvm::StringRef text);

/// The object in the file at `path`; errors name the file. `kind` says what to give instead: "a config.json".
llvm::Expected<llvm::json::Object> readJsonObject(llvm::StringRef path, llvm::StringRef kind);

} // namespace ingot::compiler

#endif // INGOT_COMPILER_IMPORT_JSON_TEXT_H
