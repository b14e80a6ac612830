//===- symbols.cpp - functions of a library that is opened at start -------===//

#include "runtime/cuda/symbols.h"

#include <dlfcn.h>

namespace ingot::runtime::cuda {

const char *findSymbols(void *library, std::span<const Symbol> symbols) {
  for (const Symbol &symbol : symbols) {
    void *address = dlsym(library, symbol.name);
    if (!address && symbol.isNeeded)
      return symbol.name;
    *static_cast<void **>(symbol.address) = address;
  }
  return nullptr;
}

} // namespace ingot::runtime::cuda
