//===- cpu_count.cpp - affinity mask and control group quotas -------------===//

#include "runtime/cpu/cpu_count.h"

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>
#include <vector>

namespace ingot::runtime {
namespace {

/// Reads a small file; empty when it is not there.
std::string readSmallFile(const std::string &path) {
  char buffer[4096];
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return {};
  ssize_t size = read(descriptor, buffer, sizeof(buffer));
  close(descriptor);
  return size > 0 ? std::string(buffer, size) : std::string();
}

std::string_view takeWord(std::string_view &text) {
  size_t begin = std::min(text.find_first_not_of(" \t\n"), text.size());
  text.remove_prefix(begin);
  size_t end = std::min(text.find_first_of(" \t\n"), text.size());
  std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

std::optional<int64_t> parseInteger(std::string_view word) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size())
    return std::nullopt;
  return value;
}

std::optional<uint32_t> divideRoundingUp(std::optional<int64_t> quota, std::optional<int64_t> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0)
    return std::nullopt;
  int64_t cpus = *quota / *period + (*quota % *period != 0);
  return static_cast<uint32_t>(std::min<int64_t>(cpus, UINT32_MAX));
}

/// Calls `visit` for a group's folder and those above it: a limit anywhere on
/// the way to the root holds. Inside a container the path may be one that only
/// the host has; then the mount point itself is our group.
template <typename Visitor> void visitUpwards(const std::string &mount, std::string path, Visitor visit) {
  while (!path.empty() && path != "/") {
    visit(mount + path);
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
  visit(mount);
}

} // namespace

std::vector<uint32_t> listAffinity() {
  // The kernel refuses a mask smaller than its own, so grow until it fits.
  for (size_t size = 1024; size <= 1024 * 1024; size *= 2) {
    std::vector<unsigned long> mask(size / (8 * sizeof(unsigned long)));
    size_t bytes = mask.size() * sizeof(unsigned long);
    cpu_set_t *set = reinterpret_cast<cpu_set_t *>(mask.data());
    if (sched_getaffinity(0, bytes, set) != 0)
      continue;
    std::vector<uint32_t> cpus;
    for (uint32_t cpu = 0; cpu < size; ++cpu)
      if (CPU_ISSET_S(cpu, bytes, set))
        cpus.push_back(cpu);
    return cpus;
  }
  return {0};
}

std::optional<uint32_t> cpusFromQuotaV2(std::string_view cpuMax) {
  auto quota = parseInteger(takeWord(cpuMax));
  auto period = parseInteger(takeWord(cpuMax));
  return divideRoundingUp(quota, period);
}

std::optional<uint32_t> cpusFromQuotaV1(std::string_view quota, std::string_view period) {
  return divideRoundingUp(parseInteger(takeWord(quota)), parseInteger(takeWord(period)));
}

ControlGroupPaths parseControlGroups(std::string_view text) {
  // Lines "hierarchy:controller,controller:path"; v2 is hierarchy 0 without
  // controllers (man cgroups(7)).
  ControlGroupPaths paths;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    size_t first = line.find(':');
    size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos)
      continue;
    std::string_view controllers = line.substr(first + 1, second - first - 1);
    std::string path(line.substr(second + 1));
    if (controllers.empty() && line.substr(0, first) == "0")
      paths.unified = path;
    for (size_t begin = 0; begin < controllers.size();) {
      size_t comma = std::min(controllers.find(',', begin), controllers.size());
      if (controllers.substr(begin, comma - begin) == "cpu")
        paths.cpuController = path;
      begin = comma + 1;
    }
  }
  return paths;
}

std::optional<uint32_t> cpusFromControlGroups(const std::string &mount, std::string_view procSelfCgroup) {
  std::optional<uint32_t> cpus;
  auto apply = [&](std::optional<uint32_t> limit) {
    if (limit)
      cpus = std::min(cpus.value_or(*limit), *limit);
  };
  ControlGroupPaths paths = parseControlGroups(procSelfCgroup);
  if (paths.unified)
    visitUpwards(mount, *paths.unified,
                 [&](const std::string &folder) { apply(cpusFromQuotaV2(readSmallFile(folder + "/cpu.max"))); });
  if (paths.cpuController)
    visitUpwards(mount + "/cpu", *paths.cpuController, [&](const std::string &folder) {
      apply(cpusFromQuotaV1(readSmallFile(folder + "/cpu.cfs_quota_us"), readSmallFile(folder + "/cpu.cfs_period_us")));
    });
  return cpus;
}

uint32_t countUsableCpus() {
  auto cpus = static_cast<uint32_t>(listAffinity().size());
  auto quota = cpusFromControlGroups("/sys/fs/cgroup", readSmallFile("/proc/self/cgroup"));
  return std::max(std::min(cpus, quota.value_or(cpus)), 1u);
}

} // namespace ingot::runtime
