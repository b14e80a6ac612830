//===- products.h - matrix products by cuBLASLt -----------------*- C++ -*-===//
//
// Which of the library's algorithms is the fastest depends on the device and on the
// shape. Rows are counted in steps of 128, so that there are few shapes: what of a
// tile no row fills costs nothing. The first product of a shape asks the library for
// some, tries them, and remembers the fastest, on disk as well.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CUDA_PRODUCTS_H
#define INGOT_RUNTIME_CUDA_PRODUCTS_H

#include "runtime/cuda/algorithm_cache.h"
#include "runtime/cuda/launches.h"

#include <optional>

namespace ingot::runtime::cuda {

/// Buffers of a product, in the order that tables.h says.
inline uint32_t countBuffers(const IngotCudaProduct &product) { return product.addend ? 5 : 4; }

class Products {
public:
  /// Opens the library. `autotune`: algorithms are tried; otherwise the first that the library suggests is taken. Fails
  /// with a message where there is no library.
  Products(const FoundDevice &device, const IngotCudaDescriptor &tables, bool autotune);

  /// Starts the product of `launch` for `rows` rows, of `mostRows` that its buffers have.
  LtStatus run(const Launch &launch, uint32_t rows, uint32_t mostRows, Stream stream);

  /// The name of a status.
  std::string describe(LtStatus status) const { return api.cublasLtGetStatusName(status); }

  /// Of the library: 10000 * major + 100 * minor + patch.
  int64_t version() const { return static_cast<int64_t>(api.cublasLtGetVersion()); }

private:
  /// A product of the tables, as the library sees it; layouts have the columns of the last call.
  struct Product {
    const IngotCudaProduct *row;
    LtProduct product;
    LtLayout weight, input, result;
    LtPreference preference;
    /// By rows: of the n-th for at most 128 (n + 1).
    std::vector<std::optional<LtAlgorithm>> algorithms;
  };
  struct Operands {
    void *weight, *input, *addend, *result, *workspace;
  };

  Product make(const IngotCudaProduct &row, uint32_t mostRows) const;
  LtStatus multiply(const Product &product, const Operands &operands, const LtAlgorithm &algorithm,
                    Stream stream) const;
  LtStatus choose(const Product &product, const Operands &operands, uint32_t rows, Stream stream,
                  LtAlgorithm &algorithm);
  /// Milliseconds of a few calls; nothing where the algorithm does not run.
  std::optional<float> measure(const Product &product, const Operands &operands, const LtAlgorithm &algorithm,
                               Stream stream) const;
  /// What an algorithm was chosen for.
  std::string spellKey(const IngotCudaProduct &row, uint32_t rows) const;
  void check(LtStatus status, const char *what) const;

  const FoundDevice &device;
  const bool autotune;
  LtApi api;
  LtHandle handle = nullptr;
  Event start = nullptr, end = nullptr;
  std::vector<Product> products;
  AlgorithmCache cache;
};

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_PRODUCTS_H
