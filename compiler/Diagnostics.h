//===- Diagnostics.h - one line for every failure ----------------*- C++
//-*-===//
//
// Collects what MLIR reports while a model is compiled, and turns a failure
// into exactly one line on standard error.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_DIAGNOSTICS_H
#define INGOT_COMPILER_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Error.h"

#include <mutex>

namespace ingot::compiler {

class Progress;

/// While it lives, errors of `context` are kept (the first with its notes) and
/// warnings and remarks are printed.
class Diagnostics {
public:
  /// `file` stands before messages whose location names no file.
  Diagnostics(mlir::MLIRContext &context, llvm::StringRef file, Progress &progress);

  /// The first error, as "FILE: message"; `otherwise` where nothing was
  /// reported.
  llvm::Error takeError(const llvm::Twine &otherwise);

private:
  void handle(mlir::Diagnostic &diagnostic);

  std::string file;
  Progress &progress;
  std::mutex mutex;
  std::string first;
  mlir::ScopedDiagnosticHandler handler;
};

/// `text` without line breaks and control characters.
std::string onOneLine(llvm::StringRef text);

} // namespace ingot::compiler

#endif // INGOT_COMPILER_DIAGNOSTICS_H
