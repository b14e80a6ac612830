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

// -----

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>
#f32 = #encoding.storage<format = #encoding.ggml<f32>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>

// Rows of tables: what is added to those of tokens, and a factor.
// CHECK-LABEL: func.func @forward
// CHECK: %[[POSITIONS:.*]] = kernel.embedding %arg2, %arg0 {position_offset = 2 : i64}
// CHECK-NEXT: kernel.embedding %arg1, %arg0 with %[[POSITIONS]], %arg3 : tensor<?x64xf32>, tensor<64xf32, {{.*}}> : {{.*}} to tensor<?x64xf32> {
// CHECK-NEXT: ^bb0(%[[N:.*]]: f32, %[[P:.*]]: f32, %[[V:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[N]], %[[P]]
// CHECK-NEXT: %[[ALL:.*]] = arith.addf %[[SUM]], %[[V]]
// CHECK-NEXT: %[[TWO:.*]] = arith.constant 2.0
// CHECK-NEXT: arith.mulf %[[ALL]], %[[TWO]]
// CHECK-NOT: kernel.generic
// REMARK: [Passed] epilogue | {{.*}}Remark="elementwise arithmetic stands in the epilogue of kernel.embedding"
func.func @forward(%step: !step, %table: tensor<96x64xf32, #q8_0>, %learned: tensor<10x64xf32, #f32>, %type: tensor<64xf32, #f32>) -> tensor<?x64xf32> {
  %positions = model.position_embedding %learned, %step {offset = 2} : tensor<10x64xf32, #f32>, !step to tensor<?x64xf32>
  %tokens = model.embedding %table, %step : tensor<96x64xf32, #q8_0>, !step to tensor<?x64xf32>
  %row = model.repeat_row %type, %step : tensor<64xf32, #f32>, !step to tensor<?x64xf32>
  %sum = arith.addf %tokens, %positions : tensor<?x64xf32>
  %all = arith.addf %sum, %row : tensor<?x64xf32>
  %zero = arith.constant 0 : index
  %rows = tensor.dim %all, %zero : tensor<?x64xf32>
  %two = arith.constant 2.0 : f32
  %twos = tensor.splat %two[%rows] : tensor<?x64xf32>
  %scaled = arith.mulf %all, %twos : tensor<?x64xf32>
  return %scaled : tensor<?x64xf32>
}

// -----

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>
#f32 = #encoding.storage<format = #encoding.ggml<f32>>

// A bias, an activation; and both branches of a layer beside each other, each with a factor, in two epilogues.
// CHECK-LABEL: func.func @forward
// CHECK: %[[H:.*]] = kernel.matmul %arg0, %arg1 with %arg2 : tensor<64xf32, {{.*}}> :
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
// CHECK-NEXT: %[[BIASED:.*]] = arith.addf %[[A]], %[[B]]
// CHECK: arith.maximumf %[[BIASED]]
// CHECK: %[[FIRST:.*]] = kernel.matmul %arg0, %arg1 with %arg3 : tensor<2x64xf32>
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK: kernel.matmul %[[H]], %arg4 with %arg2, %[[FIRST]] : tensor<64xf32, {{.*}}>, tensor<2x64xf32>
// CHECK-NEXT: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32, %[[R:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
// CHECK-NEXT: %[[BIASED:.*]] = arith.addf %[[A]], %[[B]]
// CHECK-NEXT: %[[HALF:.*]] = arith.constant 5.0
// CHECK-NEXT: %[[SCALED:.*]] = arith.mulf %[[BIASED]], %[[HALF]]
// CHECK-NEXT: arith.addf %[[R]], %[[SCALED]]
// CHECK-NOT: kernel.generic
func.func @forward(%x: tensor<2x32xf32>, %w: tensor<64x32xf32, #q8_0>, %b: tensor<64xf32, #f32>, %residual: tensor<2x64xf32>, %down: tensor<64x64xf32, #q8_0>) -> tensor<2x64xf32> {
  %half = arith.constant dense<0.5> : tensor<2x64xf32>
  %wide = model.linear %x, %w bias %b : tensor<64xf32, #f32> : tensor<2x32xf32>, tensor<64x32xf32, #q8_0> to tensor<2x64xf32>
  %hidden = model.activation relu %wide : tensor<2x64xf32>
  %attended = model.linear %x, %w : tensor<2x32xf32>, tensor<64x32xf32, #q8_0> to tensor<2x64xf32>
  %mlp = model.linear %hidden, %down bias %b : tensor<64xf32, #f32> : tensor<2x64xf32>, tensor<64x64xf32, #q8_0> to tensor<2x64xf32>
  %some = arith.mulf %attended, %half : tensor<2x64xf32>
  %first = arith.addf %residual, %some : tensor<2x64xf32>
  %other = arith.mulf %mlp, %half : tensor<2x64xf32>
  %second = arith.addf %first, %other : tensor<2x64xf32>
  return %second : tensor<2x64xf32>
}
