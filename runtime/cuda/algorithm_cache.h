//===- algorithm_cache.h - chosen algorithms, remembered on disk -*- C++ -*-===//
//
// A text file under the user's cache folder: a line for each choice, its key, its bytes
// and a check of both. A folder that cannot be written and lines that make no sense are
// no error: algorithms are chosen again.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CUDA_ALGORITHM_CACHE_H
#define INGOT_RUNTIME_CUDA_ALGORITHM_CACHE_H

#include "runtime/cuda/cublaslt.h"

#include <map>
#include <string>

namespace ingot::runtime::cuda {

class AlgorithmCache {
public:
  /// Reads the file `cublaslt` in ingot, a folder in $XDG_CACHE_HOME, or in ~/.cache where that is not set.
  AlgorithmCache();

  /// What was remembered for `key`, or null.
  const LtAlgorithm *find(const std::string &key) const;

  /// Adds a line to the file.
  void remember(const std::string &key, const LtAlgorithm &algorithm);

private:
  void readLine(const std::string &line);

  std::string folder; ///< empty: nothing is kept
  std::map<std::string, LtAlgorithm> algorithms;
};

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_ALGORITHM_CACHE_H
