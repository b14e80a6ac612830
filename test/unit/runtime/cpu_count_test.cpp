//===- cpu_count_test.cpp - control group files ---------------------------===//

#include "runtime/cpu/cpu_count.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

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

/// A tree of control groups as the kernel shows it.
class ControlGroupTree : public testing::Test {
protected:
  void TearDown() override { std::filesystem::remove_all(mount); }
  void write(const std::string &path, const std::string &text) {
    std::filesystem::create_directories(std::filesystem::path(mount + path).parent_path());
    std::ofstream(mount + path) << text << "\n";
  }
  std::string mount = testing::TempDir() + "ingot-cgroup-" + std::to_string(getpid());
};

TEST_F(ControlGroupTree, Version2TakesTheSmallestOnTheWayUp) {
  write("/cpu.max", "max 100000");
  write("/pod/cpu.max", "250000 100000");
  write("/pod/box/cpu.max", "600000 100000");
  write("/other/cpu.max", "100000 100000");
  EXPECT_EQ(cpusFromControlGroups(mount, "0::/pod/box\n"), 3u);
  EXPECT_EQ(cpusFromControlGroups(mount, "0::/\n"), std::nullopt);
  // A path of the host, of which only the mount point is seen inside.
  write("/cpu.max", "400000 100000");
  EXPECT_EQ(cpusFromControlGroups(mount, "0::/host/docker/1234\n"), 4u);
}

TEST_F(ControlGroupTree, Version1ReadsTheCpuController) {
  write("/cpu/docker/1/cpu.cfs_quota_us", "150000");
  write("/cpu/docker/1/cpu.cfs_period_us", "100000");
  write("/cpu/cpu.cfs_quota_us", "-1");
  write("/cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(cpusFromControlGroups(mount, "4:memory:/m\n2:cpu,cpuacct:/docker/1\n0::/\n"), 2u);
  EXPECT_EQ(cpusFromControlGroups(mount, "2:cpu,cpuacct:/\n"), std::nullopt);
  EXPECT_EQ(cpusFromControlGroups(mount, "4:memory:/docker/1\n"), std::nullopt);
}
