//===- Registration.h - dialects and passes of all tools --------*- C++ -*-===//

#ifndef INGOT_COMPILER_REGISTRATION_H
#define INGOT_COMPILER_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace ingot::compiler {

/// All dialects that a dump of any phase may contain.
void registerDialects(mlir::DialectRegistry &registry);
/// All passes and phase pipelines, for ingot-opt and crash reproducers.
void registerPasses();

} // namespace ingot::compiler

#endif // INGOT_COMPILER_REGISTRATION_H
