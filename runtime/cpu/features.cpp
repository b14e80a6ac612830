//===- features.cpp - CPUID table and choice of a variant -----------------===//

#include "runtime/cpu/features.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ingot::runtime {
namespace {

enum Register { EAX, EBX, ECX, EDX };

// XCR0 bits that must be set before instructions on these registers work.
constexpr uint64_t noState = 0;
constexpr uint64_t avxState = 0x6;     // XMM, YMM
constexpr uint64_t avx512State = 0xe6; // and opmask, ZMM low, ZMM high
constexpr uint64_t amxState = 0x60000; // tile configuration, tile data

struct FeatureRow {
  IngotFeature feature;
  const char *name;
  uint32_t leaf;
  uint32_t subleaf;
  Register reg;
  unsigned bit;
  uint64_t state;
};

constexpr uint32_t extendedLeaf = 0x80000001;

constexpr FeatureRow featureTable[] = {
    {INGOT_FEATURE_SSE3, "sse3", 1, 0, ECX, 0, noState},
    {INGOT_FEATURE_SSSE3, "ssse3", 1, 0, ECX, 9, noState},
    {INGOT_FEATURE_FMA, "fma", 1, 0, ECX, 12, avxState},
    {INGOT_FEATURE_SSE4_1, "sse4.1", 1, 0, ECX, 19, noState},
    {INGOT_FEATURE_SSE4_2, "sse4.2", 1, 0, ECX, 20, noState},
    {INGOT_FEATURE_MOVBE, "movbe", 1, 0, ECX, 22, noState},
    {INGOT_FEATURE_POPCNT, "popcnt", 1, 0, ECX, 23, noState},
    {INGOT_FEATURE_AVX, "avx", 1, 0, ECX, 28, avxState},
    {INGOT_FEATURE_F16C, "f16c", 1, 0, ECX, 29, avxState},
    {INGOT_FEATURE_BMI, "bmi", 7, 0, EBX, 3, noState},
    {INGOT_FEATURE_AVX2, "avx2", 7, 0, EBX, 5, avxState},
    {INGOT_FEATURE_BMI2, "bmi2", 7, 0, EBX, 8, noState},
    {INGOT_FEATURE_AVX512F, "avx512f", 7, 0, EBX, 16, avx512State},
    {INGOT_FEATURE_AVX512DQ, "avx512dq", 7, 0, EBX, 17, avx512State},
    {INGOT_FEATURE_ADX, "adx", 7, 0, EBX, 19, noState},
    {INGOT_FEATURE_AVX512IFMA, "avx512ifma", 7, 0, EBX, 21, avx512State},
    {INGOT_FEATURE_AVX512CD, "avx512cd", 7, 0, EBX, 28, avx512State},
    {INGOT_FEATURE_AVX512BW, "avx512bw", 7, 0, EBX, 30, avx512State},
    {INGOT_FEATURE_AVX512VL, "avx512vl", 7, 0, EBX, 31, avx512State},
    {INGOT_FEATURE_AVX512VBMI, "avx512vbmi", 7, 0, ECX, 1, avx512State},
    {INGOT_FEATURE_AVX512VBMI2, "avx512vbmi2", 7, 0, ECX, 6, avx512State},
    {INGOT_FEATURE_GFNI, "gfni", 7, 0, ECX, 8, noState},
    {INGOT_FEATURE_VAES, "vaes", 7, 0, ECX, 9, avxState},
    {INGOT_FEATURE_VPCLMULQDQ, "vpclmulqdq", 7, 0, ECX, 10, avxState},
    {INGOT_FEATURE_AVX512VNNI, "avx512vnni", 7, 0, ECX, 11, avx512State},
    {INGOT_FEATURE_AVX512BITALG, "avx512bitalg", 7, 0, ECX, 12, avx512State},
    {INGOT_FEATURE_AVX512VPOPCNTDQ, "avx512vpopcntdq", 7, 0, ECX, 14, avx512State},
    {INGOT_FEATURE_MOVDIRI, "movdiri", 7, 0, ECX, 27, noState},
    {INGOT_FEATURE_AVX512VP2INTERSECT, "avx512vp2intersect", 7, 0, EDX, 8, avx512State},
    {INGOT_FEATURE_AMX_BF16, "amx-bf16", 7, 0, EDX, 22, amxState},
    {INGOT_FEATURE_AVX512FP16, "avx512fp16", 7, 0, EDX, 23, avx512State},
    {INGOT_FEATURE_AMX_TILE, "amx-tile", 7, 0, EDX, 24, amxState},
    {INGOT_FEATURE_AMX_INT8, "amx-int8", 7, 0, EDX, 25, amxState},
    {INGOT_FEATURE_AVXVNNI, "avxvnni", 7, 1, EAX, 4, avxState},
    {INGOT_FEATURE_AVX512BF16, "avx512bf16", 7, 1, EAX, 5, avx512State},
    {INGOT_FEATURE_AVXVNNIINT8, "avxvnniint8", 7, 1, EDX, 4, avxState},
    {INGOT_FEATURE_LZCNT, "lzcnt", extendedLeaf, 0, ECX, 5, noState},
    {INGOT_FEATURE_SSE4A, "sse4a", extendedLeaf, 0, ECX, 6, noState},
    {INGOT_FEATURE_PRFCHW, "prfchw", extendedLeaf, 0, ECX, 8, noState},
};

CpuidRegisters readCpuid(uint32_t leaf, uint32_t subleaf) {
  CpuidRegisters registers;
  __cpuid_count(leaf, subleaf, registers.eax, registers.ebx, registers.ecx, registers.edx);
  return registers;
}

uint64_t readEnabledState() {
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

/// Linux gives a process the AMX tile data registers only after this call
/// (Documentation/arch/x86/xstate.rst).
bool requestTileState() {
#ifdef SYS_arch_prctl
  constexpr int requestPermission = 0x1023; // ARCH_REQ_XCOMP_PERM
  constexpr int tileData = 18;              // XFEATURE_XTILE_DATA
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
#else
  return false;
#endif
}

uint32_t pick(const CpuidRegisters &registers, Register reg) {
  switch (reg) {
  case EAX:
    return registers.eax;
  case EBX:
    return registers.ebx;
  case ECX:
    return registers.ecx;
  case EDX:
    return registers.edx;
  }
  __builtin_unreachable();
}

} // namespace

uint64_t detectFeatures(const CpuidSource &source) {
  uint32_t lastLeaf = source.read(0, 0).eax;
  uint32_t lastExtendedLeaf = source.read(0x80000000, 0).eax;
  uint32_t lastSubleafOf7 = lastLeaf >= 7 ? source.read(7, 0).eax : 0;
  constexpr uint32_t osxsave = 1u << 27;
  uint64_t enabled = source.read(1, 0).ecx & osxsave ? source.readEnabledState() : 0;

  uint64_t features = 0;
  for (const FeatureRow &row : featureTable) {
    // A leaf beyond the last one answers with the data of another leaf.
    bool exists = row.leaf >= 0x80000000 ? row.leaf <= lastExtendedLeaf : row.leaf <= lastLeaf;
    if (row.leaf == 7)
      exists = exists && row.subleaf <= lastSubleafOf7;
    if (!exists || (enabled & row.state) != row.state)
      continue;
    CpuidRegisters registers = source.read(row.leaf, row.subleaf);
    if (pick(registers, row.reg) >> row.bit & 1)
      features |= uint64_t{1} << row.feature;
  }
  return features;
}

uint64_t detectFeatures() {
  uint64_t features = detectFeatures({readCpuid, readEnabledState});
  constexpr uint64_t tiles = uint64_t{1} << INGOT_FEATURE_AMX_TILE | uint64_t{1} << INGOT_FEATURE_AMX_INT8 |
                             uint64_t{1} << INGOT_FEATURE_AMX_BF16;
  if ((features & tiles) && !requestTileState())
    features &= ~tiles;
  return features;
}

const char *featureName(unsigned bit) {
  for (const FeatureRow &row : featureTable)
    if (row.feature == bit)
      return row.name;
  return nullptr;
}

std::string featureNames(uint64_t features) {
  std::string names;
  for (unsigned bit = 0; bit < 64; ++bit) {
    if (!(features >> bit & 1))
      continue;
    if (!names.empty())
      names += ", ";
    const char *name = featureName(bit);
    names += name ? std::string(name) : "feature " + std::to_string(bit);
  }
  return names;
}

const IngotVariant *chooseVariant(const IngotEntry &entry, uint64_t available, std::string &error) {
  error = "this CPU runs none of the compiled variants:";
  for (uint32_t i = 0; i < entry.variant_count; ++i) {
    const IngotVariant &variant = entry.variants[i];
    uint64_t missing = variant.features & ~available;
    if (!missing) {
      error.clear();
      return &variant;
    }
    error += std::string(i ? "; " : " ") + variant.name + " lacks " + featureNames(missing);
  }
  error += " (compile the model for this CPU, or with --mcpu=portable)";
  return nullptr;
}

} // namespace ingot::runtime
