// RUN: ingot-opt %s --ingot-kernel-lower-model --split-input-file --verify-diagnostics | FileCheck %s
// RUN: ingot-opt %s --ingot-kernel-lower-model --ingot-kernel-fuse-epilogue --ingot-kernel-fuse-output-quantize --split-input-file --verify-diagnostics | FileCheck %s --check-prefix=FUSED

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
!step = !model.step<rows = 4, sequences = 1, wanted = 4>

module {
model.parameter @gate.0 : tensor<32x64xf32, #q8_0> splat 1.0
model.parameter @gate.1 : tensor<32x64xf32, #q8_0> splat 2.0
encoding.assemble @gates : tensor<64x64xf32, #q8_0> {
  %0 = encoding.load @gate.0 : tensor<32x64xf32, #q8_0>
  %1 = encoding.load @gate.1 : tensor<32x64xf32, #q8_0>
  %all = encoding.concatenate %0, %1 : tensor<32x64xf32, #q8_0>, tensor<32x64xf32, #q8_0> to tensor<64x64xf32, #q8_0>
  encoding.yield %all : tensor<64x64xf32, #q8_0>
}
model.parameter @ups : tensor<64x64xf32, #q8_0> splat 1.0
model.parameter @downs : tensor<128x32xf32, #q8_0> splat 1.0

// Gate and up of all experts are one matrix, panels of the two in turn. What was made of several parameters is still made
// of them.
// CHECK: encoding.assemble @[[GATED:.*]] : tensor<128x64xf32
// CHECK: %[[FIRST:.*]] = encoding.load @gate.0
// CHECK: %[[SECOND:.*]] = encoding.load @gate.1
// CHECK: %[[GATES:.*]] = encoding.concatenate %[[FIRST]], %[[SECOND]]
// CHECK: %[[UPS:.*]] = encoding.load @ups
// CHECK: encoding.interleave %[[GATES]], %[[UPS]]

// CHECK-LABEL: func.func @forward
// FUSED-LABEL: func.func @forward
func.func @forward(%step: !step, %x: tensor<?x64xf32, #i8>, %logits: tensor<?x2xf32>, %residual: tensor<?x64xf32>, %factor: tensor<?x1xf32>) -> tensor<?x64xf32> {
  %gate = model.load_parameter @gates : tensor<64x64xf32, #q8_0>
  %up = model.load_parameter @ups : tensor<64x64xf32, #q8_0>
  %down = model.load_parameter @downs : tensor<128x32xf32, #q8_0>
  // CHECK: %[[CHOICE:.*]] = kernel.choose_experts softmax_of_chosen %{{.*}} {count = 1 : i64} : tensor<?x2xf32> to tensor<?x2xf32>
  %choice = model.choose_experts softmax_of_chosen %logits {count = 1 : i64} : tensor<?x2xf32> to tensor<?x2xf32>
  // One table for both products.
  // CHECK: %[[GROUPS:.*]] = kernel.group_rows %[[CHOICE]] {experts = 2 : i64} : tensor<?x2xf32> to tensor<?x8xi32>
  // CHECK-NOT: kernel.group_rows
  // CHECK: %[[HIDDEN:.*]] = kernel.expert_gated_matmul %{{.*}}, %[[GROUPS]], %{{.*}} {count = 1 : i64, experts = 2 : i64} : tensor<?x64xf32, {{.*}}>, tensor<?x8xi32>, tensor<128x64xf32, {{.*}}> to tensor<?x32xf32> {
  // CHECK-NEXT: ^bb0(%[[G:.*]]: f32, %[[U:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
  // CHECK: %[[SILU:.*]] = arith.divf %[[G]]
  // CHECK-NEXT: arith.mulf %[[SILU]], %[[U]]
  // FUSED: kernel.expert_gated_matmul {{.*}} to tensor<?x32xf32, #{{.*}}> {
  %hidden = model.expert_gated_mlp silu %x, %choice, %gate, %up {experts = 2 : i64} : tensor<?x64xf32, #i8>, tensor<?x2xf32>, tensor<64x64xf32, #q8_0>, tensor<64x64xf32, #q8_0> to tensor<?x32xf32>
  %rounded = encoding.quantize %hidden : tensor<?x32xf32> to tensor<?x32xf32, #i8>
  // CHECK: %[[SUM:.*]] = kernel.expert_sum %{{.*}}, %[[GROUPS]], %{{.*}} {count = 1 : i64, experts = 2 : i64}
  // CHECK-NEXT: ^bb0(%[[VALUE:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
  // CHECK-NEXT: kernel.yield %[[VALUE]] : f32
  // FUSED: kernel.expert_sum %{{.*}}, %{{.*}}, %{{.*}} with %arg4, %arg3 : tensor<?x1xf32>, tensor<?x64xf32>
  %sum = model.expert_sum %rounded, %choice, %down {experts = 2 : i64} : tensor<?x32xf32, #i8>, tensor<?x2xf32>, tensor<128x32xf32, #q8_0> to tensor<?x64xf32>
  // CHECK: kernel.generic %[[SUM]], %arg4 : tensor<?x64xf32>, tensor<?x1xf32> to tensor<?x64xf32>
  %factors = model.repeat_column %factor : tensor<?x1xf32> to tensor<?x64xf32>
  %scaled = arith.mulf %sum, %factors : tensor<?x64xf32>
  %y = arith.addf %scaled, %residual : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
}

// -----

// Experts of rows that are no whole panels are padded, each for itself. A column that is not for arithmetic is repeated.

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
!step = !model.step<rows = 4, sequences = 1, wanted = 4>
module {
model.parameter @downs : tensor<15x8xf32, #f32> splat 1.0
// CHECK: encoding.assemble @downs_0 : tensor<48x8xf32
// CHECK: encoding.head_rows %{{.*}} {dimension = 5 : i64, order = 0 : i32, panel = 16 : i64}
// CHECK-LABEL: func.func @forward
func.func @forward(%step: !step, %x: tensor<?x16xf32>, %choice: tensor<?x4xf32>, %column: tensor<?x1xf32>) -> (tensor<?x5xf32>, tensor<?x64xf32>) {
  %down = model.load_parameter @downs : tensor<15x8xf32, #f32>
  // CHECK: kernel.expert_sum {{.*}} tensor<48x8xf32, {{.*}}> to tensor<?x5xf32>
  %sum = model.expert_sum %x, %choice, %down {experts = 3 : i64} : tensor<?x16xf32>, tensor<?x4xf32>, tensor<15x8xf32, #f32> to tensor<?x5xf32>
  // CHECK: kernel.generic %{{.*}} : tensor<?x1xf32> to tensor<?x64xf32>
  %repeated = model.repeat_column %column : tensor<?x1xf32> to tensor<?x64xf32>
  return %sum, %repeated : tensor<?x5xf32>, tensor<?x64xf32>
}
}

// -----

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
#f16 = #encoding.storage<format = #encoding.ggml<f16>>
!step = !model.step<rows = 4, sequences = 1, wanted = 4>
model.parameter @gates : tensor<32x64xf32, #f32> splat 1.0
model.parameter @ups : tensor<32x64xf32, #f16> splat 1.0
func.func @forward(%step: !step, %x: tensor<?x64xf32>, %choice: tensor<?x2xf32>) -> tensor<?x16xf32> {
  %gate = model.load_parameter @gates : tensor<32x64xf32, #f32>
  %up = model.load_parameter @ups : tensor<32x64xf32, #f16>
  // expected-error @+1 {{cannot lower 'model.expert_gated_mlp' to a kernel: expected weights of one type from model.load_parameter, found}}
  %hidden = model.expert_gated_mlp silu %x, %choice, %gate, %up {experts = 2 : i64} : tensor<?x64xf32>, tensor<?x2xf32>, tensor<32x64xf32, #f32>, tensor<32x64xf32, #f16> to tensor<?x16xf32>
  return %hidden : tensor<?x16xf32>
}
