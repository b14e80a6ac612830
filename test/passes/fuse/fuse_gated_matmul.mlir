// RUN: ingot-opt %s --split-input-file --ingot-kernel-lower-model --ingot-kernel-fuse-gated-matmul --remarks-filter=fuse 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK <%t.remarks

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>

// 40 rows each are padded to 48 before their panels are interleaved.
// CHECK: encoding.assemble @blk.0.ffn_gate_up.weight : tensor<96x32xf32, {{.*}}> {
// CHECK-NEXT: %[[GATE:.*]] = encoding.load @blk.0.ffn_gate.weight
// CHECK-NEXT: %[[UP:.*]] = encoding.load @blk.0.ffn_up.weight
// CHECK-NEXT: %[[BOTH:.*]] = encoding.interleave %[[GATE]], %[[UP]] {panel = 16 : i64}
// CHECK-NEXT: encoding.yield %[[BOTH]]
// CHECK-LABEL: func.func @forward
// CHECK-NEXT: %[[W:.*]] = model.load_parameter @blk.0.ffn_gate_up.weight
// CHECK-NEXT: %[[Y:.*]] = kernel.gated_matmul %arg0, %[[W]] {{.*}} to tensor<?x40xf32> {
// CHECK-NEXT: ^bb0(%[[G:.*]]: f32, %[[U:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
// CHECK: arith.negf %[[G]]
// CHECK: arith.mulf %{{.*}}, %[[U]]
// CHECK: return %[[Y]]
// REMARK: [Passed] gated-matmul | Category:fuse | Function=forward | Remark="two products and what joins them are one product with blk.0.ffn_gate_up.weight"
module {
model.parameter @blk.0.ffn_gate.weight : tensor<40x32xf32, #q8_0> splat 1.0
model.parameter @blk.0.ffn_up.weight : tensor<40x32xf32, #q8_0> splat 1.0
func.func @forward(%x: tensor<?x32xf32>) -> tensor<?x40xf32> {
  %gate = model.load_parameter @blk.0.ffn_gate.weight : tensor<40x32xf32, #q8_0>
  %up = model.load_parameter @blk.0.ffn_up.weight : tensor<40x32xf32, #q8_0>
  %y = model.gated_mlp silu %x, %gate, %up : tensor<?x32xf32>, tensor<40x32xf32, #q8_0>, tensor<40x32xf32, #q8_0> to tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}
}

// -----

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>

// Operands in another order, and one more beside them.
// CHECK: encoding.assemble @up_gate
// CHECK: encoding.load @up
// CHECK: encoding.load @gate
// CHECK-LABEL: func.func @forward
// CHECK: kernel.gated_matmul %arg0, %{{.*}} with %arg1 : tensor<?x40xf32>
// CHECK-NEXT: ^bb0(%[[UP:.*]]: f32, %[[GATE:.*]]: f32, %[[R:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[R]], %[[GATE]]
// CHECK-NEXT: %[[DIFFERENCE:.*]] = arith.subf %[[SUM]], %[[UP]]
// CHECK-NEXT: kernel.yield %[[DIFFERENCE]]
module {
model.parameter @gate : tensor<40x32xf32, #q8_0> splat 1.0
model.parameter @up : tensor<40x32xf32, #q8_0> splat 1.0
func.func @forward(%x: tensor<?x32xf32>, %r: tensor<?x40xf32>) -> tensor<?x40xf32> {
  %wg = model.load_parameter @gate : tensor<40x32xf32, #q8_0>
  %wu = model.load_parameter @up : tensor<40x32xf32, #q8_0>
  %gate = model.linear %x, %wg : tensor<?x32xf32>, tensor<40x32xf32, #q8_0> to tensor<?x40xf32>
  %up = model.linear %x, %wu : tensor<?x32xf32>, tensor<40x32xf32, #q8_0> to tensor<?x40xf32>
  %y = kernel.generic %up, %r, %gate : tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x40xf32> to tensor<?x40xf32> {
  ^bb0(%u: f32, %e: f32, %g: f32, %row: index, %column: index):
    %sum = arith.addf %e, %g : f32
    %difference = arith.subf %sum, %u : f32
    kernel.yield %difference : f32
  }
  return %y : tensor<?x40xf32>
}
}

// -----

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>
#q4_1 = #encoding.storage<format = #encoding.ggml<q4_1>>

// Two formats; then a gate that someone else reads; then two inputs.
// CHECK-NOT: encoding.assemble
// CHECK-NOT: kernel.gated_matmul
// REMARK: [Missed] gated-matmul | {{.*}}Reason="the weights have different types"
// REMARK: [Missed] gated-matmul | {{.*}}Reason="a product has other users"
// REMARK: [Missed] gated-matmul | {{.*}}Reason="the products have different inputs"
module {
model.parameter @gate : tensor<40x32xf32, #q8_0> splat 1.0
model.parameter @up : tensor<40x32xf32, #q4_1> splat 1.0
func.func @forward(%x: tensor<?x32xf32>, %z: tensor<?x32xf32>) -> (tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x40xf32>) {
  %wg = model.load_parameter @gate : tensor<40x32xf32, #q8_0>
  %wu = model.load_parameter @up : tensor<40x32xf32, #q4_1>
  %y = model.gated_mlp silu %x, %wg, %wu : tensor<?x32xf32>, tensor<40x32xf32, #q8_0>, tensor<40x32xf32, #q4_1> to tensor<?x40xf32>
  %a = model.linear %x, %wg : tensor<?x32xf32>, tensor<40x32xf32, #q8_0> to tensor<?x40xf32>
  %b = model.linear %x, %wg : tensor<?x32xf32>, tensor<40x32xf32, #q8_0> to tensor<?x40xf32>
  %ab = arith.mulf %a, %b : tensor<?x40xf32>
  %c = model.linear %x, %wg : tensor<?x32xf32>, tensor<40x32xf32, #q8_0> to tensor<?x40xf32>
  %d = model.linear %z, %wg : tensor<?x32xf32>, tensor<40x32xf32, #q8_0> to tensor<?x40xf32>
  %cd = arith.mulf %c, %d : tensor<?x40xf32>
  return %y, %a, %ab, %cd : tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x40xf32>, tensor<?x40xf32>
}
}

// -----

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 4, sequences = 1, wanted = 4>

// What the two products add stands in the epilogue, too.
model.parameter @gate : tensor<64x32xf32, #q8_0> splat 1.0
model.parameter @up : tensor<64x32xf32, #q8_0> splat 1.0
// CHECK-LABEL: func.func @forward
// CHECK: kernel.gated_matmul %{{.*}}, %{{.*}} with %arg2, %arg3 : tensor<64xf32>, tensor<64xf32>
// CHECK-NEXT: ^bb0(%[[G:.*]]: f32, %[[U:.*]]: f32, %[[B:.*]]: f32, %[[C:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
// CHECK-NEXT: %[[GATE:.*]] = arith.addf %[[G]], %[[B]]
// CHECK-NEXT: %[[UP:.*]] = arith.addf %[[U]], %[[C]]
// CHECK: %[[ACTIVE:.*]] = arith.maximumf %[[GATE]]
// CHECK: arith.mulf %[[ACTIVE]], %[[UP]]
// CHECK-NOT: kernel.matmul
func.func @forward(%step: !step, %x: tensor<?x32xf32>, %b: tensor<64xf32>, %c: tensor<64xf32>) -> tensor<?x64xf32> {
  %gate = model.load_parameter @gate : tensor<64x32xf32, #q8_0>
  %up = model.load_parameter @up : tensor<64x32xf32, #q8_0>
  %y = model.gated_mlp relu %x, %gate, %up bias %b, %c : tensor<64xf32>, tensor<64xf32> : tensor<?x32xf32>, tensor<64x32xf32, #q8_0>, tensor<64x32xf32, #q8_0> to tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
