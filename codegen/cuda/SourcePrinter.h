//===- SourcePrinter.h - text from patterns ---------------------*- C++ -*-===//
//
// Emitted text is written as it will look, with holes: `$name` stands for a value. A
// hole alone on its line takes any number of lines, each indented as the hole is.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_CUDA_SOURCEPRINTER_H
#define INGOT_CODEGEN_CUDA_SOURCEPRINTER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"

#include <concepts>
#include <string>

namespace ingot::cuda {

/// What a hole stands for.
struct Hole {
  Hole(llvm::StringRef name, const llvm::Twine &text) : name(name), text(text.str()) {}
  template <std::integral Number>
  Hole(llvm::StringRef name, Number number) : name(name), text(std::to_string(number)) {}

  llvm::StringRef name;
  std::string text;
};

/// `pattern` with its holes filled. Every hole of the pattern must be among `holes`.
std::string fillIn(llvm::StringRef pattern, llvm::ArrayRef<Hole> holes);

/// A literal of type float that is exactly `value`, which is finite.
std::string literal(float value);

} // namespace ingot::cuda

#endif // INGOT_CODEGEN_CUDA_SOURCEPRINTER_H
