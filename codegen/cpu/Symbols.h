//===- Symbols.h - names of generated functions -----------------*- C++ -*-===//

#ifndef INGOT_CODEGEN_CPU_SYMBOLS_H
#define INGOT_CODEGEN_CPU_SYMBOLS_H

#include "codegen/cpu/CpuDescription.h"

#include "llvm/ADT/Twine.h"

namespace ingot::codegen {

/// The variant for `cpu` of a kernel function or step program.
inline std::string kernelSymbol(llvm::StringRef function, const CpuDescription &cpu) {
  return (function + "." + cpu.name).str();
}

/// What generated code calls of the runtime: see runtime/abi.h.
constexpr llvm::StringLiteral barrierSymbol = "ingot_team_barrier";
constexpr llvm::StringLiteral launchSymbol = "ingot_team_launch";
constexpr llvm::StringLiteral claimSymbol = "ingot_team_claim";
constexpr llvm::StringLiteral runtimeSymbols[] = {barrierSymbol, launchSymbol, claimSymbol};

} // namespace ingot::codegen

#endif // INGOT_CODEGEN_CPU_SYMBOLS_H
