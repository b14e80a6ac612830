//===- ingotc.cpp - the compiler as a program -----------------------------===//

#include "compiler/Driver.h"

#include "llvm/Support/InitLLVM.h"

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  return ingot::compiler::runCompiler(argc, argv);
}
