//===- cublaslt.h - NVIDIA's library for matrices, opened at start -*- C++ -*-===//
//
// Only an executable whose programs have products of the library opens it. Declared
// here is what is called, with the values and layouts of cublasLt.h.
//
// Source: cuBLAS Library, "Using the cuBLASLt API", https://docs.nvidia.com/cuda/cublas
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CUDA_CUBLASLT_H
#define INGOT_RUNTIME_CUDA_CUBLASLT_H

#include "runtime/cuda/driver.h"

namespace ingot::runtime::cuda {

using LtStatus = int;
using LtHandle = struct LtHandleHandle *;
using LtProduct = struct LtProductHandle *;
using LtLayout = struct LtLayoutHandle *;
using LtPreference = struct LtPreferenceHandle *;

/// CUBLAS_STATUS_SUCCESS, CUBLAS_STATUS_NOT_SUPPORTED
inline constexpr LtStatus ltSuccess = 0, ltNotSupported = 15;
/// cudaDataType
inline constexpr int ltF32 = 0, ltF16 = 2, ltBF16 = 14;
/// CUBLAS_COMPUTE_32F
inline constexpr int ltComputeF32 = 68;
/// cublasLtMatmulDescAttributes_t, and CUBLAS_OP_T
inline constexpr int ltTransposeA = 3;
inline constexpr int32_t ltTransposed = 1;
/// cublasLtMatrixLayoutAttribute_t
inline constexpr int ltLayoutColumns = 3;
/// cublasLtMatmulPreferenceAttributes_t
inline constexpr int ltMostWorkspace = 1, ltAlignmentA = 5, ltAlignmentB = 6, ltAlignmentC = 7, ltAlignmentD = 8;

/// cublasLtMatmulAlgo_t: bytes that serve the same version of the library again.
struct LtAlgorithm {
  uint64_t data[8];
};

/// cublasLtMatmulHeuristicResult_t
struct LtSuggestion {
  LtAlgorithm algorithm;
  size_t workspaceBytes;
  LtStatus state;
  float waves;
  int reserved[4];
};

/// Functions by their names in the library.
struct LtApi {
  LtStatus (*cublasLtCreate)(LtHandle *handle);
  size_t (*cublasLtGetVersion)();
  const char *(*cublasLtGetStatusName)(LtStatus status);
  LtStatus (*cublasLtMatmulDescCreate)(LtProduct *product, int compute, int scale);
  LtStatus (*cublasLtMatmulDescSetAttribute)(LtProduct product, int attribute, const void *value, size_t bytes);
  LtStatus (*cublasLtMatrixLayoutCreate)(LtLayout *layout, int element, uint64_t rows, uint64_t columns,
                                         int64_t leading);
  LtStatus (*cublasLtMatrixLayoutSetAttribute)(LtLayout layout, int attribute, const void *value, size_t bytes);
  LtStatus (*cublasLtMatmulPreferenceCreate)(LtPreference *preference);
  LtStatus (*cublasLtMatmulPreferenceSetAttribute)(LtPreference preference, int attribute, const void *value,
                                                   size_t bytes);
  LtStatus (*cublasLtMatmulAlgoGetHeuristic)(LtHandle handle, LtProduct product, LtLayout a, LtLayout b, LtLayout c,
                                             LtLayout d, LtPreference preference, int asked, LtSuggestion *suggestions,
                                             int *found);
  LtStatus (*cublasLtMatmul)(LtHandle handle, LtProduct product, const void *alpha, const void *a, LtLayout aLayout,
                             const void *b, LtLayout bLayout, const void *beta, const void *c, LtLayout cLayout,
                             void *d, LtLayout dLayout, const LtAlgorithm *algorithm, void *workspace,
                             size_t workspaceBytes, Stream stream);
};

/// Opens libcublasLt.so.13, or .12. Fails with one message that says what is missing and how to do without.
LtApi openLibrary();

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_CUBLASLT_H
