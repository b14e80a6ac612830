// Mixtures of experts: what is read of a table of groups, and of which matrix.
// RUN: ingot-opt %s --ingot-codegen-emit-kernels | FileCheck %s

#f32 = #encoding.storage<format = #encoding.ggml<f32>, layout = #encoding.panels<16 x 1>>
#q4_1 = #encoding.storage<format = #encoding.ggml<q4_1>, layout = #encoding.panels<16 x 4>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {

// The largest first, each time among those that are left; then all that were taken, in ascending order.
// CHECK-LABEL: llvm.func internal @"choose.x86-64-v3"(
// CHECK:         scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) -> (i64, f32)
// CHECK:           arith.cmpf ogt
// CHECK:         scf.for
// CHECK:           scf.for {{.*}} -> (i64, f32)
// CHECK:         math.exp {{.*}} : vector<16xf32>
// CHECK:         scf.for {{.*}} -> (f32)
// CHECK:         scf.for {{.*}} -> (i64)
// CHECK:           scf.if
// CHECK:             arith.sitofp
// CHECK:             arith.divf
kernel.function @choose(%x: tensor<?x6xf32>) -> tensor<?x4xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.choose_experts softmax_of_chosen %x {count = 2 : i64} : tensor<?x6xf32> to tensor<?x4xf32>
  kernel.return %y : tensor<?x4xf32>
}

// Rows of each expert are counted, groups are numbered, entries find their places.
// CHECK-LABEL: llvm.func internal @"group.x86-64-v3"(
// CHECK:         arith.fptosi {{.*}} : f32 to i64
// CHECK:         scf.for {{.*}} -> (i64, i64)
// CHECK:           scf.if
// CHECK:         arith.fptosi
kernel.function @group(%c: tensor<?x4xf32>) -> tensor<?x18xi32> attributes {row_range = #kernel.rows<9 to 512>} {
  %g = kernel.group_rows %c {experts = 6 : i64} : tensor<?x4xf32> to tensor<?x18xi32>
  kernel.return %g : tensor<?x18xi32>
}

// A grain is a panel of a group: of 96 rows in panels of gate and up there are three of 32 columns. Beyond the last group
// there is nothing to do.
// CHECK-LABEL: llvm.func internal @"gated.x86-64-v3"(
// CHECK:         %[[THREE:.*]] = arith.constant 3 : i64
// CHECK:         arith.divui %{{.*}}, %[[THREE]]
// CHECK:         arith.cmpi slt
// CHECK-NEXT:    scf.if
// CHECK:           kernel.dot4
kernel.function @gated(%x: tensor<?x64xf32, #i8>, %g: tensor<?x18xi32>, %w: tensor<1152x64xf32, #q4_1>) -> tensor<?x192xf32, #i8> attributes {row_range = #kernel.rows<9 to 512>} {
  %h = kernel.expert_gated_matmul %x, %g, %w {count = 2 : i64, experts = 6 : i64} : tensor<?x64xf32, #i8>, tensor<?x18xi32>, tensor<1152x64xf32, #q4_1> to tensor<?x192xf32, #i8> {
  ^bb0(%gate: f32, %up: f32, %row: index, %column: index):
    %product = arith.mulf %gate, %up : f32
    kernel.yield %product : f32
  }
  kernel.return %h : tensor<?x192xf32, #i8>
}

// Where a piece of a row is no whole vectors, the last store does not touch the next piece.
// CHECK-LABEL: llvm.func internal @"odd.x86-64-v3"(
// CHECK:         llvm.intr.masked.store
kernel.function @odd(%x: tensor<?x64xf32>, %g: tensor<?x18xi32>, %w: tensor<384x64xf32, #f32>) -> tensor<?x46xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %h = kernel.expert_gated_matmul %x, %g, %w {count = 2 : i64, experts = 6 : i64} : tensor<?x64xf32>, tensor<?x18xi32>, tensor<384x64xf32, #f32> to tensor<?x46xf32> {
  ^bb0(%gate: f32, %up: f32, %row: index, %column: index):
    %product = arith.mulf %gate, %up : f32
    kernel.yield %product : f32
  }
  kernel.return %h : tensor<?x46xf32>
}

// Sums begin at 0, take the groups in their order, and end in the epilogue.
// CHECK-LABEL: llvm.func internal @"sum.x86-64-v3"(
// CHECK:         arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK:         llvm.store {{.*}} vector<16xf32>
// CHECK:         kernel.dot4
// CHECK:         math.fma {{.*}} : vector<16xf32>
// CHECK:         arith.addf {{.*}} : vector<16xf32>
// CHECK-NEXT:    llvm.store
kernel.function @sum(%h: tensor<1x192xf32, #i8>, %g: tensor<1x18xi32>, %w: tensor<384x96xf32, #q4_1>, %r: tensor<1x64xf32>) -> tensor<1x64xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.expert_sum %h, %g, %w with %r : tensor<1x64xf32> {count = 2 : i64, experts = 6 : i64} : tensor<1x192xf32, #i8>, tensor<1x18xi32>, tensor<384x96xf32, #q4_1> to tensor<1x64xf32> {
  ^bb0(%sum: f32, %residual: f32, %row: index, %column: index):
    %all = arith.addf %sum, %residual : f32
    kernel.yield %all : f32
  }
  kernel.return %y : tensor<1x64xf32>
}
}
