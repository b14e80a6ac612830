//===- cublaslt.cpp - NVIDIA's library for matrices, opened at start ------===//

#include "runtime/cuda/cublaslt.h"
#include "runtime/core/error.h"
#include "runtime/cuda/symbols.h"

#include <dlfcn.h>

namespace ingot::runtime::cuda {

LtApi openLibrary() {
  constexpr const char *advice = "; install cuBLAS of CUDA 13 or 12, or compile the model with --gemm=own";
  constexpr const char *names[] = {"libcublasLt.so.13", "libcublasLt.so.12"};
  void *library = nullptr;
  std::string error;
  for (const char *name : names) {
    library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library)
      break;
    error += (error.empty() ? "" : "; ") + std::string(dlerror());
  }
  if (!library)
    fail("cuBLASLt multiplies prompts of this model, and it is not here: %s%s", error.c_str(), advice);
  LtApi api;
  const Symbol symbols[] = {INGOT_SYMBOL(api, cublasLtCreate),
                            INGOT_SYMBOL(api, cublasLtGetVersion),
                            INGOT_SYMBOL(api, cublasLtGetStatusName),
                            INGOT_SYMBOL(api, cublasLtMatmulDescCreate),
                            INGOT_SYMBOL(api, cublasLtMatmulDescSetAttribute),
                            INGOT_SYMBOL(api, cublasLtMatrixLayoutCreate),
                            INGOT_SYMBOL(api, cublasLtMatrixLayoutSetAttribute),
                            INGOT_SYMBOL(api, cublasLtMatmulPreferenceCreate),
                            INGOT_SYMBOL(api, cublasLtMatmulPreferenceSetAttribute),
                            INGOT_SYMBOL(api, cublasLtMatmulAlgoGetHeuristic),
                            INGOT_SYMBOL(api, cublasLtMatmul)};
  static_assert(sizeof(symbols) / sizeof(Symbol) == sizeof(LtApi) / sizeof(void *), "every function is loaded");
  if (const char *missing = findSymbols(library, symbols))
    fail("cuBLASLt has no %s%s", missing, advice);
  return api;
}

} // namespace ingot::runtime::cuda
