//===- Processor.cpp - the processors that can be compiled for ------------===//

#include "compiler/Processor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"
#include "llvm/TargetParser/AArch64TargetParser.h"
#include "llvm/TargetParser/ARMTargetParser.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/RISCVTargetParser.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace llvm;

static Error makeError(const Twine &message) { return createStringError(inconvertibleErrorCode(), message); }

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

/// Whether compiled code may use the feature. Others are for operating systems;
/// hypervisors hide them freely.
static bool isUsedByCode(StringRef feature) {
  constexpr StringLiteral prefixes[] = {"avx", "sse", "ssse", "amx", "bmi", "gfni", "vaes", "vpclmul", "sha"};
  constexpr StringLiteral names[] = {"adx",   "aes",    "cx16",   "f16c",   "fma", "lzcnt",
                                     "movbe", "pclmul", "popcnt", "prfchw", "sahf"};
  return any_of(prefixes, [&](StringRef prefix) { return feature.starts_with(prefix); }) ||
         is_contained(names, feature);
}

static bool fitsHost(StringRef name, const StringMap<bool> &host) {
  SmallVector<StringRef> features;
  X86::getFeaturesForCPU(name, features);
  return all_of(features, [&](StringRef feature) { return !isUsedByCode(feature) || host.lookup(feature); });
}

static Expected<std::string> nativeProcessor() {
#if !defined(__x86_64__)
  return makeError("--mcpu=native: this machine is no x86-64, and there is no "
                   "runtime for another architecture yet; "
                   "choose --mcpu=portable or an x86-64 CPU name");
#else
  StringMap<bool> host;
  for (auto &feature : sys::getHostCPUFeatures())
    host[feature.getKey()] = feature.getValue();
  StringRef name = sys::getHostCPUName();
  for (StringRef candidate : {name, StringRef("x86-64-v4"), StringRef("x86-64-v3"), StringRef("x86-64-v2")})
    if (isX86(candidate) && fitsHost(candidate, host))
      return candidate.str();
  return std::string("x86-64");
#endif
}

Expected<std::string> ingot::compiler::resolveProcessor(StringRef name) {
  if (name == "native")
    return nativeProcessor();
  if (name == portableProcessor || isX86(name))
    return name.str();
  constexpr StringLiteral supported = "supported: native, portable, x86-64 CPU names as LLVM knows them "
                                      "(x86-64-v3, icelake-server, znver4, ...)";
  if (StringRef architecture = foreignArchitecture(name); !architecture.empty())
    return makeError("--mcpu=" + name + ": no runtime for " + architecture + " yet; " + supported);
  return makeError("--mcpu=" + name + ": no such CPU; " + supported);
}
