//===- products.cpp - matrix products by cuBLASLt -------------------------===//

#include "runtime/cuda/products.h"
#include "runtime/core/error.h"

#include <algorithm>

namespace ingot::runtime::cuda {

/// Rows are counted in steps of so many.
static constexpr uint32_t stepRows = 128;

Products::Products(const FoundDevice &device, const IngotCudaDescriptor &tables, bool autotune)
    : device(device), autotune(autotune), api(openLibrary()) {
  check(api.cublasLtCreate(&handle), "cuBLASLt cannot be used");
  for (Event *event : {&start, &end})
    cuda::check(device.api, device.api.cuEventCreate(event, plainEvent), "the GPU cannot measure time");
  for (uint32_t i = 0; i < tables.product_count; ++i)
    products.push_back(make(tables.products[i], tables.rows));
}

void Products::check(LtStatus status, const char *what) const {
  if (status != ltSuccess)
    fail("%s: %s", what, describe(status).c_str());
}

Products::Product Products::make(const IngotCudaProduct &row, uint32_t mostRows) const {
  constexpr const char *what = "cuBLASLt does not know such a product";
  Product made = {&row, nullptr, nullptr, nullptr, nullptr, nullptr, {}};
  const int element = row.element == INGOT_CUDA_BF16 ? ltBF16 : ltF16;
  check(api.cublasLtMatmulDescCreate(&made.product, ltComputeF32, ltF32), what);
  check(api.cublasLtMatmulDescSetAttribute(made.product, ltTransposeA, &ltTransposed, sizeof(ltTransposed)), what);
  // The library's matrices stand in columns: a row of ours is one of its columns.
  check(api.cublasLtMatrixLayoutCreate(&made.weight, element, row.columns, row.outputs, row.columns), what);
  check(api.cublasLtMatrixLayoutCreate(&made.input, element, row.columns, mostRows, row.input_stride), what);
  check(api.cublasLtMatrixLayoutCreate(&made.result, ltF32, row.outputs, mostRows, row.result_stride), what);
  check(api.cublasLtMatmulPreferenceCreate(&made.preference), what);
  auto prefer = [&](int attribute, auto value) {
    check(api.cublasLtMatmulPreferenceSetAttribute(made.preference, attribute, &value, sizeof(value)), what);
  };
  prefer(ltMostWorkspace, row.workspace_bytes);
  // Of buffers in arenas; the library takes 256 for granted.
  constexpr uint32_t alignment = 128;
  for (int attribute : {ltAlignmentA, ltAlignmentB, ltAlignmentC, ltAlignmentD})
    prefer(attribute, alignment);
  made.algorithms.resize((mostRows + stepRows - 1) / stepRows);
  return made;
}

LtStatus Products::multiply(const Product &product, const Operands &operands, const LtAlgorithm &algorithm,
                            Stream stream) const {
  const float one = 1.0f, addend = operands.addend ? 1.0f : 0.0f;
  return api.cublasLtMatmul(handle, product.product, &one, operands.weight, product.weight, operands.input,
                            product.input, &addend, operands.addend ? operands.addend : operands.result, product.result,
                            operands.result, product.result, &algorithm, operands.workspace,
                            product.row->workspace_bytes, stream);
}

LtStatus Products::run(const Launch &launch, uint32_t rows, uint32_t mostRows, Stream stream) {
  Product &product = products[launch.row->kernel];
  std::optional<LtAlgorithm> &known = product.algorithms[(rows - 1) / stepRows];
  rows = std::min((rows + stepRows - 1) / stepRows * stepRows, mostRows);
  const uint64_t columns = rows;
  for (LtLayout layout : {product.input, product.result})
    if (LtStatus status = api.cublasLtMatrixLayoutSetAttribute(layout, ltLayoutColumns, &columns, sizeof(columns));
        status != ltSuccess)
      return status;
  auto buffer = [&](uint32_t index) { return reinterpret_cast<void *>(launch.buffers[index]); };
  const uint32_t hasAddend = product.row->addend;
  const Operands operands = {buffer(1), buffer(0), hasAddend ? buffer(2) : nullptr, buffer(2 + hasAddend),
                             buffer(3 + hasAddend)};
  if (!known) {
    LtAlgorithm algorithm;
    if (LtStatus status = choose(product, operands, rows, stream, algorithm); status != ltSuccess)
      return status;
    known = algorithm;
  }
  return multiply(product, operands, *known, stream);
}

LtStatus Products::choose(const Product &product, const Operands &operands, uint32_t rows, Stream stream,
                          LtAlgorithm &algorithm) {
  const std::string key = spellKey(*product.row, rows);
  // What is remembered may be of no use for reasons that the key does not hold.
  if (const LtAlgorithm *remembered = autotune ? cache.find(key) : nullptr;
      remembered && multiply(product, operands, *remembered, stream) == ltSuccess) {
    algorithm = *remembered;
    return ltSuccess;
  }
  constexpr int mostSuggestions = 8;
  LtSuggestion suggestions[mostSuggestions] = {};
  int count = 0;
  if (LtStatus status = api.cublasLtMatmulAlgoGetHeuristic(handle, product.product, product.weight, product.input,
                                                           product.result, product.result, product.preference,
                                                           autotune ? mostSuggestions : 1, suggestions, &count);
      status != ltSuccess)
    return status;
  const LtSuggestion *best = nullptr;
  std::optional<float> bestTime;
  LtStatus status = ltNotSupported;
  for (const LtSuggestion &suggestion : std::span(suggestions, static_cast<size_t>(count))) {
    if (suggestion.state != ltSuccess) {
      status = suggestion.state;
      continue;
    }
    if (!autotune) {
      algorithm = suggestion.algorithm;
      return ltSuccess;
    }
    // Trying changes nothing: the result is no operand, and each try writes it again.
    std::optional<float> time = measure(product, operands, suggestion.algorithm, stream);
    if (time && (!bestTime || *time < *bestTime)) {
      best = &suggestion;
      bestTime = time;
    }
  }
  if (!best)
    return status;
  algorithm = best->algorithm;
  cache.remember(key, algorithm);
  return ltSuccess;
}

std::optional<float> Products::measure(const Product &product, const Operands &operands, const LtAlgorithm &algorithm,
                                       Stream stream) const {
  constexpr int repetitions = 4;
  constexpr const char *what = "the GPU cannot measure time";
  // The first call may load code.
  if (multiply(product, operands, algorithm, stream) != ltSuccess)
    return std::nullopt;
  cuda::check(device.api, device.api.cuEventRecord(start, stream), what);
  for (int i = 0; i < repetitions; ++i)
    if (multiply(product, operands, algorithm, stream) != ltSuccess)
      return std::nullopt;
  cuda::check(device.api, device.api.cuEventRecord(end, stream), what);
  cuda::check(device.api, device.api.cuEventSynchronize(end), what);
  float milliseconds = 0.0f;
  cuda::check(device.api, device.api.cuEventElapsedTime(&milliseconds, start, end), what);
  return milliseconds;
}

std::string Products::spellKey(const IngotCudaProduct &row, uint32_t rows) const {
  auto text = [](uint64_t number) { return std::to_string(number); };
  return text(static_cast<uint64_t>(version())) + " " + device.name + " " + spellCapability(device.capability) + " " +
         (row.element == INGOT_CUDA_BF16 ? "bf16 " : "f16 ") + text(row.outputs) + "x" + text(row.columns) + "x" +
         text(rows) + " " + text(row.input_stride) + " " + text(row.result_stride) + " " + text(row.workspace_bytes) +
         (row.addend ? " add" : " store");
}

} // namespace ingot::runtime::cuda
