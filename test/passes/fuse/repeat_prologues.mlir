// RUN: ingot-opt %s --split-input-file --ingot-kernel-outline-functions --ingot-kernel-repeat-prologues --remarks-filter=fuse 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
#f32 = #encoding.storage<format = #encoding.ggml<f32>>
!step = !model.step<rows = 1, sequences = 1, wanted = 1>

// Two layers share the merged function; the gathering of wanted rows goes through the norm into the head.
// REMARK: Passed] repeat-prologue
// REMARK-SAME: every worker computes @norm_quantize_64.rows_1 for @matmul_64x64_q8_0.rows_1
// CHECK: kernel.function @norm_quantize_64_then_matmul_64x64_q8_0.rows_1(
// CHECK-SAME: %[[X:.*]]: tensor<1x64xf32>, %[[N:.*]]: tensor<64xf32, {{.*}}>, %[[W:.*]]: tensor<64x64xf32, {{.*}}>)
// CHECK-NEXT: %[[NORM:.*]] = kernel.norm_quantize %[[X]] norm %[[N]]
// CHECK-NEXT: %[[Y:.*]] = kernel.matmul %[[NORM]], %[[W]]
// CHECK: kernel.return %[[Y]]
// CHECK: kernel.function @wanted_rows_64_then_norm_quantize_64_then_matmul_128x64_q8_0.rows_1(
// CHECK-NEXT: kernel.wanted_rows
// CHECK-NEXT: kernel.norm_quantize
// CHECK-NEXT: kernel.matmul
// CHECK-NOT: kernel.function
// CHECK-LABEL: func.func @forward.rows_1
// CHECK-NEXT: %[[A:.*]] = kernel.call @norm_quantize_64_then_matmul_64x64_q8_0.rows_1(
// CHECK-NEXT: %[[B:.*]] = kernel.call @norm_quantize_64_then_matmul_64x64_q8_0.rows_1(%[[A]],
// CHECK-NEXT: kernel.call @wanted_rows_64_then_norm_quantize_64_then_matmul_128x64_q8_0.rows_1(%[[B]], {{.*}}) wanted
// CHECK-NEXT: return
module attributes {ingot.options = {target = "cpu", cpu = "x86-64", activations = "auto", key_value = "f32", weights = "embedded"}} {
func.func @forward.rows_1(%step: !step, %x: tensor<1x64xf32>, %norm: tensor<64xf32, #f32>, %w: tensor<64x64xf32, #q8_0>,
    %head: tensor<128x64xf32, #q8_0>) -> tensor<1x128xf32> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  %a = kernel.norm_quantize %x norm %norm : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<1x64xf32> to tensor<1x64xf32, #i8>
  %b = kernel.matmul %a, %w : tensor<1x64xf32, #i8>, tensor<64x64xf32, #q8_0> to tensor<1x64xf32> {
  ^bb0(%accumulator: f32, %row: index, %column: index):
    kernel.yield %accumulator : f32
  }
  %c = kernel.norm_quantize %b norm %norm : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<1x64xf32> to tensor<1x64xf32, #i8>
  %d = kernel.matmul %c, %w : tensor<1x64xf32, #i8>, tensor<64x64xf32, #q8_0> to tensor<1x64xf32> {
  ^bb0(%accumulator: f32, %row: index, %column: index):
    kernel.yield %accumulator : f32
  }
  %e = kernel.wanted_rows %d, %step : tensor<1x64xf32>, !step to tensor<1x64xf32>
  %f = kernel.norm_quantize %e norm %norm : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<1x64xf32> to tensor<1x64xf32, #i8>
  %g = kernel.matmul %f, %head : tensor<1x64xf32, #i8>, tensor<128x64xf32, #q8_0> to tensor<1x128xf32> {
  ^bb0(%accumulator: f32, %row: index, %column: index):
    kernel.yield %accumulator : f32
  }
  return %g : tensor<1x128xf32>
}
}

// -----

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>

// Of many rows a norm is shared out; what leaves the function is computed once.
// CHECK-NOT: _then_
// CHECK-LABEL: func.func @forward.rows_1
module attributes {ingot.options = {target = "cpu", cpu = "x86-64", activations = "auto", key_value = "f32", weights = "embedded"}} {
func.func @forward.rows_1(%step: !step, %x: tensor<1x64xf32>, %norm: tensor<64xf32, #f32>) -> tensor<1x64xf32>
    attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  %a = kernel.norm_quantize %x norm %norm : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<1x64xf32> to tensor<1x64xf32>
  return %a : tensor<1x64xf32>
}
// CHECK-LABEL: func.func @forward.rows_2_to_8
// CHECK-NEXT: kernel.call @norm_64.rows_2_to_8
// CHECK-NEXT: kernel.call @norm_64.rows_2_to_8
func.func @forward.rows_2_to_8(%step: !step, %x: tensor<?x64xf32>, %norm: tensor<64xf32, #f32>) -> tensor<?x64xf32>
    attributes {kernel.row_range = #kernel.rows<2 to 8>} {
  %a = kernel.norm_quantize %x norm %norm : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  %b = kernel.norm_quantize %a norm %norm : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  return %b : tensor<?x64xf32>
}
}

// -----

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
!step = !model.step<rows = 1, sequences = 1, wanted = 1>

// 320 KiB are more than a worker's scratch.
// REMARK: Missed] repeat-prologue
// REMARK-SAME: would need 327680 bytes of a worker's scratch, of 262144
// CHECK-LABEL: func.func @forward.rows_1
// CHECK-NEXT: kernel.call @norm_81920.rows_1
// CHECK-NEXT: kernel.call @elementwise_81920
module attributes {ingot.options = {target = "cpu", cpu = "x86-64", activations = "auto", key_value = "f32", weights = "embedded"}} {
func.func @forward.rows_1(%step: !step, %x: tensor<1x81920xf32>, %norm: tensor<81920xf32, #f32>) -> tensor<1x81920xf32>
    attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  %a = kernel.norm_quantize %x norm %norm : tensor<81920xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<1x81920xf32> to tensor<1x81920xf32>
  %b = kernel.generic %a : tensor<1x81920xf32> to tensor<1x81920xf32> {
  ^bb0(%v: f32, %row: index, %column: index):
    %n = arith.negf %v : f32
    kernel.yield %n : f32
  }
  return %b : tensor<1x81920xf32>
}
}

// -----

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
!step = !model.step<rows = 1, sequences = 1, wanted = 1>

// A block of a GPU computes a norm for itself; gathering rows stays a launch.
// CHECK: kernel.function @wanted_rows_64.rows_1(
// CHECK: kernel.function @norm_64_then_elementwise_64_neg.rows_1(
// CHECK-LABEL: func.func @forward.rows_1
// CHECK-NEXT: %[[A:.*]] = kernel.call @wanted_rows_64.rows_1(
// CHECK-NEXT: kernel.call @norm_64_then_elementwise_64_neg.rows_1(%[[A]], {{.*}}) wanted
module attributes {ingot.options = {target = "cuda", cpu = "x86-64", activations = "f32", key_value = "f32", weights = "embedded"}} {
func.func @forward.rows_1(%step: !step, %x: tensor<1x64xf32>, %norm: tensor<64xf32, #f32>) -> tensor<1x64xf32>
    attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  %w = kernel.wanted_rows %x, %step : tensor<1x64xf32>, !step to tensor<1x64xf32>
  %a = kernel.norm_quantize %w norm %norm : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<1x64xf32> to tensor<1x64xf32>
  %b = kernel.generic %a : tensor<1x64xf32> to tensor<1x64xf32> {
  ^bb0(%v: f32, %row: index, %column: index):
    %n = arith.negf %v : f32
    kernel.yield %n : f32
  }
  return %b : tensor<1x64xf32>
}
}
