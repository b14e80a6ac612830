//===- module.h - emitted kernels, compiled for the host --------*- C++ -*-===//
//
// An image that cuModuleLoadData gets is a shared object that compile_for_host.py made,
// or it is one for a device, for which INGOT_FAKE_CUDA_MODULE names a shared
// object. Its symbol table says where its variables and its shared arrays lie.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_CUDA_SHIM_DRIVER_MODULE_H
#define INGOT_TEST_CUDA_SHIM_DRIVER_MODULE_H

#include "checker/shadow.h"
#include "driver/api.h"
#include "executor/interface.h"
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ingot::shim {

struct Variable {
  std::string name;
  /// From the start of the module's thread-local segment, or its address.
  size_t offset;
  size_t bytes;
};

} // namespace ingot::shim

struct CUfunc_st {
  CUmodule module;
  const ingot::shim::Kernel *kernel;
  /// Of its `__shared__` arrays.
  size_t staticSharedBytes = 0;
  /// What cuFuncSetAttribute allowed.
  size_t mostDynamicBytes = 48 << 10;
};

struct CUmod_st {
  std::string path;
  int file = -1; ///< open while the module is loaded, where it was written
  void *library = nullptr;
  const ingot::shim::ModuleDescription *description = nullptr;
  std::vector<ingot::shim::Variable> sharedArrays, variables;
  std::map<std::string, std::unique_ptr<CUfunc_st>> functions;

  /// Where the shared memory of blocks lies that this thread runs.
  char *sharedBase() const;
  size_t sharedBytes() const;
  /// For the checker: the shared memory, of which a launch may use `dynamicBytes` of every array declared `extern`.
  ingot::shim::Region &sharedRegion(size_t dynamicBytes);
  ingot::shim::Region &variableRegion();

private:
  std::map<char *, std::unique_ptr<ingot::shim::Region>> sharedRegions;
  std::unique_ptr<ingot::shim::Region> ofVariables;
};

#endif // INGOT_TEST_CUDA_SHIM_DRIVER_MODULE_H
