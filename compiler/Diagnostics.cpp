//===- Diagnostics.cpp - one line for every failure -----------------------===//

#include "compiler/Diagnostics.h"

#include "compiler/Progress.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"

#include <utility>

using namespace mlir;
using namespace ingot::compiler;

std::string ingot::compiler::onOneLine(StringRef text) {
  std::string line;
  for (char c : text.trim()) {
    if (c == '\n')
      line += line.empty() || line.back() == ' ' ? "" : "; ";
    else
      line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return line;
}

/// "FILE:LINE:COLUMN" where the location has one, else `file`, and the name of
/// the operation where that is known.
static std::string placeOf(Location location, StringRef file) {
  std::string place;
  llvm::raw_string_ostream out(place);
  if (auto line = location->findInstanceOf<FileLineColLoc>()) {
    out << line.getFilename().getValue() << ":" << line.getLine() << ":" << line.getColumn();
    return place;
  }
  out << file;
  if (auto name = location->findInstanceOf<NameLoc>())
    out << ": " << name.getName().getValue();
  return place;
}

Diagnostics::Diagnostics(MLIRContext &context, StringRef file, Progress &progress)
    : file(file), progress(progress), handler(&context, [this](Diagnostic &diagnostic) { handle(diagnostic); }) {
  context.printOpOnDiagnostic(false);
}

void Diagnostics::handle(Diagnostic &diagnostic) {
  // Passes may run on several threads.
  std::lock_guard<std::mutex> lock(mutex);
  std::string message = placeOf(diagnostic.getLocation(), file) + ": " + diagnostic.str();
  if (diagnostic.getSeverity() != DiagnosticSeverity::Error) {
    progress.clear();
    StringRef kind = diagnostic.getSeverity() == DiagnosticSeverity::Warning ? "warning" : "remark";
    llvm::errs() << "ingotc: " << kind << ": " << onOneLine(message) << "\n";
    return;
  }
  if (!first.empty())
    return;
  for (Diagnostic &note : diagnostic.getNotes())
    message += "; " + note.str();
  first = std::move(message);
}

llvm::Error Diagnostics::takeError(const llvm::Twine &otherwise) {
  std::lock_guard<std::mutex> lock(mutex);
  std::string message = first.empty() ? (file + ": " + otherwise).str() : std::exchange(first, {});
  return llvm::createStringError(message);
}
