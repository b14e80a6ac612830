// RUN: ingot-opt %s --split-input-file --verify-diagnostics --ingot-kernel-specialize-rows

// expected-error @+1 {{expected @forward to take a model.step, found '(tensor<?x64xf32>) -> tensor<?x64xf32>'}}
func.func @forward(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  return %x : tensor<?x64xf32>
}

// -----

// expected-error @+1 {{expected the module attribute ingot.options}}
module {
func.func @forward(%step: !model.step<rows = 2, sequences = 1, wanted = 1>) {
  return
}
}
