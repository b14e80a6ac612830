// RUN: ingot-opt %s --split-input-file --verify-diagnostics --ingot-place-assign-layouts

!step = !model.step<rows = 1, sequences = 1, wanted = 1>

module attributes {ingot.options = {target = "cpu", cpu = "native", activations = "auto", key_value = "f16", weights = "embedded"}} {
model.parameter @table : tensor<20x32xf32> splat 1.0
func.func @forward.rows_1(%step: !step) attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  // expected-error @+1 {{expected the matrix @table to have a storage format, found 'tensor<20x32xf32>'}}
  %table = model.load_parameter @table : tensor<20x32xf32>
  return
}
}

// -----

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 1, sequences = 1, wanted = 1>

// expected-error @+1 {{expected the module attribute ingot.options}}
module {
model.parameter @table : tensor<20x32xf32, #q8_0> splat 1.0
func.func @forward.rows_1(%step: !step) attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  %table = model.load_parameter @table : tensor<20x32xf32, #q8_0>
  return
}
}
