//===- faults.cpp - kernels that touch what is not mapped -----------------===//
//
// The handler has a stack of its own, since the fault may be that a fibre's is
// full. It does not return: it leaves the block, whose fibres nobody needs then.
//
//===----------------------------------------------------------------------===//

#include "executor/faults.h"
#include "executor/block.h"
#include <csignal>
#include <cstdio>
#include <vector>

namespace ingot::shim {

namespace {

void onFault(int number, siginfo_t *information, void *) {
  if (block.thread() == nullptr) {
    // Not a kernel's: the instruction runs again, and ends the process as it would have.
    signal(number, SIG_DFL);
    return;
  }
  char address[32];
  snprintf(address, sizeof address, "%p", information->si_addr);
  const char *what = block.isBelowStack(information->si_addr) ? ": its local memory is full (address "
                                                              : ": an access to what is no memory (address ";
  block.abandon(describeCurrentThread() + what + address + ")");
}

} // namespace

void catchFaults() {
  static thread_local std::vector<char> stack;
  if (!stack.empty())
    return;
  stack.resize(64 << 10);
  stack_t alternate{};
  alternate.ss_sp = stack.data();
  alternate.ss_size = stack.size();
  sigaltstack(&alternate, nullptr);
  struct sigaction action{};
  action.sa_sigaction = onFault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
}

} // namespace ingot::shim
