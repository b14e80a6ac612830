// RUN: ingot-opt %s --split-input-file --verify-diagnostics --ingot-quantize-verify-phase

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
#f16 = #encoding.storage<format = #encoding.ggml<f16>>

model.parameter @w : tensor<64x64xf32, #f16> splat 1.0
func.func @forward(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %w = model.load_parameter @w : tensor<64x64xf32, #f16>
  %q = encoding.quantize %x : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  // expected-error @+1 {{expected a plain input for the plain weight}}
  %y = model.linear %q, %w : tensor<?x64xf32, #i8>, tensor<64x64xf32, #f16> to tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>

func.func @forward(%q: tensor<?x64xf32, #i8>) -> tensor<?x64xf32> {
  // expected-error @+1 {{expected operand 0 with a storage to come from encoding.quantize or model.load_parameter}}
  %y = encoding.dequantize %q : tensor<?x64xf32, #i8> to tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>

func.func @forward(%x: tensor<?x64xf32>) -> tensor<?x64xf32, #i8> {
  %q = encoding.quantize %x : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  // expected-error @+1 {{expected plain operands, found}}
  return %q : tensor<?x64xf32, #i8>
}

// -----

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>

model.parameter @w : tensor<64x64xf32, #q8> splat 1.0
func.func @forward(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %w = model.load_parameter @w : tensor<64x64xf32, #q8>
  %q = encoding.quantize %x : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  // Consumers may take the rounded and the plain value; a norm takes the plain one.
  %a = model.linear %q, %w : tensor<?x64xf32, #i8>, tensor<64x64xf32, #q8> to tensor<?x64xf32>
  // expected-error @+1 {{expected plain operands, found}}
  %b = model.activation silu %q : tensor<?x64xf32, #i8>
  return %a : tensor<?x64xf32>
}

// -----

func.func @forward(%x: tensor<?x64xf32>, %w: tensor<64x64xf32>) -> tensor<?x64xf32> {
  // expected-error @+1 {{expected weights from model.load_parameter}}
  %a = model.linear %x, %w : tensor<?x64xf32>, tensor<64x64xf32> to tensor<?x64xf32>
  return %a : tensor<?x64xf32>
}
