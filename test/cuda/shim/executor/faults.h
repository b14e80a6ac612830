//===- faults.h - kernels that touch what is not mapped ---------*- C++ -*-===//

#ifndef INGOT_TEST_CUDA_SHIM_EXECUTOR_FAULTS_H
#define INGOT_TEST_CUDA_SHIM_EXECUTOR_FAULTS_H

namespace ingot::shim {

/// From now on, a segmentation fault in a kernel ends the launch, not the process. To be called by the thread that runs
/// kernels.
void catchFaults();

} // namespace ingot::shim

#endif // INGOT_TEST_CUDA_SHIM_EXECUTOR_FAULTS_H
