// RUN: ingot-opt %s --split-input-file --verify-diagnostics --ingot-kernel-lower-model

!step = !model.step<rows = 4, sequences = 1, wanted = 4>

func.func @forward(%step: !step, %x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %r = model.rope %x, %step {dimension = 4 : i64, style = 0 : i32, frequencies = array<f32: 1.0, 1.0>} : tensor<?x32xf32>, !step
  // expected-error @+1 {{cannot lower 'arith.addf' to a kernel: it takes the result of model.rope}}
  %y = arith.addf %r, %x : tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// -----

!step = !model.step<rows = 4, sequences = 1, wanted = 4>

func.func @forward(%step: !step, %x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %r = model.rope %x, %step {dimension = 4 : i64, style = 0 : i32, frequencies = array<f32: 1.0, 1.0>} : tensor<?x32xf32>, !step
  // expected-error @+1 {{cannot lower 'model.attention' to a kernel: expected a cache; run ingot-model-make-cache-explicit first}}
  %h = model.attention %r, %step key %x : tensor<?x32xf32> value %x : tensor<?x32xf32>
    {heads = 8 : i64, key_value_heads = 8 : i64, scale = 0.5 : f32} : tensor<?x32xf32>, !step to tensor<?x32xf32>
  return %h : tensor<?x32xf32>
}

// -----

!step = !model.step<rows = 4, sequences = 1, wanted = 4>
!cache = !model.key_value<8 x 4 x f16, "full">

func.func @forward(%step: !step, %cache: !cache, %x: tensor<?x32xf32>) -> !cache {
  %k = model.rope %x, %step {dimension = 8 : i64, style = 0 : i32, frequencies = array<f32: 1.0, 1.0>} : tensor<?x32xf32>, !step
  // expected-error @+1 {{cannot lower 'model.key_value_append' to a kernel: expected keys of an even dimension, rotated (if at all) by model.rope with dimension = 4}}
  %c = model.key_value_append %cache, %k, %x, %step : !cache, tensor<?x32xf32>, tensor<?x32xf32>, !step
  return %c : !cache
}

// -----

!step = !model.step<rows = 4, sequences = 1, wanted = 4>
!cache = !model.key_value<4 x 5 x f16, "full">

func.func @forward(%step: !step, %cache: !cache, %x: tensor<?x20xf32>) -> tensor<?x20xf32> {
  // expected-error @+1 {{cannot lower 'model.attention' to a kernel: expected queries of an even dimension, rotated (if at all) by model.rope with dimension = 5}}
  %h = model.attention %x, %step cache %cache : !cache {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.5 : f32}
    : tensor<?x20xf32>, !step to tensor<?x20xf32>
  return %h : tensor<?x20xf32>
}

// -----

!step = !model.step<rows = 4, sequences = 1, wanted = 4>
!cache = !model.key_value<8 x 4 x f16, "full">

func.func @forward(%step: !step, %cache: !cache, %x: tensor<?x32xf32>) -> (tensor<?x32xf32>, !cache) {
  %q = model.rope %x, %step {dimension = 4 : i64, style = 0 : i32, frequencies = array<f32: 1.0>} : tensor<?x32xf32>, !step
  %k = model.rope %x, %step {dimension = 4 : i64, style = 1 : i32, frequencies = array<f32: 1.0>} : tensor<?x32xf32>, !step
  %c = model.key_value_append %cache, %k, %x, %step : !cache, tensor<?x32xf32>, tensor<?x32xf32>, !step
  // expected-error @+1 {{expected queries and keys with the same rotated elements, found 2 elements in the style halves and 2 elements in the style interleaved}}
  %h = model.attention %q, %step cache %c : !cache {heads = 8 : i64, key_value_heads = 8 : i64, scale = 0.5 : f32}
    : tensor<?x32xf32>, !step to tensor<?x32xf32>
  return %h, %c : tensor<?x32xf32>, !cache
}

// -----

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>

func.func @forward(%x: tensor<?x32xf32, #i8>) -> tensor<?x32xf32> {
  // expected-error @+1 {{cannot lower 'encoding.dequantize' to a kernel: expected an operation of the model, or elementwise arith or math}}
  %y = encoding.dequantize %x : tensor<?x32xf32, #i8> to tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// -----

func.func @forward(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %ramp = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  // expected-error @+1 {{cannot lower 'arith.addf' to a kernel: expected constants with one value for all elements; make others a model.parameter}}
  %y = arith.addf %x, %ramp : tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

func.func @forward(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{cannot lower 'math.exp' to a kernel: expected a plain f32 result of rank 2}}
  %y = math.exp %x : tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @forward(%x: tensor<1x2xf32>, %y: tensor<1x2xi32>) -> tensor<1x2xf32> {
  // expected-error @+1 {{cannot lower 'math.fpowi' to a kernel: expected operands of the result's type}}
  %z = math.fpowi %x, %y : tensor<1x2xf32>, tensor<1x2xi32>
  return %z : tensor<1x2xf32>
}

// -----

// expected-error @+1 {{expected one block in @forward, found 2}}
func.func @forward(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  cf.br ^next
^next:
  return %x : tensor<1x2xf32>
}

// -----

func.func @forward(%x: tensor<1x2xf32>, %scalar: f32) -> tensor<1x2xf32> {
  %splat = tensor.splat %scalar : tensor<1x2xf32>
  // expected-error @+1 {{cannot lower 'arith.addf' to a kernel: expected a tensor.splat of a constant}}
  %y = arith.addf %x, %splat : tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

func.func @forward(%x: tensor<1x2xf32>) -> tensor<1x2xf32> {
  %scalar = arith.constant 0.5 : f32
  %splat = tensor.splat %scalar : tensor<1x2xf32>
  // expected-error @+1 {{cannot lower 'func.return' to a kernel: it takes a constant, which only elementwise arith and math can}}
  return %splat : tensor<1x2xf32>
}
