// RUN: ingot-opt %s --split-input-file --ingot-kernel-split-keys --remarks-filter=fuse 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK <%t.remarks

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
!one = !model.step<rows = 1, sequences = 1, wanted = 1>
!few = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<1 x 32 x f16, "full">

model.cache_group "full" {context = 300 : i64, page_rows = 64 : i64, pages = 5 : i64}

// 300 positions are three chunks of 128: for each of 3 heads three outputs of 32 columns, and a line of statistics.
// CHECK-LABEL: func.func @forward.rows_1
// CHECK-NEXT: %[[PARTIAL:.*]] = kernel.attention_partial %{{.*}}, %{{.*}}, %[[STEP:.*]] {chunks = 3 : i64, heads = 3 : i64, scale = 5.000000e-01 : f32} : tensor<1x96xf32>, {{.*}} to tensor<1x336xf32>
// CHECK-NEXT: %[[RESULT:.*]] = kernel.attention_merge %[[PARTIAL]], %[[STEP]] {chunks = 3 : i64, dimension = 32 : i64, heads = 3 : i64} : tensor<1x336xf32>, {{.*}} to tensor<1x96xf32, #
// CHECK-NEXT: return %[[RESULT]]
// REMARK: [Passed] split-keys | Category:fuse | Function=forward.rows_1 | Chunks=3, KeyChunk=128
func.func @forward.rows_1(%step: !one, %cache: !cache, %q: tensor<1x96xf32>) -> tensor<1x96xf32, #i8> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  %h = kernel.attention %q, %cache, %step {heads = 3 : i64, scale = 0.5 : f32} : tensor<1x96xf32>, !cache, !one to tensor<1x96xf32, #i8>
  return %h : tensor<1x96xf32, #i8>
}

// More rows are enough to share out.
// CHECK-LABEL: func.func @forward.rows_2_to_8
// CHECK-NEXT: kernel.attention %
func.func @forward.rows_2_to_8(%step: !few, %cache: !cache, %q: tensor<?x96xf32>) -> tensor<?x96xf32> attributes {kernel.row_range = #kernel.rows<2 to 8>} {
  %h = kernel.attention %q, %cache, %step {heads = 3 : i64, scale = 0.5 : f32} : tensor<?x96xf32>, !cache, !few to tensor<?x96xf32>
  return %h : tensor<?x96xf32>
}

// -----

!one = !model.step<rows = 1, sequences = 1, wanted = 1>
!cache = !model.key_value<1 x 32 x f16, "full">
!other = !model.key_value<1 x 32 x f16, "other">

model.cache_group "full" {context = 256 : i64, page_rows = 64 : i64, pages = 4 : i64}

// CHECK-LABEL: func.func @forward.rows_1
// CHECK-NEXT: kernel.attention %
// CHECK-NEXT: kernel.attention %
// REMARK: [Missed] split-keys | {{.*}}Reason="a sequence is one chunk of 256 keys"
// REMARK: [Missed] split-keys | {{.*}}Reason="the length of sequences is unknown: no model.cache_group other"
func.func @forward.rows_1(%step: !one, %cache: !cache, %more: !other, %q: tensor<1x96xf32>) -> tensor<1x96xf32> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  %h = kernel.attention %q, %cache, %step {heads = 3 : i64, scale = 0.5 : f32, key_chunk = 256} : tensor<1x96xf32>, !cache, !one to tensor<1x96xf32>
  %g = kernel.attention %h, %more, %step {heads = 3 : i64, scale = 0.5 : f32} : tensor<1x96xf32>, !other, !one to tensor<1x96xf32>
  return %g : tensor<1x96xf32>
}

// -----

// A window of 130 positions may begin in the last position of a chunk of 128 and end in the first of the next but one; one
// of 129 positions touches two chunks, one of a single position one, and no window touches more than the context has.
!one = !model.step<rows = 1, sequences = 1, wanted = 1>
!cache = !model.key_value<1 x 32 x f16, "window_130">

model.cache_group "window_130" {context = 300 : i64, page_rows = 64 : i64, pages = 3 : i64, window = 130 : i64, ring = 3 : i64}

// CHECK-LABEL: func.func @forward.rows_1
// CHECK-NEXT: kernel.attention_partial %{{.*}} {chunks = 3 : i64, heads = 3 : i64, scale = 5.000000e-01 : f32, window = 130 : i64}
// CHECK-NEXT: kernel.attention_merge %{{.*}} {chunks = 3 : i64, dimension = 32 : i64, heads = 3 : i64, window = 130 : i64}
// CHECK-NEXT: kernel.attention_partial %{{.*}} {alibi_slopes = array<f32: 5.000000e-01, 2.500000e-01, 1.250000e-01>, chunks = 2 : i64, heads = 3 : i64, scale = 5.000000e-01 : f32, softcap = 3.000000e+01 : f32, window = 129 : i64}
// CHECK-NEXT: kernel.attention_merge
// CHECK-NEXT: kernel.attention %{{.*}} window = 1 : i64}
func.func @forward.rows_1(%step: !one, %cache: !cache, %q: tensor<1x96xf32>) -> tensor<1x96xf32> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  %h = kernel.attention %q, %cache, %step {heads = 3 : i64, scale = 0.5 : f32, window = 130 : i64} : tensor<1x96xf32>, !cache, !one to tensor<1x96xf32>
  %g = kernel.attention %h, %cache, %step {heads = 3 : i64, scale = 0.5 : f32, window = 129 : i64, softcap = 30.0 : f32, alibi_slopes = array<f32: 0.5, 0.25, 0.125>} : tensor<1x96xf32>, !cache, !one to tensor<1x96xf32>
  %f = kernel.attention %g, %cache, %step {heads = 3 : i64, scale = 0.5 : f32, window = 1 : i64} : tensor<1x96xf32>, !cache, !one to tensor<1x96xf32>
  return %f : tensor<1x96xf32>
}
