//===- process.cpp - times, memory, signals, plain files ------------------===//

#include "runtime/core/process.h"
#include "runtime/abi.h"
#include "runtime/core/error.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>

namespace ingot::runtime {

static double readClock(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * time.tv_nsec;
}

double now() { return readClock(CLOCK_MONOTONIC); }

/// On CLOCK_BOOTTIME, which is what the kernel's record uses.
static double processStart;

void markStart() {
  processStart = readClock(CLOCK_BOOTTIME);
  FILE *file = fopen("/proc/self/stat", "re");
  if (!file)
    return;
  // Field 22 is the start in clock ticks since boot; field 2 is a name in
  // parentheses that may itself hold spaces and parentheses.
  char line[1024];
  size_t size = fread(line, 1, sizeof(line) - 1, file);
  line[size] = '\0';
  fclose(file);
  const char *field = strrchr(line, ')');
  for (int i = 2; field && i < 22; ++i)
    field = strchr(field + 1, ' ');
  if (field)
    processStart = strtod(field, nullptr) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double secondsSinceStart() { return readClock(CLOCK_BOOTTIME) - processStart; }

uint64_t peakMemory() {
  uint64_t kibibytes = 0;
  if (FILE *file = fopen("/proc/self/status", "re")) {
    char line[256];
    while (fgets(line, sizeof(line), file))
      if (strncmp(line, "VmHWM:", 6) == 0)
        kibibytes = strtoull(line + 6, nullptr, 10);
    fclose(file);
  }
  if (!kibibytes) {
    // Second best: this one also remembers the process that called exec.
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    kibibytes = static_cast<uint64_t>(usage.ru_maxrss);
  }
  return kibibytes * 1024;
}

uint64_t imageMemory() {
  auto *headers = reinterpret_cast<const ElfW(Phdr) *>(getauxval(AT_PHDR));
  uint64_t bytes = 0;
  for (size_t i = 0; headers && i < getauxval(AT_PHNUM); ++i)
    if (headers[i].p_type == PT_LOAD && headers[i].p_paddr != INGOT_WEIGHTS_TAG)
      bytes += headers[i].p_memsz;
  return bytes;
}

static volatile sig_atomic_t interruptSeen = 0;

void catchInterrupt() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interruptSeen = 1; };
  // The default action comes back with the first signal, so the second kills.
  action.sa_flags = SA_RESETHAND;
  sigaction(SIGINT, &action, nullptr);
}

bool interrupted() { return interruptSeen; }

void releaseInterrupt() {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigaction(SIGINT, &action, nullptr);
  interruptSeen = 0;
}

std::string readText(const std::string &path) {
  int descriptor = path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    fail("%s: cannot be opened: %s", path.c_str(), strerror(errno));
  std::string text;
  char buffer[65536];
  for (;;) {
    ssize_t size = read(descriptor, buffer, sizeof(buffer));
    if (size < 0 && errno == EINTR)
      continue;
    if (size < 0)
      fail("%s: cannot be read: %s", path.c_str(), strerror(errno));
    if (size == 0)
      break;
    text.append(buffer, size);
  }
  if (descriptor != STDIN_FILENO)
    close(descriptor);
  return text;
}

void writeOutput(const char *data, uint64_t size) {
  while (size) {
    ssize_t written = write(STDOUT_FILENO, data, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      fail("standard output: cannot be written: %s", strerror(errno));
    data += written;
    size -= written;
  }
}

} // namespace ingot::runtime
