// RUN: ingot-opt %s --split-input-file --ingot-quantize-activations --ingot-quantize-verify-phase --remarks-filter=quantize 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK <%t.remarks

// One rounding for all consumers, where the value is produced; plain weights keep a plain input.

#q4 = #encoding.storage<format = #encoding.ggml<q4_0>>
#f16 = #encoding.storage<format = #encoding.ggml<f16>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!rows = tensor<?x64xf32>
!quantised = tensor<64x64xf32, #q4>
!plain = tensor<64x64xf32, #f16>

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.parameter @table : !quantised splat 1.0
  model.parameter @w : !quantised splat 1.0
  model.parameter @p : !plain splat 1.0
  // CHECK-LABEL: func.func @forward
  func.func @forward(%step: !step) -> !rows {
    %table = model.load_parameter @table : !quantised
    %w = model.load_parameter @w : !quantised
    %p = model.load_parameter @p : !plain
    // CHECK: %[[X:.*]] = model.embedding
    // CHECK-NEXT: %[[XQ:.*]] = encoding.quantize %[[X]] : tensor<?x64xf32> to tensor<?x64xf32, #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>>
    %x = model.embedding %table, %step : !quantised, !step to !rows
    // CHECK-NEXT: %[[A:.*]] = model.linear %[[XQ]]
    %a = model.linear %x, %w : !rows, !quantised to !rows
    // CHECK-NEXT: %[[B:.*]] = model.linear %[[X]]
    %b = model.linear %x, %p : !rows, !plain to !rows
    // CHECK-NEXT: %[[C:.*]] = model.gated_mlp silu %[[XQ]]
    // CHECK-NEXT: %[[CQ:.*]] = encoding.quantize %[[C]]
    %c = model.gated_mlp silu %x, %w, %w : !rows, !quantised, !quantised to !rows
    // CHECK-NEXT: %[[D:.*]] = model.gated_mlp silu %[[A]]
    %d = model.gated_mlp silu %a, %w, %p : !rows, !quantised, !plain to !rows
    // CHECK-NEXT: arith.addf %[[B]], %[[D]]
    %e = arith.addf %b, %d : !rows
    // CHECK-NEXT: model.logits %[[CQ]]
    %y = model.logits %c, %table : !rows, !quantised to !rows
    return %y : !rows
  }
}
// REMARK: [Missed] quantize-input | {{.*}}Reason="a weight is stored in a plain format"
// REMARK: [Missed] quantize-input | {{.*}}Reason="a weight is stored in a plain format"
// REMARK: [Passed] quantize-input | {{.*}}Columns=64, Consumers=2
// REMARK: [Passed] quantize-input | {{.*}}Columns=64, Consumers=1

// -----

// Weights in a channel order want their input in that order; two orders are two roundings.

#a = #encoding.storage<format = #encoding.ggml<q8_0>, order = "a">
#b = #encoding.storage<format = #encoding.ggml<q8_0>, order = "b">
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!rows = tensor<?x64xf32>

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.parameter @wa : tensor<64x64xf32, #a> splat 1.0
  model.parameter @wb : tensor<64x64xf32, #b> splat 1.0
  // CHECK-LABEL: func.func @forward
  func.func @forward(%step: !step) -> !rows {
    %wa = model.load_parameter @wa : tensor<64x64xf32, #a>
    %wb = model.load_parameter @wb : tensor<64x64xf32, #b>
    // CHECK: encoding.quantize {{.*}} order = "b">>
    // CHECK: encoding.quantize {{.*}} order = "a">>
    %x = model.embedding %wa, %step : tensor<64x64xf32, #a>, !step to !rows
    %y = model.linear %x, %wa : !rows, tensor<64x64xf32, #a> to !rows
    %z = model.linear %x, %wb : !rows, tensor<64x64xf32, #b> to !rows
    // CHECK-NOT: encoding.quantize
    %s = model.gated_mlp silu %z, %wa, %wb : !rows, tensor<64x64xf32, #a>, tensor<64x64xf32, #b> to !rows
    return %s : !rows
  }
}
// REMARK: [Missed] quantize-input | {{.*}}Reason="the weights have different channel orders"
// REMARK: [Passed] quantize-input | {{.*}}Consumers=1
// REMARK: [Passed] quantize-input | {{.*}}Consumers=1

// -----

// The exact path rounds nothing.

#q4 = #encoding.storage<format = #encoding.ggml<q4_0>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!rows = tensor<?x64xf32>
!quantised = tensor<64x64xf32, #q4>

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "f32", key_value = "f32", weights = "embedded"}} {
  model.parameter @table : !quantised splat 1.0
  // CHECK-LABEL: func.func @forward
  // CHECK-NOT: encoding.quantize
  func.func @forward(%step: !step) -> !rows {
    %table = model.load_parameter @table : !quantised
    %x = model.embedding %table, %step : !quantised, !step to !rows
    %y = model.logits %x, %table : !rows, !quantised to !rows
    return %y : !rows
  }
}
// REMARK: [Missed] quantize-input | {{.*}}Reason="activations = f32 was chosen"

// -----

// A vocabulary alone needs no options.
// CHECK: model.text from "vocabulary.gguf"
model.text from "vocabulary.gguf"

// -----

// Scales per 16 columns want sums as fine; what shares the rounding takes them, too.

#q4 = #encoding.storage<format = #encoding.ggml<q4_k>>
#q6 = #encoding.storage<format = #encoding.ggml<q6_k>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!rows = tensor<?x256xf32>
!fine = tensor<256x256xf32, #q6>
!coarse = tensor<256x256xf32, #q4>

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.parameter @fine : !fine splat 1.0
  model.parameter @coarse : !coarse splat 1.0
  // CHECK-LABEL: func.func @forward
  func.func @forward(%step: !step) -> !rows {
    %fine = model.load_parameter @fine : !fine
    %coarse = model.load_parameter @coarse : !coarse
    %x = model.embedding %fine, %step : !fine, !step to !rows
    // CHECK: %[[XQ:.*]] = encoding.quantize {{.*}} scale = dynamic, sums = 16>>>
    // CHECK-NEXT: %[[Y:.*]] = model.linear %[[XQ]]
    %y = model.linear %x, %fine : !rows, !fine to !rows
    // CHECK-NEXT: model.linear %[[XQ]]
    %z = model.linear %x, %coarse : !rows, !coarse to !rows
    // CHECK-NEXT: arith.addf
    %s = arith.addf %y, %z : !rows
    // CHECK-NEXT: encoding.quantize {{.*}} scale = dynamic>>>
    %t = model.linear %s, %coarse : !rows, !coarse to !rows
    return %t : !rows
  }
}
