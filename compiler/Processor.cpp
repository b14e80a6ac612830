//===- Processor.cpp - the processors that can be compiled for ------------===//

#include "compiler/Processor.h"

#include "codegen/cpu/CpuDescription.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/TargetParser/AArch64TargetParser.h"
#include "llvm/TargetParser/ARMTargetParser.h"
#include "llvm/TargetParser/RISCVTargetParser.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace llvm;

static bool isX86(StringRef name) { return X86::parseArchX86(name, /*Only64Bit=*/true) != X86::CK_None; }

/// The architecture that has a processor of this name, or nothing.
static StringRef foreignArchitecture(StringRef name) {
  if (AArch64::parseCpu(name))
    return "AArch64";
  if (RISCV::parseCPU(name, /*IsRV64=*/true) || RISCV::parseCPU(name, /*IsRV64=*/false))
    return "RISC-V";
  if (ARM::parseCPUArch(name) != ARM::ArchKind::INVALID)
    return "32-bit ARM";
  if (X86::parseArchX86(name, /*Only64Bit=*/false) != X86::CK_None)
    return "32-bit x86";
  return {};
}

static Expected<std::string> nativeProcessor() {
#if !defined(__x86_64__)
  return createStringError(
      "--mcpu=native: this machine is no x86-64, and there is no runtime for another architecture yet; "
      "choose --mcpu=portable or an x86-64 CPU name");
#else
  return ingot::codegen::getHostCpu();
#endif
}

Expected<std::string> ingot::compiler::resolveProcessor(StringRef name) {
  if (name == "native")
    return nativeProcessor();
  // Features may follow the name, as getHostCpu writes them: znver4,-vaes.
  if (name == portableProcessor || isX86(name.split(',').first))
    return name.str();
  constexpr StringLiteral supported = "supported: native, portable, x86-64 CPU names as LLVM knows them "
                                      "(x86-64-v3, icelake-server, znver4, ...)";
  if (StringRef architecture = foreignArchitecture(name); !architecture.empty())
    return createStringError("--mcpu=" + name + ": no runtime for " + architecture + " yet; " + supported);
  return createStringError("--mcpu=" + name + ": no such CPU; " + supported);
}
