//===- launches.h - the launches of the tables, ready to run ----*- C++ -*-===//

#ifndef INGOT_RUNTIME_CUDA_LAUNCHES_H
#define INGOT_RUNTIME_CUDA_LAUNCHES_H

#include "runtime/cuda/memory.h"
#include "runtime/cuda/step_arrays.h"

#include <span>
#include <vector>

namespace ingot::runtime::cuda {

/// A launch of which only the number of blocks is open; or a product, of which only the number of rows is.
struct Launch {
  const IngotCudaLaunch *row;
  const char *name;
  const IngotCudaKernel *kernel; ///< null: a product
  Function function;
  DeviceAddress rowCount;
  std::vector<DeviceAddress> buffers;
  std::vector<void *> parameters; ///< addresses of the step, of `rowCount` and of `buffers`

  /// Blocks along y for a step, of a product rows; 0: it is left out.
  uint32_t blocks(uint32_t rows, uint32_t wantedRows) const {
    return ((row->wanted ? wantedRows : rows) + row->rows_per_block - 1) / row->rows_per_block;
  }
};

/// All launches of all programs. They do not move once they are made, since the driver is given addresses in them.
class Launches {
public:
  Launches(const IngotCudaDescriptor &tables, std::span<const Function> functions, const DeviceMemory &memory,
           const StepArrays &arrays);
  Launches(const Launches &) = delete;
  Launches &operator=(const Launches &) = delete;

  std::span<const Launch> of(const IngotCudaProgram &program) const {
    return std::span(launches).subspan(program.first_launch, program.launch_count);
  }

private:
  std::vector<Launch> launches;
};

} // namespace ingot::runtime::cuda

#endif // INGOT_RUNTIME_CUDA_LAUNCHES_H
