// RUN: ingot-opt %s --split-input-file --verify-diagnostics --ingot-place-verify-phase

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
!step = !model.step<rows = 1, sequences = 1, wanted = 1>

model.parameter @norm : tensor<32xf32, #f32> splat 1.0 on "host[0]"
func.func @forward.rows_1(%step: !step) attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  // expected-error @+1 {{expected to load what is stored, an encoding.assemble, found the parameter @norm}}
  %norm = model.load_parameter @norm : tensor<32xf32, #f32>
  return
}

// -----

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
!step = !model.step<rows = 1, sequences = 1, wanted = 1>

model.parameter @norm : tensor<32xf32, #f32> splat 1.0
// expected-error @+1 {{expected a home such as "host[0]" for @norm.packed, found none}}
encoding.assemble @norm.packed : tensor<32xf32, #f32> {
  %0 = encoding.load @norm : tensor<32xf32, #f32>
  encoding.yield %0 : tensor<32xf32, #f32>
}
func.func @forward.rows_1(%step: !step) attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  %norm = model.load_parameter @norm.packed : tensor<32xf32, #f32>
  return
}

// -----

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
!step = !model.step<rows = 1, sequences = 1, wanted = 1>

model.parameter @norm : tensor<32xf32, #f32> splat 1.0
// expected-error @+1 {{expected a home such as "host[0]" for @norm.packed, found "attic[0]"}}
encoding.assemble @norm.packed : tensor<32xf32, #f32> on "attic[0]" {
  %0 = encoding.load @norm : tensor<32xf32, #f32>
  encoding.yield %0 : tensor<32xf32, #f32>
}
func.func @forward.rows_1(%step: !step) attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  %norm = model.load_parameter @norm.packed : tensor<32xf32, #f32>
  return
}

// -----

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 1, sequences = 1, wanted = 1>

model.parameter @table : tensor<20x32xf32, #q8_0> splat 1.0
// expected-error @+1 {{expected a layout for the matrix @table.packed, found 'tensor<20x32xf32}}
encoding.assemble @table.packed : tensor<20x32xf32, #q8_0> on "host[0]" {
  %0 = encoding.load @table : tensor<20x32xf32, #q8_0>
  encoding.yield %0 : tensor<20x32xf32, #q8_0>
}
func.func @forward.rows_1(%step: !step) attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  %table = model.load_parameter @table.packed : tensor<20x32xf32, #q8_0>
  return
}

// -----

!step = !model.step<rows = 1, sequences = 1, wanted = 1>

kernel.function @wanted_rows(%x: tensor<1x64xf32>, %step: !step) -> tensor<1x64xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.wanted_rows %x, %step : tensor<1x64xf32>, !step to tensor<1x64xf32>
  kernel.return %y : tensor<1x64xf32>
}
func.func @forward.rows_1(%step: !step, %x: tensor<1x64xf32>) -> tensor<1x64xf32> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  // expected-error @+1 {{expected a lane for the call of @wanted_rows, found "corridor"}}
  %y = kernel.call @wanted_rows(%x, %step) wanted on "corridor" : (tensor<1x64xf32>, !step) -> tensor<1x64xf32>
  return %y : tensor<1x64xf32>
}
