//===- CpuDescription.cpp - what the code generator knows of a CPU --------===//

#include "codegen/cpu/CpuDescription.h"

#include "runtime/abi.h"
#include "target/TargetDescription.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <memory>
#include <mutex>

using namespace llvm;
using namespace ingot;
using namespace ingot::codegen;

namespace {
struct FeatureName {
  StringLiteral name;
  unsigned bit;
};
} // namespace

/// LLVM's names of the features in runtime/abi.h.
static constexpr FeatureName featureNames[] = {
    {"sse3", INGOT_FEATURE_SSE3},
    {"ssse3", INGOT_FEATURE_SSSE3},
    {"sse4.1", INGOT_FEATURE_SSE4_1},
    {"sse4.2", INGOT_FEATURE_SSE4_2},
    {"sse4a", INGOT_FEATURE_SSE4A},
    {"popcnt", INGOT_FEATURE_POPCNT},
    {"avx", INGOT_FEATURE_AVX},
    {"f16c", INGOT_FEATURE_F16C},
    {"fma", INGOT_FEATURE_FMA},
    {"avx2", INGOT_FEATURE_AVX2},
    {"bmi", INGOT_FEATURE_BMI},
    {"bmi2", INGOT_FEATURE_BMI2},
    {"lzcnt", INGOT_FEATURE_LZCNT},
    {"movbe", INGOT_FEATURE_MOVBE},
    {"adx", INGOT_FEATURE_ADX},
    {"prfchw", INGOT_FEATURE_PRFCHW},
    {"movdiri", INGOT_FEATURE_MOVDIRI},
    {"avx512f", INGOT_FEATURE_AVX512F},
    {"avx512cd", INGOT_FEATURE_AVX512CD},
    {"avx512bw", INGOT_FEATURE_AVX512BW},
    {"avx512dq", INGOT_FEATURE_AVX512DQ},
    {"avx512vl", INGOT_FEATURE_AVX512VL},
    {"avx512ifma", INGOT_FEATURE_AVX512IFMA},
    {"avx512vbmi", INGOT_FEATURE_AVX512VBMI},
    {"avx512vbmi2", INGOT_FEATURE_AVX512VBMI2},
    {"avx512vnni", INGOT_FEATURE_AVX512VNNI},
    {"avx512bitalg", INGOT_FEATURE_AVX512BITALG},
    {"avx512vpopcntdq", INGOT_FEATURE_AVX512VPOPCNTDQ},
    {"avx512bf16", INGOT_FEATURE_AVX512BF16},
    {"avx512fp16", INGOT_FEATURE_AVX512FP16},
    {"avx512vp2intersect", INGOT_FEATURE_AVX512VP2INTERSECT},
    {"avxvnni", INGOT_FEATURE_AVXVNNI},
    {"avxvnniint8", INGOT_FEATURE_AVXVNNIINT8},
    {"gfni", INGOT_FEATURE_GFNI},
    {"vaes", INGOT_FEATURE_VAES},
    {"vpclmulqdq", INGOT_FEATURE_VPCLMULQDQ},
    {"amx-tile", INGOT_FEATURE_AMX_TILE},
    {"amx-int8", INGOT_FEATURE_AMX_INT8},
    {"amx-bf16", INGOT_FEATURE_AMX_BF16},
};

static std::unique_ptr<MCSubtargetInfo> createSubtarget(StringRef cpu, StringRef features) {
  static std::once_flag initialized;
  std::call_once(initialized, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86TargetMC();
  });
  Triple triple("x86_64-unknown-linux-gnu");
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  return std::unique_ptr<MCSubtargetInfo>(target ? target->createMCSubtargetInfo(triple, cpu, features) : nullptr);
}

static Expected<CpuDescription> describeCpu(StringRef cpu) {
  auto [name, features] = cpu.split(',');
  std::unique_ptr<MCSubtargetInfo> known = createSubtarget("", "");
  if (!known || name.empty() || !known->isCPUStringValid(name) || !createSubtarget(name, "")->checkFeatures("+64bit"))
    return createStringError(
        "unknown CPU '%s': expected an x86-64 CPU name of LLVM (x86-64-v3, znver4, icelake-server, "
        "…), native or portable; there is no runtime for other architectures yet",
        name.str().c_str());
  std::unique_ptr<MCSubtargetInfo> subtarget = createSubtarget(name, features);
  CpuDescription description;
  description.name = name.str();
  description.features = features.str();
  description.featureBits = 0;
  for (const FeatureName &feature : featureNames)
    if (subtarget->checkFeatures(("+" + feature.name).str()))
      description.featureBits |= uint64_t(1) << feature.bit;
  auto has = [&](unsigned bit) { return (description.featureBits >> bit) & 1; };

  description.has512BitVectors = has(INGOT_FEATURE_AVX512F) && has(INGOT_FEATURE_AVX512BW) &&
                                 has(INGOT_FEATURE_AVX512VL) && has(INGOT_FEATURE_AVX512DQ);
  description.hasPairProducts = description.has512BitVectors && has(INGOT_FEATURE_AVX512BF16);
  if (description.has512BitVectors && has(INGOT_FEATURE_AVX512VNNI))
    description.dot = DotInstruction::Avx512Vnni;
  else if (description.has512BitVectors)
    description.dot = DotInstruction::Avx512Bw;
  else if (has(INGOT_FEATURE_AVXVNNI))
    description.dot = DotInstruction::AvxVnni;
  else if (has(INGOT_FEATURE_AVX2))
    description.dot = DotInstruction::Avx2;
  else
    description.dot = DotInstruction::Sse2;
  description.registerLanes = description.has512BitVectors ? 16 : has(INGOT_FEATURE_AVX2) ? 8 : 4;
  // 32 registers of 16 lanes, or 16 of fewer: what a tile keeps in registers. Of the narrowest a panel takes four
  // passes: more than two rows make code that LLVM compiles for seconds.
  description.tiles = description.has512BitVectors     ? TileShape{4, 8, 24, 0, 512 << 10}
                      : description.registerLanes == 8 ? TileShape{4, 8, 6, 0, 256 << 10}
                                                       : TileShape{2, 2, 3, 0, 256 << 10};
  return description;
}

Expected<SmallVector<CpuDescription>> ingot::codegen::describeCpus(StringRef cpu) {
  SmallVector<StringRef> names = {cpu};
  if (cpu == "portable")
    names = {"icelake-server", "x86-64-v3", "x86-64"};
  SmallVector<CpuDescription> descriptions;
  for (StringRef name : names) {
    Expected<CpuDescription> description = describeCpu(name);
    if (!description)
      return description.takeError();
    descriptions.push_back(std::move(*description));
  }
  return descriptions;
}

mlir::FailureOr<SmallVector<CpuDescription>> ingot::codegen::describeCpus(mlir::ModuleOp module) {
  mlir::FailureOr<target::CompileOptions> options = target::CompileOptions::of(module);
  if (mlir::failed(options))
    return mlir::failure();
  Expected<SmallVector<CpuDescription>> cpus = describeCpus(options->cpu);
  if (!cpus)
    return module.emitError() << toString(cpus.takeError());
  return std::move(*cpus);
}

std::string ingot::codegen::getHostCpu() {
  std::string cpu = sys::getHostCPUName().str();
  StringMap<bool> host = sys::getHostCPUFeatures();
  std::unique_ptr<MCSubtargetInfo> subtarget = createSubtarget(cpu, "");
  for (const FeatureName &feature : featureNames)
    if (subtarget && subtarget->checkFeatures(("+" + feature.name).str()) && !host.lookup(feature.name))
      cpu += (",-" + feature.name).str();
  return cpu;
}
