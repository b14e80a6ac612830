// What the importer writes for a tiny model: parameters by reference, then the graph, op by op.
// RUN: ingotc %data/tiny/rope_yarn_f32.gguf --compile-to=import --mcpu=x86-64-v3 -o - | FileCheck %s

// CHECK: module attributes {ingot.options = {activations = "auto", cpu = "x86-64-v3", key_value = "f16", target = "cpu", weights = "embedded"}, model.architecture = "llama", model.license = "apache-2.0", model.name = "rope_yarn_f32"}
// CHECK-NOT: model.text
// CHECK: model.parameter @token_embd.weight : tensor<131x36xf32, #encoding.storage<format = #encoding.ggml<f32>>> from "/{{.*}}rope_yarn_f32.gguf" : : "token_embd.weight"
// CHECK: model.parameter @blk.0.attn_norm.weight : tensor<36xf32, #encoding.storage<format = #encoding.ggml<f32>>>
// CHECK: model.parameter @blk.0.attn_q.weight : tensor<48x36xf32,
// CHECK: model.cache_group "full" {context = 128 : i64, page_rows = 64 : i64, pages = 2 : i64}
// CHECK: func.func @forward(%step: !model.step<rows = 128, sequences = 1, wanted = 16>) -> tensor<?x131xf32> {
// CHECK: %embedding = model.embedding
// CHECK: %blk.0.attn_norm = model.rms_norm %embedding, %blk.0.attn_norm.weight {epsilon = 9.99999974E-6 : f32}
// CHECK: %blk.0.attn_q = model.linear %blk.0.attn_norm, %blk.0.attn_q.weight

// YaRN by 4 from 32 positions at base 1000: the first pair keeps its angle, the last is interpolated, both times the
// magnitude 1 + ln(4) / 10.
// CHECK: %blk.0.query = model.rope %blk.0.attn_q, %step {dimension = 12 : i64, frequencies = array<f32: 1.000000e+00, {{.*}}, 7.90569407E-4>, magnitude = 1.13862944 : f32, style = 1 : i32}
// CHECK: %blk.0.attn_k = model.linear
// CHECK: %blk.0.key = model.rope %blk.0.attn_k
// CHECK: %blk.0.attn_v = model.linear
// CHECK: %blk.0.attention = model.attention %blk.0.query, %step key %blk.0.key : tensor<?x24xf32> value %blk.0.attn_v : tensor<?x24xf32> {heads = 4 : i64, key_value_heads = 2 : i64, scale = 0.288675129 : f32}
// CHECK: %blk.0.attn_output = model.linear %blk.0.attention
// CHECK: %blk.0.attn_residual = arith.addf %embedding, %blk.0.attn_output
// CHECK: %blk.0.ffn_norm = model.rms_norm %blk.0.attn_residual
// CHECK: %blk.0.ffn_gate = model.linear %blk.0.ffn_norm
// CHECK: %blk.0.ffn_up = model.linear %blk.0.ffn_norm
// CHECK: %blk.0.ffn_activation = model.activation silu %blk.0.ffn_gate
// CHECK: %blk.0.ffn_hidden = arith.mulf %blk.0.ffn_activation, %blk.0.ffn_up
// CHECK: %blk.0.ffn_down = model.linear %blk.0.ffn_hidden
// CHECK: %blk.0.ffn_residual = arith.addf %blk.0.attn_residual, %blk.0.ffn_down
// CHECK: %blk.1.attn_norm = model.rms_norm %blk.0.ffn_residual
// CHECK: %wanted = model.wanted_rows %blk.1.ffn_residual, %step
// CHECK: %output_norm = model.rms_norm %wanted
// CHECK: %logits = model.logits %output_norm,
// CHECK: return %logits : tensor<?x131xf32>

// Linear scaling divides every angle; Llama 3's factors are an operand; a tokenizer is named by its file.
// RUN: ingotc %data/tiny/rope_linear_bf16.gguf --compile-to=import -o - | FileCheck %s --check-prefix=LINEAR
// LINEAR: ggml<bf16>
// LINEAR: model.rope {{.*}} frequencies = array<f32: 2.500000e-01,
// LINEAR-NOT: magnitude
// RUN: ingotc %data/tiny/rope_llama3_f16.gguf --compile-to=import -o - | FileCheck %s --check-prefix=FACTORS
// FACTORS: model.parameter @rope_freqs.weight : tensor<8xf32,
// FACTORS: model.rope %blk.0.attn_q, %step factors %rope_freqs.weight
// RUN: ingotc %data/tiny/byte_tokenizer_q8_0.gguf --compile-to=import -o - | FileCheck %s --check-prefix=TEXT
// TEXT: model.text from "/{{.*}}byte_tokenizer_q8_0.gguf"

// The context: fewer positions than the model has, with the rows of a step and the pages that go with them.
// RUN: ingotc %data/tiny/rope_yarn_f32.gguf --context=65 --compile-to=import -o - | FileCheck %s --check-prefix=CONTEXT
// CONTEXT: model.cache_group "full" {context = 65 : i64, page_rows = 64 : i64, pages = 2 : i64}
// CONTEXT: !model.step<rows = 65, sequences = 1, wanted = 16>
// RUN: ingotc %data/tiny/rope_yarn_f32.gguf --context=5 --compile-to=import -o - | FileCheck %s --check-prefix=SHORT
// SHORT: !model.step<rows = 5, sequences = 1, wanted = 5>
// RUN: not ingotc %data/tiny/rope_yarn_f32.gguf --context=129 --compile-to=import -o - 2>&1 | FileCheck %s --check-prefix=LONG
// LONG: ingotc: error: {{.*}}rope_yarn_f32.gguf: a context of 129 was asked for, and the model has at most 128 ('llama.context_length'); ask for no more

// A window becomes that of every layer, or of those that a pattern names: all but every n-th layer, or the ones of an array.
// A window of 0 is none, and so is one that no text outgrows.
// RUN: rm -rf %t && mkdir -p %t
// RUN: sh -c 'for change in window window-0 window-1 window-2 window-w window-f no_window; do python3 %S/Inputs/change_gguf.py %data %t/$change.gguf $change && echo $change && ingotc %t/$change.gguf --compile-to=import -o - | grep -e cache_group -e model.attention; done' | FileCheck %s --check-prefix=WINDOWS
// WINDOWS-LABEL: {{^}}window{{$}}
// WINDOWS-NEXT: model.cache_group "window_5" {context = 128 : i64, page_rows = 64 : i64, pages = 2 : i64, ring = 2 : i64, window = 5 : i64}
// WINDOWS-NEXT: model.attention {{.*}}, window = 5 : i64}
// WINDOWS-LABEL: {{^}}window-0{{$}}
// WINDOWS-NEXT: "window_5"
// WINDOWS-LABEL: {{^}}window-1{{$}}
// WINDOWS-NEXT: "full"
// WINDOWS-NEXT: scale = {{[^,]*}}}
// WINDOWS-LABEL: {{^}}window-2{{$}}
// WINDOWS-NEXT: "window_5"
// WINDOWS-LABEL: {{^}}window-w{{$}}
// WINDOWS-NEXT: "window_5"
// WINDOWS-LABEL: {{^}}window-f{{$}}
// WINDOWS-NEXT: "full"
// WINDOWS-LABEL: {{^}}no_window{{$}}
// WINDOWS-NEXT: "full"
// RUN: ingotc %t/window.gguf --context=5 --compile-to=import -o - | FileCheck %s --check-prefix=NARROW --implicit-check-not='window ='
// NARROW: model.cache_group "full"
// RUN: python3 %S/Inputs/change_gguf.py %data %t/two.gguf window-wf
// RUN: not ingotc %t/two.gguf --compile-to=import -o - 2>&1 | FileCheck %s --check-prefix=PATTERN
// PATTERN: ingotc: error: {{.*}}two.gguf: metadata key 'llama.attention.sliding_window_pattern' is an array of 2; expected one of 1 elements, as many as there are layers
