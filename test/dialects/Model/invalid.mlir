// RUN: ingot-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{expected 1 <= sequences and 1 <= wanted <= rows, found rows = 4, sequences = 1, wanted = 8}}
func.func private @step(!model.step<rows = 4, sequences = 1, wanted = 8>)

// -----

// expected-error @+1 {{expected 1 <= sequences and 1 <= wanted <= rows, found rows = 4, sequences = 0, wanted = 1}}
func.func private @step(!model.step<rows = 4, sequences = 0, wanted = 1>)

// -----

// expected-error @+1 {{expected at least one head of at least one element, found 0 x 16}}
func.func private @cache(!model.key_value<0 x 16 x f16, "full">)

// -----

// expected-error @+1 {{expected a cache of f16, bf16, f32 or i8, found 'f64'}}
func.func private @cache(!model.key_value<2 x 16 x f64, "full">)

// -----

// expected-error @+1 {{expected heads of whole groups of 32 for a cache of i8, found a dimension of 80}}
func.func private @cache(!model.key_value<2 x 80 x i8, "full">)

// -----

// expected-error @+1 {{expected the name of a cache group}}
func.func private @cache(!model.key_value<2 x 16 x f16, "">)

// -----

// expected-error @+1 {{expected exactly one source (a file, a splat or a seed), found 0}}
model.parameter @w : tensor<4x4xf32>

// -----

// expected-error @+1 {{expected exactly one source (a file, a splat or a seed), found 2}}
model.parameter @w : tensor<4x4xf32> from "a.gguf"::"w" splat 1.0

// -----

// expected-error @+1 {{expected a key with the file, and a scale with the seed}}
"model.parameter"() {sym_name = "w", type = tensor<4x4xf32>, file = "a.gguf"} : () -> ()

// -----

// expected-error @+1 {{expected a static shape, found 'tensor<?x4xf32>'}}
model.parameter @w : tensor<?x4xf32> splat 1.0

// -----

// expected-error @+1 {{expected pages of a multiple of 16 rows, at most 256, found page_rows = 24}}
model.cache_group "full" {context = 64 : i64, page_rows = 24 : i64, pages = 4 : i64}

// -----

// expected-error @+1 {{expected pages for at least one sequence of 65 positions, found 1 pages of 64}}
model.cache_group "full" {context = 65 : i64, page_rows = 64 : i64, pages = 1 : i64}

// -----

func.func @load() {
  // expected-error @+1 {{expected a parameter named @w, found none}}
  %w = model.load_parameter @w : tensor<4x4xf32>
  return
}

// -----

model.parameter @w : tensor<4x4xf32> splat 1.0
func.func @load() {
  // expected-error @+1 {{expected the parameter's type 'tensor<4x4xf32>', found 'tensor<4x8xf32>'}}
  %w = model.load_parameter @w : tensor<4x8xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @embedding(%table: tensor<8x64xf32>, %step: !step) {
  // expected-error @+1 {{expected a result of 64 columns, found 'tensor<?x32xf32>'}}
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x32xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @embedding(%table: tensor<f32>, %step: !step) {
  // expected-error @+1 {{expected a result of 0 columns, found 'tensor<?x32xf32>'}}
  %x = model.embedding %table, %step : tensor<f32>, !step to tensor<?x32xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @wanted_rows(%x: tensor<?x64xf32>, %step: !step) {
  // expected-error @+1 {{expected a result of 64 columns, found 'tensor<?x32xf32>'}}
  %y = model.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x32xf32>
  return
}

// -----

func.func @linear(%x: tensor<?x64xf32>, %w: tensor<?x64xf32>) {
  // expected-error @+1 {{expected a static matrix [outputs, inputs], found 'tensor<?x64xf32>'}}
  %y = model.linear %x, %w : tensor<?x64xf32>, tensor<?x64xf32> to tensor<?x32xf32>
  return
}

// -----

func.func @linear(%x: tensor<?x64xf32>, %w: tensor<32x48xf32>) {
  // expected-error @+1 {{expected an input of 48 columns, found 'tensor<?x64xf32>'}}
  %y = model.linear %x, %w : tensor<?x64xf32>, tensor<32x48xf32> to tensor<?x32xf32>
  return
}

// -----

func.func @linear(%x: tensor<?x64xf32>, %w: tensor<32x64xf32>) {
  // expected-error @+1 {{expected a result of 32 columns, found 'tensor<?x64xf32>'}}
  %y = model.linear %x, %w : tensor<?x64xf32>, tensor<32x64xf32> to tensor<?x64xf32>
  return
}

// -----

#ordered = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>, order = "by_energy">
#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @linear(%x: tensor<?x64xf32, #ordered>, %w: tensor<32x64xf32, #q8>) {
  // expected-error @+1 {{expected input and weight in one channel order}}
  %y = model.linear %x, %w : tensor<?x64xf32, #ordered>, tensor<32x64xf32, #q8> to tensor<?x32xf32>
  return
}

// -----

func.func @logits(%x: tensor<?x64xf32>, %w: tensor<96x48xf32>) {
  // expected-error @+1 {{expected an input of 48 columns, found 'tensor<?x64xf32>'}}
  %y = model.logits %x, %w : tensor<?x64xf32>, tensor<96x48xf32> to tensor<?x96xf32>
  return
}

// -----

func.func @gated_mlp(%x: tensor<?x64xf32>, %g: tensor<96x64xf32>, %u: tensor<48x64xf32>) {
  // expected-error @+1 {{expected a result of 48 columns, found 'tensor<?x96xf32>'}}
  %y = model.gated_mlp silu %x, %g, %u : tensor<?x64xf32>, tensor<96x64xf32>, tensor<48x64xf32> to tensor<?x96xf32>
  return
}

// -----

func.func @rms_norm(%x: tensor<?x64xf32>, %w: tensor<32xf32>) {
  // expected-error @+1 {{expected a weight of 64 elements in a plain format, found 'tensor<32xf32>'}}
  %y = model.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : tensor<?x64xf32>, tensor<32xf32>
  return
}

// -----

func.func @rms_norm(%x: tensor<?x64xf32>, %w: tensor<16xf32>) {
  // expected-error @+1 {{expected rows of whole groups, found groups = 3 in 'tensor<?x64xf32>'}}
  %y = model.rms_norm %x, %w {epsilon = 1.0e-5 : f32, groups = 3} : tensor<?x64xf32>, tensor<16xf32>
  return
}

// -----

func.func @rms_norm(%x: tensor<64xf32>, %w: tensor<64xf32>) {
  // expected-error @+1 {{expected rows of whole groups, found groups = 1 in 'tensor<64xf32>'}}
  %y = model.rms_norm %x, %w {epsilon = 1.0e-5 : f32} : tensor<64xf32>, tensor<64xf32>
  return
}

// -----

func.func @gated_mlp(%x: tensor<?x64xf32>, %w: tensor<32x64xf32>, %b: tensor<32xf32>, %c: tensor<64xf32>) {
  // expected-error @+1 {{expected a bias of 32 elements in a plain format, found 'tensor<64xf32>'}}
  %y = model.gated_mlp silu %x, %w, %w bias %b, %c : tensor<32xf32>, tensor<64xf32> : tensor<?x64xf32>, tensor<32x64xf32>, tensor<32x64xf32> to tensor<?x32xf32>
  return
}

// -----

func.func @gated_mlp(%x: tensor<?x64xf32>, %w: tensor<32x64xf32>, %b: tensor<32xf32>) {
  // expected-error @+1 {{expected both biases or none, found one}}
  %y = "model.gated_mlp"(%x, %w, %w, %b) {function = 0 : i32, operandSegmentSizes = array<i32: 1, 1, 1, 1, 0>} : (tensor<?x64xf32>, tensor<32x64xf32>, tensor<32x64xf32>, tensor<32xf32>) -> tensor<?x32xf32>
  return
}

// -----

func.func @layer_norm(%x: tensor<?x64xf32>) {
  // expected-error @+1 {{expected rows of whole groups, found groups = 0 in 'tensor<?x64xf32>'}}
  %y = model.layer_norm %x {epsilon = 1.0e-5 : f32, groups = 0} : tensor<?x64xf32>
  return
}

// -----

func.func @layer_norm(%x: tensor<?x64xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{expected a bias of 64 elements in a plain format, found 'tensor<8xf32>'}}
  %y = model.layer_norm %x bias %b : tensor<8xf32> {epsilon = 1.0e-5 : f32, groups = 4} : tensor<?x64xf32>
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @layer_norm(%x: tensor<?x64xf32>, %w: tensor<64xf32, #q8>) {
  // expected-error @+1 {{expected a weight of 64 elements in a plain format}}
  %y = model.layer_norm %x weight %w : tensor<64xf32, #q8> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32>
  return
}

// -----

func.func @linear(%x: tensor<?x64xf32>, %w: tensor<32x64xf32>, %b: tensor<64xf32>) {
  // expected-error @+1 {{expected a bias of 32 elements in a plain format, found 'tensor<64xf32>'}}
  %y = model.linear %x, %w bias %b : tensor<64xf32> : tensor<?x64xf32>, tensor<32x64xf32> to tensor<?x32xf32>
  return
}

// -----

func.func @logits(%x: tensor<?x64xf32>, %w: tensor<32x64xf32>, %b: tensor<32xf16>) {
  // expected-error @+1 {{expected a bias of 32 elements in a plain format, found 'tensor<32xf16>'}}
  %y = model.logits %x, %w bias %b : tensor<32xf16> : tensor<?x64xf32>, tensor<32x64xf32> to tensor<?x32xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @position_embedding(%table: tensor<8x64xf32>, %step: !step) {
  // expected-error @+1 {{expected a static table [positions, columns] with a row for position 0, found 'tensor<8x64xf32>' and offset = 8}}
  %x = model.position_embedding %table, %step {offset = 8} : tensor<8x64xf32>, !step to tensor<?x64xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @position_embedding(%table: tensor<8x64xf32>, %step: !step) {
  // expected-error @+1 {{expected a result of 64 columns, found 'tensor<?x32xf32>'}}
  %x = model.position_embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x32xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @repeat_row(%row: tensor<64xf32>, %step: !step) {
  // expected-error @+1 {{expected a vector of 32 elements in a plain format, found 'tensor<64xf32>'}}
  %x = model.repeat_row %row, %step : tensor<64xf32>, !step to tensor<?x32xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @repeat_row(%row: tensor<64xf32>, %step: !step) {
  // expected-error @+1 {{expected a result of 64 columns, found 'tensor<64xf32>'}}
  %x = model.repeat_row %row, %step : tensor<64xf32>, !step to tensor<64xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @rope(%x: tensor<?x64xf32>, %step: !step) {
  // expected-error @+1 {{expected whole heads of an even dimension, found 'tensor<?x64xf32>' and dimension = 3}}
  %y = model.rope %x, %step {dimension = 3 : i64, frequencies = array<f32: 1.0>, style = 0 : i32} : tensor<?x64xf32>, !step
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @rope(%x: tensor<?x64xf32>, %step: !step) {
  // expected-error @+1 {{expected 1 to 2 frequencies, found 3}}
  %y = model.rope %x, %step {dimension = 4 : i64, frequencies = array<f32: 1.0, 1.0, 1.0>, style = 0 : i32} : tensor<?x64xf32>, !step
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @rope(%x: tensor<?x64xf32>, %step: !step, %f: tensor<4xf32>) {
  // expected-error @+1 {{expected 2 factors, found 'tensor<4xf32>'}}
  %y = model.rope %x, %step factors %f : tensor<4xf32> {dimension = 8 : i64, frequencies = array<f32: 1.0, 0.5>, style = 0 : i32} : tensor<?x64xf32>, !step
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 16 x f16, "full">
func.func @append(%cache: !cache, %k: tensor<?x64xf32>, %v: tensor<?x32xf32>, %step: !step) {
  // expected-error @+1 {{expected a key of 32 columns, found 'tensor<?x64xf32>'}}
  %next = model.key_value_append %cache, %k, %v, %step : !cache, tensor<?x64xf32>, tensor<?x32xf32>, !step
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 16 x f16, "full">
func.func @append(%cache: !cache, %k: tensor<?x32xf32>, %v: tensor<?x64xf32>, %step: !step) {
  // expected-error @+1 {{expected a value of 32 columns, found 'tensor<?x64xf32>'}}
  %next = model.key_value_append %cache, %k, %v, %step : !cache, tensor<?x32xf32>, tensor<?x64xf32>, !step
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 16 x f16, "full">
func.func @append(%cache: !cache, %k: tensor<?x32xf32>, %q: tensor<?x32xf32>, %step: !step) -> !cache {
  // expected-error @+1 {{expected to be the only user of the cache version it takes, found another}}
  %next = model.key_value_append %cache, %k, %k, %step : !cache, tensor<?x32xf32>, tensor<?x32xf32>, !step
  return %cache : !cache
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @attention(%q: tensor<?x64xf32>, %k: tensor<?x64xf32>, %step: !step) {
  // expected-error @+1 {{expected heads in whole groups per key-value head, found heads = 4, key_value_heads = 3 on 'tensor<?x64xf32>'}}
  %a = model.attention %q, %step key %k : tensor<?x64xf32> value %k : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 3 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @attention(%q: tensor<?x64xf32>, %k: tensor<?x64xf32>, %step: !step) {
  // expected-error @+1 {{expected a result of 64 columns, found 'tensor<?x32xf32>'}}
  %a = model.attention %q, %step key %k : tensor<?x64xf32> value %k : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x32xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @attention(%q: tensor<?x64xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected either key and value, or a cache of 2 x 16, found '!model.key_value<2 x 32 x f16, "full">'}}
  %a = model.attention %q, %step cache %cache : !cache {heads = 4 : i64, key_value_heads = 2 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 16 x f16, "full">
func.func @attention(%q: tensor<?x64xf32>, %k: tensor<?x32xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected either key and value, or a cache of 2 x 16}}
  %a = model.attention %q, %step key %k : tensor<?x32xf32> cache %cache : !cache {heads = 4 : i64, key_value_heads = 2 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @attention(%q: tensor<?x64xf32>, %k: tensor<?x32xf32>, %step: !step) {
  // expected-error @+1 {{expected either key and value or a cache, found neither}}
  %a = model.attention %q, %step key %k : tensor<?x32xf32> {heads = 4 : i64, key_value_heads = 2 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @attention(%q: tensor<?x64xf32>, %k: tensor<?x64xf32>, %v: tensor<?x32xf32>, %step: !step) {
  // expected-error @+1 {{expected a key of 32 columns, found 'tensor<?x64xf32>'}}
  %a = model.attention %q, %step key %k : tensor<?x64xf32> value %v : tensor<?x32xf32> {heads = 4 : i64, key_value_heads = 2 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @attention(%q: tensor<?x64xf32>, %k: tensor<?x32xf32>, %v: tensor<?x64xf32>, %step: !step) {
  // expected-error @+1 {{expected a value of 32 columns, found 'tensor<?x64xf32>'}}
  %a = model.attention %q, %step key %k : tensor<?x32xf32> value %v : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 2 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return
}

// -----

// expected-error @+1 {{expected at most 16777216 rows and sequences, found rows = 16777217, sequences = 1}}
func.func private @f(!model.step<rows = 16777217, sequences = 1, wanted = 1>)

// -----

// expected-error @+1 {{expected a ring exactly where a window is given}}
model.cache_group "window" {context = 640 : i64, page_rows = 64 : i64, pages = 4 : i64, window = 100 : i64}

// -----

// expected-error @+1 {{expected a window of 1 to 639 positions in a context of 640, found 640}}
model.cache_group "window" {context = 640 : i64, page_rows = 64 : i64, pages = 4 : i64, window = 640 : i64, ring = 4 : i64}

// -----

// expected-error @+1 {{expected a window of 1 to 639 positions in a context of 640, found 0}}
model.cache_group "window" {context = 640 : i64, page_rows = 64 : i64, pages = 4 : i64, window = 0 : i64, ring = 4 : i64}

// -----

// expected-error @+1 {{expected a ring of 1 to 10 pages, those of the context, found 11}}
model.cache_group "window" {context = 640 : i64, page_rows = 64 : i64, pages = 11 : i64, window = 100 : i64, ring = 11 : i64}

// -----

// expected-error @+1 {{expected pages for at least one sequence of 256 positions, found 3 pages of 64}}
model.cache_group "window" {context = 640 : i64, page_rows = 64 : i64, pages = 3 : i64, window = 100 : i64, ring = 4 : i64}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @attention(%q: tensor<?x64xf32>, %step: !step) {
  // expected-error @+1 {{expected a window of 1 to 2147483647 positions, found 0}}
  %a = model.attention %q, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32, window = 0 : i64} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @attention(%q: tensor<?x64xf32>, %step: !step) {
  // expected-error @+1 {{expected a softcap above 0, found 0.000000e+00 : f32}}
  %a = model.attention %q, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32, softcap = 0.0 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @attention(%q: tensor<?x64xf32>, %step: !step) {
  // expected-error @+1 {{expected a softcap above 0, found 0x7F800000 : f32}}
  %a = model.attention %q, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32, softcap = 0x7F800000 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @attention(%q: tensor<?x64xf32>, %step: !step) {
  // expected-error @+1 {{expected alibi_slopes of 4 heads, found 1}}
  %a = model.attention %q, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32, alibi_slopes = array<f32: 0.5>} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @attention(%q: tensor<?x64xf32>, %step: !step) {
  // expected-error @+1 {{expected alibi_slopes of at least 0, found array<f32: 5.000000e-01, 5.000000e-01, 5.000000e-01, -5.000000e-01>}}
  %a = model.attention %q, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32, alibi_slopes = array<f32: 0.5, 0.5, 0.5, -0.5>} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @attention(%q: tensor<?x64xf32>, %step: !step) {
  // expected-error @+1 {{expected no window beside bidirectional, found window = 8}}
  %a = model.attention %q, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32, bidirectional, window = 8 : i64} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return
}

// -----

// expected-error @+1 {{expected a vocabulary of 1 to 2147483647 tokens, found 0}}
model.encoder {vocabulary = 0 : i64}

// -----

// expected-error @+1 {{expected labels of whole sequences, at least one, found 0}}
model.encoder {labels = [], vocabulary = 8 : i64}

// -----

// expected-error @+1 {{expected labels of whole sequences, at least one, found 1 beside each_row}}
model.encoder {labels = ["a"], each_row, vocabulary = 8 : i64}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @sequence_mean(%x: tensor<?x64xf32>, %step: !step) {
  // expected-error @+1 {{expected a result of 64 columns, found 'tensor<?x32xf32>'}}
  %y = model.sequence_mean %x, %step : tensor<?x64xf32>, !step to tensor<?x32xf32>
  return
}
