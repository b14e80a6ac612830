//===- ingot-translate.cpp - what LLVM makes of a module ------------------===//
//
// Prints a module at the phase codegen as optimised LLVM IR or as assembly, as it would
// go into the object file. For tests of inner loops, and for people.
//
//===----------------------------------------------------------------------===//

#include "codegen/host/ObjectFile.h"
#include "compiler/Registration.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

using ingot::codegen::TextKind;

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::cl::opt<std::string> input(llvm::cl::Positional, llvm::cl::desc("<module at phase codegen>"),
                                   llvm::cl::init("-"));
  llvm::cl::opt<TextKind> kind(llvm::cl::desc("what to print:"), llvm::cl::init(TextKind::Assembly),
                               llvm::cl::values(clEnumValN(TextKind::LlvmIr, "llvm-ir", "optimised LLVM IR"),
                                                clEnumValN(TextKind::Assembly, "assembly", "assembly (default)")));
  llvm::cl::ParseCommandLineOptions(argc, argv, "Ingot's LLVM IR and assembly\n");

  mlir::DialectRegistry registry;
  ingot::compiler::registerDialects(registry);
  mlir::MLIRContext context(registry);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceFile<mlir::ModuleOp>(input, &context);
  if (!module)
    return 1;
  llvm::Expected<std::string> text = ingot::codegen::emitText(*module, kind);
  if (!text) {
    llvm::errs() << "ingot-translate: error: " << llvm::toString(text.takeError()) << '\n';
    return 1;
  }
  llvm::outs() << *text;
  return 0;
}
