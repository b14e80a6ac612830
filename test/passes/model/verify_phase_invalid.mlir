// RUN: ingot-opt %s --split-input-file --verify-diagnostics --ingot-model-verify-phase

// expected-error @+1 {{expected a function @forward or a model.text, found neither}}
module {
}

// -----

model.text from "a.gguf"
// expected-error @+1 {{expected one tokenizer, found another}}
model.text from "b.gguf"

// -----

model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
// expected-error @+1 {{expected one cache group of this name, found another}}
model.cache_group "full" {context = 32 : i64, page_rows = 64 : i64, pages = 1 : i64}

// -----

// expected-error @+1 {{expected a type with an #encoding.storage, found 'tensor<4x32xf32>'}}
model.parameter @w : tensor<4x32xf32> splat 1.0

// -----

// expected-error @+1 {{expected no function but @forward}}
func.func @backward() {
  return
}

// -----

// expected-error @+1 {{expected a body of one block}}
func.func private @forward(!model.step<rows = 8, sequences = 1, wanted = 8>) -> tensor<?x64xf32>

// -----

// expected-error @+1 {{expected a !model.step as the first argument}}
func.func @forward(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  return %x : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
// expected-error @+1 {{expected caches after the step, found an argument of type 'tensor<?x64xf32>'}}
func.func @forward(%step: !step, %x: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  return %x, %x : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<4 x 16 x f16, "window">
model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
// expected-error @+1 {{expected a model.cache_group "window" for '!model.key_value<4 x 16 x f16, "window">', found none}}
func.func @forward(%step: !step, %c0: !cache) -> (tensor<?x64xf32>, !cache) {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  return %x, %c0 : tensor<?x64xf32>, !cache
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
// expected-error @+1 {{expected logits of type tensor<?xNxf32> as the first result}}
func.func @forward(%step: !step) -> tensor<8x64xf32> {
  %x = arith.constant dense<0.0> : tensor<8x64xf32>
  return %x : tensor<8x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<4 x 16 x f16, "full">
model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
// expected-error @+1 {{expected one result for each cache, in the order of the arguments}}
func.func @forward(%step: !step, %c0: !cache) -> tensor<?x64xf32> {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  return %x : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @forward(%step: !step) -> tensor<?x64xf32> {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  // expected-error @+1 {{expected a cache: run ingot-model-make-cache-explicit}}
  %a = model.attention %x, %step key %x : tensor<?x64xf32> value %x : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return %a : tensor<?x64xf32>
}

// -----

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @forward(%step: !step) -> tensor<?x64xf32> {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  // expected-error @+1 {{is not allowed at the end of the model phase: expected operations of the dialects model, arith and math}}
  %q = encoding.quantize %x : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  return %x : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<4 x 16 x f16, "full">
model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
// expected-error @+1 {{expected the last version of argument 1 to be returned, found it dropped}}
func.func @forward(%step: !step, %c0: !cache, %d0: !cache) -> (tensor<?x64xf32>, !cache, !cache) {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  %c1 = model.key_value_append %c0, %x, %x, %step : !cache, tensor<?x64xf32>, tensor<?x64xf32>, !step
  return %x, %d0, %d0 : tensor<?x64xf32>, !cache, !cache
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<4 x 16 x f16, "full">
model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
func.func @forward(%step: !step, %c0: !cache, %d0: !cache) -> (tensor<?x64xf32>, !cache, !cache) {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  // expected-error @+1 {{expected the last version of argument 1 as operand 1}}
  return %x, %d0, %c0 : tensor<?x64xf32>, !cache, !cache
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<4 x 16 x f16, "full">
model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
func.func @forward(%step: !step, %c0: !cache, %d0: !cache) -> (tensor<?x64xf32>, !cache, !cache) {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  // expected-error @+1 {{expected each version of a cache to be taken once, found argument 1 taken again}}
  return %x, %c0, %c0 : tensor<?x64xf32>, !cache, !cache
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @forward(%step: !step) -> tensor<?x64xf32> {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  // expected-error @+1 {{expected logits of the wanted rows: model.wanted_rows stands before the head}}
  return %x : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @forward(%step: !step) -> tensor<?x64xf32> {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  %w = model.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  // expected-error @+1 {{expected operands with the same rows, found rows of the step and wanted rows}}
  %y = arith.addf %x, %w : tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<4 x 16 x f16, "window">
model.cache_group "window" {context = 640 : i64, page_rows = 64 : i64, pages = 2 : i64, window = 90 : i64, ring = 2 : i64}
func.func @forward(%step: !step, %c0: !cache) -> (tensor<?x64xf32>, !cache) {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  // expected-error @+1 {{expected a window of at most 90 positions, which is what cache group "window" keeps, found none}}
  %a = model.attention %x, %step cache %c0 : !cache {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return %a, %c0 : tensor<?x64xf32>, !cache
}

// -----

!step = !model.step<rows = 40, sequences = 1, wanted = 8>
!cache = !model.key_value<4 x 16 x f16, "window">
model.cache_group "window" {context = 640 : i64, page_rows = 64 : i64, pages = 2 : i64, window = 90 : i64, ring = 2 : i64}
func.func @forward(%step: !step, %c0: !cache) -> (tensor<?x64xf32>, !cache) {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  // expected-error @+1 {{expected a ring of at least 3 pages in cache group "window" for steps of 40 rows, found 2}}
  %a = model.attention %x, %step cache %c0 : !cache {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32, window = 90 : i64} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return %a, %c0 : tensor<?x64xf32>, !cache
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @forward(%step: !step) -> tensor<?x64xf32> {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  // expected-error @+1 {{expected a model.cache_group, whose context bounds positions, found none}}
  %x = model.position_embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  %w = model.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return %w : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
func.func @forward(%step: !step) -> tensor<?x64xf32> {
  %table = arith.constant dense<0.0> : tensor<65x64xf32>
  // expected-error @+1 {{expected a table for the 64 positions of the context, found 63; compile with --context=63}}
  %x = model.position_embedding %table, %step {offset = 2} : tensor<65x64xf32>, !step to tensor<?x64xf32>
  %w = model.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return %w : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
func.func @forward(%step: !step) -> tensor<?x64xf32> {
  %table = arith.constant dense<0.0> : tensor<64x64xf32>
  %x = model.position_embedding %table, %step : tensor<64x64xf32>, !step to tensor<?x64xf32>
  // expected-error @+1 {{expected logits of the wanted rows: model.wanted_rows stands before the head}}
  return %x : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
model.encoder {vocabulary = 8 : i64}
// expected-error @+1 {{expected one encoder, found another}}
model.encoder {vocabulary = 8 : i64}
func.func @forward(%step: !step) -> tensor<?x64xf32> {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  %w = model.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return %w : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
// expected-error @+1 {{expected a label for each of the 64 columns of the result, found 1}}
model.encoder {labels = ["a"], vocabulary = 8 : i64}
func.func @forward(%step: !step) -> tensor<?x64xf32> {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  %w = model.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return %w : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
// expected-error @+1 {{expected at most the 8 tokens of the table, found a vocabulary of 9}}
model.encoder {vocabulary = 9 : i64}
func.func @forward(%step: !step) -> tensor<?x64xf32> {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  %w = model.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return %w : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 4>
model.encoder {each_row, vocabulary = 8 : i64}
// expected-error @+1 {{expected 8 wanted rows, one for each row, found '!model.step<rows = 8, sequences = 1, wanted = 4>'}}
func.func @forward(%step: !step) -> tensor<?x64xf32> {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  %w = model.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return %w : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 3, wanted = 2>
model.encoder {vocabulary = 8 : i64}
// expected-error @+1 {{expected 3 wanted rows, one for each sequence, found '!model.step<rows = 8, sequences = 3, wanted = 2>'}}
func.func @forward(%step: !step) -> tensor<?x64xf32> {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  %w = model.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return %w : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
model.encoder {vocabulary = 8 : i64}
model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
// expected-error @+1 {{expected steps that hold a whole sequence of 64 positions, found '!model.step<rows = 8, sequences = 1, wanted = 8>'}}
func.func @forward(%step: !step) -> tensor<?x64xf32> {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  %w = model.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return %w : tensor<?x64xf32>
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>
func.func @forward(%step: !step) -> tensor<?x64xf32> {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %x = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  %w = model.wanted_rows %x, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  // expected-error @+1 {{expected the rows of the step, found wanted rows}}
  %m = model.sequence_mean %w, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return %m : tensor<?x64xf32>
}
