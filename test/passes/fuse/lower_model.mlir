// RUN: ingot-opt %s --ingot-kernel-lower-model | FileCheck %s
// RUN: ingot-opt %s --ingot-kernel-lower-model --canonicalize --cse | FileCheck %s --check-prefix=FOLDED

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
!step = !model.step<rows = 4, sequences = 1, wanted = 4>
!cache = !model.key_value<1 x 20 x f16, "full">

module {
model.cache_group "full" {context = 16, page_rows = 16, pages = 1}
model.parameter @table : tensor<64x64xf32, #q8_0> splat 1.0
model.parameter @norm : tensor<64xf32, #f32> splat 1.0
model.parameter @factors : tensor<10xf32, #f32> splat 1.0
model.parameter @two_heads : tensor<40x64xf32, #q8_0> splat 1.0
model.parameter @one_head : tensor<20x64xf32, #q8_0> splat 1.0
model.parameter @hidden : tensor<64x64xf32, #q8_0> splat 1.0

// CHECK-LABEL: func.func @forward
// CHECK-SAME: (%[[STEP:.*]]: !model.step<rows = 4, sequences = 1, wanted = 4>, %[[CACHE:.*]]: !model.key_value
func.func @forward(%step: !step, %cache: !cache) -> (tensor<?x64xf32>, tensor<?x40xf32>, !cache) {
  %table = model.load_parameter @table : tensor<64x64xf32, #q8_0>
  %weight = model.load_parameter @norm : tensor<64xf32, #f32>
  %wq = model.load_parameter @two_heads : tensor<40x64xf32, #q8_0>
  %wk = model.load_parameter @one_head : tensor<20x64xf32, #q8_0>
  %gate = model.load_parameter @hidden : tensor<64x64xf32, #q8_0>

  // CHECK: %[[X:.*]] = kernel.embedding %{{.*}}, %[[STEP]]
  %x = model.embedding %table, %step : tensor<64x64xf32, #q8_0>, !step to tensor<?x64xf32>
  // CHECK: %[[NORM:.*]] = kernel.norm_quantize %[[X]] norm %{{.*}} {epsilon = {{.*}} : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  %n = model.rms_norm %x, %weight {epsilon = 1.0e-5 : f32} : tensor<?x64xf32>, tensor<64xf32, #f32>
  // CHECK: %[[ROUNDED:.*]] = kernel.norm_quantize %[[NORM]] : tensor<?x64xf32> to tensor<?x64xf32, #encoding
  %a = encoding.quantize %n : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  // CHECK: %[[Q:.*]] = kernel.matmul %[[ROUNDED]], %{{.*}} to tensor<?x40xf32> {
  // CHECK-NEXT: ^bb0(%[[ACCUMULATOR:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
  // CHECK-NEXT: kernel.yield %[[ACCUMULATOR]] : f32
  %q = model.linear %a, %wq : tensor<?x64xf32, #i8>, tensor<40x64xf32, #q8_0> to tensor<?x40xf32>
  // CHECK: %[[K:.*]] = kernel.matmul
  %k = model.linear %a, %wk : tensor<?x64xf32, #i8>, tensor<20x64xf32, #q8_0> to tensor<?x20xf32>
  // CHECK: %[[V:.*]] = kernel.matmul
  %v = model.linear %a, %wk : tensor<?x64xf32, #i8>, tensor<20x64xf32, #q8_0> to tensor<?x20xf32>

  // One table for all that turns alike, whoever loaded the factors; heads of 20 become two halves of 16.
  // CHECK: %[[TABLE:.*]] = kernel.rope_table %[[STEP]] factors %{{.*}} to tensor<?x32xf32>
  // CHECK: %[[RQ:.*]] = kernel.pair_heads %[[Q]] rope %[[TABLE]] {{.*}} to tensor<?x64xf32>
  %factors = model.load_parameter @factors : tensor<10xf32, #f32>
  %rq = model.rope %q, %step factors %factors : tensor<10xf32, #f32> {dimension = 20 : i64, style = 0 : i32,
    frequencies = array<f32: 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0>} : tensor<?x40xf32>, !step
  // CHECK-NOT: kernel.rope_table
  // CHECK: %[[RK:.*]] = kernel.pair_heads %[[K]] rope %[[TABLE]] {{.*}} to tensor<?x32xf32>
  %again = model.load_parameter @factors : tensor<10xf32, #f32>
  %rk = model.rope %k, %step factors %again : tensor<10xf32, #f32> {dimension = 20 : i64, style = 0 : i32,
    frequencies = array<f32: 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0>} : tensor<?x20xf32>, !step
  // CHECK: %[[NEXT:.*]] = kernel.append %[[CACHE]], %[[RK]], %[[V]], %[[STEP]]
  %c = model.key_value_append %cache, %rk, %v, %step : !cache, tensor<?x20xf32>, tensor<?x20xf32>, !step
  // CHECK: %[[ATTENTION:.*]] = kernel.attention %[[RQ]], %[[NEXT]], %[[STEP]] {heads = 2 : i64, scale = 2.500000e-01 : f32} : tensor<?x64xf32>, {{.*}} to tensor<?x40xf32>
  %h = model.attention %rq, %step cache %c : !cache {heads = 2 : i64, key_value_heads = 1 : i64, scale = 0.25 : f32}
    : tensor<?x40xf32>, !step to tensor<?x40xf32>

  // CHECK: %[[GATE:.*]] = kernel.matmul
  // CHECK: %[[UP:.*]] = kernel.matmul
  // CHECK: kernel.generic %[[GATE]], %[[UP]] {{.*}} {
  // CHECK-NEXT: ^bb0(%[[G:.*]]: f32, %[[U:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
  // CHECK-DAG: %[[ONE:.*]] = arith.constant 1.0
  // CHECK-DAG: %[[NEGATED:.*]] = arith.negf %[[G]]
  // CHECK-DAG: %[[POWER:.*]] = math.exp %[[NEGATED]]
  // CHECK: %[[SUM:.*]] = arith.addf %[[ONE]], %[[POWER]]
  // CHECK: %[[SILU:.*]] = arith.divf %[[G]], %[[SUM]]
  // CHECK: %[[PRODUCT:.*]] = arith.mulf %[[SILU]], %[[U]]
  // CHECK: kernel.yield %[[PRODUCT]]
  %m = model.gated_mlp silu %a, %gate, %table : tensor<?x64xf32, #i8>, tensor<64x64xf32, #q8_0>, tensor<64x64xf32, #q8_0>
    to tensor<?x64xf32>
  // CHECK: kernel.generic
  // CHECK: math.erf
  %gelu = model.activation gelu %m : tensor<?x64xf32>
  // CHECK: kernel.generic
  // CHECK: math.tanh
  %tanh = model.activation gelu_tanh %gelu : tensor<?x64xf32>
  // CHECK: kernel.generic
  // CHECK: arith.maximumf
  %relu = model.activation relu %tanh : tensor<?x64xf32>
  // CHECK: kernel.generic %{{.*}}, %[[X]]
  // CHECK: arith.addf
  %sum = arith.addf %relu, %x : tensor<?x64xf32>
  // CHECK: %[[LAST:.*]] = kernel.wanted_rows %{{.*}}, %[[STEP]]
  %last = model.wanted_rows %sum, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  // CHECK: return %{{.*}}, %[[ATTENTION]], %[[NEXT]]
  return %last, %h, %c : tensor<?x64xf32>, tensor<?x40xf32>, !cache
}

// A part of each head is rotated, differently in two layers; nothing in a third one.
// CHECK-LABEL: func.func @forward_parts
func.func @forward_parts(%step: !step, %c0: !cache, %c1: !cache, %c2: !cache, %x: tensor<?x20xf32>) -> (tensor<?x20xf32>, !cache, !cache, !cache) attributes {kernel.row_range = #kernel.rows<1 to 4>} {
  // CHECK: %[[FIRST:.*]] = kernel.rope_table %{{.*}} {frequencies = array<f32: 1.000000e+00, 5.000000e-01>, magnitude = 1.000000e+00 : f32, unrotated = 8 : i64} {{.*}} to tensor<?x32xf32>
  // CHECK: %[[Q0:.*]] = kernel.pair_heads %{{.*}} rope %[[FIRST]] : tensor<?x32xf32> {dimension = 20 : i64, rotated = 4 : i64, style = 1 : i32}
  %q0 = model.rope %x, %step {dimension = 20 : i64, style = 1 : i32, frequencies = array<f32: 1.0, 0.5>} : tensor<?x20xf32>, !step
  // CHECK: %[[K0:.*]] = kernel.pair_heads %{{.*}} rope %[[FIRST]]
  %k0 = model.rope %x, %step {dimension = 20 : i64, style = 1 : i32, frequencies = array<f32: 1.0, 0.5>} : tensor<?x20xf32>, !step
  // CHECK: kernel.append %{{.*}}, %[[K0]]
  %n0 = model.key_value_append %c0, %k0, %x, %step : !cache, tensor<?x20xf32>, tensor<?x20xf32>, !step
  // CHECK: %[[H0:.*]] = kernel.attention %[[Q0]]
  %h0 = model.attention %q0, %step cache %n0 : !cache {heads = 1 : i64, key_value_heads = 1 : i64, scale = 0.25 : f32} : tensor<?x20xf32>, !step to tensor<?x20xf32>
  // CHECK: %[[SECOND:.*]] = kernel.rope_table %{{.*}} {frequencies = array<f32: 1.000000e+00, 2.500000e-01>
  // CHECK: kernel.pair_heads %[[H0]] rope %[[SECOND]]
  %q1 = model.rope %h0, %step {dimension = 20 : i64, style = 1 : i32, frequencies = array<f32: 1.0, 0.25>} : tensor<?x20xf32>, !step
  %n1 = model.key_value_append %c1, %q1, %h0, %step : !cache, tensor<?x20xf32>, tensor<?x20xf32>, !step
  // CHECK: %[[H1:.*]] = kernel.attention
  %h1 = model.attention %q1, %step cache %n1 : !cache {heads = 1 : i64, key_value_heads = 1 : i64, scale = 0.25 : f32} : tensor<?x20xf32>, !step to tensor<?x20xf32>
  // CHECK: %[[K2:.*]] = kernel.pair_heads %[[H1]] {dimension = 20 : i64} : tensor<?x20xf32> to tensor<?x32xf32>
  // CHECK: kernel.append %{{.*}}, %[[K2]], %[[H1]]
  %n2 = model.key_value_append %c2, %h1, %h1, %step : !cache, tensor<?x20xf32>, tensor<?x20xf32>, !step
  // CHECK: %[[Q2:.*]] = kernel.pair_heads %[[H1]] {dimension = 20 : i64}
  // CHECK: kernel.attention %[[Q2]]
  %h2 = model.attention %h1, %step cache %n2 : !cache {heads = 1 : i64, key_value_heads = 1 : i64, scale = 0.25 : f32} : tensor<?x20xf32>, !step to tensor<?x20xf32>
  return %h2, %n0, %n1, %n2 : tensor<?x20xf32>, !cache, !cache, !cache
}
}

// Constants of a region stay in it.
// FOLDED-LABEL: func.func @forward
// FOLDED-NOT: arith.constant
// FOLDED: kernel.generic
// FOLDED-NEXT: ^bb0
// FOLDED-NEXT: arith.constant
