//===- generate.cpp - weights made where they are used --------------------===//

#include "runtime/cuda/generate.h"

namespace ingot::runtime::cuda {

void generate(const DriverApi &api, Stream stream, const IngotCudaDescriptor &tables,
              std::span<const Function> generators, DeviceAddress to) {
  constexpr const char *what = "weights cannot be made on the GPU";
  for (uint32_t i = 0; i < tables.fill_count; ++i) {
    IngotCudaFill fill = tables.fills[i];
    void *parameters[] = {&fill, &to};
    check(api,
          api.cuLaunchKernel(generators[fill.generator], fill.panels, 1, 1, INGOT_CUDA_PLAIN_THREADS, 1, 1, 0, stream,
                             parameters, nullptr),
          what);
  }
  check(api, api.cuStreamSynchronize(stream), what);
}

} // namespace ingot::runtime::cuda
