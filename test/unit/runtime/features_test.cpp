//===- features_test.cpp - CPUID table and choice of a variant ------------===//

#include "runtime/cpu/features.h"

#include <gtest/gtest.h>

using namespace ingot::runtime;

namespace {

constexpr uint64_t bit(IngotFeature feature) { return uint64_t{1} << feature; }

/// A Haswell: AVX2, FMA, BMI, no AVX-512; everything set in leaf 7.1, which
/// does not exist there.
CpuidRegisters readHaswell(uint32_t leaf, uint32_t subleaf) {
  if (leaf == 0)
    return {13, 0, 0, 0};
  if (leaf == 1)
    return {0, 0, 0x7ffafbff, 0};
  if (leaf == 7 && subleaf == 0)
    return {0, 0x000027ab, 0, 0};
  if (leaf == 7)
    return {~0u, ~0u, ~0u, ~0u};
  if (leaf == 0x80000000)
    return {0x80000008, 0, 0, 0};
  if (leaf == 0x80000001)
    return {0, 0, 0x21, 0};
  return {0, 0, 0, 0};
}

CpuidRegisters readEverything(uint32_t leaf, uint32_t) {
  if (leaf == 0 || leaf == 0x80000000)
    return {leaf | 31, ~0u, ~0u, ~0u};
  return {~0u, ~0u, ~0u, ~0u};
}

TEST(Features, Haswell) {
  uint64_t features = detectFeatures({readHaswell, [] { return uint64_t{7}; }});
  EXPECT_EQ(featureNames(features & bit(INGOT_FEATURE_AVX2)), "avx2");
  for (IngotFeature feature : {INGOT_FEATURE_AVX2, INGOT_FEATURE_FMA, INGOT_FEATURE_F16C, INGOT_FEATURE_BMI2,
                               INGOT_FEATURE_LZCNT, INGOT_FEATURE_MOVBE})
    EXPECT_TRUE(features & bit(feature)) << featureName(feature);
  for (IngotFeature feature :
       {INGOT_FEATURE_AVX512F, INGOT_FEATURE_AVXVNNI, INGOT_FEATURE_SSE4A, INGOT_FEATURE_AMX_TILE})
    EXPECT_FALSE(features & bit(feature)) << featureName(feature);
}

TEST(Features, StateMustBeEnabledByTheSystem) {
  uint64_t sse = detectFeatures({readEverything, [] { return uint64_t{3}; }});
  EXPECT_TRUE(sse & bit(INGOT_FEATURE_SSE4_2));
  EXPECT_FALSE(sse & bit(INGOT_FEATURE_AVX));
  EXPECT_FALSE(sse & bit(INGOT_FEATURE_FMA));
  uint64_t avx = detectFeatures({readEverything, [] { return uint64_t{7}; }});
  EXPECT_TRUE(avx & bit(INGOT_FEATURE_AVX2));
  EXPECT_FALSE(avx & bit(INGOT_FEATURE_AVX512F));
  uint64_t avx512 = detectFeatures({readEverything, [] { return uint64_t{0xe7}; }});
  EXPECT_TRUE(avx512 & bit(INGOT_FEATURE_AVX512VNNI));
  EXPECT_FALSE(avx512 & bit(INGOT_FEATURE_AMX_INT8));
}

TEST(Features, EveryFeatureHasARow) {
  uint64_t all = detectFeatures({readEverything, [] { return ~uint64_t{0}; }});
  EXPECT_EQ(all, (uint64_t{1} << (INGOT_FEATURE_PRFCHW + 1)) - 1);
  for (unsigned i = 0; i <= INGOT_FEATURE_PRFCHW; ++i)
    EXPECT_NE(featureName(i), nullptr) << i;
  EXPECT_EQ(featureName(63), nullptr);
}

TEST(Features, ThisCpuAgreesWithTheCompiler) {
  uint64_t features = detectFeatures();
  __builtin_cpu_init();
  EXPECT_EQ(!!(features & bit(INGOT_FEATURE_AVX2)), !!__builtin_cpu_supports("avx2"));
  EXPECT_EQ(!!(features & bit(INGOT_FEATURE_AVX512VNNI)), !!__builtin_cpu_supports("avx512vnni"));
  EXPECT_EQ(!!(features & bit(INGOT_FEATURE_FMA)), !!__builtin_cpu_supports("fma"));
}

TEST(Features, FirstVariantThatFits) {
  IngotVariant variants[] = {{"znver5", bit(INGOT_FEATURE_AVX512VNNI) | bit(INGOT_FEATURE_AVX2), nullptr, 0, 0},
                             {"x86-64-v3", bit(INGOT_FEATURE_AVX2), nullptr, 0, 0}};
  IngotEntry entry = {};
  entry.variants = variants;
  entry.variant_count = 2;
  std::string error;
  EXPECT_EQ(chooseVariant(entry, ~uint64_t{0}, error), &variants[0]);
  EXPECT_EQ(chooseVariant(entry, bit(INGOT_FEATURE_AVX2), error), &variants[1]);
  EXPECT_EQ(error, "");
  EXPECT_EQ(chooseVariant(entry, 0, error), nullptr);
  EXPECT_EQ(error, "this CPU runs none of the compiled variants: znver5 lacks avx2, "
                   "avx512vnni; x86-64-v3 lacks avx2 (compile the model for this CPU, "
                   "or with --mcpu=portable)");
}

} // namespace
