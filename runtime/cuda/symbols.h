//===- symbols.h - functions of a library that is opened at start -*- C++ -*-===//

#ifndef INGOT_RUNTIME_CUDA_SYMBOLS_H
#define INGOT_RUNTIME_CUDA_SYMBOLS_H

#include <span>

namespace ingot::runtime::cuda {

/// A function's name in a library, and where its address goes.
struct Symbol {
  const char *name;
  void *address;
  bool isNeeded; ///< an older library may lack the others
};

/// The Symbol of the member `name` of `api`, which has the function's name.
#define INGOT_SYMBOL(api, name)                                                                                        \
  ::ingot::runtime::cuda::Symbol { #name, &(api).name, true }

/// The same of one that an older library lacks: a null pointer then.
#define INGOT_NEWER_SYMBOL(api, name)                                                                                  \
  ::ingot::runtime::cuda::Symbol { #name, &(api).name, false }

/// Looks all of them up in `library`. The name of the first that is needed and not there, or nullptr.
const char *findSymbols(void *library, std::span<const Symbol> symbols);

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_SYMBOLS_H
