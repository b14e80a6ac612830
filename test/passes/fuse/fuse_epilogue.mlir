// RUN: ingot-opt %s --split-input-file --ingot-kernel-lower-model --ingot-kernel-fuse-epilogue --remarks-filter=fuse 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK <%t.remarks

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>

// The residual may be either operand.
// CHECK-LABEL: func.func @forward
// CHECK: %[[LEFT:.*]] = kernel.matmul %arg0, %arg2 with %arg1 : tensor<?x64xf32> : {{.*}} to tensor<?x64xf32> {
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[R:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[A]], %[[R]]
// CHECK-NEXT: kernel.yield %[[SUM]]
// CHECK: kernel.matmul %arg0, %arg2 with %[[LEFT]] : tensor<?x64xf32>
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[R:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[R]], %[[A]]
// CHECK-NOT: kernel.generic
// REMARK: [Passed] epilogue | Category:fuse | Function=forward | Remark="elementwise arithmetic stands in the epilogue of kernel.matmul"
// REMARK: [Passed] epilogue
func.func @forward(%x: tensor<?x32xf32>, %residual: tensor<?x64xf32>, %w: tensor<64x32xf32, #q8_0>) -> tensor<?x64xf32> {
  %a = model.linear %x, %w : tensor<?x32xf32>, tensor<64x32xf32, #q8_0> to tensor<?x64xf32>
  %left = arith.addf %a, %residual : tensor<?x64xf32>
  %b = model.linear %x, %w : tensor<?x32xf32>, tensor<64x32xf32, #q8_0> to tensor<?x64xf32>
  %right = arith.addf %left, %b : tensor<?x64xf32>
  return %right : tensor<?x64xf32>
}

// -----

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>

// A chain (residual, tanh, half) ends in one epilogue; a product and a residual used twice are one value each.
// CHECK-LABEL: func.func @forward
// CHECK: kernel.matmul %arg0, %arg2 with %arg1 : tensor<2x64xf32> :
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[R:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
// CHECK-NEXT: %[[SQUARE:.*]] = arith.mulf %[[A]], %[[A]]
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[SQUARE]], %[[R]]
// CHECK-NEXT: %[[TANH:.*]] = math.tanh %[[SUM]]
// CHECK-NEXT: %[[HALF:.*]] = arith.constant 5.0
// CHECK-NEXT: %[[SCALED:.*]] = arith.mulf %[[TANH]], %[[HALF]]
// CHECK-NEXT: %[[LAST:.*]] = arith.subf %[[SCALED]], %[[R]]
// CHECK-NEXT: kernel.yield %[[LAST]]
// CHECK-NOT: kernel.generic
func.func @forward(%x: tensor<2x32xf32>, %residual: tensor<2x64xf32>, %w: tensor<64x32xf32, #q8_0>) -> tensor<2x64xf32> {
  %half = arith.constant dense<0.5> : tensor<2x64xf32>
  %a = model.linear %x, %w : tensor<2x32xf32>, tensor<64x32xf32, #q8_0> to tensor<2x64xf32>
  %square = arith.mulf %a, %a : tensor<2x64xf32>
  %sum = arith.addf %square, %residual : tensor<2x64xf32>
  %tanh = math.tanh %sum : tensor<2x64xf32>
  %scaled = arith.mulf %tanh, %half : tensor<2x64xf32>
  %last = arith.subf %scaled, %residual : tensor<2x64xf32>
  return %last : tensor<2x64xf32>
}

// -----

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>

// Two accumulators stay two.
// CHECK-LABEL: func.func @forward
// CHECK: kernel.gated_matmul %arg0, %arg2 with %arg1 : tensor<?x64xf32> :
// CHECK-NEXT: ^bb0(%[[G:.*]]: f32, %[[U:.*]]: f32, %[[R:.*]]: f32, %{{.*}}: index, %[[COLUMN:.*]]: index):
// CHECK-NEXT: arith.mulf %[[G]], %[[U]]
// CHECK-NEXT: arith.index_cast %[[COLUMN]]
// CHECK: arith.addf %{{.*}}, %[[R]]
// REMARK: [Passed] epilogue | {{.*}}Remark="elementwise arithmetic stands in the epilogue of kernel.gated_matmul"
func.func @forward(%x: tensor<?x32xf32>, %residual: tensor<?x64xf32>, %w: tensor<128x32xf32, #q8_0>) -> tensor<?x64xf32> {
  %a = kernel.gated_matmul %x, %w : tensor<?x32xf32>, tensor<128x32xf32, #q8_0> to tensor<?x64xf32> {
  ^bb0(%gate: f32, %up: f32, %row: index, %column: index):
    %product = arith.mulf %gate, %up : f32
    kernel.yield %product : f32
  }
  %y = kernel.generic %a, %residual : tensor<?x64xf32>, tensor<?x64xf32> to tensor<?x64xf32> {
  ^bb0(%b: f32, %r: f32, %row: index, %column: index):
    %number = arith.index_cast %column : index to i32
    %bias = arith.sitofp %number : i32 to f32
    %biased = arith.addf %b, %bias : f32
    %sum = arith.addf %biased, %r : f32
    kernel.yield %sum : f32
  }
  return %y : tensor<?x64xf32>
}

// -----

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>

// A product that is needed as it is too, and arithmetic without a product.
// CHECK-LABEL: func.func @forward
// CHECK-COUNT-2: kernel.generic
// REMARK: [Missed] epilogue | {{.*}}Reason="the product it reads has other users"
// REMARK: [Missed] epilogue | {{.*}}Reason="none of its operands is a product"
func.func @forward(%x: tensor<?x32xf32>, %residual: tensor<?x64xf32>, %w: tensor<64x32xf32, #q8_0>) -> (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>) {
  %a = model.linear %x, %w : tensor<?x32xf32>, tensor<64x32xf32, #q8_0> to tensor<?x64xf32>
  %sum = arith.addf %a, %residual : tensor<?x64xf32>
  %root = math.sqrt %residual : tensor<?x64xf32>
  return %a, %sum, %root : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>
}
