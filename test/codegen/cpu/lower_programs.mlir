// A program becomes a step function that every worker runs on its share of each launch, and the descriptor that names it.
// RUN: ingot-opt %s --ingot-codegen-emit-kernels --ingot-codegen-lower-programs | FileCheck %s
// RUN: sed 's/x86-64-v3/portable/' %s | ingot-opt --ingot-codegen-emit-kernels --ingot-codegen-lower-programs | FileCheck %s --check-prefix=PORTABLE

// Programs and kernel functions are gone; arenas and parameters stay for the linker.
// CHECK-NOT: schedule.program
// CHECK-NOT: kernel.function
// CHECK:     schedule.arena @weights

// CHECK: llvm.func @ingot_team_claim(!llvm.ptr) -> i32
// CHECK: llvm.func @ingot_team_barrier(!llvm.ptr, i32)
// CHECK: llvm.func @ingot_team_launch(!llvm.ptr, i32, i64) -> !llvm.ptr
// CHECK: llvm.func internal @"forward.x86-64-v3"(%[[STEP:[0-9a-z_]+]]: !llvm.ptr, %[[ARENAS:[0-9a-z_]+]]: !llvm.ptr, %[[TEAM:[0-9a-z_]+]]: !llvm.ptr, %[[WORKER:[0-9a-z_]+]]: i32)

// Rows and wanted rows of the step; addresses are constants in arenas.
// CHECK:      %[[ROWS32:[0-9a-z_]+]] = llvm.load %[[STEP]]
// CHECK-NEXT: %[[ROWS:[0-9a-z_]+]] = arith.extui %[[ROWS32]]
// CHECK:      %[[WANTED:[0-9a-z_]+]] = arith.extui

// The runtime hands out grains; a row is one here.
// CHECK:      %[[SHARE:[0-9a-z_]+]] = llvm.call @ingot_team_launch(%[[TEAM]], %[[WORKER]], %[[ROWS]])
// CHECK-NEXT: llvm.call @"embedding.x86-64-v3"(%[[STEP]], %[[ROWS]], %[[SHARE]], %[[TABLE:[0-9a-z_]+]], %[[X:[0-9a-z_]+]])
// CHECK:      llvm.call @ingot_team_barrier(%[[TEAM]], %[[WORKER]])
// CHECK:      llvm.call @"wanted_rows.x86-64-v3"(%[[STEP]], %[[WANTED]], %{{.*}}, %[[X]], %[[Y:[0-9a-z_]+]])
// CHECK:      llvm.call @ingot_team_barrier(%[[TEAM]], %[[WORKER]])

// A grain of columns is a panel, whatever the rows; none where there are no rows.
// CHECK:      %[[NONE:[0-9a-z_]+]] = arith.cmpi eq, %[[WANTED]], %{{.*}} : i64
// CHECK:      %[[PANELS:[0-9a-z_]+]] = arith.constant 20 : i64
// CHECK:      %[[GRAINS:[0-9a-z_]+]] = arith.select %[[NONE]], %{{.*}}, %[[PANELS]] : i64
// CHECK:      %[[LAST:[0-9a-z_]+]] = llvm.call @ingot_team_launch(%[[TEAM]], %[[WORKER]], %[[GRAINS]])
// CHECK:      llvm.call @"matmul.x86-64-v3"(%[[STEP]], %[[WANTED]], %[[LAST]], %[[Y]], %[[TABLE]], %{{.*}})
// CHECK-NOT:  llvm.call
// CHECK:      llvm.return
// CHECK:      llvm.mlir.global {{.*}}@ingot_descriptor

// PORTABLE: llvm.func internal @"forward.icelake-server"(
// PORTABLE: llvm.call @"embedding.icelake-server"
// PORTABLE: llvm.func internal @"forward.x86-64-v3"(
// PORTABLE: llvm.call @"embedding.x86-64-v3"
// PORTABLE: llvm.func internal @"forward.x86-64"(
// PORTABLE: llvm.call @"embedding.x86-64"

#q4_1 = #encoding.storage<format = #encoding.ggml<q4_1>, layout = #encoding.panels<16 x 4>>
!step = !model.step<rows = 8, sequences = 1, wanted = 2>
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.parameter @table.file : tensor<320x96xf32, #encoding.storage<format = #encoding.ggml<q4_1>>> random 1 scale 1.0
  encoding.assemble @table : tensor<320x96xf32, #q4_1> on "host[0]" {
    %0 = encoding.load @table.file : tensor<320x96xf32, #encoding.storage<format = #encoding.ggml<q4_1>>>
    encoding.yield %0 : tensor<320x96xf32, #encoding.storage<format = #encoding.ggml<q4_1>>>
  }
  kernel.function @embedding(%t: tensor<320x96xf32, #q4_1>, %s: !step) -> tensor<?x96xf32> attributes {row_range = #kernel.rows<1 to 8>} {
    %y = kernel.embedding %t, %s : tensor<320x96xf32, #q4_1>, !step to tensor<?x96xf32>
    kernel.return %y : tensor<?x96xf32>
  }
  kernel.function @wanted_rows(%x: tensor<?x96xf32>, %s: !step) -> tensor<?x96xf32> attributes {row_range = #kernel.rows<1 to 8>} {
    %y = kernel.wanted_rows %x, %s : tensor<?x96xf32>, !step to tensor<?x96xf32>
    kernel.return %y : tensor<?x96xf32>
  }
  kernel.function @matmul(%a: tensor<?x96xf32>, %w: tensor<320x96xf32, #q4_1>) -> tensor<?x320xf32> attributes {row_range = #kernel.rows<1 to 8>} {
    %y = kernel.matmul %a, %w : tensor<?x96xf32>, tensor<320x96xf32, #q4_1> to tensor<?x320xf32> {
    ^bb0(%accumulator: f32, %row: index, %column: index):
      kernel.yield %accumulator : f32
    }
    kernel.return %y : tensor<?x320xf32>
  }
  schedule.arena @weights : host[0], constant, 19200 align 64
  schedule.arena @transient : host[0], transient, 16384 align 64
  schedule.parameter_slice @table at 0 bytes 19200
  schedule.program @forward(!step) <1 to 8> {
    %table = schedule.view @weights[0] of @table : <host[0], constant, 19200>
    %x = schedule.view @transient[0] : <host[0], transient, 3072>
    %0 = schedule.launch @embedding(%table : !schedule.buffer<host[0], constant, 19200>) to(%x : !schedule.buffer<host[0], transient, 3072>) on compute <rows, 1 x 0>
    %y = schedule.view @transient[3072] : <host[0], transient, 3072>
    schedule.barrier
    %1 = schedule.launch @wanted_rows(%x : !schedule.buffer<host[0], transient, 3072>) to(%y : !schedule.buffer<host[0], transient, 3072>) after %0 wanted on compute <rows, 1 x 0>
    %logits = schedule.view @transient[6144] : <host[0], transient, 10240>
    schedule.barrier
    %2 = schedule.launch @matmul(%y, %table : !schedule.buffer<host[0], transient, 3072>, !schedule.buffer<host[0], constant, 19200>) to(%logits : !schedule.buffer<host[0], transient, 10240>) after %1 wanted on compute <columns, 16 x 20>
    schedule.return %logits columns 320 after %2 : <host[0], transient, 10240>
  }
}
