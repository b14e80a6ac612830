// Every speed pass can be left out: what remains is valid, down to the place phase.

// RUN: python3 %S/Inputs/make_llama.py 1 q4_1 i8 >%t.mlir

// RUN: ingot-opt %t.mlir --ingot-kernel-lower-model --ingot-kernel-outline-functions --ingot-kernel-verify-phase --remarks-filter=fuse --ingot-phase-place 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: LaunchesPerLayer=20
// NONE: func.func @forward({{.*}}kernel.row_range = #kernel.rows<1 to 512>

// RUN: ingot-opt %t.mlir --ingot-kernel-lower-model --ingot-kernel-fuse-query-key-value --ingot-kernel-fuse-gated-matmul --ingot-kernel-fuse-epilogue --ingot-kernel-fuse-output-quantize --ingot-kernel-specialize-rows --ingot-kernel-outline-functions --ingot-kernel-verify-phase --ingot-phase-place --remarks-filter=fuse 2>&1 | FileCheck %s --check-prefix=NORM
// NORM: LaunchesPerLayer=9

// RUN: ingot-opt %t.mlir --ingot-kernel-lower-model --ingot-kernel-fuse-norm-quantize --ingot-kernel-fuse-gated-matmul --ingot-kernel-fuse-epilogue --ingot-kernel-fuse-output-quantize --ingot-kernel-specialize-rows --ingot-kernel-outline-functions --ingot-kernel-verify-phase --ingot-phase-place --remarks-filter=fuse 2>&1 | FileCheck %s --check-prefix=QKV
// QKV: LaunchesPerLayer=12

// RUN: ingot-opt %t.mlir --ingot-kernel-lower-model --ingot-kernel-fuse-norm-quantize --ingot-kernel-fuse-query-key-value --ingot-kernel-fuse-epilogue --ingot-kernel-fuse-output-quantize --ingot-kernel-specialize-rows --ingot-kernel-outline-functions --ingot-kernel-verify-phase --ingot-phase-place --remarks-filter=fuse 2>&1 | FileCheck %s --check-prefix=GATED
// GATED: LaunchesPerLayer=8

// RUN: ingot-opt %t.mlir --ingot-kernel-lower-model --ingot-kernel-fuse-norm-quantize --ingot-kernel-fuse-query-key-value --ingot-kernel-fuse-gated-matmul --ingot-kernel-fuse-output-quantize --ingot-kernel-specialize-rows --ingot-kernel-outline-functions --ingot-kernel-verify-phase --ingot-phase-place --remarks-filter=fuse 2>&1 | FileCheck %s --check-prefix=EPILOGUE
// EPILOGUE: LaunchesPerLayer=9

// RUN: ingot-opt %t.mlir --ingot-kernel-lower-model --ingot-kernel-fuse-norm-quantize --ingot-kernel-fuse-query-key-value --ingot-kernel-fuse-gated-matmul --ingot-kernel-fuse-epilogue --ingot-kernel-specialize-rows --ingot-kernel-outline-functions --ingot-kernel-verify-phase --ingot-phase-place --remarks-filter=fuse 2>&1 | FileCheck %s --check-prefix=OUTPUT
// OUTPUT: LaunchesPerLayer=9
