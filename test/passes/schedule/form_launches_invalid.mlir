// RUN: ingot-opt %s --split-input-file --verify-diagnostics --ingot-schedule-form-launches

// The step comes first.
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  // expected-error @+1 {{expected the step as its first argument}}
  func.func @forward() -> tensor<1x32xf32> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
    %x = arith.constant dense<0.0> : tensor<1x32xf32>
    return %x : tensor<1x32xf32>
  }
}

// -----

// Caches follow it.
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  // expected-error @+1 {{expected caches after the step, found an argument 'tensor<1x32xf32>'}}
  func.func @forward(%step: !model.step<rows = 1, sequences = 1, wanted = 1>, %x: tensor<1x32xf32>) -> tensor<1x32xf32> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
    return %x : tensor<1x32xf32>
  }
}

// -----

// Groups are known.
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  kernel.function @rope_table(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.rope_table %step {frequencies = array<f32: 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0>, magnitude = 1.0 : f32} : !model.step<rows = 1, sequences = 1, wanted = 1> to tensor<1x32xf32>
    kernel.return %0 : tensor<1x32xf32>
  }
  // expected-error @+1 {{expected a model.cache_group "full"}}
  func.func @forward(%step: !model.step<rows = 1, sequences = 1, wanted = 1>, %c0: !model.key_value<1 x 32 x f16, "full">) -> (tensor<1x32xf32>, !model.key_value<1 x 32 x f16, "full">) attributes {kernel.row_range = #kernel.rows<1 to 1>} {
    %x = kernel.call @rope_table(%step) on "compute" : (!model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    return %x, %c0 : tensor<1x32xf32>, !model.key_value<1 x 32 x f16, "full">
  }
}

// -----

// Sizes that no machine has are refused.
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.cache_group "full" {context = 64, page_rows = 256, pages = 2147483647}
  kernel.function @rope_table(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.rope_table %step {frequencies = array<f32: 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0>, magnitude = 1.0 : f32} : !model.step<rows = 1, sequences = 1, wanted = 1> to tensor<1x32xf32>
    kernel.return %0 : tensor<1x32xf32>
  }
  // expected-error @+1 {{expected at least one byte and at most 256 TiB for the cache of a layer}}
  func.func @forward(%step: !model.step<rows = 1, sequences = 1, wanted = 1>, %c0: !model.key_value<4096 x 32 x f16, "full">) -> (tensor<1x32xf32>, !model.key_value<4096 x 32 x f16, "full">) attributes {kernel.row_range = #kernel.rows<1 to 1>} {
    %x = kernel.call @rope_table(%step) on "compute" : (!model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    return %x, %c0 : tensor<1x32xf32>, !model.key_value<4096 x 32 x f16, "full">
  }
}

// -----

// Only launches are left.
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  kernel.function @rope_table(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.rope_table %step {frequencies = array<f32: 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0>, magnitude = 1.0 : f32} : !model.step<rows = 1, sequences = 1, wanted = 1> to tensor<1x32xf32>
    kernel.return %0 : tensor<1x32xf32>
  }
  func.func @forward(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
    %x = kernel.call @rope_table(%step) on "compute" : (!model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    // expected-error @+1 {{is not allowed in a forward function at this point}}
    %y = arith.negf %x : tensor<1x32xf32>
    return %y : tensor<1x32xf32>
  }
}

// -----

// The place phase names a lane.
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  kernel.function @rope_table(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.rope_table %step {frequencies = array<f32: 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0>, magnitude = 1.0 : f32} : !model.step<rows = 1, sequences = 1, wanted = 1> to tensor<1x32xf32>
    kernel.return %0 : tensor<1x32xf32>
  }
  func.func @forward(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
    // expected-error @+1 {{expected a lane such as on "compute" from the place phase, found none}}
    %x = kernel.call @rope_table(%step) : (!model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    return %x : tensor<1x32xf32>
  }
}

// -----

// Lanes exist.
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  kernel.function @rope_table(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.rope_table %step {frequencies = array<f32: 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0>, magnitude = 1.0 : f32} : !model.step<rows = 1, sequences = 1, wanted = 1> to tensor<1x32xf32>
    kernel.return %0 : tensor<1x32xf32>
  }
  func.func @forward(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
    // expected-error @+1 {{expected a lane such as on "compute" from the place phase, found gpu}}
    %x = kernel.call @rope_table(%step) on "gpu" : (!model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    return %x : tensor<1x32xf32>
  }
}

// -----

// The place phase names a home.
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.parameter @file : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>> splat 0.5
  // expected-error @+1 {{expected a home such as on "host[0]" from the place phase, found none}}
  encoding.assemble @table : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>, layout = <16 x 4>>> {
    %0 = encoding.load @file : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>
    encoding.yield %0 : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>
  }
  kernel.function @embedding(%table: tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>, layout = <16 x 4>>>, %step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.embedding %table, %step : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>, layout = <16 x 4>>>, !model.step<rows = 1, sequences = 1, wanted = 1> to tensor<1x32xf32>
    kernel.return %0 : tensor<1x32xf32>
  }
  func.func @forward(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
    %t = model.load_parameter @table : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>, layout = <16 x 4>>>
    %x = kernel.call @embedding(%t, %step) on "compute" : (tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>, layout = <16 x 4>>>, !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    return %x : tensor<1x32xf32>
  }
}

// -----

// Homes have a tier and an ordinal.
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.parameter @file : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>> splat 0.5
  // expected-error @+1 {{expected a home such as on "host[0]" from the place phase, found attic[0]}}
  encoding.assemble @table : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>, layout = <16 x 4>>> on "attic[0]" {
    %0 = encoding.load @file : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>
    encoding.yield %0 : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>
  }
  kernel.function @embedding(%table: tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>, layout = <16 x 4>>>, %step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.embedding %table, %step : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>, layout = <16 x 4>>>, !model.step<rows = 1, sequences = 1, wanted = 1> to tensor<1x32xf32>
    kernel.return %0 : tensor<1x32xf32>
  }
  func.func @forward(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
    %t = model.load_parameter @table : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>, layout = <16 x 4>>>
    %x = kernel.call @embedding(%t, %step) on "compute" : (tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>, layout = <16 x 4>>>, !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    return %x : tensor<1x32xf32>
  }
}

// -----

// The place phase chooses a layout.
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.parameter @file : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>> splat 0.5
  // expected-error @+1 {{expected a parameter that kernels can read, a vector of f32 or a matrix with a layout}}
  encoding.assemble @table : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>> on "host[0]" {
    %0 = encoding.load @file : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>
    encoding.yield %0 : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>
  }
  kernel.function @embedding(%table: tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>, %step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.embedding %table, %step : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>, !model.step<rows = 1, sequences = 1, wanted = 1> to tensor<1x32xf32>
    kernel.return %0 : tensor<1x32xf32>
  }
  func.func @forward(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
    %t = model.load_parameter @table : tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>
    %x = kernel.call @embedding(%t, %step) on "compute" : (tensor<16x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>, !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    return %x : tensor<1x32xf32>
  }
}

// -----

// An output is computed.
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  kernel.function @rope_table(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.rope_table %step {frequencies = array<f32: 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0>, magnitude = 1.0 : f32} : !model.step<rows = 1, sequences = 1, wanted = 1> to tensor<1x32xf32>
    kernel.return %0 : tensor<1x32xf32>
  }
  model.cache_group "full" {context = 64, page_rows = 64, pages = 1}
  func.func @forward(%step: !model.step<rows = 1, sequences = 1, wanted = 1>, %c0: !model.key_value<1 x 32 x f16, "full">) -> !model.key_value<1 x 32 x f16, "full"> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
    // expected-error @+1 {{expected one tensor that a kernel computes, and 1 caches}}
    return %c0 : !model.key_value<1 x 32 x f16, "full">
  }
}

// -----

// Caches come back in order.
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.cache_group "full" {context = 64, page_rows = 64, pages = 1}
  kernel.function @rope_table(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.rope_table %step {frequencies = array<f32: 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0>, magnitude = 1.0 : f32} : !model.step<rows = 1, sequences = 1, wanted = 1> to tensor<1x32xf32>
    kernel.return %0 : tensor<1x32xf32>
  }
  func.func @forward(%step: !model.step<rows = 1, sequences = 1, wanted = 1>, %c0: !model.key_value<1 x 32 x f16, "full">, %c1: !model.key_value<1 x 32 x f16, "full">) -> (tensor<1x32xf32>, !model.key_value<1 x 32 x f16, "full">, !model.key_value<1 x 32 x f16, "full">) attributes {kernel.row_range = #kernel.rows<1 to 1>} {
    %x = kernel.call @rope_table(%step) on "compute" : (!model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    // expected-error @+1 {{expected the caches in the order of the arguments}}
    return %x, %c1, %c0 : tensor<1x32xf32>, !model.key_value<1 x 32 x f16, "full">, !model.key_value<1 x 32 x f16, "full">
  }
}

// -----

// A version that was replaced is gone.
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.cache_group "full" {context = 64, page_rows = 64, pages = 1}
  kernel.function @rope_table(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.rope_table %step {frequencies = array<f32: 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0>, magnitude = 1.0 : f32} : !model.step<rows = 1, sequences = 1, wanted = 1> to tensor<1x32xf32>
    kernel.return %0 : tensor<1x32xf32>
  }
  kernel.function @append(%cache: !model.key_value<1 x 32 x f16, "full">, %key: tensor<1x32xf32>, %value: tensor<1x32xf32>, %step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> !model.key_value<1 x 32 x f16, "full"> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.append %cache, %key, %value, %step : !model.key_value<1 x 32 x f16, "full">, tensor<1x32xf32>, tensor<1x32xf32>, !model.step<rows = 1, sequences = 1, wanted = 1>
    kernel.return %0 : !model.key_value<1 x 32 x f16, "full">
  }
  kernel.function @attention(%query: tensor<1x32xf32>, %cache: !model.key_value<1 x 32 x f16, "full">, %step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.attention %query, %cache, %step {heads = 1, scale = 1.0 : f32} : tensor<1x32xf32>, !model.key_value<1 x 32 x f16, "full">, !model.step<rows = 1, sequences = 1, wanted = 1> to tensor<1x32xf32>
    kernel.return %0 : tensor<1x32xf32>
  }
  func.func @forward(%step: !model.step<rows = 1, sequences = 1, wanted = 1>, %c0: !model.key_value<1 x 32 x f16, "full">) -> (tensor<1x32xf32>, !model.key_value<1 x 32 x f16, "full">) attributes {kernel.row_range = #kernel.rows<1 to 1>} {
    %x = kernel.call @rope_table(%step) on "compute" : (!model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    %c1 = kernel.call @append(%c0, %x, %x, %step) on "compute" : (!model.key_value<1 x 32 x f16, "full">, tensor<1x32xf32>, tensor<1x32xf32>, !model.step<rows = 1, sequences = 1, wanted = 1>) -> !model.key_value<1 x 32 x f16, "full">
    %c2 = kernel.call @append(%c1, %x, %x, %step) on "compute" : (!model.key_value<1 x 32 x f16, "full">, tensor<1x32xf32>, tensor<1x32xf32>, !model.step<rows = 1, sequences = 1, wanted = 1>) -> !model.key_value<1 x 32 x f16, "full">
    // expected-error @+1 {{reads a cache version that was already replaced}}
    %y = kernel.call @attention(%x, %c1, %step) on "compute" : (tensor<1x32xf32>, !model.key_value<1 x 32 x f16, "full">, !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    %z = kernel.call @attention(%y, %c2, %step) on "compute" : (tensor<1x32xf32>, !model.key_value<1 x 32 x f16, "full">, !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    return %z, %c2 : tensor<1x32xf32>, !model.key_value<1 x 32 x f16, "full">
  }
}

// -----

// Row ranges are row ranges.
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  // expected-error @+1 {{expected 'kernel.row_range' to be a #kernel.rows attribute}}
  func.func @forward(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> () attributes {kernel.row_range = 1} {
    return
  }
}
