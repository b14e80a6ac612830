// RUN: ingot-opt %s --split-input-file --verify-diagnostics --ingot-codegen-emit-kernels

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
!step = !model.step<rows = 1, sequences = 1, wanted = 1>

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.cache_group "full" {context = 512 : i64, page_rows = 64 : i64, pages = 8 : i64}
  kernel.function @attention(%q: tensor<1x64xf32>, %c: !model.key_value<2 x 16 x f16, "full">, %s: !step) -> tensor<1x32xf32, #i8> attributes {row_range = #kernel.rows<1 to 1>} {
    // expected-error @+1 {{expected heads of whole groups of 32 for a result in an integer format, found a dimension of 16}}
    %0 = kernel.attention %q, %c, %s {heads = 2 : i64, scale = 0.25 : f32} : tensor<1x64xf32>, !model.key_value<2 x 16 x f16, "full">, !step to tensor<1x32xf32, #i8>
    kernel.return %0 : tensor<1x32xf32, #i8>
  }
}

// -----

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
!step = !model.step<rows = 1, sequences = 1, wanted = 1>

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  kernel.function @attention_merge(%p: tensor<1x96xf32>, %s: !step) -> tensor<1x32xf32, #i8> attributes {row_range = #kernel.rows<1 to 1>} {
    // expected-error @+1 {{expected heads of whole groups of 32 for a result in an integer format, found a dimension of 16}}
    %0 = kernel.attention_merge %p, %s {heads = 2 : i64, dimension = 16 : i64, chunks = 2 : i64} : tensor<1x96xf32>, !step to tensor<1x32xf32, #i8>
    kernel.return %0 : tensor<1x32xf32, #i8>
  }
}

// -----

!step = !model.step<rows = 1, sequences = 1, wanted = 1>
!cache = !model.key_value<1 x 32 x f16, "full">

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.cache_group "full" {context = 512 : i64, page_rows = 96 : i64, pages = 6 : i64}
  kernel.function @attention(%q: tensor<1x32xf32>, %c: !cache, %s: !step) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    // expected-error @+1 {{expected a key_chunk of whole pages of 96, found 128}}
    %0 = kernel.attention %q, %c, %s {heads = 1 : i64, scale = 0.25 : f32} : tensor<1x32xf32>, !cache, !step to tensor<1x32xf32>
    kernel.return %0 : tensor<1x32xf32>
  }
}

// -----

!step = !model.step<rows = 1, sequences = 1, wanted = 1>
!cache = !model.key_value<1 x 32 x f16, "full">

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.cache_group "full" {context = 512 : i64, page_rows = 64 : i64, pages = 8 : i64}
  kernel.function @attention_partial(%q: tensor<1x32xf32>, %c: !cache, %s: !step) -> tensor<1x80xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    // expected-error @+1 {{expected a key_chunk of whole pages of 64, found 48}}
    %0 = kernel.attention_partial %q, %c, %s {heads = 1 : i64, scale = 0.25 : f32, key_chunk = 48 : i64, chunks = 2 : i64} : tensor<1x32xf32>, !cache, !step to tensor<1x80xf32>
    kernel.return %0 : tensor<1x80xf32>
  }
}

// -----

!step = !model.step<rows = 1, sequences = 1, wanted = 1>
!cache = !model.key_value<1 x 32 x f16, "window">

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.cache_group "full" {context = 512 : i64, page_rows = 64 : i64, pages = 8 : i64}
  kernel.function @append(%c: !cache, %k: tensor<1x32xf32>, %v: tensor<1x32xf32>, %s: !step) -> !cache attributes {row_range = #kernel.rows<1 to 1>} {
    // expected-error @+1 {{expected a model.cache_group "window" for '!model.key_value<1 x 32 x f16, "window">', found none}}
    %0 = kernel.append %c, %k, %v, %s : !cache, tensor<1x32xf32>, tensor<1x32xf32>, !step
    kernel.return %0 : !cache
  }
}

// -----

// expected-error @+1 {{expected ingot.tiles to be a dictionary, found 8 : i64}}
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}, ingot.tiles = 8 : i64} {}

// -----

// expected-error @+1 {{ingot.tiles has an unknown entry "rows"}}
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}, ingot.tiles = {rows = 8 : i64}} {}

// -----

// expected-error @+1 {{expected ingot.tiles.many_rows to be a 64-bit integer, one of 1, 2, 4, 8; found 3 : i64}}
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}, ingot.tiles = {many_rows = 3 : i64}} {}

// -----

!step = !model.step<rows = 40, sequences = 1, wanted = 1>
!cache = !model.key_value<1 x 32 x f16, "window">

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.cache_group "window" {context = 512 : i64, page_rows = 64 : i64, pages = 2 : i64, window = 90 : i64, ring = 2 : i64}
  kernel.function @attention(%q: tensor<?x32xf32>, %c: !cache, %s: !step) -> tensor<?x32xf32> attributes {row_range = #kernel.rows<9 to 40>} {
    // expected-error @+1 {{expected a ring of at least 3 pages in cache group "window" for steps of 40 rows, found 2}}
    %0 = kernel.attention %q, %c, %s {heads = 1 : i64, scale = 0.25 : f32, window = 90 : i64} : tensor<?x32xf32>, !cache, !step to tensor<?x32xf32>
    kernel.return %0 : tensor<?x32xf32>
  }
}

// -----

!step = !model.step<rows = 1, sequences = 1, wanted = 1>
!cache = !model.key_value<1 x 32 x f16, "full">

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.cache_group "full" {context = 512 : i64, page_rows = 64 : i64, pages = 8 : i64}
  kernel.function @attention_partial(%q: tensor<1x32xf32>, %c: !cache, %s: !step) -> tensor<1x80xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    // expected-error @+1 {{expected room for the 3 chunks that a row looks at, found chunks = 2}}
    %0 = kernel.attention_partial %q, %c, %s {heads = 1 : i64, scale = 0.25 : f32, chunks = 2 : i64, window = 200 : i64} : tensor<1x32xf32>, !cache, !step to tensor<1x80xf32>
    kernel.return %0 : tensor<1x80xf32>
  }
}
