// RUN: ingot-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{expected 1 <= first <= last, found 0 to 4}}
#rows = #kernel.rows<0 to 4>

// -----

// expected-error @+1 {{expected 1 <= first <= last, found 8 to 2}}
#rows = #kernel.rows<8 to 2>

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @embedding(%table: tensor<8x64xf32>, %step: !step) {
  // expected-error @+1 {{expected a result of 64 columns, found 'tensor<?x32xf32>'}}
  %x = kernel.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x32xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @rope_table(%step: !step, %factors: tensor<3xf32>) {
  // expected-error @+1 {{expected 2 factors, found 'tensor<3xf32>'}}
  %t = kernel.rope_table %step factors %factors : tensor<3xf32> {frequencies = array<f32: 1.0, 0.5>, magnitude = 1.0 : f32} : !step to tensor<?x32xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @rope_table(%step: !step) {
  // expected-error @+1 {{expected a result of 32 columns, found 'tensor<?x4xf32>'}}
  %t = kernel.rope_table %step {frequencies = array<f32: 1.0, 0.5>, magnitude = 1.0 : f32} : !step to tensor<?x4xf32>
  return
}

// -----

func.func @norm_quantize(%x: tensor<?x64xf32>, %w: tensor<32xf32>) {
  // expected-error @+1 {{expected a weight of 64 elements in a plain format, found 'tensor<32xf32>'}}
  %y = kernel.norm_quantize %x norm %w : tensor<32xf32> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  return
}

// -----

func.func @norm_quantize(%x: tensor<?x64xf32>, %w: tensor<64xf32>) {
  // expected-error @+1 {{expected an epsilon where there is a weight, a bias, a mean or groups}}
  %y = kernel.norm_quantize %x norm %w : tensor<64xf32> : tensor<?x64xf32> to tensor<?x64xf32>
  return
}

// -----

func.func @norm_quantize(%x: tensor<?x64xf32>) {
  // expected-error @+1 {{expected an epsilon where there is a weight, a bias, a mean or groups}}
  %y = kernel.norm_quantize %x {centered} : tensor<?x64xf32> to tensor<?x64xf32>
  return
}

// -----

func.func @norm_quantize(%x: tensor<?x64xf32>) {
  // expected-error @+1 {{expected rows of whole groups, found groups = 5 in 'tensor<?x64xf32>'}}
  %y = kernel.norm_quantize %x {epsilon = 1.0e-5 : f32, groups = 5} : tensor<?x64xf32> to tensor<?x64xf32>
  return
}

// -----

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
func.func @norm_quantize(%x: tensor<?x64xf32>) {
  // expected-error @+1 {{expected a plain result of several groups}}
  %y = kernel.norm_quantize %x {epsilon = 1.0e-5 : f32, groups = 2} : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @embedding(%table: tensor<8x64xf32>, %step: !step) {
  // expected-error @+1 {{expected a table with a row for position 0, found 'tensor<8x64xf32>' and position_offset = 8}}
  %x = kernel.embedding %table, %step {position_offset = 8} : tensor<8x64xf32>, !step to tensor<?x64xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @embedding(%table: tensor<8x64xf32>, %step: !step, %r: tensor<?x64xf32>) {
  // expected-error @+1 {{expected an epilogue that takes the operands, found none}}
  %x = kernel.embedding %table, %step with %r : tensor<?x64xf32> : tensor<8x64xf32>, !step to tensor<?x64xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @embedding(%table: tensor<8x64xf32>, %step: !step, %r: tensor<?x32xf32>) {
  // expected-error @+1 {{expected plain f32 operands of 64 columns, found 'tensor<?x32xf32>'}}
  %x = kernel.embedding %table, %step with %r : tensor<?x32xf32> : tensor<8x64xf32>, !step to tensor<?x64xf32> {
  ^bb0(%number: f32, %other: f32, %row: index, %column: index):
    kernel.yield %number : f32
  }
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @embedding(%table: tensor<8x64xf32>, %step: !step) {
  // expected-error @+1 {{expected a region over ('f32', 'index', 'index'), found ('f32', 'f32', 'index', 'index')}}
  %x = kernel.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32> {
  ^bb0(%number: f32, %other: f32, %row: index, %column: index):
    kernel.yield %number : f32
  }
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @generic(%x: tensor<?x64xf32>, %v: tensor<64xf32, #q8>) {
  // expected-error @+1 {{expected plain f32 operands of 64 columns}}
  %y = kernel.generic %x, %v : tensor<?x64xf32>, tensor<64xf32, #q8> to tensor<?x64xf32> {
  ^bb0(%a: f32, %b: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  return
}

// -----

func.func @norm_quantize(%x: tensor<?x64xf32>) {
  // expected-error @+1 {{expected a result of 64 columns, found 'tensor<?x32xf32>'}}
  %y = kernel.norm_quantize %x : tensor<?x64xf32> to tensor<?x32xf32>
  return
}

// -----

func.func @rope(%x: tensor<?x64xf32>, %t: tensor<?x32xf32>) {
  // expected-error @+1 {{expected whole heads of an even dimension, found 'tensor<?x64xf32>' and dimension = 24}}
  %y = kernel.pair_heads %x rope %t : tensor<?x32xf32> {dimension = 24 : i64, style = 0 : i32} : tensor<?x64xf32> to tensor<?x64xf32>
  return
}

// -----

func.func @rope(%x: tensor<?x32xf32>, %t: tensor<?x32xf32>) {
  // expected-error @+1 {{expected a result of 64 columns, found 'tensor<?x32xf32>'}}
  %y = kernel.pair_heads %x rope %t : tensor<?x32xf32> {dimension = 16 : i64, style = 0 : i32} : tensor<?x32xf32> to tensor<?x32xf32>
  return
}

// -----

func.func @pair_heads(%x: tensor<?x64xf32>, %t: tensor<?x32xf32>) {
  // expected-error @+1 {{expected a style exactly where a table is given, and rotated only there}}
  %y = kernel.pair_heads %x rope %t : tensor<?x32xf32> {dimension = 32 : i64} : tensor<?x64xf32> to tensor<?x64xf32>
  return
}

// -----

func.func @pair_heads(%x: tensor<?x64xf32>) {
  // expected-error @+1 {{expected a style exactly where a table is given, and rotated only there}}
  %y = kernel.pair_heads %x {dimension = 32 : i64, rotated = 8 : i64} : tensor<?x64xf32> to tensor<?x64xf32>
  return
}

// -----

func.func @pair_heads(%x: tensor<?x64xf32>, %t: tensor<?x32xf32>) {
  // expected-error @+1 {{expected an even number of at most 32 rotated elements, found rotated = 7}}
  %y = kernel.pair_heads %x rope %t : tensor<?x32xf32> {dimension = 32 : i64, style = 0 : i32, rotated = 7 : i64} : tensor<?x64xf32> to tensor<?x64xf32>
  return
}

// -----

func.func @pair_heads(%x: tensor<?x64xf32>, %t: tensor<?x64xf32>) {
  // expected-error @+1 {{expected a table of 32 columns, found 'tensor<?x64xf32>'}}
  %y = kernel.pair_heads %x rope %t : tensor<?x64xf32> {dimension = 32 : i64, style = 0 : i32} : tensor<?x64xf32> to tensor<?x64xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @rope_table(%step: !step) {
  // expected-error @+1 {{expected no less than 0 unrotated pairs, found -1}}
  %t = kernel.rope_table %step {frequencies = array<f32: 1.0, 0.5>, magnitude = 1.0 : f32, unrotated = -1 : i64} : !step to tensor<?x32xf32>
  return
}

// -----

func.func @generic(%x: tensor<?x64xf32>, %z: tensor<?x32xf32>) {
  // expected-error @+1 {{expected plain f32 operands of 64 columns, found 'tensor<?x32xf32>'}}
  %y = kernel.generic %x, %z : tensor<?x64xf32>, tensor<?x32xf32> to tensor<?x64xf32> {
  ^bb0(%a: f32, %b: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  return
}

// -----

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
func.func @generic(%x: tensor<?x64xf32, #i8>) {
  // expected-error @+1 {{expected plain f32 operands of 64 columns}}
  %y = kernel.generic %x : tensor<?x64xf32, #i8> to tensor<?x64xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  return
}

// -----

func.func @generic(%x: tensor<?x64xf32>) {
  // expected-error @+1 {{expected a region over ('f32', 'index', 'index'), found ('f32', 'index')}}
  %y = kernel.generic %x : tensor<?x64xf32> to tensor<?x64xf32> {
  ^bb0(%a: f32, %row: index):
    kernel.yield %a : f32
  }
  return
}

// -----

func.func @generic(%x: tensor<?x64xf32>) {
  // expected-error @+1 {{expected a region that yields 1 values}}
  %y = kernel.generic %x : tensor<?x64xf32> to tensor<?x64xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    kernel.yield %a, %a : f32, f32
  }
  return
}

// -----

func.func @generic(%x: tensor<?x64xf32>) {
  %y = kernel.generic %x : tensor<?x64xf32> to tensor<?x64xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    // expected-error @+1 {{is not allowed in a kernel's region: expected scalar arith or math}}
    %b = func.call @other(%a) : (f32) -> f32
    kernel.yield %b : f32
  }
  return
}
func.func private @other(f32) -> f32

// -----

func.func @matmul(%x: tensor<?x64xf32>, %w: tensor<64x64xf32>) {
  // expected-error @+1 {{expected a static weight matrix with a storage, found 'tensor<64x64xf32>'}}
  %y = kernel.matmul %x, %w : tensor<?x64xf32>, tensor<64x64xf32> to tensor<?x64xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  return
}

// -----

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
#q6 = #encoding.storage<format = #encoding.ggml<q6_k>>
func.func @matmul(%x: tensor<?x256xf32, #i8>, %w: tensor<64x256xf32, #q6>) {
  // expected-error @+1 {{expected an input with sums = 16 for the scales of}}
  kernel.matmul %x, %w : tensor<?x256xf32, #i8>, tensor<64x256xf32, #q6> to tensor<?x64xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  return
}

// -----

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
#f16 = #encoding.storage<format = #encoding.ggml<f16>>
func.func @matmul(%x: tensor<?x64xf32, #i8>, %w: tensor<64x64xf32, #f16>) {
  // expected-error @+1 {{expected a plain input for the plain weight}}
  %y = kernel.matmul %x, %w : tensor<?x64xf32, #i8>, tensor<64x64xf32, #f16> to tensor<?x64xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  return
}

// -----

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>, order = "by_energy">
#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @matmul(%x: tensor<?x64xf32, #i8>, %w: tensor<64x64xf32, #q8>) {
  // expected-error @+1 {{expected input and weight in one channel order}}
  %y = kernel.matmul %x, %w : tensor<?x64xf32, #i8>, tensor<64x64xf32, #q8> to tensor<?x64xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @matmul(%x: tensor<?x32xf32>, %w: tensor<64x64xf32, #q8>) {
  // expected-error @+1 {{expected an input of 64 columns, found 'tensor<?x32xf32>'}}
  %y = kernel.matmul %x, %w : tensor<?x32xf32>, tensor<64x64xf32, #q8> to tensor<?x64xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @matmul(%x: tensor<?x64xf32>, %w: tensor<64x64xf32, #q8>) {
  // expected-error @+1 {{expected a result of 64 columns, found 'tensor<?x96xf32>'}}
  %y = kernel.matmul %x, %w : tensor<?x64xf32>, tensor<64x64xf32, #q8> to tensor<?x96xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @matmul(%x: tensor<?x64xf32>, %w: tensor<64x64xf32, #q8>, %r: tensor<?x32xf32>) {
  // expected-error @+1 {{expected plain f32 operands of 64 columns, found 'tensor<?x32xf32>'}}
  %y = kernel.matmul %x, %w with %r : tensor<?x32xf32> : tensor<?x64xf32>, tensor<64x64xf32, #q8> to tensor<?x64xf32> {
  ^bb0(%a: f32, %b: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @matmul(%x: tensor<?x64xf32>, %w: tensor<64x64xf32, #q8>, %r: tensor<?x64xf32>) {
  // expected-error @+1 {{expected a region over ('f32', 'f32', 'index', 'index'), found ('f32', 'index', 'index')}}
  %y = kernel.matmul %x, %w with %r : tensor<?x64xf32> : tensor<?x64xf32>, tensor<64x64xf32, #q8> to tensor<?x64xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @gated_matmul(%x: tensor<?x64xf32>, %w: tensor<192x64xf32, #q8>) {
  // expected-error @+1 {{expected a weight of two interleaved matrices of 64 rows in whole panels}}
  %y = kernel.gated_matmul %x, %w : tensor<?x64xf32>, tensor<192x64xf32, #q8> to tensor<?x64xf32> {
  ^bb0(%g: f32, %u: f32, %row: index, %column: index):
    kernel.yield %g : f32
  }
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @gated_matmul(%x: tensor<?x64xf32>, %w: tensor<192x64xf32, #q8>) {
  // expected-error @+1 {{expected a region over ('f32', 'f32', 'index', 'index'), found ('f32', 'index', 'index')}}
  %y = kernel.gated_matmul %x, %w : tensor<?x64xf32>, tensor<192x64xf32, #q8> to tensor<?x96xf32> {
  ^bb0(%g: f32, %row: index, %column: index):
    kernel.yield %g : f32
  }
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @qkv(%x: tensor<?x64xf32>, %w: tensor<192x64xf32, #q8>, %t: tensor<?x32xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected 256 weight rows for 4 heads over '!model.key_value<2 x 32 x f16, "full">'}}
  %q, %next = kernel.qkv_rope_append %x, %w, %cache, %step rope %t : tensor<?x32xf32> {heads = 4 : i64} : tensor<?x64xf32>, tensor<192x64xf32, #q8>, !cache, !step to tensor<?x128xf32>, !cache rotation {
  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):
    kernel.yield %first, %second : f32, f32
  }
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
!other = !model.key_value<2 x 32 x f32, "full">
func.func @qkv(%x: tensor<?x64xf32>, %w: tensor<256x64xf32, #q8>, %t: tensor<?x32xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected the next version of '!model.key_value<2 x 32 x f16, "full">', found '!model.key_value<2 x 32 x f32, "full">'}}
  %q, %next = kernel.qkv_rope_append %x, %w, %cache, %step rope %t : tensor<?x32xf32> {heads = 4 : i64} : tensor<?x64xf32>, tensor<256x64xf32, #q8>, !cache, !step to tensor<?x128xf32>, !other rotation {
  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):
    kernel.yield %first, %second : f32, f32
  }
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @qkv(%x: tensor<?x64xf32>, %w: tensor<256x64xf32, #q8>, %t: tensor<?x32xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected a query of 128 columns, found 'tensor<?x64xf32>'}}
  %q, %next = kernel.qkv_rope_append %x, %w, %cache, %step rope %t : tensor<?x32xf32> {heads = 4 : i64} : tensor<?x64xf32>, tensor<256x64xf32, #q8>, !cache, !step to tensor<?x64xf32>, !cache rotation {
  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):
    kernel.yield %first, %second : f32, f32
  }
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @qkv(%x: tensor<?x64xf32>, %w: tensor<256x64xf32, #q8>, %t: tensor<?x32xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected a region that yields 2 values}}
  %q, %next = kernel.qkv_rope_append %x, %w, %cache, %step rope %t : tensor<?x32xf32> {heads = 4 : i64} : tensor<?x64xf32>, tensor<256x64xf32, #q8>, !cache, !step to tensor<?x128xf32>, !cache rotation {
  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):
    kernel.yield %first : f32
  }
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @attention(%q: tensor<?x96xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected whole groups of heads over '!model.key_value<2 x 32 x f16, "full">', found 3 heads}}
  %a = kernel.attention %q, %cache, %step {heads = 3 : i64, scale = 0.25 : f32} : tensor<?x96xf32>, !cache, !step to tensor<?x96xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @attention(%q: tensor<?x96xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected a query of 128 columns, found 'tensor<?x96xf32>'}}
  %a = kernel.attention %q, %cache, %step {heads = 4 : i64, scale = 0.25 : f32} : tensor<?x96xf32>, !cache, !step to tensor<?x128xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @attention(%q: tensor<?x128xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected a result of 128 columns, found 'tensor<?x96xf32>'}}
  %a = kernel.attention %q, %cache, %step {heads = 4 : i64, scale = 0.25 : f32} : tensor<?x128xf32>, !cache, !step to tensor<?x96xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @attention(%q: tensor<?x128xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected a key_chunk of whole blocks of 16 keys, found 100}}
  %a = kernel.attention %q, %cache, %step {heads = 4 : i64, scale = 0.25 : f32, key_chunk = 100} : tensor<?x128xf32>, !cache, !step to tensor<?x128xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @attention_partial(%q: tensor<?x128xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected partial results of one row in plain f32, found 'tensor<?x320xf32>'}}
  %a = kernel.attention_partial %q, %cache, %step {heads = 4 : i64, scale = 0.25 : f32, chunks = 2} : tensor<?x128xf32>, !cache, !step to tensor<?x320xf32>
  return
}

// -----

!step = !model.step<rows = 1, sequences = 1, wanted = 1>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @attention_partial(%q: tensor<1x128xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected partial results of 320 columns, found 'tensor<1x256xf32>'}}
  %a = kernel.attention_partial %q, %cache, %step {heads = 4 : i64, scale = 0.25 : f32, chunks = 2} : tensor<1x128xf32>, !cache, !step to tensor<1x256xf32>
  return
}

// -----

!step = !model.step<rows = 1, sequences = 1, wanted = 1>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @attention_partial(%q: tensor<1x128xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected at least one chunk, head and column of a head, found chunks = 0, heads = 4, dimension = 32}}
  %a = kernel.attention_partial %q, %cache, %step {heads = 4 : i64, scale = 0.25 : f32, chunks = 0} : tensor<1x128xf32>, !cache, !step to tensor<1x256xf32>
  return
}

// -----

!step = !model.step<rows = 1, sequences = 1, wanted = 1>
func.func @attention_merge(%p: tensor<1x320xf32>, %step: !step) {
  // expected-error @+1 {{expected a result of 128 columns, found 'tensor<1x64xf32>'}}
  %a = kernel.attention_merge %p, %step {heads = 4 : i64, dimension = 32 : i64, chunks = 2 : i64} : tensor<1x320xf32>, !step to tensor<1x64xf32>
  return
}

// -----

// expected-error @+1 {{expected kernel operations and kernel.return}}
kernel.function @other(%x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = arith.negf %x : tensor<?x64xf32>
  kernel.return %y : tensor<?x64xf32>
}

// -----

kernel.function @rows(%x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<2 to 8>} {
  // expected-error @+1 {{expected a prologue in a function for one row only, found #kernel.rows<2 to 8>}}
  %y = kernel.norm_quantize %x : tensor<?x64xf32> to tensor<?x64xf32>
  %z = kernel.norm_quantize %y : tensor<?x64xf32> to tensor<?x64xf32>
  kernel.return %z : tensor<?x64xf32>
}

// -----

kernel.function @large(%x: tensor<1x64xf32>) -> tensor<1x64xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  // expected-error @+1 {{is not an operation that every worker may repeat: expected it to be the last one before kernel.return}}
  %y = kernel.generic %x : tensor<1x64xf32> to tensor<1x64xf32> {
  ^bb0(%value: f32, %row: index, %column: index):
    kernel.yield %value : f32
  }
  %z = kernel.norm_quantize %y : tensor<1x64xf32> to tensor<1x64xf32>
  kernel.return %z : tensor<1x64xf32>
}

// -----

kernel.function @leaves(%x: tensor<1x64xf32>) -> tensor<1x64xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  // expected-error @+1 {{computes what only this worker has: expected kernel.return to leave it}}
  %y = kernel.norm_quantize %x : tensor<1x64xf32> to tensor<1x64xf32>
  %z = kernel.norm_quantize %y : tensor<1x64xf32> to tensor<1x64xf32>
  kernel.return %y : tensor<1x64xf32>
}

// -----

// expected-error @+1 {{expected to return the function's result types}}
kernel.function @result(%x: tensor<?x64xf32>) -> tensor<?x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.norm_quantize %x : tensor<?x64xf32> to tensor<?x64xf32>
  kernel.return %y : tensor<?x64xf32>
}

// -----

func.func @call(%x: tensor<?x64xf32>) {
  // expected-error @+1 {{expected a kernel.function named @none, found none}}
  %y = kernel.call @none(%x) : (tensor<?x64xf32>) -> tensor<?x64xf32>
  return
}

// -----

kernel.function @norm(%x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.norm_quantize %x : tensor<?x64xf32> to tensor<?x64xf32>
  kernel.return %y : tensor<?x64xf32>
}
func.func @call(%x: tensor<?x32xf32>) {
  // expected-error @+1 {{expected the type of @norm, '(tensor<?x64xf32>) -> tensor<?x64xf32>', found '(tensor<?x32xf32>) -> tensor<?x64xf32>'}}
  %y = kernel.call @norm(%x) : (tensor<?x32xf32>) -> tensor<?x64xf32>
  return
}

// -----

func.func @dot4(%sum: vector<16xi32>, %u: vector<64xi8>, %s: vector<64xi8>) {
  // expected-error @+1 {{expected at least one pair and 1 <= unsigned_max <= 255, found 1 pairs and 256}}
  %d = kernel.dot4 %sum, (%u) times (%s) {unsigned_max = 256 : i64} : vector<16xi32>, (vector<64xi8>) times (vector<64xi8>)
  return
}

// -----

func.func @dot4_widths(%sum: vector<8xi32>, %u: vector<64xi8>, %s: vector<32xi8>) {
  // expected-error @+1 {{expected vectors of 32 bytes, four for each sum, found 'vector<64xi8>'}}
  %d = kernel.dot4 %sum, (%u) times (%s) {unsigned_max = 15 : i64} : vector<8xi32>, (vector<64xi8>) times (vector<32xi8>)
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "window">
func.func @attention(%q: tensor<?x128xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected a window of 1 to 2147483647 positions, found 0}}
  %a = kernel.attention %q, %cache, %step {heads = 4 : i64, scale = 0.25 : f32, window = 0 : i64} : tensor<?x128xf32>, !cache, !step to tensor<?x128xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @attention(%q: tensor<?x128xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected alibi_slopes of 4 heads, found 1}}
  %a = kernel.attention %q, %cache, %step {heads = 4 : i64, scale = 0.25 : f32, alibi_slopes = array<f32: 0.5>} : tensor<?x128xf32>, !cache, !step to tensor<?x128xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @attention(%q: tensor<?x128xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected no window beside bidirectional, found window = 8}}
  %a = kernel.attention %q, %cache, %step {heads = 4 : i64, scale = 0.25 : f32, bidirectional, window = 8 : i64} : tensor<?x128xf32>, !cache, !step to tensor<?x128xf32>
  return
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @attention_partial(%q: tensor<1x128xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected a softcap above 0, found -1.000000e+00 : f32}}
  %a = kernel.attention_partial %q, %cache, %step {heads = 4 : i64, scale = 0.25 : f32, chunks = 2, softcap = -1.0 : f32} : tensor<1x128xf32>, !cache, !step to tensor<1x272xf32>
  return
}

// -----

#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#panels = #encoding.storage<format = #encoding.ggml<bf16>, layout = <16 x 1>>
!step = !model.step<rows = 80, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @library_matmul(%x: tensor<?x64xf32, #f16>, %w: tensor<32x64xf32, #bf16>) {
  // expected-error @+1 {{expected input and weight in f16 or both in bf16}}
  %y, %s = kernel.library_matmul %x, %w : tensor<?x64xf32, #f16>, tensor<32x64xf32, #bf16> to tensor<?x32xf32>, tensor<?x16xf32>
  return
}

// -----

#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#panels = #encoding.storage<format = #encoding.ggml<bf16>, layout = <16 x 1>>
!step = !model.step<rows = 80, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @library_matmul(%x: tensor<?x64xf32, #bf16>, %w: tensor<32x64xf32, #panels>) {
  // expected-error @+1 {{expected a static weight matrix in plain rows}}
  %y, %s = kernel.library_matmul %x, %w : tensor<?x64xf32, #bf16>, tensor<32x64xf32, #panels> to tensor<?x32xf32>, tensor<?x16xf32>
  return
}

// -----

#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#panels = #encoding.storage<format = #encoding.ggml<bf16>, layout = <16 x 1>>
!step = !model.step<rows = 80, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @library_matmul(%x: tensor<?x48xf32, #bf16>, %w: tensor<32x64xf32, #bf16>) {
  // expected-error @+1 {{expected an input of 64 columns}}
  %y, %s = kernel.library_matmul %x, %w : tensor<?x48xf32, #bf16>, tensor<32x64xf32, #bf16> to tensor<?x32xf32>, tensor<?x16xf32>
  return
}

// -----

#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#panels = #encoding.storage<format = #encoding.ggml<bf16>, layout = <16 x 1>>
!step = !model.step<rows = 80, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @library_matmul(%x: tensor<?x64xf32, #bf16>, %w: tensor<32x64xf32, #bf16>) {
  // expected-error @+1 {{expected a result of 32 columns}}
  %y, %s = kernel.library_matmul %x, %w : tensor<?x64xf32, #bf16>, tensor<32x64xf32, #bf16> to tensor<?x64xf32>, tensor<?x16xf32>
  return
}

// -----

#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#panels = #encoding.storage<format = #encoding.ggml<bf16>, layout = <16 x 1>>
!step = !model.step<rows = 80, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @library_matmul(%x: tensor<?x64xf32, #bf16>, %w: tensor<32x64xf32, #bf16>, %a: tensor<?x32xf32, #bf16>) {
  // expected-error @+1 {{expected a result, and an addend, in plain f32}}
  %y, %s = kernel.library_matmul %x, %w plus %a : tensor<?x32xf32, #bf16> : tensor<?x64xf32, #bf16>, tensor<32x64xf32, #bf16> to tensor<?x32xf32>, tensor<?x16xf32>
  return
}

// -----

#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#panels = #encoding.storage<format = #encoding.ggml<bf16>, layout = <16 x 1>>
!step = !model.step<rows = 80, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @library_matmul(%x: tensor<?x64xf32, #bf16>, %w: tensor<32x64xf32, #bf16>) {
  // expected-error @+1 {{expected a workspace [rows, columns] of plain f32, found}}
  %y, %s = kernel.library_matmul %x, %w : tensor<?x64xf32, #bf16>, tensor<32x64xf32, #bf16> to tensor<?x32xf32>, tensor<16xf32>
  return
}

// -----

#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#panels = #encoding.storage<format = #encoding.ggml<bf16>, layout = <16 x 1>>
!step = !model.step<rows = 80, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @gated_epilogue(%p: tensor<?x192xf32>) {
  // expected-error @+1 {{expected a product of 128 columns}}
  %y = kernel.gated_epilogue %p : tensor<?x192xf32> to tensor<?x64xf32> {
  ^bb0(%g: f32, %u: f32, %row: index, %column: index):
    kernel.yield %g : f32
  }
  return
}

// -----

#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#panels = #encoding.storage<format = #encoding.ggml<bf16>, layout = <16 x 1>>
!step = !model.step<rows = 80, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @gated_epilogue(%p: tensor<?x192xf32>, %o: tensor<?x96xf32, #bf16>) {
  // expected-error @+1 {{expected plain f32 operands of 96 columns}}
  %y = kernel.gated_epilogue %p with %o : tensor<?x96xf32, #bf16> : tensor<?x192xf32> to tensor<?x96xf32> {
  ^bb0(%g: f32, %u: f32, %v: f32, %row: index, %column: index):
    kernel.yield %g : f32
  }
  return
}

// -----

#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#panels = #encoding.storage<format = #encoding.ggml<bf16>, layout = <16 x 1>>
!step = !model.step<rows = 80, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @gated_epilogue(%p: tensor<?x192xf32>) {
  // expected-error @+1 {{expected a region over ('f32', 'f32', 'index', 'index')}}
  %y = kernel.gated_epilogue %p : tensor<?x192xf32> to tensor<?x96xf32> {
  ^bb0(%g: f32, %row: index, %column: index):
    kernel.yield %g : f32
  }
  return
}

// -----

#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#panels = #encoding.storage<format = #encoding.ggml<bf16>, layout = <16 x 1>>
!step = !model.step<rows = 80, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @qkv_epilogue(%p: tensor<?x256xf32>, %t: tensor<?x32xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected whole groups of heads over}}
  %q, %next = kernel.qkv_epilogue %p, %cache, %step rope %t : tensor<?x32xf32> {heads = 3 : i64} : tensor<?x256xf32>, !cache, !step to tensor<?x128xf32>, !cache rotation {
  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):
    kernel.yield %first, %second : f32, f32
  }
  return
}

// -----

#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#panels = #encoding.storage<format = #encoding.ggml<bf16>, layout = <16 x 1>>
!step = !model.step<rows = 80, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @qkv_epilogue(%p: tensor<?x128xf32>, %t: tensor<?x32xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected a product of 256 columns}}
  %q, %next = kernel.qkv_epilogue %p, %cache, %step rope %t : tensor<?x32xf32> {heads = 4 : i64} : tensor<?x128xf32>, !cache, !step to tensor<?x128xf32>, !cache rotation {
  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):
    kernel.yield %first, %second : f32, f32
  }
  return
}

// -----

#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#panels = #encoding.storage<format = #encoding.ggml<bf16>, layout = <16 x 1>>
!step = !model.step<rows = 80, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @qkv_epilogue(%p: tensor<?x256xf32>, %t: tensor<?x32xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected the next version of}}
  %q, %next = kernel.qkv_epilogue %p, %cache, %step rope %t : tensor<?x32xf32> {heads = 4 : i64} : tensor<?x256xf32>, !cache, !step to tensor<?x128xf32>, !model.key_value<2 x 32 x f32, "full"> rotation {
  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):
    kernel.yield %first, %second : f32, f32
  }
  return
}

// -----

#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#panels = #encoding.storage<format = #encoding.ggml<bf16>, layout = <16 x 1>>
!step = !model.step<rows = 80, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @qkv_epilogue(%p: tensor<?x256xf32>, %t: tensor<?x32xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected a query of 128 columns}}
  %q, %next = kernel.qkv_epilogue %p, %cache, %step rope %t : tensor<?x32xf32> {heads = 4 : i64} : tensor<?x256xf32>, !cache, !step to tensor<?x96xf32>, !cache rotation {
  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):
    kernel.yield %first, %second : f32, f32
  }
  return
}

// -----

#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>>
#panels = #encoding.storage<format = #encoding.ggml<bf16>, layout = <16 x 1>>
!step = !model.step<rows = 80, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @qkv_epilogue(%p: tensor<?x256xf32>, %t: tensor<?x32xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected a region over ('f32', 'f32', 'f32', 'f32')}}
  %q, %next = kernel.qkv_epilogue %p, %cache, %step rope %t : tensor<?x32xf32> {heads = 4 : i64} : tensor<?x256xf32>, !cache, !step to tensor<?x128xf32>, !cache rotation {
  ^bb0(%first: f32, %second: f32):
    kernel.yield %first, %second : f32, f32
  }
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @qkv(%x: tensor<?x64xf32>, %w: tensor<256x64xf32, #q8>, %t: tensor<?x64xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected a table of 32 columns, found 'tensor<?x64xf32>'}}
  %q, %next = kernel.qkv_rope_append %x, %w, %cache, %step rope %t : tensor<?x64xf32> {heads = 4 : i64} : tensor<?x64xf32>, tensor<256x64xf32, #q8>, !cache, !step to tensor<?x128xf32>, !cache rotation {
  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):
    kernel.yield %first, %second : f32, f32
  }
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @qkv(%x: tensor<?x64xf32>, %w: tensor<256x64xf32, #q8>, %b: tensor<?x256xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected vectors for the epilogue, found 'tensor<?x256xf32>'}}
  %q, %next = kernel.qkv_rope_append %x, %w, %cache, %step with %b : tensor<?x256xf32> {heads = 4 : i64} : tensor<?x64xf32>, tensor<256x64xf32, #q8>, !cache, !step to tensor<?x128xf32>, !cache
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @qkv(%x: tensor<?x64xf32>, %w: tensor<256x64xf32, #q8>, %b: tensor<128xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected plain f32 operands of 256 columns, found 'tensor<128xf32>'}}
  %q, %next = kernel.qkv_rope_append %x, %w, %cache, %step with %b : tensor<128xf32> {heads = 4 : i64} : tensor<?x64xf32>, tensor<256x64xf32, #q8>, !cache, !step to tensor<?x128xf32>, !cache
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @qkv(%x: tensor<?x64xf32>, %w: tensor<256x64xf32, #q8>, %b: tensor<256xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected an epilogue over its operands, found none}}
  %q, %next = kernel.qkv_rope_append %x, %w, %cache, %step with %b : tensor<256xf32> {heads = 4 : i64} : tensor<?x64xf32>, tensor<256x64xf32, #q8>, !cache, !step to tensor<?x128xf32>, !cache
  return
}

// -----

#q8 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<2 x 32 x f16, "full">
func.func @qkv(%x: tensor<?x64xf32>, %w: tensor<256x64xf32, #q8>, %t: tensor<?x32xf32>, %cache: !cache, %step: !step) {
  // expected-error @+1 {{expected a rotation exactly where a table is given}}
  %q, %next = kernel.qkv_rope_append %x, %w, %cache, %step rope %t : tensor<?x32xf32> {heads = 4 : i64} : tensor<?x64xf32>, tensor<256x64xf32, #q8>, !cache, !step to tensor<?x128xf32>, !cache
  return
}
