//===- cpu_count.h - how many CPUs this process may use ---------*- C++ -*-===//
//
// A container sees all CPUs of its host; what it may use is the smaller of the
// affinity mask and the CPU quotas of its control groups.
//
// Formats: Linux Documentation/admin-guide/cgroup-v2.rst (cpu.max) and
// Documentation/scheduler/sched-bwc.rst (cpu.cfs_quota_us, cpu.cfs_period_us).
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CPU_CPU_COUNT_H
#define INGOT_RUNTIME_CPU_CPU_COUNT_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::runtime {

/// CPUs that a cgroup v2 `cpu.max` file allows, rounded up: "150000 100000"
/// is 2. nothing: no limit ("max"), or not such a file.
std::optional<uint32_t> cpusFromQuotaV2(std::string_view cpuMax);

/// The same from the two files of cgroup v1; a quota of -1 is no limit.
std::optional<uint32_t> cpusFromQuotaV1(std::string_view quota, std::string_view period);

/// The paths of a process's groups, as /proc/self/cgroup gives them.
struct ControlGroupPaths {
  std::optional<std::string> unified;       ///< v2
  std::optional<std::string> cpuController; ///< v1
};
ControlGroupPaths parseControlGroups(std::string_view procSelfCgroup);

/// The smallest quota of a process's groups and of those above them; nothing: no
/// limit. `mount` is where control groups are mounted: the v2 tree itself, the
/// v1 tree of the CPU controller in its folder `cpu`.
std::optional<uint32_t> cpusFromControlGroups(const std::string &mount, std::string_view procSelfCgroup);

/// Numbers of the CPUs in the affinity mask, ascending; {0} if the kernel does
/// not tell.
std::vector<uint32_t> listAffinity();

/// CPUs that this process may use, at least 1.
uint32_t countUsableCpus();

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CPU_CPU_COUNT_H
