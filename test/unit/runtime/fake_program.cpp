//===- fake_program.cpp - the fake model as a static executable -----------===//
//
// Linked as ingotc links a compiled model. INGOT_FAKE in the environment
// chooses what is missing; INGOT_COUNT_ALLOCATIONS=1 reports at exit how many
// allocations fell between the first and the last decode step; with
// INGOT_STEP_DELAY=N every step takes N ms.
//
//===----------------------------------------------------------------------===//

#include "fake_model.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

using namespace ingot::runtime::test;

static std::atomic<unsigned long> allocations;

// The linker sends all calls of malloc and its kin here (--wrap), those from
// inside the C and C++ libraries too.
extern "C" {
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size) {
  ++allocations;
  return __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size) {
  ++allocations;
  return __real_calloc(count, size);
}
void *__wrap_realloc(void *memory, size_t size) {
  ++allocations;
  return __real_realloc(memory, size);
}
}

static unsigned long atFirstDecode;
static unsigned long atLastDecode;
static unsigned long decodeSteps;

static void countAtStep(const IngotStep *step) {
  if (step->rows != 1)
    return;
  atLastDecode = allocations;
  if (decodeSteps++ == 0)
    atFirstDecode = atLastDecode;
}

static IngotDescriptor makeDescriptor() {
  if (getenv("INGOT_COUNT_ALLOCATIONS")) {
    fakeStepHook = countAtStep;
    atexit([] {
      fprintf(stderr, "allocations: %lu in %lu steps, %lu in all\n", atLastDecode - atFirstDecode, decodeSteps,
              allocations.load());
    });
  }
  if (getenv("INGOT_STEP_DELAY"))
    fakeStepHook = [](const IngotStep *) {
      // In pieces, since a signal ends a sleep early.
      for (int i = 0; i < atoi(getenv("INGOT_STEP_DELAY")); ++i)
        usleep(1000);
    };
  const char *kind = getenv("INGOT_FAKE");
  auto is = [kind](const char *name) { return kind && !strcmp(kind, name); };
  FakeOptions options;
  options.tokenizer = !is("no-tokenizer");
  options.model = !is("vocabulary");
  options.futureCpu = is("future-cpu");
  options.externalWeights = is("external") ? "fake.weights" : nullptr;
  options.embeddedWeights = is("embedded");
  return makeFakeDescriptor(options);
}

const IngotDescriptor ingot_descriptor = makeDescriptor();
