// RUN: ingot-opt %s --split-input-file --ingot-kernel-use-library-products --remarks-filter=fuse 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK <%t.remarks

#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 256, sequences = 1, wanted = 16>
!cache = !model.key_value<2 x 32 x f16, "full">

module attributes {ingot.options = {target = "cuda", cpu = "native", activations = "f32", key_value = "f16", weights = "embedded"}} {

// The norm rounds for the product that alone reads it; so does the gated product. Attention's result is rounded by a launch.
// CHECK-LABEL: func.func @forward.rows_65_to_256
// CHECK: %[[NORM:.*]] = kernel.norm_quantize %[[X:.*]] norm %{{.*}} to tensor<?x64xf32, #[[BF16:.*]]>
// CHECK-NEXT: %[[QKV:.*]], %{{.*}} = kernel.library_matmul %[[NORM]], %{{.*}} : tensor<?x64xf32, #[[BF16]]>, tensor<256x64xf32, #[[BF16]]> to tensor<?x256xf32>, tensor<?x1024xf32>
// CHECK-NEXT: %[[Q:.*]], %[[CACHE:.*]] = kernel.qkv_epilogue %[[QKV]], %{{.*}} rope %{{.*}} {heads = 4 : i64} : tensor<?x256xf32>
// CHECK: %[[H:.*]] = kernel.attention %[[Q]], %[[CACHE]]
// CHECK-NEXT: %[[ROUNDED:.*]] = kernel.norm_quantize %[[H]] : tensor<?x128xf32> to tensor<?x128xf32, #[[BF16]]>
// The library adds the residual.
// CHECK-NEXT: %[[SUM:.*]], %{{.*}} = kernel.library_matmul %[[ROUNDED]], %{{.*}} plus %[[X]] : tensor<?x64xf32> : tensor<?x128xf32, #[[BF16]]>, tensor<64x128xf32, #[[BF16]]> to tensor<?x64xf32>, tensor<?x256xf32>
// A norm that two formats read stays as it is, and each gets what it takes.
// CHECK-NEXT: %[[PLAIN:.*]] = kernel.norm_quantize %[[SUM]] norm %{{.*}} to tensor<?x64xf32>
// CHECK-NEXT: %[[FOR_GATED:.*]] = kernel.norm_quantize %[[PLAIN]] : tensor<?x64xf32> to tensor<?x64xf32, #[[BF16]]>
// CHECK-NEXT: %[[PAIRS:.*]], %{{.*}} = kernel.library_matmul %[[FOR_GATED]]
// CHECK-NEXT: %[[GATED:.*]] = kernel.gated_epilogue %[[PAIRS]] : tensor<?x192xf32> to tensor<?x96xf32, #[[BF16]]> {
// CHECK: %[[FOR_OTHER:.*]] = kernel.norm_quantize %[[PLAIN]] : tensor<?x64xf32> to tensor<?x64xf32, #[[F16:.*]]>
// CHECK-NEXT: %[[PRODUCT:.*]], %{{.*}} = kernel.library_matmul %[[FOR_OTHER]], %{{.*}} : tensor<?x64xf32, #[[F16]]>
// Any other epilogue is a kernel of its own.
// CHECK-NEXT: %[[TANH:.*]] = kernel.generic %[[PRODUCT]] : tensor<?x64xf32> to tensor<?x64xf32> {
// CHECK: %[[DOWN:.*]], %{{.*}} = kernel.library_matmul %[[GATED]], %{{.*}} plus %[[TANH]]
// Quantised weights, rows that 16 bytes do not divide, and products for the wanted rows are no library's.
// CHECK-NEXT: kernel.matmul %[[DOWN]]
// CHECK: kernel.matmul %{{.*}} : tensor<?x60xf32>
// CHECK: kernel.wanted_rows
// CHECK-NEXT: kernel.matmul
// REMARK-COUNT-5: [Passed] library-product | Category:fuse | Function=forward.rows_65_to_256
func.func @forward.rows_65_to_256(%step: !step, %cache: !cache, %x: tensor<?x64xf32>, %angles: tensor<?x32xf32>, %norm: tensor<64xf32>,
    %qkv: tensor<256x64xf32, #bf16>, %o: tensor<64x128xf32, #bf16>, %gu: tensor<192x64xf32, #bf16>, %down: tensor<64x96xf32, #bf16>,
    %other: tensor<64x64xf32, #f16>, %coded: tensor<60x64xf32, #q8>, %odd: tensor<64x60xf32, #bf16>, %head: tensor<100x64xf32, #bf16>)
    -> (tensor<?x100xf32>, !cache) attributes {kernel.row_range = #kernel.rows<65 to 256>} {
  %n = kernel.norm_quantize %x norm %norm : tensor<64xf32> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  %q, %next = kernel.qkv_rope_append %n, %qkv, %cache, %step rope %angles : tensor<?x32xf32> {heads = 4 : i64} : tensor<?x64xf32>, tensor<256x64xf32, #bf16>, !cache, !step to tensor<?x128xf32>, !cache rotation {
  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):
    kernel.yield %first, %second : f32, f32
  }
  %h = kernel.attention %q, %next, %step {heads = 4 : i64, scale = 0.5 : f32} : tensor<?x128xf32>, !cache, !step to tensor<?x128xf32>
  %y = kernel.matmul %h, %o with %x : tensor<?x64xf32> : tensor<?x128xf32>, tensor<64x128xf32, #bf16> to tensor<?x64xf32> {
  ^bb0(%accumulator: f32, %residual: f32, %row: index, %column: index):
    %sum = arith.addf %residual, %accumulator : f32
    kernel.yield %sum : f32
  }
  %m = kernel.norm_quantize %y norm %norm : tensor<64xf32> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  %g = kernel.gated_matmul %m, %gu : tensor<?x64xf32>, tensor<192x64xf32, #bf16> to tensor<?x96xf32> {
  ^bb0(%gate: f32, %up: f32, %row: index, %column: index):
    %product = arith.mulf %gate, %up : f32
    kernel.yield %product : f32
  }
  %t = kernel.matmul %m, %other : tensor<?x64xf32>, tensor<64x64xf32, #f16> to tensor<?x64xf32> {
  ^bb0(%accumulator: f32, %row: index, %column: index):
    %tanh = math.tanh %accumulator : f32
    kernel.yield %tanh : f32
  }
  %d = kernel.matmul %g, %down with %t : tensor<?x64xf32> : tensor<?x96xf32>, tensor<64x96xf32, #bf16> to tensor<?x64xf32> {
  ^bb0(%accumulator: f32, %residual: f32, %row: index, %column: index):
    %sum = arith.addf %accumulator, %residual : f32
    kernel.yield %sum : f32
  }
  %c = kernel.matmul %d, %coded : tensor<?x64xf32>, tensor<60x64xf32, #q8> to tensor<?x60xf32> {
  ^bb0(%accumulator: f32, %row: index, %column: index):
    kernel.yield %accumulator : f32
  }
  %e = kernel.matmul %c, %odd : tensor<?x60xf32>, tensor<64x60xf32, #bf16> to tensor<?x64xf32> {
  ^bb0(%accumulator: f32, %row: index, %column: index):
    kernel.yield %accumulator : f32
  }
  %w = kernel.wanted_rows %e, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  %logits = kernel.matmul %w, %head : tensor<?x64xf32>, tensor<100x64xf32, #bf16> to tensor<?x100xf32> {
  ^bb0(%accumulator: f32, %row: index, %column: index):
    kernel.yield %accumulator : f32
  }
  return %logits, %next : tensor<?x100xf32>, !cache
}

// What stands behind a product rounds for the next, as in a feed-forward layer with biases.
// CHECK-LABEL: func.func @forward.rows_65_to_512
// CHECK: %[[WIDE:.*]], %{{.*}} = kernel.library_matmul
// CHECK-NEXT: %[[HIDDEN:.*]] = kernel.generic %[[WIDE]], %{{.*}} : tensor<?x96xf32>, tensor<96xf32> to tensor<?x96xf32, #[[BF16]]> {
// CHECK: %[[DOWN:.*]], %{{.*}} = kernel.library_matmul %[[HIDDEN]], %{{.*}} : tensor<?x96xf32, #[[BF16]]>
// CHECK-NEXT: kernel.generic %[[DOWN]], %{{.*}} : tensor<?x64xf32>, tensor<64xf32> to tensor<?x64xf32> {
func.func @forward.rows_65_to_512(%step: !model.step<rows = 512, sequences = 1, wanted = 16>, %x: tensor<?x64xf32>, %up: tensor<96x64xf32, #bf16>, %down: tensor<64x96xf32, #bf16>, %b: tensor<96xf32>, %c: tensor<64xf32>) -> tensor<?x64xf32> attributes {kernel.row_range = #kernel.rows<65 to 512>} {
  %h = kernel.matmul %x, %up with %b : tensor<96xf32> : tensor<?x64xf32>, tensor<96x64xf32, #bf16> to tensor<?x96xf32> {
  ^bb0(%accumulator: f32, %bias: f32, %row: index, %column: index):
    %sum = arith.addf %accumulator, %bias : f32
    %tanh = math.tanh %sum : f32
    kernel.yield %tanh : f32
  }
  %y = kernel.matmul %h, %down with %c : tensor<64xf32> : tensor<?x96xf32>, tensor<64x96xf32, #bf16> to tensor<?x64xf32> {
  ^bb0(%accumulator: f32, %bias: f32, %row: index, %column: index):
    %sum = arith.addf %accumulator, %bias : f32
    kernel.yield %sum : f32
  }
  return %y : tensor<?x64xf32>
}

// Few rows take as long as reading the weights does.
// CHECK-LABEL: func.func @forward.rows_9_to_64
// CHECK-NEXT: kernel.matmul
func.func @forward.rows_9_to_64(%step: !model.step<rows = 64, sequences = 1, wanted = 16>, %x: tensor<?x64xf32>, %w: tensor<64x64xf32, #bf16>) -> tensor<?x64xf32> attributes {kernel.row_range = #kernel.rows<9 to 64>} {
  %y = kernel.matmul %x, %w : tensor<?x64xf32>, tensor<64x64xf32, #bf16> to tensor<?x64xf32> {
  ^bb0(%accumulator: f32, %row: index, %column: index):
    kernel.yield %accumulator : f32
  }
  return %y : tensor<?x64xf32>
}
}

// -----

#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>

module attributes {ingot.options = {target = "cuda", cpu = "native", activations = "f32", key_value = "f16", weights = "embedded", gemm = "own"}} {
// CHECK-LABEL: func.func @forward.rows_65_to_256
// CHECK-NEXT: kernel.matmul
func.func @forward.rows_65_to_256(%step: !model.step<rows = 256, sequences = 1, wanted = 16>, %x: tensor<?x64xf32>, %w: tensor<64x64xf32, #bf16>) -> tensor<?x64xf32> attributes {kernel.row_range = #kernel.rows<65 to 256>} {
  %y = kernel.matmul %x, %w : tensor<?x64xf32>, tensor<64x64xf32, #bf16> to tensor<?x64xf32> {
  ^bb0(%accumulator: f32, %row: index, %column: index):
    kernel.yield %accumulator : f32
  }
  return %y : tensor<?x64xf32>
}
}
