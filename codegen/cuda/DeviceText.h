//===- DeviceText.h - the part of emitted text that never changes *- C++ -*-===//

#ifndef INGOT_CODEGEN_CUDA_DEVICETEXT_H
#define INGOT_CODEGEN_CUDA_DEVICETEXT_H

#include "llvm/ADT/StringRef.h"

namespace ingot::cuda {

/// The contract with the runtime, the wrappers of PTX and the templates of kernels, one after the other.
extern const llvm::StringLiteral deviceText;

} // namespace ingot::cuda

#endif // INGOT_CODEGEN_CUDA_DEVICETEXT_H
