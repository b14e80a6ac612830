//===- workers.h - the same work on several threads, timed ----------------===//
//
// Both ceilings are what all threads reach together between two barriers.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TOOLS_BENCH_CEILINGS_WORKERS_H
#define INGOT_TOOLS_BENCH_CEILINGS_WORKERS_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MostThreads = 256 };

typedef void (*Work)(int worker);

static int threadCount;
static Work currentWork;
static pthread_barrier_t startBarrier, endBarrier;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

static void *runWorker(void *argument) {
  pthread_barrier_wait(&startBarrier);
  currentWork((int)(size_t)argument);
  pthread_barrier_wait(&endBarrier);
  return NULL;
}

/// Seconds until every one of `threadCount` workers has done `work`, this thread being worker 0.
static double secondsOf(Work work) {
  pthread_t pool[MostThreads];
  currentWork = work;
  pthread_barrier_init(&startBarrier, NULL, (unsigned)threadCount);
  pthread_barrier_init(&endBarrier, NULL, (unsigned)threadCount);
  for (int worker = 1; worker < threadCount; ++worker)
    if (pthread_create(&pool[worker], NULL, runWorker, (void *)(size_t)worker)) {
      fprintf(stderr, "cannot start thread %d\n", worker);
      exit(1);
    }
  pthread_barrier_wait(&startBarrier);
  double start = now();
  work(0);
  pthread_barrier_wait(&endBarrier);
  double seconds = now() - start;
  for (int worker = 1; worker < threadCount; ++worker)
    pthread_join(pool[worker], NULL);
  return seconds;
}

/// The first argument of both programs: threads, 1 to 256.
static void parseThreadCount(int count, char **arguments) {
  threadCount = count > 1 ? atoi(arguments[1]) : 0;
  if (threadCount < 1 || threadCount > MostThreads) {
    fprintf(stderr, "the first argument is the number of threads, 1 to %d\n", MostThreads);
    exit(2);
  }
}

#endif // INGOT_TOOLS_BENCH_CEILINGS_WORKERS_H
