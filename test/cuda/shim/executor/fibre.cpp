//===- fibre.cpp - the switch itself, and the stacks --------------------===//

#include "executor/fibre.h"
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

#if !defined(__x86_64__)
#error "the shim's context switch is written for x86-64 (System V ABI)"
#endif

// The last instruction is no `ret`: the processor would expect it to go back to its caller, and be wrong every time.
asm(R"(
  .text
  .globl ingot_shim_switch
  .type ingot_shim_switch, @function
  .p2align 4
ingot_shim_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmpq *%rcx
  .size ingot_shim_switch, . - ingot_shim_switch
)");

namespace ingot::shim {

namespace {

constexpr size_t stride = Stacks::bytes + Stacks::guard;

void release(char *memory, size_t count) {
  if (memory != nullptr)
    munmap(memory, count * stride);
}

} // namespace

Stacks::~Stacks() { release(memory, count); }

char *Stacks::bottom(size_t index) const { return memory + index * stride + guard; }

size_t Stacks::indexOf(const void *address) const {
  auto offset = static_cast<size_t>(static_cast<const char *>(address) - memory);
  return offset < count * stride && offset % stride >= guard ? offset / stride : count;
}

void Stacks::reserve(size_t wanted) {
  if (wanted <= count)
    return;
  release(memory, count);
  void *mapped =
      mmap(nullptr, wanted * stride, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) {
    perror("fake CUDA: error: no memory for the stacks of a block");
    abort();
  }
  memory = static_cast<char *>(mapped);
  count = wanted;
  for (size_t index = 0; index < count; ++index)
    mprotect(memory + index * stride, guard, PROT_NONE);
}

Context Stacks::start(size_t index, void (*entry)()) {
  // Stacks a multiple of a page apart would share the few cache sets of their top lines; six lines further for each
  // spreads them.
  char *top = bottom(index) + bytes - (index % 10) * 6 * 64;
  auto *frame = reinterpret_cast<uint64_t *>(top);
  // As the ABI has it at a function's first instruction: the return address lies 8 bytes off a multiple of 16.
  *--frame = 0;
  *--frame = reinterpret_cast<uint64_t>(entry);
  for (int saved = 0; saved < 6; ++saved)
    *--frame = 0;
  return frame;
}

} // namespace ingot::shim
