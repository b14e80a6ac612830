// RUN: ingot-opt %s --split-input-file --ingot-kernel-bound-rows --remarks-filter=fuse 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks

#options = {target = "cpu", cpu = "native", activations = "auto", key_value = "f16", weights = "embedded"}
!step = !model.step<rows = 512, sequences = 1, wanted = 16>

// Input and result of the wide generic are live together: 2 · 32768 bytes a row, of which 512 rows make 32 MiB.
// REMARK: Analysis] bound-rows
// REMARK-SAME: 512 rows hold 33554432 bytes of activations at once, of 33554432
// CHECK-LABEL: func.func @forward(%{{.*}}: !model.step<rows = 512, sequences = 1, wanted = 16>
module attributes {ingot.options = #options} {
func.func @forward(%step: !step, %table: tensor<64x8192xf32, #encoding.storage<format = #encoding.ggml<f32>, layout = #encoding.panels<16 x 1>>>) -> tensor<?x8192xf32> {
  %x = kernel.embedding %table, %step : tensor<64x8192xf32, #encoding.storage<format = #encoding.ggml<f32>, layout = #encoding.panels<16 x 1>>>, !step to tensor<?x8192xf32>
  %y = kernel.generic %x : tensor<?x8192xf32> to tensor<?x8192xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  %z = kernel.wanted_rows %y, %step : tensor<?x8192xf32>, !step to tensor<?x8192xf32>
  return %z : tensor<?x8192xf32>
}
}

// -----

#options = {target = "cpu", cpu = "native", activations = "auto", key_value = "f16", weights = "embedded"}
#f32 = #encoding.storage<format = #encoding.ggml<f32>, layout = #encoding.panels<16 x 1>>
!step = !model.step<rows = 500, sequences = 1, wanted = 200>

// The sum keeps %x while %y is there: three times 32768 bytes a row. 256 rows fit, and no more of them are wanted; what
// follows from wanted rows does not count, however wide.
// REMARK: Passed] bound-rows
// REMARK-SAME: 500 rows would hold 49152000 bytes of activations at once, of 33554432
// REMARK-SAME: Rows=256
// CHECK-LABEL: func.func @forward(%{{.*}}: !model.step<rows = 256, sequences = 1, wanted = 200>
// CHECK-NEXT: kernel.embedding %{{.*}}, <rows = 256, sequences = 1, wanted = 200>
module attributes {ingot.options = #options} {
func.func @forward(%step: !step, %table: tensor<64x8192xf32, #f32>) -> tensor<?x8192xf32> {
  %x = kernel.embedding %table, %step : tensor<64x8192xf32, #f32>, !step to tensor<?x8192xf32>
  %y = kernel.generic %x : tensor<?x8192xf32> to tensor<?x8192xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  %s = kernel.generic %x, %y : tensor<?x8192xf32>, tensor<?x8192xf32> to tensor<?x8192xf32> {
  ^bb0(%a: f32, %b: f32, %row: index, %column: index):
    %sum = arith.addf %a, %b : f32
    kernel.yield %sum : f32
  }
  %z = kernel.wanted_rows %s, %step : tensor<?x8192xf32>, !step to tensor<?x8192xf32>
  %wide = kernel.generic %z, %z, %z, %z : tensor<?x8192xf32>, tensor<?x8192xf32>, tensor<?x8192xf32>, tensor<?x8192xf32> to tensor<?x8192xf32> {
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  return %wide : tensor<?x8192xf32>
}
}

// -----

#options = {target = "cpu", cpu = "native", activations = "auto", key_value = "f16", weights = "embedded"}
#f32 = #encoding.storage<format = #encoding.ggml<f32>, layout = #encoding.panels<16 x 1>>
!step = !model.step<rows = 512, sequences = 1, wanted = 512>

// However wide the model is, 128 rows stay; of as many as that logits may be wanted.
// REMARK: Passed] bound-rows
// CHECK-LABEL: func.func @forward(%{{.*}}: !model.step<rows = 128, sequences = 1, wanted = 128>
module attributes {ingot.options = #options} {
func.func @forward(%step: !step, %table: tensor<64x1048576xf32, #f32>) -> tensor<?x1048576xf32> {
  %x = kernel.embedding %table, %step : tensor<64x1048576xf32, #f32>, !step to tensor<?x1048576xf32>
  return %x : tensor<?x1048576xf32>
}
}

// -----

#options = {target = "cpu", cpu = "native", activations = "auto", key_value = "f16", weights = "embedded"}
#f32 = #encoding.storage<format = #encoding.ggml<f32>, layout = #encoding.panels<16 x 1>>
!step = !model.step<rows = 512, sequences = 300, wanted = 16>

// A step has room for a row of every sequence.
// CHECK-LABEL: func.func @forward(%{{.*}}: !model.step<rows = 300, sequences = 300, wanted = 16>
module attributes {ingot.options = #options} {
func.func @forward(%step: !step, %table: tensor<64x1048576xf32, #f32>) -> tensor<?x1048576xf32> {
  %x = kernel.embedding %table, %step : tensor<64x1048576xf32, #f32>, !step to tensor<?x1048576xf32>
  return %x : tensor<?x1048576xf32>
}
}
