// RUN: ingot-opt %s --split-input-file --verify-diagnostics --ingot-kernel-outline-functions

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

func.func @forward(%step: !step, %x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %half = arith.constant 0.5 : f32
  %y = kernel.generic %x : tensor<?x64xf32> to tensor<?x64xf32> {
  ^bb0(%p: f32, %row: index, %column: index):
    // expected-error @+1 {{cannot outline 'kernel.generic': its region uses a value of the function around it; pass it as an operand}}
    %product = arith.mulf %p, %half : f32
    kernel.yield %product : f32
  }
  return %y : tensor<?x64xf32>
}

// -----

// expected-error @+1 {{expected @forward to take a model.step}}
func.func @forward(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %y = kernel.generic %x : tensor<?x64xf32> to tensor<?x64xf32> {
  ^bb0(%p: f32, %row: index, %column: index):
    kernel.yield %p : f32
  }
  return %y : tensor<?x64xf32>
}
