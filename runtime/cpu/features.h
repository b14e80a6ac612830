//===- features.h - which compiled variant this CPU can run -----*- C++ -*-===//
//
// Maps each IngotFeature to its CPUID bit and to the register state that the
// operating system must save for it, and chooses a variant. All of this runs on
// any x86-64.
//
// Bits: Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E. XCR0: Intel
// SDM volume 1, section 13.3.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CPU_FEATURES_H
#define INGOT_RUNTIME_CPU_FEATURES_H

#include "runtime/abi.h"

#include <string>

namespace ingot::runtime {

struct CpuidRegisters {
  uint32_t eax, ebx, ecx, edx;
};

/// Where feature bits are read from: the CPU, or numbers written in a test.
struct CpuidSource {
  CpuidRegisters (*read)(uint32_t leaf, uint32_t subleaf);
  /// XCR0, asked only when CPUID reports OSXSAVE.
  uint64_t (*readEnabledState)();
};

/// IngotFeature bits that the CPU has and the operating system has enabled.
uint64_t detectFeatures(const CpuidSource &source);

/// The same for the CPU we run on. Asks the kernel for the AMX tile state first
/// where the CPU has it, since the kernel grants that on request only.
uint64_t detectFeatures();

/// LLVM's name of the feature with this bit number, nullptr if there is none.
const char *featureName(unsigned bit);

/// Names of the features in a mask, comma-separated; bits without a name as
/// "feature N".
std::string featureNames(uint64_t features);

/// The first variant whose features are all in `available`, or nullptr and in
/// `error` one line that names each variant with what it lacks.
const IngotVariant *chooseVariant(const IngotEntry &entry, uint64_t available, std::string &error);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CPU_FEATURES_H
