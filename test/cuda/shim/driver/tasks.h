//===- tasks.h - launches and transfers as tasks ----------------*- C++ -*-===//
//
// The entry points of streams and those of graphs ask for the same things.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DRIVER_TASKS_H
#define INGOT_TEST_CUDA_SHIM_DRIVER_TASKS_H

#include "driver/operations.h"
#include "executor/interface.h"

namespace ingot::shim {

/// Copies the parameters; refuses what the device could not run.
CUresult launchTask(Task &task, CUfunction function, Index grid, Index block, unsigned sharedBytes, void **parameters,
                    void **extra);

/// `now`: the host's pageable memory is read when the task is made, as CUDA stages it.
CUresult copyTask(Task &task, void *to, const void *from, size_t bytes, bool now);

/// `element`: 1, 2 or 4 bytes.
CUresult fillTask(Task &task, void *to, unsigned value, unsigned element, size_t count);

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_DRIVER_TASKS_H
