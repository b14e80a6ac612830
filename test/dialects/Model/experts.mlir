// RUN: ingot-opt %s | ingot-opt | FileCheck %s

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>

// CHECK-LABEL: func.func @experts
func.func @experts(%x: tensor<?x64xf32>, %logits: tensor<?x8xf32>, %w: tensor<768x64xf32, #q8>, %down: tensor<512x96xf32, #q8>, %gate: tensor<?x1xf32>) -> tensor<?x64xf32> {
  // CHECK: model.choose_experts softmax_of_chosen %{{.*}} {count = 2 : i64} : tensor<?x8xf32> to tensor<?x4xf32>
  %choice = model.choose_experts softmax_of_chosen %logits {count = 2 : i64} : tensor<?x8xf32> to tensor<?x4xf32>
  // CHECK: model.choose_experts softmax_of_all %{{.*}} {count = 8 : i64} : tensor<?x8xf32> to tensor<?x16xf32>
  %all = model.choose_experts softmax_of_all %logits {count = 8 : i64} : tensor<?x8xf32> to tensor<?x16xf32>
  // CHECK: model.expert_gated_mlp silu %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {experts = 8 : i64} : tensor<?x64xf32>, tensor<?x4xf32>, tensor<768x64xf32, {{.*}}>, tensor<768x64xf32, {{.*}}> to tensor<?x192xf32>
  %hidden = model.expert_gated_mlp silu %x, %choice, %w, %w {experts = 8 : i64} : tensor<?x64xf32>, tensor<?x4xf32>, tensor<768x64xf32, #q8>, tensor<768x64xf32, #q8> to tensor<?x192xf32>
  // CHECK: model.expert_sum %{{.*}}, %{{.*}}, %{{.*}} {experts = 8 : i64} : tensor<?x192xf32>, tensor<?x4xf32>, tensor<512x96xf32, {{.*}}> to tensor<?x64xf32>
  %y = model.expert_sum %hidden, %choice, %down {experts = 8 : i64} : tensor<?x192xf32>, tensor<?x4xf32>, tensor<512x96xf32, #q8> to tensor<?x64xf32>
  // CHECK: model.repeat_column %{{.*}} : tensor<?x1xf32> to tensor<?x64xf32>
  %gates = model.repeat_column %gate : tensor<?x1xf32> to tensor<?x64xf32>
  %z = arith.mulf %y, %gates : tensor<?x64xf32>
  return %z : tensor<?x64xf32>
}
