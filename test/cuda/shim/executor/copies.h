//===- copies.h - asynchronous copies to shared memory ----------*- C++ -*-===//
//
// cp.async: a thread starts copies, closes them into groups, and waits until at
// most so many groups are under way. Here a copy happens when it is waited for
// and not before, so that a wait that is missing shows in the numbers too.
//
// PTX ISA, "Data Movement and Conversion Instructions: Asynchronous copy".
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_EXECUTOR_COPIES_H
#define INGOT_TEST_CUDA_SHIM_EXECUTOR_COPIES_H

namespace ingot::shim {

/// Forgets all copies: a block of so many threads starts.
void beginCopies(unsigned threads);

/// Whether a thread has started copies that it has not waited for.
bool unfinishedCopies(unsigned thread);

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_EXECUTOR_COPIES_H
