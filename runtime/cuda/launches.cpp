//===- launches.cpp - the launches of the tables, ready to run ------------===//

#include "runtime/cuda/launches.h"
#include "runtime/cuda/products.h"

namespace ingot::runtime::cuda {

Launches::Launches(const IngotCudaDescriptor &tables, std::span<const Function> functions, const DeviceMemory &memory,
                   const StepArrays &arrays) {
  for (uint32_t p = 0; p < tables.program_count; ++p)
    for (uint32_t i = 0; i < tables.programs[p].launch_count; ++i) {
      const IngotCudaLaunch &row = tables.launches[tables.programs[p].first_launch + i];
      const IngotCudaKernel *kernel = row.product ? nullptr : &tables.kernels[row.kernel];
      Launch launch = {&row,
                       kernel ? kernel->name : tables.products[row.kernel].name,
                       kernel,
                       kernel ? functions[row.kernel] : nullptr,
                       arrays.rowCount(row.wanted),
                       {},
                       {}};
      const uint32_t buffers = kernel ? kernel->buffers : countBuffers(tables.products[row.kernel]);
      for (uint32_t k = 0; k < buffers; ++k)
        launch.buffers.push_back(memory.locate(tables.buffers[row.first_buffer + k]));
      launches.push_back(std::move(launch));
    }
  for (Launch &launch : launches) {
    launch.parameters = {const_cast<IngotCudaStep *>(&arrays.parameter()), &launch.rowCount};
    for (DeviceAddress &buffer : launch.buffers)
      launch.parameters.push_back(&buffer);
  }
}

} // namespace ingot::runtime::cuda
