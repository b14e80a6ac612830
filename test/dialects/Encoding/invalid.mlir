// RUN: ingot-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{expected i8 codes with a dynamic scale or i4 codes with a static one, found 'i4' with a dynamic scale}}
#block = #encoding.block<i4, group = 32, scale = dynamic>

// -----

// expected-error @+1 {{expected i8 codes with a dynamic scale or i4 codes with a static one, found 'i8' with a static scale}}
#block = #encoding.block<i8, group = 32, scale = static>

// -----

// expected-error @+1 {{expected a group of 32 (i8) or of 32, 64 or 128 (i4), found 64}}
#block = #encoding.block<i8, group = 64, scale = dynamic>

// -----

// expected-error @+1 {{expected a group of 32 (i8) or of 32, 64 or 128 (i4), found 0}}
#block = #encoding.block<i4, group = 0, scale = static>

// -----

// expected-error @+1 {{expected sums of 32 columns or, with a dynamic scale, of 16, found 8}}
#block = #encoding.block<i8, group = 32, scale = dynamic, sums = 8>

// -----

// expected-error @+1 {{expected sums of 32 columns or, with a dynamic scale, of 16, found 16}}
#block = #encoding.block<i4, group = 32, scale = static, sums = 16>

// -----

// expected-error @+1 {{expected panels<16 x 1>, panels<16 x 4> or panels<1 x 1>, found 8 x 4}}
#panels = #encoding.panels<8 x 4>

// -----

// expected-error @+1 {{expected panels<16 x 1>, panels<16 x 4> or panels<1 x 1>, found 16 x 2}}
#panels = #encoding.panels<16 x 2>

// -----

// expected-error @+1 {{expected panels<16 x 4> for quantised formats and panels<16 x 1> or panels<1 x 1> for plain ones}}
func.func private @panels(tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<q4_0>, layout = <16 x 1>>>)

// -----

// expected-error @+1 {{expected no layout for a format of activations, found #encoding.panels<16 x 4>}}
func.func private @activation(tensor<4x64xf32, #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>, layout = <16 x 4>>>)

// -----

// expected-error @+1 {{expected a last dimension that is a multiple of the group of 256, found 64}}
func.func private @columns(tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<q4_k>>>)

// -----

// expected-error @+1 {{expected the logical element type f32 under a storage encoding, found 'f16'}}
func.func private @element(tensor<4x64xf16, #encoding.storage<format = #encoding.ggml<f16>>>)

// -----

// expected-error @+1 {{expected a static last dimension under a storage encoding}}
func.func private @shape(tensor<4x?xf32, #encoding.storage<format = #encoding.ggml<f16>>>)

// -----

// expected-error @+1 {{expected a static last dimension under a storage encoding}}
func.func private @shape(tensor<f32, #encoding.storage<format = #encoding.ggml<f16>>>)

// -----

// expected-error @+1 {{expected a last dimension that is a multiple of the group of 32, found 48}}
func.func private @group(tensor<4x48xf32, #encoding.storage<format = #encoding.ggml<q5_1>>>)

// -----

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
func.func @quantize(%x: tensor<?x64xf32>) {
  // expected-error @+1 {{expected equal shapes, found 'tensor<?x64xf32>' and 'tensor<?x32xf32}}
  %q = encoding.quantize %x : tensor<?x64xf32> to tensor<?x32xf32, #i8>
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @quantize(%x: tensor<?x64xf32>) {
  // expected-error @+1 {{expected a plain tensor and one in a dynamic block format}}
  %q = encoding.quantize %x : tensor<?x64xf32> to tensor<?x64xf32, #q8>
  return
}

// -----

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
func.func @dequantize(%q: tensor<?x64xf32, #i8>) {
  // expected-error @+1 {{expected a plain tensor and one in a dynamic block format}}
  %x = encoding.dequantize %q : tensor<?x64xf32, #i8> to tensor<?x64xf32, #i8>
  return
}

// -----

func.func @concatenate(%a: tensor<16x64xf32>, %b: tensor<16x32xf32>) {
  // expected-error @+1 {{expected inputs with the columns and storage of the result 'tensor<32x64xf32>', found 'tensor<16x32xf32>'}}
  %c = encoding.concatenate %a, %b : tensor<16x64xf32>, tensor<16x32xf32> to tensor<32x64xf32>
  return
}

// -----

func.func @concatenate(%a: tensor<16x64xf32>) {
  // expected-error @+1 {{expected 32 rows in the result, found 48}}
  %c = encoding.concatenate %a, %a : tensor<16x64xf32>, tensor<16x64xf32> to tensor<48x64xf32>
  return
}

// -----

func.func @concatenate(%a: tensor<f32>) {
  // expected-error @+1 {{expected a result with rows, found 'tensor<f32>'}}
  %c = encoding.concatenate %a : tensor<f32> to tensor<f32>
  return
}

// -----

func.func @interleave(%a: tensor<16x64xf32>) {
  // expected-error @+1 {{expected panel = 16, found 8}}
  %c = encoding.interleave %a, %a {panel = 8 : i64} : tensor<16x64xf32>, tensor<16x64xf32> to tensor<32x64xf32>
  return
}

// -----

func.func @interleave(%a: tensor<16x64xf32>, %b: tensor<32x64xf32>) {
  // expected-error @+1 {{expected two inputs of one type, found 'tensor<16x64xf32>' and 'tensor<32x64xf32>'}}
  %c = encoding.interleave %a, %b {panel = 16 : i64} : tensor<16x64xf32>, tensor<32x64xf32> to tensor<48x64xf32>
  return
}

// -----

func.func @interleave(%a: tensor<24x64xf32>) {
  // expected-error @+1 {{expected 64 rows in the result, found 48}}
  %c = encoding.interleave %a, %a {panel = 16 : i64} : tensor<24x64xf32>, tensor<24x64xf32> to tensor<48x64xf32>
  return
}

// -----

func.func @head_rows(%a: tensor<64x64xf32>) {
  // expected-error @+1 {{expected panel = 16, found 32}}
  %c = encoding.head_rows %a {dimension = 16 : i64, order = 0 : i32, panel = 32 : i64} : tensor<64x64xf32> to tensor<64x64xf32>
  return
}

// -----

func.func @head_rows(%a: tensor<64x64xf32>) {
  // expected-error @+1 {{expected rows in whole heads of an even dimension, found 64 rows and dimension 24}}
  %c = encoding.head_rows %a {dimension = 24 : i64, order = 0 : i32, panel = 16 : i64} : tensor<64x64xf32> to tensor<64x64xf32>
  return
}

// -----

func.func @head_rows(%a: tensor<45x64xf32>) {
  // expected-error @+1 {{expected rows in whole heads of an even dimension, found 45 rows and dimension 15}}
  %c = encoding.head_rows %a {dimension = 15 : i64, order = 1 : i32, panel = 16 : i64} : tensor<45x64xf32> to tensor<96x64xf32>
  return
}

// -----

func.func @head_rows(%a: tensor<64x64xf32>) {
  // expected-error @+1 {{expected an even number of at most 16 rotated rows, in rotary pairs, found rotated = 18 in the order halves}}
  %c = encoding.head_rows %a {dimension = 16 : i64, order = 1 : i32, panel = 16 : i64, rotated = 18 : i64} : tensor<64x64xf32> to tensor<128x64xf32>
  return
}

// -----

func.func @head_rows(%a: tensor<64x64xf32>) {
  // expected-error @+1 {{expected an even number of at most 16 rotated rows, in rotary pairs, found rotated = 8 in the order natural}}
  %c = encoding.head_rows %a {dimension = 16 : i64, order = 0 : i32, panel = 16 : i64, rotated = 8 : i64} : tensor<64x64xf32> to tensor<64x64xf32>
  return
}

// -----

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>
// expected-error @+1 {{expected a vector in a plain format, found 'tensor<64xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>'}}
encoding.assemble @vector : tensor<64xf32, #q8_0> {
  %0 = encoding.load @bias : tensor<64xf32, #q8_0>
  encoding.yield %0 : tensor<64xf32, #q8_0>
}

// -----

func.func @head_rows(%a: tensor<64x64xf32>) {
  // expected-error @+1 {{expected 128 rows in the result, found 64}}
  %c = encoding.head_rows %a {dimension = 16 : i64, order = 1 : i32, panel = 16 : i64} : tensor<64x64xf32> to tensor<64x64xf32>
  return
}

// -----

// expected-error @+1 {{expected a static type, found 'tensor<?x64xf32>'}}
encoding.assemble @w : tensor<?x64xf32> {
  %a = encoding.load @a : tensor<?x64xf32>
  encoding.yield %a : tensor<?x64xf32>
}

// -----

encoding.assemble @w : tensor<64x64xf32> {
  // expected-error @+1 {{is not allowed in a recipe: expected operations of the encoding dialect}}
  %a = arith.constant dense<0.0> : tensor<64x64xf32>
  encoding.yield %a : tensor<64x64xf32>
}

// -----

encoding.assemble @w : tensor<64x64xf32> {
  // expected-error @+1 {{block with no terminator}}
  %a = encoding.load @a : tensor<64x64xf32>
}

// -----

// expected-error @+1 {{expected a recipe that yields the shape and format of 'tensor<64x64xf32>', found 'tensor<32x64xf32>'}}
encoding.assemble @w : tensor<64x64xf32> {
  %a = encoding.load @a : tensor<32x64xf32>
  encoding.yield %a : tensor<32x64xf32>
}

// -----

#q4 = #encoding.storage<format = #encoding.ggml<q4_0>>
#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
// expected-error @+1 {{expected a recipe that yields the shape and format of}}
encoding.assemble @w : tensor<64x64xf32, #q4> {
  %a = encoding.load @a : tensor<64x64xf32, #q8>
  encoding.yield %a : tensor<64x64xf32, #q8>
}

// -----

encoding.assemble @a : tensor<16x4xf32, #encoding.storage<format = #encoding.ggml<f32>>> {
  // expected-error @+1 {{expected a parameter named @nope, found none}}
  %0 = encoding.load @nope : tensor<16x4xf32, #encoding.storage<format = #encoding.ggml<f32>>>
  encoding.yield %0 : tensor<16x4xf32, #encoding.storage<format = #encoding.ggml<f32>>>
}
