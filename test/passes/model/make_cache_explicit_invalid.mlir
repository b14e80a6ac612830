// RUN: ingot-opt %s --split-input-file --verify-diagnostics --ingot-model-make-cache-explicit

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

// expected-error @+1 {{expected the module attribute ingot.options with a string 'target'}}
module {
  model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
  func.func @forward(%step: !step, %q: tensor<?x64xf32>) -> tensor<?x64xf32> {
    %a = model.attention %q, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
    return %a : tensor<?x64xf32>
  }
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "f32", key_value = "f32", weights = "embedded"}} {
  func.func @forward(%step: !step, %q: tensor<?x64xf32>) -> tensor<?x64xf32> {
    // expected-error @+1 {{expected one model.cache_group without a window for a cache that is made explicit, found 0}}
    %a = model.attention %q, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
    return %a : tensor<?x64xf32>
  }
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

// expected-error @+1 {{expected ingot.options.key_value to be one of f16, bf16, f32, q8_0, found 'i8'}}
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "f32", key_value = "i8", weights = "embedded"}} {
  model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
  func.func @forward(%step: !step, %q: tensor<?x64xf32>) -> tensor<?x64xf32> {
    %a = model.attention %q, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
    return %a : tensor<?x64xf32>
  }
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "f32", key_value = "f32", weights = "embedded"}} {
  model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
  // expected-error @+1 {{expected a body of one block}}
  func.func @forward(%step: !step, %q: tensor<?x64xf32>) -> tensor<?x64xf32> {
    %a = model.attention %q, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
    cf.br ^end
  ^end:
    return %a : tensor<?x64xf32>
  }
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "q8_0", weights = "embedded"}} {
  model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
  func.func @forward(%step: !step, %q: tensor<?x64xf32>) -> tensor<?x64xf32> {
    // expected-error @+1 {{expected heads of whole groups of 32 columns for a cache of q8_0, found 16; compile with --kv=f16}}
    %a = model.attention %q, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
    return %a : tensor<?x64xf32>
  }
}

// -----

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.cache_group "a" {context = 640 : i64, page_rows = 64 : i64, pages = 1 : i64, window = 30 : i64, ring = 1 : i64}
  model.cache_group "b" {context = 640 : i64, page_rows = 64 : i64, pages = 1 : i64, window = 30 : i64, ring = 1 : i64}
  func.func @forward(%step: !step, %q: tensor<?x64xf32>) -> tensor<?x64xf32> {
    // expected-error @+1 {{expected one model.cache_group with window = 30 for a cache that is made explicit, found 2}}
    %a = model.attention %q, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32, window = 30 : i64} : tensor<?x64xf32>, !step to tensor<?x64xf32>
    return %a : tensor<?x64xf32>
  }
}
