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
  // CHECK: %[[RQ:.*]] = kernel.rope %[[Q]], %[[TABLE]] {{.*}} to tensor<?x64xf32>
  %factors = model.load_parameter @factors : tensor<10xf32, #f32>
  %rq = model.rope %q, %step factors %factors : tensor<10xf32, #f32> {dimension = 20 : i64, style = 0 : i32,
    frequencies = array<f32: 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0>} : tensor<?x40xf32>, !step
  // CHECK-NOT: kernel.rope_table
  // CHECK: %[[RK:.*]] = kernel.rope %[[K]], %[[TABLE]] {{.*}} to tensor<?x32xf32>
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
}

// Constants of a region stay in it.
// FOLDED-LABEL: func.func @forward
// FOLDED-NOT: arith.constant
// FOLDED: kernel.generic
// FOLDED-NEXT: ^bb0
// FOLDED-NEXT: arith.constant
