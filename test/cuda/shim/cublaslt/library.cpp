//===- library.cpp - a libcublasLt that multiplies on the host ------------===//
//
// The part of cuBLASLt that the runtime calls (cuBLAS Library, "Using the cuBLASLt
// API"): products of matrices of 16 bits that stand in columns, the first one
// transposed, summed up in f32. Whatever a device would not do, or what is not known
// here, is refused with a line on standard error.
//
// There are three algorithms: one, one that is faster, and one that adds the halves of
// each sum by way of the workspace. An algorithm serves the problem that it was suggested
// for.
//
//===----------------------------------------------------------------------===//

#include "driver/other_libraries.h"

#include <bit>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>

using namespace ingot::shim;

namespace {

// NOLINTBEGIN(readability-identifier-naming): CUDA's names.
enum Status : int {
  CUBLAS_STATUS_SUCCESS = 0,
  CUBLAS_STATUS_NOT_INITIALIZED = 1,
  CUBLAS_STATUS_INVALID_VALUE = 7,
  CUBLAS_STATUS_EXECUTION_FAILED = 13,
  CUBLAS_STATUS_NOT_SUPPORTED = 15,
};
enum DataType : int { CUDA_R_32F = 0, CUDA_R_16F = 2, CUDA_R_16BF = 14 };
constexpr int CUBLAS_COMPUTE_32F = 68;
constexpr int CUBLASLT_MATMUL_DESC_TRANSA = 3, CUBLASLT_MATMUL_DESC_TRANSB = 4;
constexpr int CUBLASLT_MATRIX_LAYOUT_ROWS = 2, CUBLASLT_MATRIX_LAYOUT_COLS = 3, CUBLASLT_MATRIX_LAYOUT_LD = 4;
constexpr int CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES = 1, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES = 5;
// NOLINTEND(readability-identifier-naming)

constexpr size_t workspaceAlignment = 16;
/// What every algorithm here wants of pointers and of strides, in bytes.
constexpr size_t vectorBytes = 16;
constexpr uint64_t signature = 0x746c62;

struct Algorithm {
  uint64_t signature, number, problem, alignment, reserved[4];
};

struct Suggestion {
  Algorithm algorithm;
  size_t workspaceBytes;
  Status state;
  float waves;
  int reserved[4];
};

struct Handle {};
struct Product {
  int transposeA = 0, transposeB = 0;
};
struct Layout {
  int element;
  uint64_t rows, columns;
  int64_t leading;

  size_t elementBytes() const { return element == CUDA_R_32F ? 4 : 2; }
  size_t bytes() const { return ((columns - 1) * static_cast<size_t>(leading) + rows) * elementBytes(); }
};
struct Preference {
  uint64_t workspace = 0;
  uint32_t alignments[4] = {256, 256, 256, 256};
};

__attribute__((format(printf, 2, 3))) Status refuse(Status status, const char *format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  printLine(std::string("cuBLASLt: ") + text);
  return status;
}

/// Handles of one kind that are in use.
template <typename T> std::set<const T *> &known() {
  static std::set<const T *> handles;
  return handles;
}
template <typename T> Status create(T **handle, T value) {
  *handle = new T(value);
  known<T>().insert(*handle);
  return CUBLAS_STATUS_SUCCESS;
}
template <typename... T> bool areKnown(const T *...handles) { return (... && known<T>().contains(handles)); }

template <typename T> Status set(T &field, const char *what, const void *value, size_t bytes) {
  if (value == nullptr || bytes != sizeof(T))
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "%s of %zu bytes, expected %zu", what, bytes, sizeof(T));
  memcpy(&field, value, sizeof(T));
  return CUBLAS_STATUS_SUCCESS;
}

uint64_t mix(std::initializer_list<uint64_t> numbers) {
  uint64_t hash = 0xcbf29ce484222325;
  for (uint64_t number : numbers)
    hash = (hash ^ number) * 0x100000001b3;
  return hash;
}

uint64_t nameProblem(const Layout &a, const Layout &b, const Layout &d) {
  return mix({static_cast<uint64_t>(a.element), a.rows, a.columns, static_cast<uint64_t>(a.leading), b.columns,
              static_cast<uint64_t>(b.leading), static_cast<uint64_t>(d.leading)});
}

/// Whether these four make a problem that is known here.
Status checkProblem(const Product &product, const Layout &a, const Layout &b, const Layout &c, const Layout &d) {
  if (product.transposeA != 1 || product.transposeB != 0)
    return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "a product that is not of a transposed A and a B as it is");
  if ((a.element != CUDA_R_16F && a.element != CUDA_R_16BF) || a.element != b.element || c.element != CUDA_R_32F ||
      d.element != CUDA_R_32F)
    return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "elements %d, %d, %d and %d", a.element, b.element, c.element,
                  d.element);
  if (a.rows != b.rows || a.columns != d.rows || b.columns != d.columns || c.rows != d.rows || c.columns != d.columns)
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "A has %lu rows and %lu columns, B %lu and %lu, D %lu and %lu", a.rows,
                  a.columns, b.rows, b.columns, d.rows, d.columns);
  for (const Layout *layout : {&a, &b, &c, &d})
    if (static_cast<size_t>(layout->leading) * layout->elementBytes() % vectorBytes != 0)
      return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "a leading dimension of %ld elements is no multiple of 16 bytes",
                    layout->leading);
  return CUBLAS_STATUS_SUCCESS;
}

size_t workspaceOf(uint64_t algorithm, const Layout &d) { return algorithm == 2 ? d.rows * d.columns * 4 : 0; }

float decode(int element, uint16_t bits) {
  if (element == CUDA_R_16BF)
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  return static_cast<float>(std::bit_cast<_Float16>(bits));
}

/// A number from the environment.
uint64_t environment(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text != nullptr ? strtoull(text, nullptr, 10) : otherwise;
}

} // namespace

#define INGOT_FAKE_CUBLASLT extern "C" __attribute__((visibility("default")))

INGOT_FAKE_CUBLASLT size_t cublasLtGetVersion() { return environment("INGOT_FAKE_CUBLASLT_VERSION", 130100); }

INGOT_FAKE_CUBLASLT const char *cublasLtGetStatusName(Status status) {
  switch (status) {
  case CUBLAS_STATUS_SUCCESS:
    return "CUBLAS_STATUS_SUCCESS";
  case CUBLAS_STATUS_NOT_INITIALIZED:
    return "CUBLAS_STATUS_NOT_INITIALIZED";
  case CUBLAS_STATUS_INVALID_VALUE:
    return "CUBLAS_STATUS_INVALID_VALUE";
  case CUBLAS_STATUS_EXECUTION_FAILED:
    return "CUBLAS_STATUS_EXECUTION_FAILED";
  case CUBLAS_STATUS_NOT_SUPPORTED:
    return "CUBLAS_STATUS_NOT_SUPPORTED";
  }
  return "<unknown>";
}

INGOT_FAKE_CUBLASLT Status cublasLtCreate(Handle **handle) {
  if (!hasContext())
    return refuse(CUBLAS_STATUS_NOT_INITIALIZED, "no context");
  return create(handle, {});
}

INGOT_FAKE_CUBLASLT Status cublasLtMatmulDescCreate(Product **product, int compute, int scale) {
  if (compute != CUBLAS_COMPUTE_32F || scale != CUDA_R_32F)
    return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "products by compute type %d with factors of type %d", compute, scale);
  return create(product, {});
}

INGOT_FAKE_CUBLASLT Status cublasLtMatmulDescSetAttribute(Product *product, int attribute, const void *value,
                                                          size_t bytes) {
  if (!areKnown(product))
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "an attribute of no product");
  if (attribute == CUBLASLT_MATMUL_DESC_TRANSA)
    return set(product->transposeA, "whether A is transposed", value, bytes);
  if (attribute == CUBLASLT_MATMUL_DESC_TRANSB)
    return set(product->transposeB, "whether B is transposed", value, bytes);
  return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "attribute %d of a product is not known here", attribute);
}

INGOT_FAKE_CUBLASLT Status cublasLtMatrixLayoutCreate(Layout **layout, int element, uint64_t rows, uint64_t columns,
                                                      int64_t leading) {
  if (element != CUDA_R_32F && element != CUDA_R_16F && element != CUDA_R_16BF)
    return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "matrices of type %d are not known here", element);
  if (rows == 0 || columns == 0 || leading < static_cast<int64_t>(rows))
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "a matrix of %lu rows and %lu columns, %ld elements apart", rows,
                  columns, leading);
  return create(layout, {element, rows, columns, leading});
}

INGOT_FAKE_CUBLASLT Status cublasLtMatrixLayoutSetAttribute(Layout *layout, int attribute, const void *value,
                                                            size_t bytes) {
  if (!areKnown(layout))
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "an attribute of no layout");
  if (attribute == CUBLASLT_MATRIX_LAYOUT_ROWS)
    return set(layout->rows, "rows", value, bytes);
  if (attribute == CUBLASLT_MATRIX_LAYOUT_COLS)
    return set(layout->columns, "columns", value, bytes);
  if (attribute == CUBLASLT_MATRIX_LAYOUT_LD)
    return set(layout->leading, "a leading dimension", value, bytes);
  return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "attribute %d of a layout is not known here", attribute);
}

INGOT_FAKE_CUBLASLT Status cublasLtMatmulPreferenceCreate(Preference **preference) { return create(preference, {}); }

INGOT_FAKE_CUBLASLT Status cublasLtMatmulPreferenceSetAttribute(Preference *preference, int attribute,
                                                                const void *value, size_t bytes) {
  if (!areKnown(preference))
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "an attribute of no preference");
  if (attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES)
    return set(preference->workspace, "bytes of the workspace", value, bytes);
  int matrix = attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
  if (matrix >= 0 && matrix < 4)
    return set(preference->alignments[matrix], "an alignment", value, bytes);
  return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "attribute %d of a preference is not known here", attribute);
}

INGOT_FAKE_CUBLASLT Status cublasLtMatmulAlgoGetHeuristic(Handle *handle, Product *product, Layout *a, Layout *b,
                                                          Layout *c, Layout *d, Preference *preference, int asked,
                                                          Suggestion *suggestions, int *found) {
  if (!areKnown(handle) || !areKnown(product) || !areKnown(a, b, c, d) || !areKnown(preference) || asked < 1)
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "a question about nothing");
  if (Status status = checkProblem(*product, *a, *b, *c, *d); status != CUBLAS_STATUS_SUCCESS)
    return status;
  uint64_t alignment = 256;
  for (uint32_t promised : preference->alignments)
    alignment = promised < alignment ? promised : alignment;
  if (alignment < vectorBytes)
    return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "no algorithm for matrices at multiples of %lu bytes", alignment);
  *found = 0;
  for (uint64_t number = 0; number < 3 && *found < asked; ++number)
    if (size_t workspace = workspaceOf(number, *d); workspace <= preference->workspace)
      suggestions[(*found)++] = {
          {signature, number, nameProblem(*a, *b, *d), alignment, {}}, workspace, CUBLAS_STATUS_SUCCESS, 1.0f, {}};
  return CUBLAS_STATUS_SUCCESS;
}

INGOT_FAKE_CUBLASLT Status cublasLtMatmul(Handle *handle, Product *product, const float *alpha, const void *a,
                                          Layout *aLayout, const void *b, Layout *bLayout, const float *beta,
                                          const void *c, Layout *cLayout, void *d, Layout *dLayout,
                                          const Algorithm *algorithm, void *workspace, size_t workspaceBytes,
                                          CUstream stream) {
  if (!areKnown(handle) || !areKnown(product) || !areKnown(aLayout, bLayout, cLayout, dLayout))
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "a product of nothing");
  if (Status status = checkProblem(*product, *aLayout, *bLayout, *cLayout, *dLayout); status != CUBLAS_STATUS_SUCCESS)
    return status;
  if (algorithm == nullptr || algorithm->signature != signature || algorithm->number > 2 ||
      algorithm->problem != nameProblem(*aLayout, *bLayout, *dLayout))
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "an algorithm that was not suggested for this problem");
  const size_t needed = workspaceOf(algorithm->number, *dLayout);
  const bool adds = *beta != 0.0f;

  std::vector<Touched> touched = {
      {a, aLayout->bytes(), false}, {b, bLayout->bytes(), false}, {d, dLayout->bytes(), true}};
  if (adds && c != d)
    touched.push_back({c, cLayout->bytes(), false});
  if (c == d && cLayout->leading != dLayout->leading)
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "C is D, in another layout");
  for (const Touched &part : touched) {
    if (!isDeviceMemory(part.address, part.bytes))
      return refuse(CUBLAS_STATUS_INVALID_VALUE, "%zu bytes at %p lie in no allocation of the device", part.bytes,
                    part.address);
    if (reinterpret_cast<uintptr_t>(part.address) % algorithm->alignment != 0)
      return refuse(CUBLAS_STATUS_INVALID_VALUE, "a matrix at %p, and multiples of %lu were promised", part.address,
                    algorithm->alignment);
  }
  if (needed != 0) {
    if (workspaceBytes < needed || !isDeviceMemory(workspace, workspaceBytes) ||
        reinterpret_cast<uintptr_t>(workspace) % workspaceAlignment != 0)
      return refuse(CUBLAS_STATUS_INVALID_VALUE, "a workspace of %zu bytes at %p, and the algorithm needs %zu",
                    workspaceBytes, workspace, needed);
    touched.push_back({workspace, workspaceBytes, true});
  }
  for (const Touched &written : touched)
    for (const Touched &other : touched)
      if (written.writes && &written != &other) {
        const char *first = static_cast<const char *>(written.address),
                   *second = static_cast<const char *>(other.address);
        if (first < second + other.bytes && second < first + written.bytes)
          return refuse(CUBLAS_STATUS_INVALID_VALUE, "%zu bytes are written at %p, and others are used at %p",
                        written.bytes, written.address, other.address);
      }

  static uint64_t products = 0;
  if (++products == environment("INGOT_FAKE_CUBLASLT_FAIL", 0))
    return refuse(CUBLAS_STATUS_EXECUTION_FAILED, "product %lu fails as INGOT_FAKE_CUBLASLT_FAIL asks", products);
  auto run = [=, number = algorithm->number, aLayout = *aLayout, bLayout = *bLayout, cLayout = *cLayout,
              dLayout = *dLayout, alpha = *alpha, beta = *beta] {
    const auto *weights = static_cast<const uint16_t *>(a), *inputs = static_cast<const uint16_t *>(b);
    const uint64_t depth = aLayout.rows, half = number == 2 ? depth / 2 : depth;
    std::vector<float> row(depth);
    for (uint64_t column = 0; column < dLayout.columns; ++column) {
      for (uint64_t k = 0; k < depth; ++k)
        row[k] = decode(bLayout.element, inputs[column * static_cast<uint64_t>(bLayout.leading) + k]);
      for (uint64_t i = 0; i < dLayout.rows; ++i) {
        const uint16_t *weight = weights + i * static_cast<uint64_t>(aLayout.leading);
        auto sum = [&](uint64_t first, uint64_t last) {
          float total = 0.0f;
          for (uint64_t k = first; k < last; ++k)
            total += decode(aLayout.element, weight[k]) * row[k];
          return total;
        };
        float total = sum(0, half);
        if (number == 2)
          total += static_cast<float *>(workspace)[column * dLayout.rows + i] = sum(half, depth);
        float result = alpha * total;
        if (beta != 0.0f)
          result += beta * static_cast<const float *>(c)[column * static_cast<uint64_t>(cLayout.leading) + i];
        static_cast<float *>(d)[column * static_cast<uint64_t>(dLayout.leading) + i] = result;
      }
    }
  };
  const double operations = 2.0 * static_cast<double>(dLayout->rows * dLayout->columns * aLayout->rows);
  const double seconds = (2e-6 + operations / 4e14) * (algorithm->number == 1 ? 0.5 : 1.0);
  return addOperation(stream, "a product of cuBLASLt", touched, run, seconds) == CUDA_SUCCESS
             ? CUBLAS_STATUS_SUCCESS
             : CUBLAS_STATUS_EXECUTION_FAILED;
}
