//===- error.h - one clear line, then the end -------------------*- C++ -*-===//
//
// The executable is a program, not a library: what it cannot do it says in one
// line on standard error and exits, 1 for a failure and 2 for a wrong command
// line. A line says what is wrong, where, and what to do.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_ERROR_H
#define INGOT_RUNTIME_CORE_ERROR_H

namespace ingot::runtime {

/// Takes the name that messages begin with from argv[0].
void setProgramName(const char *path);
const char *programName();

/// Prints "PROGRAM: error: ..." and exits with 1.
[[noreturn, gnu::format(printf, 1, 2)]] void fail(const char *format, ...);

/// The same for a command line that makes no sense; exits with 2.
[[noreturn, gnu::format(printf, 1, 2)]] void failUsage(const char *format, ...);

/// Prints "PROGRAM: note: ..." and goes on.
[[gnu::format(printf, 1, 2)]] void note(const char *format, ...);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_ERROR_H
