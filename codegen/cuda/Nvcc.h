//===- Nvcc.h - from CUDA C++ to device code --------------------*- C++ -*-===//
//
// NVIDIA's compiler, the only part of the toolkit that is needed, and only for this.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_CUDA_NVCC_H
#define INGOT_CODEGEN_CUDA_NVCC_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace ingot::cuda {

/// The path of nvcc: `asked` where it is not empty; otherwise nvcc of PATH, or of CUDA_HOME, which is /usr/local/cuda
/// where it is not set. An error says where it was looked for and what to do.
llvm::Expected<std::string> findNvcc(llvm::StringRef asked);

/// The fat binary of `source`: machine code for each of `architectures` (as `--sm` has them, such as "90a"), and PTX
/// for the oldest devices that kernels are written for, which newer ones compile when they load it. An error is the
/// first that nvcc reports. `contracts`: nvcc may make one rounding of a product and a sum. `macro` is defined unless
/// it is empty.
llvm::Expected<std::string> compileDeviceCode(llvm::StringRef source, llvm::StringRef nvcc,
                                              llvm::ArrayRef<llvm::StringRef> architectures, bool contracts,
                                              llvm::StringRef macro);

} // namespace ingot::cuda

#endif // INGOT_CODEGEN_CUDA_NVCC_H
