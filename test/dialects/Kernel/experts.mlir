// RUN: ingot-opt %s | ingot-opt | FileCheck %s

#w8 = #encoding.storage<format = #encoding.ggml<q8_0>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>

// CHECK-LABEL: func.func @experts
func.func @experts(%x: tensor<?x64xf32, #i8>, %logits: tensor<?x8xf32>, %w: tensor<1536x64xf32, #w8>, %down: tensor<512x96xf32, #w8>, %r: tensor<?x64xf32>, %gate: tensor<?x1xf32>) -> tensor<?x64xf32> {
  // CHECK: kernel.choose_experts softmax_of_all %{{.*}} {count = 2 : i64} : tensor<?x8xf32> to tensor<?x4xf32>
  %choice = kernel.choose_experts softmax_of_all %logits {count = 2 : i64} : tensor<?x8xf32> to tensor<?x4xf32>
  // CHECK: kernel.group_rows %{{.*}} {experts = 8 : i64} : tensor<?x4xf32> to tensor<?x22xi32>
  %groups = kernel.group_rows %choice {experts = 8 : i64} : tensor<?x4xf32> to tensor<?x22xi32>
  // CHECK: kernel.expert_gated_matmul %{{.*}}, %{{.*}}, %{{.*}} {count = 2 : i64, experts = 8 : i64} : tensor<?x64xf32, {{.*}}>, tensor<?x22xi32>, tensor<1536x64xf32, {{.*}}> to tensor<?x192xf32, {{.*}}> {
  %h = kernel.expert_gated_matmul %x, %groups, %w {count = 2 : i64, experts = 8 : i64} : tensor<?x64xf32, #i8>, tensor<?x22xi32>, tensor<1536x64xf32, #w8> to tensor<?x192xf32, #i8> {
  ^bb0(%g: f32, %u: f32, %row: index, %column: index):
    %product = arith.mulf %g, %u : f32
    kernel.yield %product : f32
  }
  // CHECK: kernel.expert_sum %{{.*}}, %{{.*}}, %{{.*}} with %{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<?x1xf32> {count = 2 : i64, experts = 8 : i64}
  %y = kernel.expert_sum %h, %groups, %down with %r, %gate : tensor<?x64xf32>, tensor<?x1xf32> {count = 2 : i64, experts = 8 : i64} : tensor<?x192xf32, #i8>, tensor<?x22xi32>, tensor<512x96xf32, #w8> to tensor<?x64xf32> {
  ^bb0(%sum: f32, %residual: f32, %factor: f32, %row: index, %column: index):
    %scaled = arith.mulf %sum, %factor : f32
    %all = arith.addf %scaled, %residual : f32
    kernel.yield %all : f32
  }
  return %y : tensor<?x64xf32>
}
