// RUN: ingot-opt %s --split-input-file --verify-diagnostics --ingot-kernel-verify-phase

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

// expected-error @+1 {{expected the attribute kernel.row_range on @forward, found none}}
func.func @forward(%step: !step) {
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

func.func @forward(%step: !step, %x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {kernel.row_range = #kernel.rows<1 to 8>} {
  // expected-error @+1 {{expected only calls of kernels after the fuse phase, found 'kernel.wanted_rows'}}
  %y = kernel.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

kernel.function @wanted_rows(%x: tensor<?x64xf32>, %step: !step) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<1 to 4>} {
  %y = kernel.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  kernel.return %y : tensor<?x64xf32>
}
func.func @forward(%step: !step, %x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {kernel.row_range = #kernel.rows<1 to 8>} {
  // expected-error @+1 {{expected a kernel for #kernel.rows<1 to 8>, found #kernel.rows<1 to 4> on @wanted_rows}}
  %y = kernel.call @wanted_rows(%x, %step) wanted : (tensor<?x64xf32>, !step) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

// expected-error @+1 {{expected a call of @wanted_rows, found none}}
kernel.function @wanted_rows(%x: tensor<?x64xf32>, %step: !step) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<1 to 8>} {
  %y = kernel.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  kernel.return %y : tensor<?x64xf32>
}
func.func @forward(%step: !step, %x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {kernel.row_range = #kernel.rows<1 to 8>} {
  return %x : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

// expected-error @+1 {{expected one block in @forward, found 2}}
func.func @forward(%step: !step) attributes {kernel.row_range = #kernel.rows<1 to 8>} {
  cf.br ^next
^next:
  return
}
