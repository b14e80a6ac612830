// RUN: ingot-opt %s --verify-roundtrip | FileCheck %s
// RUN: ingot-opt %s | ingot-opt --mlir-print-op-generic | ingot-opt | FileCheck %s

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
#q41 = #encoding.storage<format = #encoding.ggml<q4_1>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">

// CHECK-LABEL: func.func @rows
func.func @rows(%step: !step, %table: tensor<96x64xf32, #q41>, %norm: tensor<64xf32, #f32>, %factors: tensor<16xf32>, %cache: !cache) {
  // CHECK: kernel.embedding %{{.*}}, %{{.*}} : tensor<96x64xf32, {{.*}}>, <rows = 8, sequences = 1, wanted = 8> to tensor<?x64xf32>
  %x = kernel.embedding %table, %step : tensor<96x64xf32, #q41>, !step to tensor<?x64xf32>
  // CHECK: kernel.wanted_rows %{{.*}}, %{{.*}} : tensor<?x64xf32>, <rows = 8, sequences = 1, wanted = 8> to tensor<?x64xf32>
  %wanted = kernel.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  // CHECK: kernel.sequence_mean %{{.*}}, %{{.*}} : tensor<?x64xf32>, <rows = 8, sequences = 1, wanted = 8> to tensor<?x64xf32>
  %mean = kernel.sequence_mean %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  // CHECK: kernel.softmax %{{.*}} : tensor<?x64xf32>
  %softmax = kernel.softmax %mean : tensor<?x64xf32>
  // CHECK: kernel.rope_table %{{.*}} {frequencies = array<f32: 1.000000e+00, 5.000000e-01>, magnitude = 1.000000e+00 : f32} : <rows = 8, sequences = 1, wanted = 8> to tensor<?x32xf32>
  %angles = kernel.rope_table %step {frequencies = array<f32: 1.0, 0.5>, magnitude = 1.0 : f32} : !step to tensor<?x32xf32>
  // CHECK: kernel.rope_table %{{.*}} factors %{{.*}} : tensor<16xf32> {
  %more = kernel.rope_table %step factors %factors : tensor<16xf32> {frequencies = array<f32: 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3>, magnitude = 1.0 : f32} : !step to tensor<?x32xf32>
  // CHECK: kernel.norm_quantize %{{.*}} norm %{{.*}} : tensor<64xf32, {{.*}}> {epsilon = 9.99999974E-6 : f32} : tensor<?x64xf32> to tensor<?x64xf32, {{.*}}>
  %q = kernel.norm_quantize %x norm %norm : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  // CHECK: kernel.norm_quantize %{{.*}} : tensor<?x64xf32> to tensor<?x64xf32, {{.*}}>
  %p = kernel.norm_quantize %x : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  // CHECK: kernel.norm_quantize %{{.*}} norm %{{.*}} : tensor<64xf32, {{.*}}> bias %{{.*}} : tensor<16xf32> {centered, epsilon = 9.99999974E-6 : f32, groups = 4 : i64} : tensor<?x64xf32> to tensor<?x64xf32>
  %few = arith.constant dense<1.0> : tensor<16xf32>
  %l = kernel.norm_quantize %x norm %norm : tensor<64xf32, #f32> bias %few : tensor<16xf32> {centered, epsilon = 1.0e-5 : f32, groups = 4} : tensor<?x64xf32> to tensor<?x64xf32>
  // CHECK: kernel.norm_quantize %{{[^ ]*}} {epsilon = 9.99999974E-6 : f32} : tensor<?x64xf32> to tensor<?x64xf32, {{.*}}>
  %o = kernel.norm_quantize %x {epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  // CHECK: kernel.embedding %{{.*}}, %{{.*}} with %{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<64xf32, {{.*}}> {position_offset = 2 : i64} : tensor<96x64xf32, {{.*}}>, <rows = 8, sequences = 1, wanted = 8> to tensor<?x64xf32> {
  // CHECK-NEXT: ^bb0(%{{.*}}: f32, %{{.*}}: f32, %{{.*}}: f32, %{{.*}}: index, %{{.*}}: index):
  %e = kernel.embedding %table, %step with %x, %norm : tensor<?x64xf32>, tensor<64xf32, #f32> {position_offset = 2} : tensor<96x64xf32, #q41>, !step to tensor<?x64xf32> {
  ^bb0(%number: f32, %other: f32, %vector: f32, %row: index, %column: index):
    %sum = arith.addf %number, %other : f32
    %all = arith.addf %sum, %vector : f32
    kernel.yield %all : f32
  }
  // CHECK: kernel.pair_heads %{{.*}} rope %{{.*}} : tensor<?x32xf32> {dimension = 32 : i64, style = 1 : i32} : tensor<?x64xf32> to tensor<?x64xf32>
  %r = kernel.pair_heads %x rope %more : tensor<?x32xf32> {dimension = 32 : i64, style = 1 : i32} : tensor<?x64xf32> to tensor<?x64xf32>
  // CHECK: kernel.pair_heads %{{.*}} rope %{{.*}} : tensor<?x32xf32> {dimension = 32 : i64, rotated = 4 : i64, style = 0 : i32} : tensor<?x64xf32> to tensor<?x64xf32>
  %part = kernel.pair_heads %x rope %more : tensor<?x32xf32> {dimension = 32 : i64, style = 0 : i32, rotated = 4 : i64} : tensor<?x64xf32> to tensor<?x64xf32>
  // CHECK: kernel.pair_heads %{{.*}} {dimension = 32 : i64} : tensor<?x64xf32> to tensor<?x64xf32>
  %plain = kernel.pair_heads %x {dimension = 32 : i64} : tensor<?x64xf32> to tensor<?x64xf32>
  // CHECK: kernel.append %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : <2 x 32 x f16, "full">, tensor<?x64xf32>, tensor<?x64xf32>, <rows = 8, sequences = 1, wanted = 8>
  %next = kernel.append %cache, %r, %x, %step : !cache, tensor<?x64xf32>, tensor<?x64xf32>, !step
  // CHECK: kernel.attention %{{.*}}, %{{.*}}, %{{.*}} {heads = 2 : i64, scale = 2.500000e-01 : f32} : tensor<?x64xf32>, <2 x 32 x f16, "full">, <rows = 8, sequences = 1, wanted = 8> to tensor<?x64xf32>
  %a = kernel.attention %r, %next, %step {heads = 2 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !cache, !step to tensor<?x64xf32>
  // CHECK: kernel.attention %{{.*}} {heads = 2 : i64, key_chunk = 64 : i64, scale = 2.500000e-01 : f32}
  %b = kernel.attention %r, %next, %step {heads = 2 : i64, scale = 0.25 : f32, key_chunk = 64} : tensor<?x64xf32>, !cache, !step to tensor<?x64xf32>
  // CHECK: kernel.attention_partial %{{.*}}, %{{.*}}, %{{.*}} {chunks = 3 : i64, heads = 2 : i64, scale = 2.500000e-01 : f32} : tensor<?x64xf32>, <2 x 32 x f16, "full">, <rows = 8, sequences = 1, wanted = 8> to tensor<1x224xf32>
  %c = kernel.attention_partial %r, %next, %step {heads = 2 : i64, scale = 0.25 : f32, chunks = 3} : tensor<?x64xf32>, !cache, !step to tensor<1x224xf32>
  // CHECK: kernel.attention_merge %{{.*}}, %{{.*}} {chunks = 3 : i64, dimension = 32 : i64, heads = 2 : i64} : tensor<1x224xf32>, <rows = 8, sequences = 1, wanted = 8> to tensor<1x64xf32, {{.*}}>
  %d = kernel.attention_merge %c, %step {heads = 2 : i64, dimension = 32 : i64, chunks = 3 : i64} : tensor<1x224xf32>, !step to tensor<1x64xf32, #i8>
  // CHECK: kernel.generic %{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<?x64xf32> to tensor<?x64xf32> {
  // CHECK-NEXT: ^bb0(%{{.*}}: f32, %{{.*}}: f32, %{{.*}}: index, %{{.*}}: index):
  %g = kernel.generic %a, %x : tensor<?x64xf32>, tensor<?x64xf32> to tensor<?x64xf32> {
  ^bb0(%left: f32, %right: f32, %row: index, %column: index):
    %sum = arith.addf %left, %right : f32
    kernel.yield %sum : f32
  }
  return
}

// CHECK-LABEL: func.func @matrices
func.func @matrices(%step: !step, %x: tensor<?x64xf32, #i8>, %r: tensor<?x64xf32>, %w: tensor<64x64xf32, #q41>, %gu: tensor<192x64xf32, #q41>, %qkv: tensor<256x64xf32, #q41>, %angles: tensor<?x32xf32>, %bias: tensor<256xf32, #f32>, %cache: !cache) {
  // CHECK: kernel.matmul %{{.*}}, %{{.*}} with %{{.*}} : tensor<?x64xf32> : tensor<?x64xf32, {{.*}}>, tensor<64x64xf32, {{.*}}> to tensor<?x64xf32> {
  // CHECK-NEXT: ^bb0(%{{.*}}: f32, %{{.*}}: f32, %{{.*}}: index, %{{.*}}: index):
  %y = kernel.matmul %x, %w with %r : tensor<?x64xf32> : tensor<?x64xf32, #i8>, tensor<64x64xf32, #q41> to tensor<?x64xf32> {
  ^bb0(%accumulator: f32, %residual: f32, %row: index, %column: index):
    %sum = arith.addf %accumulator, %residual : f32
    %tanh = math.tanh %sum : f32
    kernel.yield %tanh : f32
  }
  // CHECK: kernel.gated_matmul %{{.*}}, %{{.*}} : tensor<?x64xf32, {{.*}}>, tensor<192x64xf32, {{.*}}> to tensor<?x96xf32> {
  %h = kernel.gated_matmul %x, %gu : tensor<?x64xf32, #i8>, tensor<192x64xf32, #q41> to tensor<?x96xf32> {
  ^bb0(%gate: f32, %up: f32, %row: index, %column: index):
    %product = arith.mulf %gate, %up : f32
    kernel.yield %product : f32
  }
  // CHECK: kernel.qkv_rope_append %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} rope %{{.*}} : tensor<?x32xf32> {heads = 4 : i64} : tensor<?x64xf32, {{.*}}>, tensor<256x64xf32, {{.*}}>, <2 x 32 x f16, "full">, <rows = 8, sequences = 1, wanted = 8> to tensor<?x128xf32>, <2 x 32 x f16, "full"> rotation {
  %q, %next = kernel.qkv_rope_append %x, %qkv, %cache, %step rope %angles : tensor<?x32xf32> {heads = 4 : i64} : tensor<?x64xf32, #i8>, tensor<256x64xf32, #q41>, !cache, !step to tensor<?x128xf32>, !cache rotation {
  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):
    kernel.yield %first, %second : f32, f32
  }
  // CHECK: kernel.qkv_rope_append %{{.*}} with %{{.*}} : tensor<256xf32, {{.*}}> {heads = 4 : i64} : {{.*}} to tensor<?x128xf32>, <2 x 32 x f16, "full"> epilogue {
  // CHECK-NEXT: ^bb0(%{{.*}}: f32, %{{.*}}: f32, %{{.*}}: index, %{{.*}}: index):
  %q2, %next2 = kernel.qkv_rope_append %x, %qkv, %next, %step with %bias : tensor<256xf32, #f32> {heads = 4 : i64} : tensor<?x64xf32, #i8>, tensor<256x64xf32, #q41>, !cache, !step to tensor<?x128xf32>, !cache epilogue {
  ^bb0(%accumulator: f32, %b: f32, %row: index, %column: index):
    %sum = arith.addf %accumulator, %b : f32
    kernel.yield %sum : f32
  }
  return
}

// CHECK: kernel.function @add(%{{.*}}: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<2 to 8>} {
kernel.function @add(%x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<2 to 8>} {
  %y = kernel.generic %x : tensor<?x64xf32> to tensor<?x64xf32> {
  ^bb0(%element: f32, %row: index, %column: index):
    %sum = arith.addf %element, %element : f32
    kernel.yield %sum : f32
  }
  // CHECK: kernel.return %{{.*}} : tensor<?x64xf32>
  kernel.return %y : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @calls
func.func @calls(%x: tensor<?x64xf32>) {
  // CHECK: kernel.call @add(%{{.*}}) : (tensor<?x64xf32>) -> tensor<?x64xf32>
  %a = kernel.call @add(%x) : (tensor<?x64xf32>) -> tensor<?x64xf32>
  // CHECK: kernel.call @add(%{{.*}}) wanted on "compute" : (tensor<?x64xf32>) -> tensor<?x64xf32>
  %b = kernel.call @add(%a) wanted on "compute" : (tensor<?x64xf32>) -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: func.func @instructions
func.func @instructions(%sum: vector<16xi32>, %u: vector<64xi8>, %s: vector<64xi8>) -> vector<16xi32> {
  // CHECK: kernel.dot4 %{{.*}}, (%{{.*}}, %{{.*}}) times(%{{.*}}, %{{.*}}) {unsigned_max = 15 : i64} : vector<16xi32>, (vector<64xi8>, vector<64xi8>) times(vector<64xi8>, vector<64xi8>)
  %d = kernel.dot4 %sum, (%u, %u) times (%s, %s) {unsigned_max = 15 : i64} : vector<16xi32>, (vector<64xi8>, vector<64xi8>) times (vector<64xi8>, vector<64xi8>)
  return %d : vector<16xi32>
}

// CHECK-LABEL: func.func @library
func.func @library(%x: tensor<?x64xf32, #encoding.storage<format = #encoding.ggml<bf16>>>, %w: tensor<256x64xf32, #encoding.storage<format = #encoding.ggml<bf16>, layout = <1 x 1>>>, %a: tensor<?x256xf32>, %angles: tensor<?x32xf32>, %cache: !model.key_value<2 x 32 x f16, "full">, %step: !model.step<rows = 80, sequences = 1, wanted = 8>) {
  // CHECK: kernel.library_matmul %{{.*}}, %{{.*}} : tensor<?x64xf32, {{.*}}>, tensor<256x64xf32, {{.*}}> to tensor<?x256xf32>, tensor<?x16xf32>
  %p, %s = kernel.library_matmul %x, %w : tensor<?x64xf32, #encoding.storage<format = #encoding.ggml<bf16>>>, tensor<256x64xf32, #encoding.storage<format = #encoding.ggml<bf16>, layout = <1 x 1>>> to tensor<?x256xf32>, tensor<?x16xf32>
  // CHECK: kernel.library_matmul %{{.*}}, %{{.*}} plus %{{.*}} : tensor<?x256xf32> : tensor<?x64xf32, {{.*}}>, tensor<256x64xf32, {{.*}}> to tensor<?x256xf32>, tensor<?x16xf32>
  %p2, %s2 = kernel.library_matmul %x, %w plus %a : tensor<?x256xf32> : tensor<?x64xf32, #encoding.storage<format = #encoding.ggml<bf16>>>, tensor<256x64xf32, #encoding.storage<format = #encoding.ggml<bf16>, layout = <1 x 1>>> to tensor<?x256xf32>, tensor<?x16xf32>
  // CHECK: kernel.gated_epilogue %{{.*}} : tensor<?x256xf32> to tensor<?x128xf32> {
  %h = kernel.gated_epilogue %p : tensor<?x256xf32> to tensor<?x128xf32> {
  ^bb0(%gate: f32, %up: f32, %row: index, %column: index):
    %product = arith.mulf %gate, %up : f32
    kernel.yield %product : f32
  }
  // CHECK: kernel.qkv_epilogue %{{.*}}, %{{.*}}, %{{.*}} rope %{{.*}} : tensor<?x32xf32> {heads = 4 : i64} : tensor<?x256xf32>, <2 x 32 x f16, "full">, <rows = 80, sequences = 1, wanted = 8> to tensor<?x128xf32>, <2 x 32 x f16, "full"> rotation {
  %q, %next = kernel.qkv_epilogue %p, %cache, %step rope %angles : tensor<?x32xf32> {heads = 4 : i64} : tensor<?x256xf32>, !model.key_value<2 x 32 x f16, "full">, !model.step<rows = 80, sequences = 1, wanted = 8> to tensor<?x128xf32>, !model.key_value<2 x 32 x f16, "full"> rotation {
  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):
    kernel.yield %first, %second : f32, f32
  }
  return
}
