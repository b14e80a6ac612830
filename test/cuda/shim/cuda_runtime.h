//===- cuda_runtime.h - CUDA C++ for the host -------------------*- C++ -*-===//
//
// What nvcc gives every .cu file: keywords, built-in variables, vector types,
// functions of a warp and a block, atomics, device arithmetic. compile_for_host.py
// includes it before the emitted text, as nvcc does with its own. A function
// that is not here does not compile.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_CUDA_RUNTIME_H
#define INGOT_TEST_CUDA_SHIM_CUDA_RUNTIME_H

#include "device/vectors.h"
// Keywords come after every header that is not the shim's.
#include "device/keywords.h"

#include "device/arithmetic.h"
#include "device/atomics.h"
#include "device/tensor.h"
#include "device/threads.h"
#include "device/warp.h"

#endif // INGOT_TEST_CUDA_SHIM_CUDA_RUNTIME_H
