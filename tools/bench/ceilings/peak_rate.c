//===- peak_rate.c - operations per second of the multiply instructions ---===//
//
// usage: peak_rate THREADS KIND...
//
// Repeats one kind of multiply-and-add on registers, with twelve independent sums, so that neither memory nor latency
// counts. Prints one line per kind: its name, a tab, operations per second (a multiplication and an addition are two).
// The caller sees to it that the processor has the instructions.
//
//===----------------------------------------------------------------------===//

#include "workers.h"

#include <stdint.h>
#include <string.h>

enum { SumCount = 12, Repetitions = 1 << 14 };

// Each sum is a register of its own, 0 to 11; 12 is scratch, 13 to 15 are operands.
#define FOR_SUMS(M) M("0") M("1") M("2") M("3") M("4") M("5") M("6") M("7") M("8") M("9") M("10") M("11")

#define VPDPBUSD_ZMM(s) "vpdpbusd %%zmm15, %%zmm14, %%zmm" s "\n"
#define VPDPBUSD_YMM(s) "vpdpbusd %%ymm15, %%ymm14, %%ymm" s "\n"
#define VEX_VPDPBUSD_YMM(s) "%{vex%} vpdpbusd %%ymm15, %%ymm14, %%ymm" s "\n"
#define VDPBF16PS_ZMM(s) "vdpbf16ps %%zmm15, %%zmm14, %%zmm" s "\n"
#define FMA_ZMM(s) "vfmadd231ps %%zmm15, %%zmm14, %%zmm" s "\n"
#define FMA_YMM(s) "vfmadd231ps %%ymm15, %%ymm14, %%ymm" s "\n"
#define MADDUBS_MADDWD(s)                                                                                              \
  "vpmaddubsw %%ymm15, %%ymm14, %%ymm12\n vpmaddwd %%ymm13, %%ymm12, %%ymm12\n vpaddd %%ymm12, %%ymm" s ", %%ymm" s "\n"
#define MADDUBS_ADDW(s) "vpmaddubsw %%ymm15, %%ymm14, %%ymm12\n vpaddw %%ymm12, %%ymm" s ", %%ymm" s "\n"

// Non-zero operands, since a multiplier fed with zeros draws less power than a model's numbers: 0x3c is 60 as a byte
// and a number near 0.01 as f32 or bf16.
#define SET_OPERANDS(width)                                                                                            \
  "vpbroadcastd %[operand], %%" width "13\n vpbroadcastd %[operand], %%" width                                         \
  "14\n vpbroadcastd %[operand], %%" width "15\n"
#define ZERO(s) "vpxor %%xmm" s ", %%xmm" s ", %%xmm" s "\n"

#define DEFINE_KERNEL(name, width, step)                                                                               \
  static void name(void) {                                                                                             \
    static const uint32_t operand = 0x3c3c3c3c;                                                                        \
    uint32_t left = Repetitions;                                                                                       \
    __asm__ volatile(SET_OPERANDS(width)                                                                               \
                         FOR_SUMS(ZERO) ".p2align 5\n 1:\n" FOR_SUMS(step) "decl %[left]\n jnz 1b\n vzeroupper\n"      \
                     : [left] "+r"(left)                                                                               \
                     : [operand] "m"(operand)                                                                          \
                     : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",  \
                       "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");                                                   \
  }

DEFINE_KERNEL(runVpdpbusdZmm, "zmm", VPDPBUSD_ZMM)
DEFINE_KERNEL(runVpdpbusdYmm, "ymm", VPDPBUSD_YMM)
DEFINE_KERNEL(runVexVpdpbusdYmm, "ymm", VEX_VPDPBUSD_YMM)
DEFINE_KERNEL(runVdpbf16psZmm, "zmm", VDPBF16PS_ZMM)
DEFINE_KERNEL(runFmaZmm, "zmm", FMA_ZMM)
DEFINE_KERNEL(runFmaYmm, "ymm", FMA_YMM)
DEFINE_KERNEL(runMaddubsMaddwd, "ymm", MADDUBS_MADDWD)
DEFINE_KERNEL(runMaddubsAddw, "ymm", MADDUBS_ADDW)

static const struct Kind {
  const char *name;
  void (*run)(void);
  int multiplications; ///< of one step of one sum
} kinds[] = {
    {"vpdpbusd-zmm", runVpdpbusdZmm, 64},
    {"vpdpbusd-ymm", runVpdpbusdYmm, 32},
    {"vex-vpdpbusd-ymm", runVexVpdpbusdYmm, 32},
    {"vdpbf16ps-zmm", runVdpbf16psZmm, 32},
    {"fma-zmm", runFmaZmm, 16},
    {"fma-ymm", runFmaYmm, 8},
    {"maddubs-maddwd-ymm", runMaddubsMaddwd, 32},
    {"maddubs-addw-ymm", runMaddubsAddw, 32},
};

static const struct Kind *current;
static int calls;

static void repeat(int worker) {
  (void)worker;
  for (int call = 0; call < calls; ++call)
    current->run();
}

int main(int count, char **arguments) {
  parseThreadCount(count, arguments);
  for (int argument = 2; argument < count; ++argument) {
    current = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i)
      if (!strcmp(kinds[i].name, arguments[argument]))
        current = &kinds[i];
    if (!current) {
      fprintf(stderr, "unknown kind %s\n", arguments[argument]);
      return 2;
    }
    calls = 40;
    secondsOf(repeat); // the clock frequency settles
    double best = 0;
    for (int attempt = 0; attempt < 10; ++attempt) {
      double operations = 2.0 * current->multiplications * SumCount * Repetitions * calls * threadCount;
      double rate = operations / secondsOf(repeat);
      best = rate > best ? rate : best;
    }
    printf("%s\t%.0f\n", current->name, best);
  }
  return 0;
}
