// RUN: ingot-opt %s --split-input-file --ingot-kernel-lower-model | FileCheck %s

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 4, sequences = 1, wanted = 4>

// CHECK-LABEL: func.func @forward
// CHECK-SAME: (%[[STEP:.*]]: !model.step<rows = 4, sequences = 1, wanted = 4>, %[[X:.*]]: tensor<?x64xf32>, %[[V:.*]]: tensor<64xf32, {{.*}}>, %[[T:.*]]: tensor<96x64xf32, {{.*}}>, %[[P:.*]]: tensor<16xf32, {{.*}}>)
func.func @forward(%step: !step, %x: tensor<?x64xf32>, %v: tensor<64xf32, #f32>, %table: tensor<96x64xf32, #q8_0>, %piece: tensor<16xf32, #f32>) -> tensor<?x96xf32> {
  // CHECK-NEXT: kernel.embedding %[[T]], %[[STEP]] {position_offset = 2 : i64}
  %positions = model.position_embedding %table, %step {offset = 2} : tensor<96x64xf32, #q8_0>, !step to tensor<?x64xf32>
  // Elementwise arithmetic takes the vector itself.
  // CHECK-NEXT: %[[SUM:.*]] = kernel.generic %{{.*}}, %[[V]] : tensor<?x64xf32>, tensor<64xf32, {{.*}}> to tensor<?x64xf32> {
  // CHECK: arith.addf
  %row = model.repeat_row %v, %step : tensor<64xf32, #f32>, !step to tensor<?x64xf32>
  %sum = arith.addf %positions, %row : tensor<?x64xf32>
  // CHECK: kernel.norm_quantize %[[SUM]] norm %[[V]] : tensor<64xf32, {{.*}}> bias %[[V]] : tensor<64xf32, {{.*}}> {centered, epsilon = {{.*}} : f32} : tensor<?x64xf32>
  %n = model.layer_norm %sum weight %v : tensor<64xf32, #f32> bias %v : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32>
  // CHECK-NEXT: kernel.norm_quantize %{{[^ ]*}} {centered, epsilon = {{.*}} : f32, groups = 4 : i64} : tensor<?x64xf32>
  %m = model.layer_norm %n {epsilon = 1.0e-5 : f32, groups = 4} : tensor<?x64xf32>
  // CHECK-NEXT: %[[R:.*]] = kernel.norm_quantize %{{.*}} norm %[[P]] : tensor<16xf32, {{.*}}> {epsilon = {{.*}} : f32, groups = 4 : i64} : tensor<?x64xf32>
  %r = model.rms_norm %m, %piece {epsilon = 1.0e-5 : f32, groups = 4} : tensor<?x64xf32>, tensor<16xf32, #f32>
  // CHECK: %[[Y:.*]] = kernel.matmul %[[R]], %{{.*}} with %[[B:.*]] : tensor<96xf32> : {{.*}} to tensor<?x96xf32> {
  // CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[BIAS:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
  // CHECK-NEXT: %[[BIASED:.*]] = arith.addf %[[A]], %[[BIAS]] : f32
  // CHECK-NEXT: kernel.yield %[[BIASED]]
  %b = model.load_parameter @b : tensor<96xf32>
  %y = model.linear %r, %table bias %b : tensor<96xf32> : tensor<?x64xf32>, tensor<96x64xf32, #q8_0> to tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}
model.parameter @b : tensor<96xf32> splat 1.0

// -----

!step = !model.step<rows = 4, sequences = 1, wanted = 4>

// Whoever takes rows gets rows.
// CHECK-LABEL: func.func @forward
// CHECK-NEXT: %[[ROWS:.*]] = kernel.generic %arg1 : tensor<64xf32> to tensor<?x64xf32> {
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
// CHECK-NEXT: kernel.yield %[[A]]
// CHECK: kernel.norm_quantize %[[ROWS]]
func.func @forward(%step: !step, %v: tensor<64xf32>) -> tensor<?x64xf32> {
  %row = model.repeat_row %v, %step : tensor<64xf32>, !step to tensor<?x64xf32>
  %n = model.layer_norm %row {epsilon = 1.0e-5 : f32} : tensor<?x64xf32>
  return %n : tensor<?x64xf32>
}
