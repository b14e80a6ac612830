//===- count_memory_calls.cpp - mmap and brk between two tokens -----------===//
//
//   ingot-count-memory-calls PROGRAM ARGUMENT...
//
// Runs a program under ptrace and counts how often any of its threads asks the
// kernel for memory (mmap, brk, mremap, munmap) between its first and its last
// write to standard output. Prints "memory calls: N between M writes" on
// standard error and ends with the program's status.
//
//===----------------------------------------------------------------------===//

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

struct Counts {
  unsigned long writes = 0;
  unsigned long pending = 0; ///< calls since the last write
  unsigned long between = 0; ///< calls that another write followed

  void enter(const __ptrace_syscall_info &info) {
    switch (info.entry.nr) {
    case SYS_write:
      if (info.entry.args[0] != STDOUT_FILENO)
        return;
      if (writes++ > 0)
        between += pending;
      pending = 0;
      return;
    case SYS_mmap:
    case SYS_brk:
    case SYS_mremap:
    case SYS_munmap:
      ++pending;
      return;
    }
  }
};

int trace(pid_t child) {
  Counts counts;
  int status = 0;
  waitpid(child, &status, 0); // stopped at exec
  ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL);
  ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
  for (;;) {
    pid_t thread = waitpid(-1, &status, __WALL);
    if (thread < 0)
      return 1;
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      if (thread != child)
        continue;
      fprintf(stderr, "memory calls: %lu between %lu writes\n", counts.between, counts.writes);
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    int signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80)) {
      __ptrace_syscall_info info;
      ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info);
      if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
        counts.enter(info);
    }
    // Stops that tracing itself makes; any other signal is the program's.
    bool ours = signal == (SIGTRAP | 0x80) || signal == SIGTRAP || signal == SIGSTOP;
    ptrace(PTRACE_SYSCALL, thread, nullptr, ours ? 0 : signal);
  }
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: ingot-count-memory-calls PROGRAM ARGUMENT...\n");
    return 2;
  }
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    execvp(argv[1], argv + 1);
    fprintf(stderr, "%s: cannot be run: %s\n", argv[1], strerror(errno));
    _exit(127);
  }
  return trace(child);
}
