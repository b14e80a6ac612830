//===- process.h - what the kernel knows about this process -----*- C++ -*-===//
//
// Times, memory and Ctrl-C. All of it also works in an empty chroot, where
// there is no /proc, with the next best source.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_PROCESS_H
#define INGOT_RUNTIME_CORE_PROCESS_H

#include <cstdint>
#include <string>

namespace ingot::runtime {

/// Seconds on a clock that only runs forward.
double now();

/// To be called first in main, since only some systems remember the start.
void markStart();

/// Seconds since the process was created. The kernel records that in units of
/// 10 ms and rounds down, so the answer is at most 10 ms too large. Without
/// /proc it is the time since `markStart`.
double secondsSinceStart();

/// Highest resident memory so far, in bytes (VmHWM of man proc(5)).
uint64_t peakMemory();

/// Bytes of the executable's own loadable segments, weights left out.
uint64_t imageMemory();

/// From now on the first Ctrl-C only makes `interrupted` true; the second ends
/// the process.
void catchInterrupt();
bool interrupted();

/// Ends that: Ctrl-C ends the process again, and `interrupted` is false.
void releaseInterrupt();

/// The whole of a file, or of standard input where `path` is "-". Fails with a
/// message if it cannot be read.
std::string readText(const std::string &path);

/// Writes all bytes to standard output, at once and without a buffer.
void writeOutput(const char *data, uint64_t size);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_PROCESS_H
