//===- cpu_count_test.cpp - control group files ---------------------------===//

#include "runtime/cpu/cpu_count.h"

#include <gtest/gtest.h>

using namespace ingot::runtime;

TEST(CpuCount, QuotaOfVersion2) {
  EXPECT_EQ(cpusFromQuotaV2("max 100000\n"), std::nullopt);
  EXPECT_EQ(cpusFromQuotaV2("100000 100000\n"), 1u);
  EXPECT_EQ(cpusFromQuotaV2("150000 100000\n"), 2u);
  EXPECT_EQ(cpusFromQuotaV2("1000 100000"), 1u);
  EXPECT_EQ(cpusFromQuotaV2(""), std::nullopt);
  EXPECT_EQ(cpusFromQuotaV2("200000"), std::nullopt);
  EXPECT_EQ(cpusFromQuotaV2("200000 0"), std::nullopt);
  EXPECT_EQ(cpusFromQuotaV2("20x 10"), std::nullopt);
}

TEST(CpuCount, QuotaOfVersion1) {
  EXPECT_EQ(cpusFromQuotaV1("-1\n", "100000\n"), std::nullopt);
  EXPECT_EQ(cpusFromQuotaV1("250000\n", "100000\n"), 3u);
  EXPECT_EQ(cpusFromQuotaV1("", ""), std::nullopt);
}

TEST(CpuCount, GroupPaths) {
  ControlGroupPaths mixed = parseControlGroups("4:memory:/m\n2:cpu,cpuacct:/docker/1:2\n1:cpuset:/c\n0::/unified\n");
  EXPECT_EQ(mixed.unified, "/unified");
  EXPECT_EQ(mixed.cpuController, "/docker/1:2");
  ControlGroupPaths none = parseControlGroups("3:cpuset:/\n7:name=systemd:/");
  EXPECT_EQ(none.unified, std::nullopt);
  EXPECT_EQ(none.cpuController, std::nullopt);
  EXPECT_EQ(parseControlGroups("rubbish\n::").unified, std::nullopt);
}

TEST(CpuCount, AtLeastOne) { EXPECT_GE(countUsableCpus(), 1u); }
