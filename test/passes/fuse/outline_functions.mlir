// RUN: ingot-opt %s --split-input-file --ingot-kernel-outline-functions | FileCheck %s

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>
#f32 = #encoding.storage<format = #encoding.ggml<f32>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>

// Equal kernels on other values are one function, whatever stands twice among the operands; another epsilon is another
// kernel with a number in its name.
// CHECK: kernel.function @matmul_64x64_q8_0_add.rows_2_to_8(%[[X:.*]]: tensor<?x64xf32>, %[[W:.*]]: tensor<64x64xf32, {{.*}}>, %[[R:.*]]: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<2 to 8>} {
// CHECK-NEXT: %[[Y:.*]] = kernel.matmul %[[X]], %[[W]] with %[[R]]
// CHECK: arith.addf
// CHECK: kernel.return %[[Y]]
// CHECK: kernel.function @matmul_64x64_q8_0_sub.rows_2_to_8
// CHECK: kernel.function @norm_64.rows_2_to_8
// CHECK: kernel.function @norm_64_2.rows_2_to_8
// CHECK: kernel.function @wanted_rows_64.rows_2_to_8
// CHECK-NOT: kernel.function

// CHECK-LABEL: func.func @forward.rows_2_to_8
// CHECK-SAME: (%[[STEP:.*]]: !model.step{{.*}}, %[[X:.*]]: tensor<?x64xf32>, %[[W:.*]]: tensor<64x64xf32, {{.*}}>, %[[NORM:.*]]: tensor
// CHECK-NEXT: %[[A:.*]] = kernel.call @matmul_64x64_q8_0_add.rows_2_to_8(%[[X]], %[[W]], %[[X]]) :
// CHECK-NEXT: %[[B:.*]] = kernel.call @matmul_64x64_q8_0_add.rows_2_to_8(%[[A]], %[[W]], %[[X]]) :
// CHECK-NEXT: %[[C:.*]] = kernel.call @matmul_64x64_q8_0_sub.rows_2_to_8(%[[B]], %[[W]], %[[X]]) :
// CHECK-NEXT: %[[D:.*]] = kernel.call @norm_64.rows_2_to_8(%[[C]], %[[NORM]]) :
// CHECK-NEXT: %[[E:.*]] = kernel.call @norm_64_2.rows_2_to_8(%[[D]], %[[NORM]]) :
// What follows from the wanted rows runs on those.
// CHECK-NEXT: %[[F:.*]] = kernel.call @wanted_rows_64.rows_2_to_8(%[[E]], %[[STEP]]) wanted :
// CHECK-NEXT: %[[G:.*]] = kernel.call @norm_64.rows_2_to_8(%[[F]], %[[NORM]]) wanted :
// CHECK-NEXT: return %[[G]]
func.func @forward.rows_2_to_8(%step: !step, %x: tensor<?x64xf32>, %w: tensor<64x64xf32, #q8_0>, %norm: tensor<64xf32, #f32>)
    -> tensor<?x64xf32> attributes {kernel.row_range = #kernel.rows<2 to 8>} {
  %a = kernel.matmul %x, %w with %x : tensor<?x64xf32> : tensor<?x64xf32>, tensor<64x64xf32, #q8_0> to tensor<?x64xf32> {
  ^bb0(%accumulator: f32, %r: f32, %row: index, %column: index):
    %sum = arith.addf %accumulator, %r : f32
    kernel.yield %sum : f32
  }
  %b = kernel.matmul %a, %w with %x : tensor<?x64xf32> : tensor<?x64xf32>, tensor<64x64xf32, #q8_0> to tensor<?x64xf32> {
  ^bb0(%accumulator: f32, %r: f32, %row: index, %column: index):
    %sum = arith.addf %accumulator, %r : f32
    kernel.yield %sum : f32
  }
  %c = kernel.matmul %b, %w with %x : tensor<?x64xf32> : tensor<?x64xf32>, tensor<64x64xf32, #q8_0> to tensor<?x64xf32> {
  ^bb0(%accumulator: f32, %r: f32, %row: index, %column: index):
    %difference = arith.subf %accumulator, %r : f32
    kernel.yield %difference : f32
  }
  %d = kernel.norm_quantize %c norm %norm : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  %e = kernel.norm_quantize %d norm %norm : tensor<64xf32, #f32> {epsilon = 1.0e-6 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  %f = kernel.wanted_rows %e, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  %g = kernel.norm_quantize %f norm %norm : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  return %g : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

// Regions that use their operands in another order are not equal; a function that was not specialised serves all rows.
// CHECK: kernel.function @elementwise_64_sub.rows_1_to_8
// CHECK: kernel.function @elementwise_64_sub_2.rows_1_to_8
// CHECK-NOT: kernel.function
// CHECK: func.func @forward{{.*}} attributes {kernel.row_range = #kernel.rows<1 to 8>}
// CHECK: kernel.call @elementwise_64_sub.rows_1_to_8
// CHECK: kernel.call @elementwise_64_sub_2.rows_1_to_8
func.func @forward(%step: !step, %x: tensor<?x64xf32>, %y: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %a = kernel.generic %x, %y : tensor<?x64xf32>, tensor<?x64xf32> to tensor<?x64xf32> {
  ^bb0(%p: f32, %q: f32, %row: index, %column: index):
    %difference = arith.subf %p, %q : f32
    kernel.yield %difference : f32
  }
  %b = kernel.generic %a, %y : tensor<?x64xf32>, tensor<?x64xf32> to tensor<?x64xf32> {
  ^bb0(%p: f32, %q: f32, %row: index, %column: index):
    %difference = arith.subf %q, %p : f32
    kernel.yield %difference : f32
  }
  return %b : tensor<?x64xf32>
}
