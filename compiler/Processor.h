//===- Processor.h - the processors that can be compiled for -----*- C++
//-*-===//
//
// Turns what the user says with --mcpu into the CPU name that goes into the
// module, or into one clear error.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_PROCESSOR_H
#define INGOT_COMPILER_PROCESSOR_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace ingot::compiler {

/// The name of one executable with code for several processors.
constexpr llvm::StringLiteral portableProcessor = "portable";

/// What describeCpus of codegen/cpu/CpuDescription.h takes, for `name`: "native" becomes the name of this machine's
/// processor, less the features that the machine or its hypervisor hides; others are checked.
llvm::Expected<std::string> resolveProcessor(llvm::StringRef name);

} // namespace ingot::compiler

#endif // INGOT_COMPILER_PROCESSOR_H
