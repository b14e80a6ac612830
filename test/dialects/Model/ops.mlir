// RUN: ingot-opt %s --verify-roundtrip | FileCheck %s
// RUN: ingot-opt %s | ingot-opt --mlir-print-op-generic | ingot-opt | FileCheck %s

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 8, sequences = 2, wanted = 4>
!cache = !model.key_value<2 x 16 x f16, "full">

// CHECK: model.text from "model.gguf"
model.text from "model.gguf"
// CHECK: model.cache_group "window" {context = 100 : i64, page_rows = 16 : i64, pages = 3 : i64, ring = 3 : i64, window = 33 : i64}
model.cache_group "window" {context = 100 : i64, page_rows = 16 : i64, pages = 3 : i64, window = 33 : i64, ring = 3 : i64}
// CHECK: model.cache_group "full" {context = 100 : i64, page_rows = 64 : i64, pages = 4 : i64}
model.cache_group "full" {context = 100 : i64, page_rows = 64 : i64, pages = 4 : i64}
// CHECK: model.parameter @token_embd.weight : tensor<96x64xf32, #encoding.storage<format = #encoding.ggml<q8_0>>> from "a \22quoted\22 path.gguf" : : "token_embd.weight"
model.parameter @token_embd.weight : tensor<96x64xf32, #q8> from "a \"quoted\" path.gguf"::"token_embd.weight"
// CHECK: model.parameter @norm : tensor<64xf32, #encoding.storage<format = #encoding.ggml<f32>>> splat 1.000000e+00
model.parameter @norm : tensor<64xf32, #f32> splat 1.0
// CHECK: model.parameter @random : tensor<64x64xf32, #encoding.storage<format = #encoding.ggml<q8_0>>> random 42 scale 2.500000e-01 on "host"
model.parameter @random : tensor<64x64xf32, #q8> random 42 scale 0.25 on "host"

// CHECK: model.encoder {labels = ["glad", "so-so"], vocabulary = 96 : i64}
model.encoder {labels = ["glad", "so-so"], vocabulary = 96 : i64}
// CHECK: model.encoder {each_row, vocabulary = 96 : i64}
model.encoder {each_row, vocabulary = 96 : i64}

// CHECK-LABEL: func.func @forward(%{{.*}}: !model.step<rows = 8, sequences = 2, wanted = 4>, %{{.*}}: !model.key_value<2 x 16 x f16, "full">)
func.func @forward(%step: !step, %cache: !cache) -> (tensor<?x96xf32>, !cache) {
  // CHECK: model.load_parameter @token_embd.weight : tensor<96x64xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>
  %table = model.load_parameter @token_embd.weight : tensor<96x64xf32, #q8>
  %w = model.load_parameter @random : tensor<64x64xf32, #q8>
  %n = model.load_parameter @norm : tensor<64xf32, #f32>
  %factors = arith.constant dense<1.0> : tensor<8xf32>
  %keys = arith.constant dense<1.0> : tensor<32x64xf32>
  // CHECK: model.embedding %{{.*}}, %{{.*}} : tensor<96x64xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>, <rows = 8, sequences = 2, wanted = 4> to tensor<?x64xf32>
  %x = model.embedding %table, %step : tensor<96x64xf32, #q8>, !step to tensor<?x64xf32>
  // CHECK: model.rms_norm %{{.*}}, %{{.*}} {epsilon = 9.99999974E-6 : f32} : tensor<?x64xf32>, tensor<64xf32, #encoding.storage<format = #encoding.ggml<f32>>>
  %normed = model.rms_norm %x, %n {epsilon = 1.0e-5 : f32} : tensor<?x64xf32>, tensor<64xf32, #f32>
  // CHECK: model.position_embedding %{{.*}}, %{{.*}} {offset = 2 : i64} : tensor<96x64xf32, {{.*}}>, <rows = 8, sequences = 2, wanted = 4> to tensor<?x64xf32>
  %positions = model.position_embedding %table, %step {offset = 2} : tensor<96x64xf32, #q8>, !step to tensor<?x64xf32>
  // CHECK: model.position_embedding %{{.*}}, %{{.*}} : tensor<96x64xf32
  %first = model.position_embedding %table, %step : tensor<96x64xf32, #q8>, !step to tensor<?x64xf32>
  // CHECK: model.repeat_row %{{.*}}, %{{.*}} : tensor<64xf32, {{.*}}>, <rows = 8, sequences = 2, wanted = 4> to tensor<?x64xf32>
  %row = model.repeat_row %n, %step : tensor<64xf32, #f32>, !step to tensor<?x64xf32>
  // CHECK: model.rms_norm %{{.*}}, %{{.*}} {epsilon = 9.99999974E-6 : f32, groups = 4 : i64} : tensor<?x64xf32>, tensor<16xf32>
  %pieces = arith.constant dense<1.0> : tensor<16xf32>
  %grouped = model.rms_norm %x, %pieces {epsilon = 1.0e-5 : f32, groups = 4} : tensor<?x64xf32>, tensor<16xf32>
  // CHECK: model.layer_norm %{{.*}} weight %{{.*}} : tensor<64xf32, {{.*}}> bias %{{.*}} : tensor<16xf32> {epsilon = 9.99999974E-6 : f32, groups = 4 : i64} : tensor<?x64xf32>
  %both = model.layer_norm %x weight %n : tensor<64xf32, #f32> bias %pieces : tensor<16xf32> {epsilon = 1.0e-5 : f32, groups = 4} : tensor<?x64xf32>
  // CHECK: model.layer_norm %{{.*}} bias %{{.*}} : tensor<64xf32, {{.*}}> {epsilon = 9.99999974E-6 : f32} : tensor<?x64xf32>
  %shifted = model.layer_norm %x bias %n : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32>
  // CHECK: model.layer_norm %{{[^ ]*}} {epsilon = 9.99999974E-6 : f32} : tensor<?x64xf32>
  %neither = model.layer_norm %x {epsilon = 1.0e-5 : f32} : tensor<?x64xf32>
  // CHECK: model.linear %{{.*}}, %{{.*}} bias %{{.*}} : tensor<64xf32, {{.*}}> : tensor<?x64xf32>, tensor<64x64xf32
  %biased = model.linear %normed, %w bias %n : tensor<64xf32, #f32> : tensor<?x64xf32>, tensor<64x64xf32, #q8> to tensor<?x64xf32>
  // CHECK: model.linear %{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<64x64xf32, #encoding.storage<format = #encoding.ggml<q8_0>>> to tensor<?x64xf32>
  %q = model.linear %normed, %w : tensor<?x64xf32>, tensor<64x64xf32, #q8> to tensor<?x64xf32>
  %k = model.linear %normed, %keys : tensor<?x64xf32>, tensor<32x64xf32> to tensor<?x32xf32>
  // CHECK: model.rope %{{.*}}, %{{.*}} {dimension = 16 : i64, frequencies = array<f32: 1.000000e+00, 5.000000e-01, 2.500000e-01, 1.250000e-01, 6.250000e-02, 3.125000e-02, 1.562500e-02, 7.812500e-03>, style = 1 : i32} : tensor<?x64xf32>, <rows = 8, sequences = 2, wanted = 4>
  %qr = model.rope %q, %step {dimension = 16 : i64, frequencies = array<f32: 1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125>, style = 1 : i32} : tensor<?x64xf32>, !step
  // CHECK: model.rope %{{.*}}, %{{.*}} factors %{{.*}} : tensor<8xf32> {dimension = 16 : i64, frequencies = {{.*}}, magnitude = 2.000000e+00 : f32, style = 0 : i32}
  %kr = model.rope %k, %step factors %factors : tensor<8xf32> {dimension = 16 : i64, frequencies = array<f32: 1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125>, magnitude = 2.0 : f32, style = 0 : i32} : tensor<?x32xf32>, !step
  // CHECK: model.key_value_append %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : <2 x 16 x f16, "full">, tensor<?x32xf32>, tensor<?x32xf32>, <rows = 8, sequences = 2, wanted = 4>
  %next = model.key_value_append %cache, %kr, %k, %step : !cache, tensor<?x32xf32>, tensor<?x32xf32>, !step
  // CHECK: model.attention %{{.*}}, %{{.*}} cache %{{.*}} : !model.key_value<2 x 16 x f16, "full"> {heads = 4 : i64, key_value_heads = 2 : i64, scale = 2.500000e-01 : f32} : tensor<?x64xf32>, <rows = 8, sequences = 2, wanted = 4> to tensor<?x64xf32>
  %a = model.attention %qr, %step cache %next : !cache {heads = 4 : i64, key_value_heads = 2 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  // CHECK: model.attention %{{.*}}, %{{.*}} key %{{.*}} : tensor<?x32xf32> value %{{.*}} : tensor<?x32xf32> {heads = 4 : i64, key_value_heads = 2 : i64, scale = 2.500000e-01 : f32}
  %b = model.attention %a, %step key %kr : tensor<?x32xf32> value %k : tensor<?x32xf32> {heads = 4 : i64, key_value_heads = 2 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  // CHECK: model.attention %{{.*}} {alibi_slopes = array<f32: 5.000000e-01, 2.500000e-01, 1.250000e-01, 0.000000e+00>, bidirectional, heads = 4 : i64, key_value_heads = 2 : i64, scale = 2.500000e-01 : f32, softcap = 5.000000e+01 : f32}
  %c = model.attention %b, %step key %kr : tensor<?x32xf32> value %k : tensor<?x32xf32> {heads = 4 : i64, key_value_heads = 2 : i64, scale = 0.25 : f32, softcap = 50.0 : f32, alibi_slopes = array<f32: 0.5, 0.25, 0.125, 0.0>, bidirectional} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  // CHECK: model.gated_mlp gelu %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<64x64xf32, {{.*}}>, tensor<64x64xf32, {{.*}}> to tensor<?x64xf32>
  %m = model.gated_mlp gelu %b, %w, %w : tensor<?x64xf32>, tensor<64x64xf32, #q8>, tensor<64x64xf32, #q8> to tensor<?x64xf32>
  // CHECK: model.gated_mlp silu %{{.*}}, %{{.*}}, %{{.*}} bias %{{.*}}, %{{.*}} : tensor<64xf32, {{.*}}>, tensor<64xf32, {{.*}}> : tensor<?x64xf32>
  %biased_mlp = model.gated_mlp silu %b, %w, %w bias %n, %n : tensor<64xf32, #f32>, tensor<64xf32, #f32> : tensor<?x64xf32>, tensor<64x64xf32, #q8>, tensor<64x64xf32, #q8> to tensor<?x64xf32>
  // CHECK: model.activation relu %{{.*}} : tensor<?x64xf32>
  %r = model.activation relu %m : tensor<?x64xf32>
  // CHECK: model.wanted_rows %{{.*}}, %{{.*}} : tensor<?x64xf32>, <rows = 8, sequences = 2, wanted = 4> to tensor<?x64xf32>
  %wanted = model.wanted_rows %r, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  // CHECK: model.sequence_mean %{{.*}}, %{{.*}} : tensor<?x64xf32>, <rows = 8, sequences = 2, wanted = 4> to tensor<?x64xf32>
  %mean = model.sequence_mean %r, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  // CHECK: model.softmax %{{.*}} : tensor<?x64xf32>
  %probabilities = model.softmax %mean : tensor<?x64xf32>
  // CHECK: model.logits %{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<96x64xf32, #encoding.storage<format = #encoding.ggml<q8_0>>> to tensor<?x96xf32>
  %logits = model.logits %wanted, %table : tensor<?x64xf32>, tensor<96x64xf32, #q8> to tensor<?x96xf32>
  // CHECK: model.logits %{{.*}}, %{{.*}} bias %{{.*}} : tensor<96xf32> : tensor<?x64xf32>
  %shift = arith.constant dense<1.0> : tensor<96xf32>
  %shifted_logits = model.logits %wanted, %table bias %shift : tensor<96xf32> : tensor<?x64xf32>, tensor<96x64xf32, #q8> to tensor<?x96xf32>
  return %logits, %next : tensor<?x96xf32>, !cache
}
