// RUN: ingot-opt %s --split-input-file --ingot-model-make-cache-explicit --ingot-model-verify-phase --remarks-filter=model 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK <%t.remarks

// Two layers: a cache each, in order, after the step and after the logits.

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
  // CHECK-LABEL: func.func @forward
  // CHECK-SAME: (%[[STEP:.*]]: !model.step<rows = 8, sequences = 1, wanted = 8>, %[[C0:.*]]: !model.key_value<2 x 16 x f16, "full">, %[[C1:.*]]: !model.key_value<2 x 16 x f16, "full">)
  // CHECK-SAME: -> (tensor<?x64xf32>, !model.key_value<2 x 16 x f16, "full">, !model.key_value<2 x 16 x f16, "full">)
  func.func @forward(%step: !step) -> tensor<?x64xf32> {
    %table = arith.constant dense<0.0> : tensor<8x64xf32>
    // CHECK: %[[Q:.*]] = model.embedding
    %q = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
    %keys = arith.constant dense<0.0> : tensor<8x32xf32>
    // CHECK: %[[K:.*]] = model.embedding
    %k = model.embedding %keys, %step : tensor<8x32xf32>, !step to tensor<?x32xf32>
    // CHECK: %[[N0:.*]] = model.key_value_append %[[C0]], %[[K]], %[[K]], %[[STEP]]
    // CHECK-NEXT: %[[A0:.*]] = model.attention %[[Q]], %[[STEP]] cache %[[N0]] : !model.key_value<2 x 16 x f16, "full"> {heads = 4 : i64, key_value_heads = 2 : i64, scale = 2.500000e-01 : f32}
    %a = model.attention %q, %step key %k : tensor<?x32xf32> value %k : tensor<?x32xf32> {heads = 4 : i64, key_value_heads = 2 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
    // CHECK: %[[N1:.*]] = model.key_value_append %[[C1]], %[[K]], %[[K]], %[[STEP]]
    // CHECK-NEXT: %[[A1:.*]] = model.attention %[[A0]], %[[STEP]] cache %[[N1]]
    %b = model.attention %a, %step key %k : tensor<?x32xf32> value %k : tensor<?x32xf32> {heads = 4 : i64, key_value_heads = 2 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
    // CHECK: %[[W:.*]] = model.wanted_rows %[[A1]]
    %w = model.wanted_rows %b, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
    // CHECK: return %[[W]], %[[N0]], %[[N1]]
    return %w : tensor<?x64xf32>
  }
}
// REMARK: [Passed] cache | Category:model | Function=forward | Cache="!model.key_value<2 x 16 x f16, "full">"
// REMARK: [Passed] cache | Category:model | Function=forward | Cache="!model.key_value<2 x 16 x f16, "full">"

// -----

// The element is the one of the options; a second run changes nothing.

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "f32", key_value = "f32", weights = "embedded"}} {
  model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
  // CHECK-LABEL: func.func @forward
  // CHECK-SAME: !model.key_value<4 x 16 x f32, "full">) -> (tensor<?x64xf32>, !model.key_value<4 x 16 x f32, "full">)
  func.func @forward(%step: !step) -> tensor<?x64xf32> {
    %table = arith.constant dense<0.0> : tensor<8x64xf32>
    %q = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
    %a = model.attention %q, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
    %w = model.wanted_rows %a, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
    return %w : tensor<?x64xf32>
  }
}
// REMARK: Cache="!model.key_value<4 x 16 x f32, "full">"

// -----

// A layer takes the group that sees what it sees.

!step = !model.step<rows = 8, sequences = 1, wanted = 8>

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.cache_group "full" {context = 640 : i64, page_rows = 64 : i64, pages = 10 : i64}
  model.cache_group "window_30" {context = 640 : i64, page_rows = 64 : i64, pages = 1 : i64, window = 30 : i64, ring = 1 : i64}
  model.cache_group "window_90" {context = 640 : i64, page_rows = 64 : i64, pages = 2 : i64, window = 90 : i64, ring = 2 : i64}
  // CHECK-LABEL: func.func @forward
  // CHECK-SAME: %[[C0:.*]]: !model.key_value<4 x 16 x f16, "window_90">, %[[C1:.*]]: !model.key_value<4 x 16 x f16, "full">)
  func.func @forward(%step: !step) -> tensor<?x64xf32> {
    %table = arith.constant dense<0.0> : tensor<8x64xf32>
    %q = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
    // CHECK: model.attention %{{.*}} cache %{{.*}} : !model.key_value<4 x 16 x f16, "window_90"> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 2.500000e-01 : f32, window = 90 : i64}
    %a = model.attention %q, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32, window = 90 : i64} : tensor<?x64xf32>, !step to tensor<?x64xf32>
    // CHECK: model.attention %{{.*}} cache %{{.*}} : !model.key_value<4 x 16 x f16, "full"> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 2.500000e-01 : f32}
    %b = model.attention %a, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
    %w = model.wanted_rows %b, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
    return %w : tensor<?x64xf32>
  }
}
// REMARK: Cache="!model.key_value<4 x 16 x f16, "window_90">"
// REMARK: Cache="!model.key_value<4 x 16 x f16, "full">"
// REMARK-NOT: [Passed]
