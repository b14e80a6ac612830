// RUN: ingot-opt %s --split-input-file --ingot-model-quantize-parameters --remarks-filter=model 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK <%t.remarks

// Matrices of products and the table of tokens; a narrow one gets the format with smaller blocks. Positions, vectors
// and what is quantised already stay.

!step = !model.step<rows = 8, sequences = 1, wanted = 2>
#f32 = #encoding.storage<format = #encoding.ggml<f32>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded", quantize = "q4_k"}} {
  // CHECK: model.parameter @table : tensor<64x256xf32, #encoding.storage<format = #encoding.ggml<q4_k>>>
  model.parameter @table : tensor<64x256xf32, #bf16> random 1 scale 0.1
  // REMARK: remark: [Passed] quantize-parameters | Category:model | Function=table | Bytes=9216, Remark="stored as q4_k"
  // CHECK: model.parameter @positions : tensor<64x256xf32, #encoding.storage<format = #encoding.ggml<f32>>>
  model.parameter @positions : tensor<64x256xf32, #f32> random 2 scale 0.1
  // REMARK: remark: [Missed] quantize-parameters | Category:model | Function=positions | Reason="it is no matrix of a product and no table of tokens"
  // CHECK: model.parameter @down : tensor<96x256xf32, #encoding.storage<format = #encoding.ggml<q4_k>>>
  model.parameter @down : tensor<96x256xf32, #f32> random 3 scale 0.1
  // CHECK: model.parameter @up : tensor<256x96xf32, #encoding.storage<format = #encoding.ggml<q5_0>>>
  model.parameter @up : tensor<256x96xf32, #f32> random 4 scale 0.1
  // REMARK: Function=up | Bytes=16896, Remark="stored as q5_0"
  // CHECK: model.parameter @odd : tensor<256x100xf32, #encoding.storage<format = #encoding.ggml<f32>>>
  model.parameter @odd : tensor<256x100xf32, #f32> random 5 scale 0.1
  // REMARK: [Missed] {{.*}} Function=odd | Reason="its width is no multiple of 32"
  // CHECK: model.parameter @done : tensor<256x256xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>
  model.parameter @done : tensor<256x256xf32, #q8_0> random 6 scale 0.1
  // REMARK: [Missed] {{.*}} Function=done | Reason="it is quantised already"
  // CHECK: model.parameter @norm : tensor<256xf32, #encoding.storage<format = #encoding.ggml<f32>>>
  model.parameter @norm : tensor<256xf32, #f32> splat 1.0

  // CHECK: model.load_parameter @table : tensor<64x256xf32, #encoding.storage<format = #encoding.ggml<q4_k>>>
  func.func @forward(%step: !step) -> tensor<?x64xf32> {
    %table = model.load_parameter @table : tensor<64x256xf32, #bf16>
    %positions = model.load_parameter @positions : tensor<64x256xf32, #f32>
    %down = model.load_parameter @down : tensor<96x256xf32, #f32>
    %up = model.load_parameter @up : tensor<256x96xf32, #f32>
    %done = model.load_parameter @done : tensor<256x256xf32, #q8_0>
    %norm = model.load_parameter @norm : tensor<256xf32, #f32>
    %t = model.embedding %table, %step : tensor<64x256xf32, #bf16>, !step to tensor<?x256xf32>
    %p = model.position_embedding %positions, %step : tensor<64x256xf32, #f32>, !step to tensor<?x256xf32>
    %x = arith.addf %t, %p : tensor<?x256xf32>
    %n = model.rms_norm %x, %norm {epsilon = 1.0e-5 : f32} : tensor<?x256xf32>, tensor<256xf32, #f32>
    %d = model.linear %n, %down : tensor<?x256xf32>, tensor<96x256xf32, #f32> to tensor<?x96xf32>
    %u = model.linear %d, %up : tensor<?x96xf32>, tensor<256x96xf32, #f32> to tensor<?x256xf32>
    %e = model.linear %u, %done : tensor<?x256xf32>, tensor<256x256xf32, #q8_0> to tensor<?x256xf32>
    %l = model.logits %e, %table : tensor<?x256xf32>, tensor<64x256xf32, #bf16> to tensor<?x64xf32>
    func.return %l : tensor<?x64xf32>
  }
}

// -----

// Without the option nothing changes.

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  // CHECK: model.parameter @kept : tensor<64x256xf32, #{{.*}}> random
  model.parameter @kept : tensor<64x256xf32, #f32> random 1 scale 0.1
}

// -----

// Matrices of experts are parts of recipes; the router stays.

!step = !model.step<rows = 8, sequences = 1, wanted = 2>
#f32 = #encoding.storage<format = #encoding.ggml<f32>>
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded", quantize = "q8_0"}} {
  // CHECK: model.parameter @router : tensor<2x32xf32, #encoding.storage<format = #encoding.ggml<f32>>>
  // CHECK: model.parameter @gate.0 : tensor<32x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>
  // CHECK: encoding.assemble @gates : tensor<64x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>
  // CHECK: encoding.load @gate.1 : tensor<32x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>
  // CHECK: encoding.yield %{{.*}} : tensor<64x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>
  model.parameter @router : tensor<2x32xf32, #f32> random 1 scale 0.1
  model.parameter @gate.0 : tensor<32x32xf32, #f32> random 2 scale 0.1
  model.parameter @gate.1 : tensor<32x32xf32, #f32> random 3 scale 0.1
  encoding.assemble @gates : tensor<64x32xf32, #f32> {
    %0 = encoding.load @gate.0 : tensor<32x32xf32, #f32>
    %1 = encoding.load @gate.1 : tensor<32x32xf32, #f32>
    %all = encoding.concatenate %0, %1 : tensor<32x32xf32, #f32>, tensor<32x32xf32, #f32> to tensor<64x32xf32, #f32>
    encoding.yield %all : tensor<64x32xf32, #f32>
  }
  model.parameter @downs : tensor<64x32xf32, #f32> random 4 scale 0.1
  // REMARK: [Missed] {{.*}} Function=router | Reason="it is no matrix of a product and no table of tokens"
  // REMARK: [Passed] {{.*}} Function=gate.0 {{.*}} Remark="stored as q8_0"
  // REMARK: [Passed] {{.*}} Function=gate.1 {{.*}} Remark="stored as q8_0"
  // REMARK: [Passed] {{.*}} Function=downs {{.*}} Remark="stored as q8_0"
  func.func @forward(%step: !step, %x: tensor<?x32xf32>) -> tensor<?x32xf32> {
    %router = model.load_parameter @router : tensor<2x32xf32, #f32>
    // CHECK: model.load_parameter @gates : tensor<64x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>
    %gates = model.load_parameter @gates : tensor<64x32xf32, #f32>
    %downs = model.load_parameter @downs : tensor<64x32xf32, #f32>
    %l = model.linear %x, %router : tensor<?x32xf32>, tensor<2x32xf32, #f32> to tensor<?x2xf32>
    %c = model.choose_experts softmax_of_all %l {count = 1 : i64} : tensor<?x2xf32> to tensor<?x2xf32>
    %h = model.expert_gated_mlp silu %x, %c, %gates, %gates {experts = 2 : i64} : tensor<?x32xf32>, tensor<?x2xf32>, tensor<64x32xf32, #f32>, tensor<64x32xf32, #f32> to tensor<?x32xf32>
    %y = model.expert_sum %h, %c, %downs {experts = 2 : i64} : tensor<?x32xf32>, tensor<?x2xf32>, tensor<64x32xf32, #f32> to tensor<?x32xf32>
    return %y : tensor<?x32xf32>
  }
}
