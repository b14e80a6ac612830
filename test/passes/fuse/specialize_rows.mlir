// RUN: ingot-opt %s --split-input-file --ingot-kernel-specialize-rows | FileCheck %s

!step = !model.step<rows = 100, sequences = 4, wanted = 16>

// CHECK-NOT: @forward(
// CHECK: func.func @forward.rows_1(%{{.*}}: !model.step<rows = 1, sequences = 4, wanted = 1>, %{{.*}}: tensor<1x64xf32>) -> tensor<1x64xf32> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
// CHECK-NEXT: kernel.wanted_rows %arg1, %arg0 : tensor<1x64xf32>, <rows = 1, sequences = 4, wanted = 1> to tensor<1x64xf32>
// CHECK: func.func @forward.rows_2_to_8(%{{.*}}: !model.step<rows = 8, sequences = 4, wanted = 8>, %{{.*}}: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {kernel.row_range = #kernel.rows<2 to 8>} {
// CHECK-NEXT: kernel.wanted_rows %arg1, %arg0 : tensor<?x64xf32>, <rows = 8, sequences = 4, wanted = 8> to tensor<?x64xf32>
// CHECK: func.func @forward.rows_9_to_100(%{{.*}}: !model.step<rows = 100, sequences = 4, wanted = 16>, {{.*}} attributes {kernel.row_range = #kernel.rows<9 to 100>} {
// CHECK-NOT: @forward
module attributes {ingot.options = {target = "cpu", cpu = "native", activations = "auto", key_value = "f16", weights = "embedded"}} {
func.func @forward(%step: !step, %x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %y = kernel.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
}

// -----

!step = !model.step<rows = 1, sequences = 4, wanted = 1>

// CHECK: func.func @forward.rows_1(
// CHECK-NOT: func.func
module attributes {ingot.options = {target = "cpu", cpu = "native", activations = "auto", key_value = "f16", weights = "embedded"}} {
func.func @forward(%step: !step, %x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  return %x : tensor<?x64xf32>
}
}

// -----

// CHECK: func.func @other()
func.func @other() {
  return
}
