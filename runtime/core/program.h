//===- program.h - the executable as a whole --------------------*- C++ -*-===//

#ifndef INGOT_RUNTIME_CORE_PROGRAM_H
#define INGOT_RUNTIME_CORE_PROGRAM_H

#include "runtime/abi.h"

namespace ingot::runtime {

/// Runs the command that the arguments name (argv[0] is the program) and
/// returns the exit status.
int runProgram(const IngotDescriptor &descriptor, int argc, char **argv);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_PROGRAM_H
